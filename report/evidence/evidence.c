/*
 * From facts to clues: the rules, each a small function that decides one
 * clue and says why.  docs/verdict.md has them as a table.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/evidence.h"
#include "report/stats/rates.h"

/* p at which a difference counts as shown: STATS, the gate of a verdict. */
#define EXCESS_P 0.01

/* Within an episode: this many on the NAT side only, for one on direct. */
#define EXCESS_COUNT 5
#define EXCESS_RATIO 10

/* The dominant kind of trouble: so many, and this share of the attempts. */
#define KIND_LEAST 3
#define KIND_SHARE 0.02

/* Fewer pairs than this cannot show that something is absent. */
#define ABSENCE_PAIRS 30

/* Retransmits on this share of attempts are no excess worth a cause. */
#define RETRANSMIT_NOISE 0.05

/* Certificates: another one over so many slots, in so many pairs. */
#define CERT_PAIRS 5
#define CERT_SLOTS 5

/* A host's table or port range is full from here on. */
#define FULL_SHARE 0.95

void
evidence_list_clear(struct evidence_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->item[i].says);
		free(list->item[i].query);
	}
	free(list->item);
	memset(list, 0, sizeof(*list));
}

/* What the rules share. */
struct finding {
	struct clues *clues;
	struct evidence_list *list;
	const struct scorecard *card;
	const struct endpoint *endpoint;
	const struct facts *f;
	const struct facts *control;
	const struct surroundings *around;
	enum scrutiny scrutiny;
	size_t episode;
};

/* ------------------------------------------------------------- items */

/* A query over the attempts of this endpoint in these slots. */
static char *
make_query(const struct finding *n, const char *columns)
{
	/* Names are of [a-z0-9._-]; what else a database holds is escaped. */
	char *quoted = x_calloc(2 * strlen(n->endpoint->name) + 1, 1), *query;
	const char *p;
	size_t used = 0;

	for (p = n->endpoint->name; *p != '\0'; p++) {
		if (*p == '\'')
			quoted[used++] = '\'';
		quoted[used++] = *p;
	}
	query = x_asprintf("SELECT path, %s FROM attempts WHERE endpoint = "
			   "'%s' AND slot BETWEEN %" PRId64 " AND %" PRId64
			   " GROUP BY path",
	    columns, quoted, n->f->first_slot, n->f->last_slot);
	free(quoted);
	return query;
}

static struct evidence *
add_item(
    struct finding *n, const char *name, enum state state, const char *columns)
{
	struct evidence *item;

	n->list->item = x_grow(n->list->item, n->list->n, &n->list->capacity,
	    sizeof(*n->list->item));
	item = &n->list->item[n->list->n++];
	memset(item, 0, sizeof(*item));
	item->name = name;
	item->endpoint = n->endpoint->name;
	item->state = state;
	item->episode = n->episode;
	if (columns != NULL)
		item->query = make_query(n, columns);
	return item;
}

static void
add_number(struct evidence *item, const char *key, double value)
{
	if (item->n_numbers == EVIDENCE_NUMBERS_MAX)
		return;
	item->number[item->n_numbers].key = key;
	item->number[item->n_numbers++].value = value;
}

static void
weigh(struct finding *n, struct evidence *item, const double row[],
    enum state state)
{
	double absent[CAUSE_COUNT];
	int c;

	for (c = 0; c < CAUSE_COUNT; c++)
		absent[c] = 1 - row[c];
	for (c = 0; c < CAUSE_COUNT; c++)
		if (n->card->has[c])
			item->weight[c] = scorecard_weight(n->card,
			    state == STATE_NO ? absent : row, (enum cause)c);
}

/*
 * Set a clue; with an item unless it is unknown.  columns are those of its
 * query, NULL where the attempts alone do not show it.
 */
static struct evidence *set(struct finding *n, enum clue clue, enum state state,
    const char *columns, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

static struct evidence *
set(struct finding *n, enum clue clue, enum state state, const char *columns,
    const char *fmt, ...)
{
	static struct evidence nowhere;
	struct evidence *item;
	va_list ap;

	n->clues->state[clue] = state;
	if (state == STATE_UNKNOWN || n->list == NULL) {
		memset(&nowhere, 0, sizeof(nowhere));
		return &nowhere;
	}
	item = add_item(n, clue_name(clue), state, columns);
	weigh(n, item, n->card->clue[clue], state);
	va_start(ap, fmt);
	if (vasprintf(&item->says, fmt, ap) < 0)
		item->says = NULL;
	va_end(ap);
	return item;
}

static void
add_contrast(struct evidence *item, const struct contrast *c)
{
	add_number(item, "pairs", (double)c->pairs);
	add_number(item, "nat", (double)c->nat);
	add_number(item, "direct", (double)c->direct);
	add_number(item, "difference", c->test.est);
	add_number(item, "p", c->test.robust_p);
}

/* ------------------------------------------------------------- judging */

static double
rate(size_t part, size_t whole)
{
	return whole > 0 ? (double)part / (double)whole : NAN;
}

/* The upper end of what a rate may be. */
static double
at_most(size_t part, size_t whole)
{
	return rates_wilson((double)part, (double)whole, rates_z()).hi;
}

bool
contrast_has_excess(const struct contrast *c, enum scrutiny scrutiny)
{
	double p = isnan(c->test.robust_p) ? c->test.p : c->test.robust_p;

	if (scrutiny == SCRUTINY_COUNTS)
		return c->nat_only >= EXCESS_COUNT &&
		    c->direct_only * EXCESS_RATIO <= c->nat_only;
	return c->test.gate && c->test.est > 0 && p <= EXCESS_P;
}

/* Whether the NAT path shows so little of it that it is as good as none. */
static bool
is_absent(const struct contrast *c)
{
	return c->pairs >= ABSENCE_PAIRS &&
	    at_most(c->nat, c->pairs) <
	    fmax(RETRANSMIT_NOISE, rate(c->direct, c->pairs));
}

/* --------------------------------------------------------------- rules */

static void
rule_direct(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_TROUBLE];
	double nat = rate(c->nat, c->pairs);
	double direct = rate(c->direct, c->pairs);
	enum state state = STATE_UNKNOWN;

	if (c->nat < KIND_LEAST && c->direct < KIND_LEAST)
		return;
	if (c->direct >= KIND_LEAST && direct >= 0.5 * nat)
		state = STATE_YES;
	else if (at_most(c->direct, c->pairs) < 0.25 * nat ||
	    (contrast_has_excess(c, n->scrutiny) && direct < 0.25 * nat))
		state = STATE_NO;
	add_contrast(set(n, CLUE_DIRECT_ALSO_FAILS, state,
			 "count(*), sum(failure IS NOT NULL OR "
			 "syn_retransmits > 0)",
			 "of %zu pairs the direct path had trouble in %zu, "
			 "the NAT path in %zu",
			 c->pairs, c->direct, c->nat),
	    c);
}

static void
rule_syn(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_SYN];
	enum state state = contrast_has_excess(c, n->scrutiny) ? STATE_YES
	    : is_absent(c)                                     ? STATE_NO
							       : STATE_UNKNOWN;

	add_contrast(
	    set(n, CLUE_SYN_EXCESS, state, "count(*), sum(syn_retransmits > 0)",
		"SYNs were sent again in %zu of %zu attempts on the "
		"NAT path, in %zu on the direct one",
		c->nat, c->pairs, c->direct),
	    c);
}

static void
rule_late(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_LATE];
	enum state state = contrast_has_excess(c, n->scrutiny) ? STATE_YES
	    : is_absent(c)                                     ? STATE_NO
							       : STATE_UNKNOWN;

	add_contrast(set(n, CLUE_LATE_EXCESS, state,
			 "count(*), sum(late_retransmits - dsack_dups > 0)",
			 "after the connect, segments were sent again in %zu "
			 "of %zu connections on the NAT path, in %zu on the "
			 "direct one",
			 c->nat, c->pairs, c->direct),
	    c);
}

/*
 * The control suffers: shown as an excess of its own.  It does not: even the
 * upper limit of its excess is below half of the main endpoint's.  Like is
 * compared with like: where the main endpoint meets silence, a control whose
 * SYNs were answered by an old connection does not suffer from the same.
 */
static void
rule_control(struct finding *n)
{
	const struct contrast *main = &n->f->contrast[OUTCOME_SILENT], *c;
	enum outcome o = OUTCOME_SILENT;
	enum state state = STATE_UNKNOWN;

	if (n->control == NULL || n->control->pairs == 0)
		return;
	if (!(main->test.est >= 0.5 * n->f->contrast[OUTCOME_TROUBLE].test.est))
		o = OUTCOME_TROUBLE;
	main = &n->f->contrast[o];
	c = &n->control->contrast[o];
	if (contrast_has_excess(c, n->scrutiny))
		state = STATE_YES;
	else if (main->test.est > 0 &&
	    at_most(c->nat, c->pairs) - rate(c->direct, c->pairs) <
		0.5 * main->test.est)
		state = STATE_NO;
	add_contrast(
	    set(n, CLUE_CONTROL_AFFECTED, state, NULL,
		"the control endpoint, through the same NAT, had %s "
		"in %zu of %zu attempts",
		o == OUTCOME_SILENT ? "SYNs without an answer" : "trouble",
		c->nat, c->pairs),
	    c);
}

static void
rule_all_fail(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_FAILED];
	enum state state = STATE_UNKNOWN;

	if (c->pairs >= 10 && c->nat == c->pairs)
		state = STATE_YES;
	else if (c->nat >= KIND_LEAST && c->pairs - c->nat >= KIND_LEAST)
		state = STATE_NO;
	add_contrast(
	    set(n, CLUE_ALL_FAIL, state, "count(*), sum(failure IS NOT NULL)",
		"%zu of %zu attempts failed on the NAT path", c->nat, c->pairs),
	    c);
}

static void
rule_recovers(struct finding *n)
{
	const struct facts *f = n->f;
	size_t silent = f->nat_only_kind[KIND_CONNECT_SILENT];
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (f->recovered >= KIND_LEAST)
		state = STATE_YES;
	else if (silent >= 5 && f->recovered == 0)
		state = STATE_NO;
	item = set(n, CLUE_RECOVERS, state,
	    "sum(failure IS NULL AND syn_retransmits > 0)",
	    "%zu attempts on the NAT path connected after SYNs had been lost, "
	    "%zu never did",
	    f->recovered, silent);
	add_number(item, "recovered", (double)f->recovered);
	add_number(item, "silent", (double)silent);
}

static void
rule_answered_first(struct finding *n)
{
	const struct facts *f = n->f;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;
	size_t retried;

	/* Those that never connected were not answered, as far as is known. */
	retried = f->answer_known + f->nat_only_kind[KIND_CONNECT_SILENT];
	if (retried >= KIND_LEAST) {
		if (f->answered_first * 2 > retried)
			state = STATE_YES;
		else if (f->answered_first * 5 <= retried * 2)
			state = STATE_NO;
	}
	item = set(n, CLUE_ANSWERED_FIRST, state,
	    "sum(syn_retransmits > 0 AND connect_segs_in > 1), "
	    "sum(syn_retransmits > 0 AND connect_segs_in = 1)",
	    "of %zu attempts that needed a second SYN, %zu had been sent "
	    "something else before the SYN-ACK",
	    retried, f->answered_first);
	add_number(item, "retried", (double)retried);
	add_number(item, "answered", (double)f->answered_first);
}

static void
rule_certificate(struct finding *n)
{
	const struct facts *f = n->f;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (f->cert_differ >= CERT_PAIRS && f->cert_apart &&
	    f->cert_last_slot - f->cert_first_slot >= CERT_SLOTS &&
	    f->cert_differ * 2 > f->cert_pairs)
		state = STATE_YES;
	else if (f->cert_pairs >= ABSENCE_PAIRS && f->cert_differ == 0 &&
	    n->clues->kind != KIND_TLS)
		/* Of those that were cut, the survivors tell nothing. */
		state = STATE_NO;
	item = set(n, CLUE_CERT_DIFFERS, state,
	    "cert_issuer, cert_verify, count(*)",
	    "certificates of another issuer or trust on the two paths in %zu "
	    "of %zu pairs at the same address",
	    f->cert_differ, f->cert_pairs);
	add_number(item, "pairs", (double)f->cert_pairs);
	add_number(item, "differ", (double)f->cert_differ);
}

static void
rule_status(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_STATUS];
	size_t only = n->f->nat_only_kind[KIND_HTTP_STATUS];
	enum state state = STATE_UNKNOWN;

	if (contrast_has_excess(c, n->scrutiny) &&
	    n->f->refusing_status * 2 > only)
		state = STATE_YES;
	else if (is_absent(c))
		state = STATE_NO;
	add_contrast(
	    set(n, CLUE_REFUSED_BY_STATUS, state, "http_status, count(*)",
		"the far end answered %zu of %zu attempts on the NAT "
		"path with 403, 407, 429, 451 or 503 and the direct "
		"ones not",
		n->f->refusing_status, c->pairs),
	    c);
}

/*
 * Among silence, some were refused or unreachable in so many words: what
 * rejects by ICMP does so at a limited rate and drops the rest.  Never
 * counted beside the kind that says the same.
 */
static void
rule_told_no(struct finding *n)
{
	size_t told = n->f->nat_only_kind[KIND_CONNECT_REFUSED];
	size_t silent = n->f->nat_only_kind[KIND_CONNECT_SILENT];
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (n->clues->kind == KIND_CONNECT_SILENT && told >= KIND_LEAST &&
	    told * 20 >= silent)
		state = STATE_YES;
	item = set(n, CLUE_TOLD_NO, state, "failure, os_errno, count(*)",
	    "%zu connects on the NAT path were refused or unreachable in so "
	    "many words, beside %zu that met silence",
	    told, silent);
	add_number(item, "told", (double)told);
	add_number(item, "silent", (double)silent);
}

static void
rule_gateway(struct finding *n)
{
	const struct surroundings *s = n->around;
	const struct contrast *c = &n->f->contrast[OUTCOME_TROUBLE];
	enum state refuses = STATE_UNKNOWN, full = STATE_UNKNOWN;
	struct evidence *item;

	if (s->gateway_covered && c->nat >= KIND_LEAST) {
		/* Fewer than one in ten of our troubles: not these. */
		refuses = s->insert_failed >= KIND_LEAST &&
			(size_t)s->insert_failed * 10 >= c->nat
		    ? STATE_YES
		    : STATE_NO;
		full = s->table_drops >= KIND_LEAST &&
			(size_t)s->table_drops * 10 >= c->nat
		    ? STATE_YES
		    : STATE_NO;
	}
	item = set(n, CLUE_GATEWAY_REFUSES, refuses, NULL,
	    "the gateway's own counters: a port was refused %" PRId64
	    " times in these slots",
	    s->insert_failed);
	add_number(item, "insert_failed", (double)s->insert_failed);
	item = set(n, CLUE_GATEWAY_TABLE_FULL, full, NULL,
	    "the gateway's own counters: %" PRId64 " packets dropped that "
	    "were not refused a port",
	    s->table_drops);
	add_number(item, "drop_without_insert_failed", (double)s->table_drops);
	/* Counted once with the counters, and silence of a log is nothing. */
	if (refuses == STATE_UNKNOWN && s->log_drops >= KIND_LEAST) {
		item = set(n, CLUE_NAT_LOG_DROPS, STATE_YES, NULL,
		    "the gateway's log has %" PRId64 " allocation failures in "
		    "these slots",
		    s->log_drops);
		add_number(item, "log_drops", (double)s->log_drops);
	}
}

static void
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
	add_number(set(n, CLUE_HOST_CONNTRACK_DROPS, state, NULL,
		       "connection tracking on the NAT side's own hosts "
		       "dropped %" PRId64 " packets",
		       s->host_drops),
	    "drops", (double)s->host_drops);
	state = !s->conntrack_known            ? STATE_UNKNOWN
	    : s->conntrack_share >= FULL_SHARE ? STATE_YES
					       : STATE_NO;
	add_number(set(n, CLUE_HOST_CONNTRACK_FULL, state, NULL,
		       "the NAT side's own hosts' connection tables were at "
		       "most %.0f %% full",
		       100 * s->conntrack_share),
	    "share", s->conntrack_share);
	state = !s->allowance_known      ? STATE_UNKNOWN
	    : s->allowance >= KIND_LEAST ? STATE_YES
					 : STATE_NO;
	add_number(set(n, CLUE_HOST_ALLOWANCE, state, NULL,
		       "the instance's allowance held back %" PRId64 " packets",
		       s->allowance),
	    "packets", (double)s->allowance);
	state = !s->ports_known            ? STATE_UNKNOWN
	    : s->ports_share >= FULL_SHARE ? STATE_YES
					   : STATE_NO;
	add_number(set(n, CLUE_HOST_PORTS, state, NULL,
		       "at most %.0f %% of the NAT side's own local port "
		       "range were in use",
		       100 * s->ports_share),
	    "share", s->ports_share);
}

/* The kind that stands out: among what only the NAT side has, if any. */
static void
rule_kind(struct finding *n)
{
	const struct facts *f = n->f;
	size_t counts[KIND_COUNT], total = 0, nat_only = 0, best = 0;
	size_t attempts = f->pairs;
	struct evidence *item;
	int k;

	for (k = 0; k < KIND_COUNT; k++)
		nat_only += f->nat_only_kind[k];
	for (k = 0; k < KIND_COUNT; k++)
		counts[k] = nat_only >= KIND_LEAST ? f->nat_only_kind[k]
						   : f->both_kind[k];
	/* These need no partner. */
	if (f->nat_local > counts[KIND_LOCAL_ERRNO])
		counts[KIND_LOCAL_ERRNO] = f->nat_local;
	if (f->nat_dns > counts[KIND_DNS])
		counts[KIND_DNS] = f->nat_dns;
	if (f->nat_attempts > attempts)
		attempts = f->nat_attempts;
	for (k = 0; k < KIND_COUNT; k++) {
		total += counts[k];
		if (counts[k] > counts[best])
			best = (size_t)k;
	}
	n->clues->kind = KIND_COUNT;
	if (counts[best] >= KIND_LEAST &&
	    (double)counts[best] >= KIND_SHARE * (double)attempts)
		n->clues->kind = (enum kind)best;
	else if (attempts >= ABSENCE_PAIRS)
		n->clues->kind = KIND_NONE;
	if (n->clues->kind == KIND_COUNT || n->list == NULL)
		return;
	item =
	    add_item(n, "kind", STATE_YES, "failed_phase, failure, count(*)");
	weigh(n, item, n->card->kind[n->clues->kind], STATE_YES);
	item->says = n->clues->kind == KIND_NONE
	    ? x_asprintf(
		  "no kind of failure stands out among %zu attempts", attempts)
	    : x_asprintf("most of the NAT path's %zu failures are of one kind: "
			 "%s (%zu)",
		  total, kind_name(n->clues->kind), counts[best]);
	add_number(item, "count", (double)counts[best]);
	add_number(item, "failures", (double)total);
}

void
evidence_find(struct clues *clues, struct evidence_list *list,
    const struct scorecard *card, const struct endpoint *endpoint,
    const struct facts *f, const struct facts *control,
    const struct surroundings *around, enum scrutiny scrutiny, size_t episode)
{
	static void (*const rules[])(struct finding *) = { rule_kind,
		rule_direct, rule_told_no, rule_control, rule_gateway,
		rule_answered_first, rule_syn, rule_late, rule_recovers,
		rule_all_fail, rule_status, rule_certificate, rule_host };
	struct finding n = { clues, list, card, endpoint, f, control, around,
		scrutiny, episode };
	size_t i;

	memset(clues, 0, sizeof(*clues));
	clues->kind = KIND_COUNT;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](&n);
}
