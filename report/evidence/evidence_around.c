/*
 * Rules over what stands around the attempts: the gateway's own counters and
 * logs, the probing hosts' limits and load.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"
#include "report/stats/events.h"

/* Troubles and refusals in the same bins, or by chance? */
#define COINCIDENCE_P 0.05

/* Bins in which they are looked for; a longer stretch has wider ones. */
#define BINS_MAX 20000

/* Load that varies less than this tells nothing. */
#define LOAD_FACTOR 2
#define LOAD_PAIRS  100
#define LOAD_NO_P   0.2

/* Time, cut into bins no finer than the source's own samples. */
struct bins {
	int64_t from_us, width_us;
	size_t n;
	uint32_t *fails;
	uint8_t *logged;
};

static size_t
bin_of(const struct bins *b, int64_t at_us)
{
	int64_t i = (at_us - b->from_us) / b->width_us;

	return i < 0 ? 0 : i < (int64_t)b->n ? (size_t)i : b->n - 1;
}

/* Lines about a refused port have kinds of several boxes. */
static bool
is_asked_kind(const char *kind, const char *asked)
{
	return strcmp(kind, asked) == 0 ||
	    (surroundings_tells_refusal(asked) &&
		surroundings_tells_refusal(kind));
}

static void
fill_bins(struct bins *b, const struct finding *n, const char *kind)
{
	const struct scene *sc = n->scene;
	const struct attempts *a = &sc->endpoint->attempts;
	const struct gateway_event *g;
	struct pairs pairs = finding_pairs(n);
	uint32_t nat;
	size_t i, k;

	for (i = 0; i < pairs.n; i++) {
		nat = pair_at(&pairs, i).nat;
		if (finding_asks(n, nat) &&
		    (outcome_kind(a, nat) != KIND_NONE ||
			attempt_resent(a, nat)))
			b->fails[bin_of(
			    b, attempt_started_us(sc->d, a, nat))]++;
	}
	for (i = 0; i < sc->d->n_gateway_events; i++) {
		g = &sc->d->gateway_events[i];
		if (g->value == 0 ||
		    !is_asked_kind(sc->d->event_kinds.text[g->kind], kind) ||
		    g->to_us < b->from_us ||
		    g->from_us > b->from_us + b->width_us * (int64_t)b->n)
			continue;
		for (k = bin_of(b, g->from_us); k <= bin_of(b, g->to_us); k++)
			b->logged[k] = 1;
	}
}

/*
 * Whether the gateway's events of a kind fall into the bins of our troubles:
 * false only where the test can tell and says they do not.  Where most bins
 * have either, every shift looks alike and there is nothing to test.
 */
static bool
coincides(const struct finding *n, const char *kind)
{
	const struct scene *sc = n->scene;
	struct events_coincidence c;
	size_t i, failing = 0, logging = 0;
	struct bins b;

	b.from_us = n->f->first_slot * sc->interval_us;
	b.width_us = sc->interval_us > n->around->sample_us
	    ? sc->interval_us
	    : n->around->sample_us;
	b.n = (size_t)((n->f->last_slot + 1) * sc->interval_us - b.from_us) /
		(size_t)b.width_us +
	    1;
	if (b.n > BINS_MAX) {
		b.width_us *= (int64_t)(b.n / BINS_MAX + 1);
		b.n = BINS_MAX;
	}
	b.fails = x_calloc(b.n, sizeof(*b.fails));
	b.logged = x_calloc(b.n, sizeof(*b.logged));
	fill_bins(&b, n, kind);
	for (i = 0; i < b.n; i++) {
		failing += b.fails[i] > 0;
		logging += b.logged[i];
	}
	events_coincide(b.fails, b.logged, b.n, &c);
	free(b.fails);
	free(b.logged);
	return failing * 2 > b.n || logging * 2 > b.n || c.p <= COINCIDENCE_P;
}

/*
 * Counters are complete: so many in these slots is yes, fewer than one in ten
 * of our troubles is no; as many, but at other moments, is not known.
 */
static enum state
counter_state(
    const struct finding *n, bool covered, int64_t count, const char *kind)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_TROUBLE];

	if (!covered || c->nat < KIND_LEAST)
		return STATE_UNKNOWN;
	if (count < KIND_LEAST || (size_t)count * 10 < c->nat)
		return STATE_NO;
	return coincides(n, kind) ? STATE_YES : STATE_UNKNOWN;
}

static char *
gateway_query(const struct finding *n)
{
	return finding_times_query(n,
	    "SELECT source, kind, sum(value) FROM gateway_event WHERE",
	    "from_at");
}

/* Lines of a log: silence of it is nothing. */
static void
log_rule(struct finding *n, enum clue clue, int64_t count, const char *kind,
    const char *what)
{
	struct evidence *item;

	if (count < KIND_LEAST || !coincides(n, kind))
		return;
	item = finding_with_query(
	    finding_set(n, clue, STATE_YES, NULL,
		"the gateway's log has %" PRId64 " %s in these slots; what a "
		"log lacks proves nothing, as it may be sampled",
		count, what),
	    gateway_query(n));
	finding_number(item, "log_drops", (double)count);
}

/* The gateway's own counters; or, of a cloud's, the provider's metric. */
static void
refusals_rule(struct finding *n)
{
	const struct surroundings *s = n->around;
	bool own = s->gateway_covered;
	int64_t count = own ? s->insert_failed : s->metric_refused;
	enum state state = counter_state(n, own || s->metric_covered, count,
	    own ? "insert_failed" : "ports_refused");

	finding_number(
	    finding_with_query(
		finding_set(n, CLUE_GATEWAY_REFUSES, state, NULL,
		    "%s: a port was refused %" PRId64 " times in these slots",
		    own ? "the gateway's own counters"
			: "the provider's metric of the gateway",
		    count),
		gateway_query(n)),
	    own ? "insert_failed" : "ports_refused", (double)count);
}

void
rule_gateway(struct finding *n)
{
	const struct surroundings *s = n->around;
	const enum state *state = n->clues->state;
	enum state full =
	    counter_state(n, s->gateway_covered, s->table_drops, "drop");

	/* What says the same is counted once, the surest of it. */
	if (state[CLUE_NAT_LOG_JOINED] != STATE_YES)
		refusals_rule(n);
	finding_number(finding_with_query(
			   finding_set(n, CLUE_GATEWAY_TABLE_FULL, full, NULL,
			       "the gateway's own counters: %" PRId64
			       " packets dropped that "
			       "were not refused a port",
			       s->table_drops),
			   gateway_query(n)),
	    "drop_without_insert_failed", (double)s->table_drops);
	if (full == STATE_UNKNOWN)
		log_rule(n, CLUE_GATEWAY_TABLE_FULL, s->log_full, "table_full",
		    "lines that its table is full");
	if (state[CLUE_GATEWAY_REFUSES] == STATE_UNKNOWN &&
	    state[CLUE_NAT_LOG_JOINED] != STATE_YES)
		log_rule(n, CLUE_NAT_LOG_DROPS, s->log_drops,
		    "allocation_failed", "allocation failures");
}

/* More silence under more load of the application, by the host's census. */
void
rule_load(struct finding *n)
{
	const struct facts *f = n->f;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (f->load_known < LOAD_PAIRS ||
	    f->load_most < LOAD_FACTOR * f->load_least + LOAD_FACTOR)
		return; /* it did not vary: no question was asked */
	if (f->load.block.gate && f->load.block.est > 0 &&
	    f->load.block.robust_p <= EXCESS_P)
		state = STATE_YES;
	else if (f->load.block.gate && f->load.block.robust_p > LOAD_NO_P)
		state = STATE_NO;
	item = finding_with_query(
	    finding_set(n, CLUE_LOAD_TREND, state, NULL,
		"silence on the NAT path %s the host's own connections to "
		"these destinations (%" PRId64 " to %" PRId64 ")",
		state == STATE_YES ? "grows with" : "does not follow",
		f->load_least, f->load_most),
	    finding_times_query(n,
		"SELECT s.at, sum(c.established + c.syn_sent - c.own) FROM "
		"host_sample s JOIN census c ON c.sample_id = s.id WHERE "
		"c.target_id IS NOT NULL GROUP BY s.id HAVING",
		"s.at"));
	finding_number(item, "correlation", f->load.correlation);
	finding_number(item, "p", f->load.block.robust_p);
}

/*
 * The application's connections to these destinations stay up while new ones
 * meet silence or refusal: a limit, rather than a wall.  That it holds none
 * says nothing: others behind the NAT may.
 */
void
rule_others(struct finding *n)
{
	const struct surroundings *s = n->around;
	enum kind k = n->clues->kind;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if ((k == KIND_CONNECT_SILENT || k == KIND_CONNECT_REFUSED) &&
	    s->held_with * 2 > s->held_samples)
		state = STATE_YES;
	item = finding_with_query(
	    finding_set(n, CLUE_OTHERS_STAY, state, NULL,
		"up to %" PRId64 " connections of others on the NAT side's "
		"hosts stayed established to these destinations",
		s->held_most),
	    finding_times_query(n,
		"SELECT s.at, sum(c.established), sum(c.own) FROM "
		"host_sample s JOIN census c ON c.sample_id = s.id WHERE "
		"c.target_id IS NOT NULL GROUP BY s.id HAVING",
		"s.at"));
	finding_number(item, "held", (double)s->held_most);
}

static char *
host_query(const struct finding *n)
{
	return finding_times_query(n,
	    "SELECT at, ports_in_use, conntrack_count, conntrack_max, "
	    "conntrack_drops, allowance_exceeded FROM host_sample WHERE",
	    "at");
}

void
rule_host(struct finding *n)
{
	const struct surroundings *s = n->around;
	const struct contrast *c = &n->f->contrast[OUTCOME_TROUBLE];
	enum state state;

	state = !s->drops_known ? STATE_UNKNOWN
	    : s->host_drops >= KIND_LEAST &&
		(size_t)s->host_drops * 10 >= c->nat
	    ? STATE_YES
	    : STATE_NO;
	finding_number(
	    finding_with_query(
		finding_set(n, CLUE_HOST_CONNTRACK_DROPS, state, NULL,
		    "connection tracking on the NAT side's own hosts "
		    "dropped %" PRId64 " packets",
		    s->host_drops),
		host_query(n)),
	    "drops", (double)s->host_drops);
	state = !s->conntrack_known            ? STATE_UNKNOWN
	    : s->conntrack_share >= FULL_SHARE ? STATE_YES
					       : STATE_NO;
	finding_number(
	    finding_with_query(
		finding_set(n, CLUE_HOST_CONNTRACK_FULL, state, NULL,
		    "the NAT side's own hosts' connection tables were up "
		    "to %.0f %% full",
		    100 * s->conntrack_share),
		host_query(n)),
	    "share", s->conntrack_share);
	state = !s->allowance_known      ? STATE_UNKNOWN
	    : s->allowance >= KIND_LEAST ? STATE_YES
					 : STATE_NO;
	finding_number(
	    finding_with_query(
		finding_set(n, CLUE_HOST_ALLOWANCE, state, NULL,
		    "the instance's allowance held back %" PRId64 " packets",
		    s->allowance),
		host_query(n)),
	    "packets", (double)s->allowance);
	state = !s->ports_known            ? STATE_UNKNOWN
	    : s->ports_share >= FULL_SHARE ? STATE_YES
					   : STATE_NO;
	finding_number(finding_with_query(
			   finding_set(n, CLUE_HOST_PORTS, state, NULL,
			       "up to %.0f %% of the NAT side's own local port "
			       "range were in use",
			       100 * s->ports_share),
			   host_query(n)),
	    "share", s->ports_share);
}
