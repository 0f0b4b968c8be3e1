/*
 * The verdict over all endpoints.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/evidence/verdict.h"
#include "report/stats/adjust.h"
#include "report/stats/power.h"
#include "report/stats/rates.h"
#include "report/stats/scan.h"
#include "report/unpaired.h"

/* A difference in rate below this is none that anybody asks about. */
#define HEALTHY_DIFFERENCE 0.01

/* Failures of a host or a name, or on both paths, that are worth a look. */
#define TROUBLE_LEAST 3
#define TROUBLE_SHARE 0.02

/* NAT attempts without a partner: above these shares, less is said. */
#define HALF_CAUTION 0.2
#define HALF_REFUSE  0.5

/* Clocks differ: so many of the pairs begin apart by so much, one way. */
#define SHIFT_PART  4 /* of the interval */
#define SHIFT_SHARE 0.8

/* Dates of servers are whole seconds: so many of them, and so much. */
#define DATES_LEAST    10
#define CLOCK_LEAST_US 2000000

/* Fewer pairs than the gate of the block test asks for at the least. */
#define PAIRS_FEW 60

/* Latency that is worth a word. */
#define LATENCY_P        0.01
#define LATENCY_LEAST_US 5000.0

/*
 * Episodes of the NAT against those of the direct path; and, where the direct
 * path has none, the share of all slots in which the NAT path alone was in
 * trouble that one or a few are charged for.
 */
#define EPISODES_P     0.01
#define EPISODES_SHARE 0.08

/* A difference over the whole window, adjusted over the endpoints. */
#define SHOWN_P 0.01

/* What makes up the work on one verdict. */
struct work {
	struct verdict *v;
	const struct dataset *d;
	const struct pairs *const *pairs;
	const struct scorecard *card;
	const struct gateway_facts *gateway;
	size_t control;      /* index of the control endpoint, or n */
	int64_t interval_us; /* of the pairs */
};

static const struct scope everything = { INT64_MIN, INT64_MAX, ALL_SERIES };

/* ------------------------------------------------------------- texts */

static void add_text(char ***list, size_t *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
add_text(char ***list, size_t *n, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		abort();
	va_end(ap);
	*list = x_reallocarray(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = text;
}

static void
add_open(struct open_cause **list, size_t *n, enum cause cause, char *text)
{
	size_t i;

	for (i = 0; i < *n; i++) {
		if ((*list)[i].cause == cause) {
			free(text);
			return;
		}
	}
	*list = x_reallocarray(*list, *n + 1, sizeof(**list));
	(*list)[*n].cause = cause;
	(*list)[(*n)++].text = text;
}

/* What would tell whether it is this cause. */
static const char *const asks[CAUSE_COUNT] = {
	[CAUSE_NAT_PORT_EXHAUSTION] =
	    "the gateway's counters or logs of failed port allocations in "
	    "these slots",
	[CAUSE_NAT_PORT_REUSE] =
	    "a capture of the SYNs outside the NAT, with what answers them",
	[CAUSE_NAT_TABLE_FULL] =
	    "a control endpoint behind the same NAT (control: yes), or the "
	    "gateway's counters",
	[CAUSE_NAT_IDLE_TIMEOUT] = "connections that stay open and silent",
	[CAUSE_NAT_PATH_LOSS] =
	    "loss on the same path to other destinations: a control endpoint",
	[CAUSE_NAT_PATH_BLOCKED] =
	    "the rules of the gateway and of firewalls for this destination",
	[CAUSE_NAT_PATH_INTERFERENCE] =
	    "a capture on both sides of the NAT: who sends the reset?",
	[CAUSE_EDGE_ADDRESS_LIMIT] =
	    "the gateway's counters or logs, a capture outside the NAT, or the "
	    "vendor's word that no SYN came",
	[CAUSE_HOST_LIMIT] =
	    "the host's own limits: ports in use, connection table, "
	    "allowances (natdiff-probe census)",
	[CAUSE_ENDPOINT_DOWN] = "the vendor's own view of these minutes",
	[CAUSE_DNS_TROUBLE] = "the name server's log",
	[CAUSE_LATENCY_ONLY] = "more slots",
};

/* ------------------------------------------------------- what is judged */

static bool
is_main(const struct endpoint *ep)
{
	return !ep->control && strcmp(ep->kind, "endpoint") == 0;
}

static size_t
find_control(const struct work *w)
{
	size_t best = w->d->n_endpoints, i;

	for (i = 0; i < w->d->n_endpoints; i++)
		if (w->d->endpoints[i].control && w->pairs[i]->n > 0 &&
		    (best == w->d->n_endpoints ||
			w->pairs[i]->n > w->pairs[best]->n))
			best = i;
	return best;
}

static bool
has_control(const struct dataset *d)
{
	size_t i;

	for (i = 0; i < d->n_endpoints; i++)
		if (d->endpoints[i].control)
			return true;
	return false;
}

static int64_t
interval_of_pairs(const struct work *w)
{
	const struct attempts *a;
	size_t i;

	for (i = 0; i < w->d->n_endpoints; i++) {
		a = &w->d->endpoints[i].attempts;
		if (w->pairs[i]->n > 0)
			return w->d
			    ->series[attempt_series(
				w->d, a, w->pairs[i]->pair[0].nat)]
			    .interval_us;
	}
	return 1;
}

static bool
is_share(size_t part, size_t whole)
{
	return part >= TROUBLE_LEAST &&
	    (double)part >= TROUBLE_SHARE * (double)whole;
}

/* Whether there is anything that a cause of any kind could explain. */
static bool
has_trouble(const struct facts *f)
{
	const struct contrast *failed = &f->contrast[OUTCOME_FAILED];

	return (is_share(failed->nat, failed->pairs) &&
		   is_share(failed->direct, failed->pairs)) ||
	    is_share(f->nat_local, f->nat_attempts) ||
	    is_share(f->nat_dns, f->nat_attempts);
}

static void
judge_scope(struct judgement *j, struct facts *facts, const struct work *w,
    size_t endpoint, const struct scope *scope, enum scrutiny scrutiny,
    size_t episode)
{
	const struct endpoint *ep = &w->d->endpoints[endpoint];
	struct surroundings around;
	struct facts control;
	struct clues clues;
	struct scene scene = { w->d, ep, w->pairs[endpoint], scope, facts, NULL,
		&control, &around, w->interval_us, scrutiny, episode };

	facts_find(facts, w->d, &ep->attempts, w->pairs[endpoint], scope);
	if (w->control < w->d->n_endpoints) {
		scene.control = &w->d->endpoints[w->control];
		facts_find(&control, w->d, &scene.control->attempts,
		    w->pairs[w->control], scope);
	}
	surroundings_find(&around, w->d, facts->first_slot * w->interval_us,
	    (facts->last_slot + 1) * w->interval_us, scope->nat_series);
	evidence_find(&clues, &w->v->evidence, w->card, &scene);
	judgement_make(j, &clues, w->card, w->gateway->pool_per_destination);
}

/* Paired differences of a phase, of pairs in which both have it. */
static void
compare_latency(struct endpoint_verdict *e, const struct attempts *a,
    const struct pairs *pairs)
{
	int64_t *diff = x_calloc(pairs->n, sizeof(*diff));
	uint32_t nat, direct;
	size_t i, n;
	int p;

	for (p = 0; p < DURATION_COUNT; p++) {
		n = 0;
		for (i = 0; i < pairs->n; i++) {
			nat = pairs->pair[i].nat;
			direct = pairs->pair[i].direct;
			if (a->failure[nat] != FAILURE_NONE ||
			    a->failure[direct] != FAILURE_NONE ||
			    a->duration_us[p][nat] == NO_DURATION ||
			    a->duration_us[p][direct] == NO_DURATION)
				continue;
			diff[n++] = (int64_t)a->duration_us[p][nat] -
			    (int64_t)a->duration_us[p][direct];
		}
		latency_compare(diff, n, &e->latency[p]);
	}
	free(diff);
}

static void
judge_endpoints(struct work *w)
{
	struct verdict *v = w->v;
	struct endpoint_verdict *e;
	size_t i;

	v->n_endpoints = w->d->n_endpoints;
	v->endpoints = x_calloc(v->n_endpoints, sizeof(*v->endpoints));
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		e->endpoint = &w->d->endpoints[i];
		if (is_main(e->endpoint))
			judge_scope(&e->judgement, &e->facts, w, i, &everything,
			    SCRUTINY_TEST, 0);
		else
			facts_find(&e->facts, w->d, &e->endpoint->attempts,
			    w->pairs[i], &everything);
		compare_latency(e, &e->endpoint->attempts, w->pairs[i]);
	}
}

static double
decisive_p(const struct block_test *t)
{
	return isnan(t->robust_p) ? t->p : t->robust_p;
}

/*
 * Which endpoints are in trouble: those where the NAT path was shown to be
 * worse, by Holm over the main endpoints, and those with trouble that needs no
 * difference.  Such trouble alone accuses no path.
 */
static void
find_troubled(struct verdict *v)
{
	static const enum outcome outcomes[] = { OUTCOME_FAILED, OUTCOME_SYN,
		OUTCOME_STATUS };
	double *p = x_calloc(v->n_endpoints, sizeof(*p));
	struct endpoint_verdict *e;
	size_t i, o;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		e->worse =
		    e->judgement.clues.state[CLUE_CERT_DIFFERS] == STATE_YES;
	}
	for (o = 0; o < sizeof(outcomes) / sizeof(outcomes[0]); o++) {
		for (i = 0; i < v->n_endpoints; i++) {
			e = &v->endpoints[i];
			p[i] = is_main(e->endpoint)
			    ? decisive_p(&e->facts.contrast[outcomes[o]].test)
			    : NAN;
		}
		adjust_holm(p, v->n_endpoints, p);
		for (i = 0; i < v->n_endpoints; i++)
			v->endpoints[i].worse |= p[i] <= SHOWN_P &&
			    contrast_has_excess(
				&v->endpoints[i].facts.contrast[outcomes[o]],
				SCRUTINY_TEST);
	}
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		e->troubled = is_main(e->endpoint) &&
		    (e->worse || has_trouble(&e->facts));
		if (!e->worse)
			judgement_acquit(&e->judgement);
	}
	free(p);
}

/* Holm over the endpoints, a family each for failures, SYNs and latency. */
static void
adjust_all(struct verdict *v)
{
	size_t n = v->n_endpoints, i;
	double *p = x_calloc(n, sizeof(*p));
	int d;

	for (i = 0; i < n; i++)
		p[i] = decisive_p(
		    &v->endpoints[i].facts.contrast[OUTCOME_FAILED].test);
	adjust_holm(p, n, p);
	for (i = 0; i < n; i++)
		v->endpoints[i].p_adjusted = p[i];
	for (i = 0; i < n; i++)
		p[i] = decisive_p(
		    &v->endpoints[i].facts.contrast[OUTCOME_SYN].test);
	adjust_holm(p, n, p);
	for (i = 0; i < n; i++)
		v->endpoints[i].syn_p_adjusted = p[i];
	for (d = 0; d < DURATION_COUNT; d++) {
		for (i = 0; i < n; i++)
			p[i] = v->endpoints[i].latency[d].rank.block.p;
		adjust_holm(p, n, p);
		for (i = 0; i < n; i++)
			v->endpoints[i].latency_p_adjusted[d] = p[i];
	}
	free(p);
}

/* ------------------------------------------------------------- episodes */

static size_t
trouble_in(const struct episode *ep)
{
	return ep->role == ROLE_NAT ? ep->nat_failed + ep->bad_slots
				    : ep->direct_failed + ep->bad_slots;
}

/* Add an episode to one that overlaps it on the same path, or as new. */
static void
merge_episode(struct verdict *v, const struct episode *ep)
{
	struct episode_verdict *e;
	size_t i;

	for (i = 0; i < v->n_episodes; i++) {
		e = &v->episodes[i];
		if (e->episode.role == ep->role &&
		    e->episode.from_slot < ep->to_slot &&
		    ep->from_slot < e->episode.to_slot)
			break;
	}
	if (i == v->n_episodes) {
		v->episodes = x_reallocarray(
		    v->episodes, v->n_episodes + 1, sizeof(*v->episodes));
		e = &v->episodes[v->n_episodes++];
		memset(e, 0, sizeof(*e));
		e->episode = *ep;
	}
	e = &v->episodes[i];
	e->endpoints = x_reallocarray(
	    e->endpoints, e->n_endpoints + 1, sizeof(*e->endpoints));
	e->endpoints[e->n_endpoints++] = ep->endpoint;
	if (trouble_in(ep) > trouble_in(&e->episode))
		e->episode = *ep;
}

static void
judge_episodes(struct work *w)
{
	struct verdict *v = w->v;
	struct episodes found = { 0 };
	struct scope scope = everything;
	struct facts facts;
	size_t i;

	for (i = 0; i < w->d->n_endpoints; i++)
		if (is_main(&w->d->endpoints[i]))
			episodes_find(&found, w->d, (uint32_t)i, w->pairs[i]);
	for (i = 0; i < found.n; i++)
		merge_episode(v, &found.episode[i]);
	episodes_clear(&found);
	for (i = 0; i < v->n_episodes; i++) {
		struct episode_verdict *e = &v->episodes[i];

		scope.from_slot = e->episode.from_slot;
		scope.to_slot = e->episode.to_slot;
		if (e->episode.role == ROLE_NAT)
			judge_scope(&e->judgement, &facts, w,
			    e->episode.endpoint, &scope, SCRUTINY_COUNTS,
			    i + 1);
		else
			e->judgement.cause = CAUSE_INCONCLUSIVE;
	}
}

/*
 * Whether the NAT's episodes, whatever they look like, are more than a path
 * like the direct one would have.  Both may have outages of their own, and
 * then the first one, and each after it, is as likely to be of either path:
 * where the direct path has none it may not have had its turn.  So the NAT's
 * must outnumber them, or be so much of the record that a path that fails so
 * often would hardly have left the other one without any.
 */
static bool
are_too_many(const struct work *w)
{
	const struct verdict *v = w->v;
	const struct facts *f;
	int64_t nat = 0, direct = 0;
	double share = 0;
	size_t i;

	for (i = 0; i < v->n_episodes; i++) {
		const struct episode *ep = &v->episodes[i].episode;

		if (ep->role == ROLE_DIRECT) {
			direct++;
			continue;
		}
		nat++;
		f = &v->endpoints[ep->endpoint].facts;
		share += (double)ep->bad_slots /
		    (double)(f->last_slot - f->first_slot + 1);
	}
	return scan_more_episodes(nat, direct) <= EPISODES_P ||
	    (direct == 0 && share >= EPISODES_SHARE);
}

/*
 * The NAT-only episode with the strongest cause of those that can be charged
 * to the NAT: all if they are too many, else those in which the gateway itself
 * saw it.  NULL: none.
 */
static const struct episode_verdict *
chargeable_episode(const struct work *w)
{
	const struct episode_verdict *best = NULL, *e;
	bool too_many = are_too_many(w);
	size_t i;

	for (i = 0; i < w->v->n_episodes; i++) {
		e = &w->v->episodes[i];
		if (e->episode.role == ROLE_DIRECT ||
		    e->judgement.strength < STRENGTH_MODERATE ||
		    (!too_many && !judgement_is_confirmed(&e->judgement)))
			continue;
		if (best == NULL ||
		    e->judgement.log10_bf > best->judgement.log10_bf)
			best = e;
	}
	return best;
}

/* ---------------------------------------------------------------- where */

static void
find_where(struct work *w)
{
	struct verdict *v = w->v;
	struct where **all = x_calloc(v->n_endpoints + 1, sizeof(*all));
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		if (!is_main(v->endpoints[i].endpoint))
			continue;
		all[i] = &v->endpoints[i].where;
		where_find(
		    all[i], w->d, &w->d->endpoints[i].attempts, w->pairs[i]);
	}
	where_adjust(all, v->n_endpoints);
	free(all);
}

/*
 * Whether the evidence of all hosts together is to be set aside for that of
 * one: where they show nothing, and where it is of few hosts, as the others
 * only water it down.
 */
static bool
asks_a_host(const struct endpoint_verdict *e, bool any_troubled)
{
	if (e->where.hosts.n < 2 || where_worst_host(&e->where) == NULL)
		return false;
	if (!e->troubled)
		return !any_troubled;
	return e->judgement.cause == CAUSE_INCONCLUSIVE ||
	    where_is_of_few(&e->where);
}

/*
 * A host that is in trouble alone vanishes in the mean over all of them: the
 * one whose own excess is the surest is judged by its own attempts.  Where
 * those name no cause, what else was shown has its say.
 */
static void
judge_hosts(struct work *w)
{
	struct verdict *v = w->v;
	bool charged = chargeable_episode(w) != NULL, any_troubled = false;
	struct scope scope = everything;
	struct endpoint_verdict *e;
	struct judgement j;
	struct facts facts;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++)
		any_troubled |= v->endpoints[i].troubled;
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (!asks_a_host(e, any_troubled))
			continue;
		scope.nat_series = where_worst_host(&e->where)->key;
		judge_scope(&j, &facts, w, i, &scope, SCRUTINY_TEST, 0);
		if (j.cause == CAUSE_INCONCLUSIVE && (e->troubled || charged))
			continue;
		e->judgement = j;
		e->host = where_worst_host(&e->where);
		e->troubled = true;
	}
}

/* Whether a NAT episode is of this endpoint. */
static bool
has_episode(const struct verdict *v, size_t endpoint)
{
	const struct episode_verdict *e;
	size_t i, k;

	for (i = 0; i < v->n_episodes; i++) {
		e = &v->episodes[i];
		for (k = 0; k < e->n_endpoints; k++)
			if (e->episode.role == ROLE_NAT &&
			    e->endpoints[k] == endpoint)
				return true;
	}
	return false;
}

static void
say_where(struct work *w)
{
	struct verdict *v = w->v;
	struct endpoint_verdict *e;
	size_t mains = 0, i;
	char *prefix;

	for (i = 0; i < v->n_endpoints; i++)
		mains += is_main(v->endpoints[i].endpoint);
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (!is_main(e->endpoint))
			continue;
		prefix = mains > 1 ? x_asprintf("%s: ", e->endpoint->name)
				   : x_strdup("");
		where_say(&v->where, &v->n_where, &e->where, w->d, prefix,
		    e->troubled || has_episode(v, i));
		free(prefix);
	}
}

/* ------------------------------------------------- whether to judge at all */

static bool
observed_on_both(const struct dataset *d, uint32_t *address)
{
	uint8_t *seen = x_calloc(d->addresses.n + 1, 1);
	const struct attempts *a;
	bool both = false;
	uint32_t path;
	size_t i, k;

	for (i = 0; i < d->n_endpoints; i++) {
		a = &d->endpoints[i].attempts;
		for (k = 0; k < a->n; k++) {
			if (a->observed[k] == NO_INDEX)
				continue;
			path = attempt_path(d, a, k);
			seen[a->observed[k]] |=
			    (uint8_t)(1u << d->paths[path].role);
		}
	}
	for (i = 0; i < d->addresses.n && !both; i++) {
		both = seen[i] == 3;
		*address = (uint32_t)i;
	}
	free(seen);
	return both;
}

static size_t
attempts_of(const struct dataset *d, enum role role)
{
	const struct attempts *a;
	size_t count = 0, i, k;

	for (i = 0; i < d->n_endpoints; i++) {
		a = &d->endpoints[i].attempts;
		for (k = 0; k < a->n; k++)
			count += d->paths[attempt_path(d, a, k)].role == role;
	}
	return count;
}

/* Sums over the main endpoints. */
struct pairing {
	size_t pairs, half_nat, half_direct, half_dns, nat;
	size_t good; /* both succeeded; of these, far apart: */
	size_t nat_later, nat_earlier;
};

/*
 * Pairs in which one side always begins first are of clocks that differ; in
 * which now this and now that one is late, of names that were slow to
 * resolve.  Only pairs that succeeded tell.
 */
static void
count_shifts(struct pairing *p, const struct work *w, size_t endpoint)
{
	const struct attempts *a = &w->d->endpoints[endpoint].attempts;
	const struct pairs *pairs = w->pairs[endpoint];
	int64_t later_us;
	size_t i;

	for (i = 0; i < pairs->n; i++) {
		if (a->failure[pairs->pair[i].nat] != FAILURE_NONE ||
		    a->failure[pairs->pair[i].direct] != FAILURE_NONE)
			continue;
		later_us = attempt_started_us(w->d, a, pairs->pair[i].nat) -
		    attempt_started_us(w->d, a, pairs->pair[i].direct);
		p->good++;
		p->nat_later += later_us * SHIFT_PART > w->interval_us;
		p->nat_earlier += -later_us * SHIFT_PART > w->interval_us;
	}
}

static bool
clocks_differ(const struct pairing *p)
{
	size_t most =
	    p->nat_later > p->nat_earlier ? p->nat_later : p->nat_earlier;

	return (double)most > SHIFT_SHARE * (double)p->good;
}

static void
sum_pairing(struct pairing *p, const struct work *w)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < w->d->n_endpoints; i++) {
		if (!is_main(&w->d->endpoints[i]))
			continue;
		p->pairs += w->pairs[i]->n;
		p->half_nat += w->pairs[i]->half_nat;
		p->half_direct += w->pairs[i]->half_direct;
		p->half_dns += w->pairs[i]->half_dns;
		count_shifts(p, w, i);
	}
	p->nat = p->pairs + p->half_nat;
}

/*
 * How far the clocks of the NAT side are ahead of the direct side's, by the
 * Date headers that servers sent to both; 0 where that is not known.
 */
static int64_t
clocks_apart_us(const struct dataset *d)
{
	int64_t sum_us[2] = { 0, 0 };
	size_t count[2] = { 0, 0 }, i;
	enum role role;

	for (i = 0; i < d->n_runs; i++) {
		role = d->paths[d->series[d->runs[i].series].path].role;
		sum_us[role] += d->runs[i].offset_sum_us;
		count[role] += d->runs[i].offset_count;
	}
	if (count[ROLE_DIRECT] < DATES_LEAST || count[ROLE_NAT] < DATES_LEAST)
		return 0;
	return sum_us[ROLE_DIRECT] / (int64_t)count[ROLE_DIRECT] -
	    sum_us[ROLE_NAT] / (int64_t)count[ROLE_NAT];
}

/* Whether most attempts of a side failed for want of an address. */
static bool
names_are_trouble(const struct verdict *v)
{
	size_t nat = 0, nat_dns = 0, direct = 0, direct_dns = 0, i;
	const struct facts *f;

	for (i = 0; i < v->n_endpoints; i++) {
		f = &v->endpoints[i].facts;
		nat += f->nat_attempts;
		nat_dns += f->nat_dns;
		direct += f->direct_attempts;
		direct_dns += f->direct_dns;
	}
	return nat_dns * 2 > nat || direct_dns * 2 > direct;
}

/* -1 where nothing can be compared; v says what is missing. */
static int
check_comparable(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	int64_t apart_us;
	uint32_t address;
	char *reason;

	if (attempts_of(w->d, ROLE_NAT) == 0) {
		add_text(&v->missing, &v->n_missing,
		    "attempts on a nat path in this window: the database of "
		    "the host behind the NAT");
		return -1;
	}
	if (attempts_of(w->d, ROLE_DIRECT) == 0) {
		add_text(&v->missing, &v->n_missing,
		    "attempts on a direct path in this window, without which "
		    "a failing endpoint and a failing NAT look the same: the "
		    "database of the host with the static address");
		return -1;
	}
	if (observed_on_both(w->d, &address)) {
		add_text(&v->missing, &v->n_missing,
		    "two paths: both leave through the same public "
		    "address %s",
		    w->d->addresses.text[address]);
		return -1;
	}
	/* Where names are the trouble, nothing pairs, and that is an answer. */
	if (p->pairs == 0 && names_are_trouble(v))
		return 0;
	if (p->pairs == 0) {
		reason = unpaired_reason(w->d);
		add_text(&v->missing, &v->n_missing, "pairs: %s", reason);
		free(reason);
		return -1;
	}
	apart_us = clocks_apart_us(w->d);
	if (llabs(apart_us) * SHIFT_PART > w->interval_us &&
	    llabs(apart_us) >= CLOCK_LEAST_US) {
		add_text(&v->missing, &v->n_missing,
		    "clocks that agree: by the servers' dates those of the "
		    "hosts are about %.0f s apart, so that the pairs are of "
		    "different moments",
		    fabs((double)apart_us) / 1e6);
		return -1;
	}
	if (clocks_differ(p))
		add_text(&v->missing, &v->n_missing,
		    "clocks that agree: the NAT side begins %s in nearly all "
		    "of %zu pairs, by more than a quarter of the interval",
		    p->nat_later > p->nat_earlier ? "later" : "earlier",
		    p->good);
	if ((double)p->half_nat > HALF_CAUTION * (double)p->nat)
		add_text(&v->missing, &v->n_missing,
		    "direct attempts beside those on the NAT path: %zu of "
		    "%zu have none in the same slot",
		    p->half_nat, p->nat);
	if (clocks_differ(p) ||
	    (double)p->half_nat > HALF_REFUSE * (double)p->nat)
		return -1;
	return 0;
}

/* ------------------------------------------------------------ the verdict */

static void state(struct verdict *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
state(struct verdict *v, const char *fmt, ...)
{
	va_list ap;

	free(v->statement);
	va_start(ap, fmt);
	if (vasprintf(&v->statement, fmt, ap) < 0)
		abort();
	va_end(ap);
}

static const char *
item_says(const struct verdict *v, const char *endpoint, size_t episode,
    bool of_host, const char *name)
{
	size_t i;

	for (i = 0; i < v->evidence.n; i++)
		if (v->evidence.item[i].episode == episode &&
		    (v->evidence.item[i].host != NULL) == of_host &&
		    v->evidence.item[i].endpoint == endpoint &&
		    strcmp(v->evidence.item[i].name, name) == 0)
			return v->evidence.item[i].says;
	return name;
}

/* Which evidence excluded the cause at rank most. */
static char *
excluded_by(const struct work *w, const struct judgement *j, size_t rank,
    const char *endpoint, size_t episode)
{
	double most, against;
	const char *name = "kind";
	int c;

	most = scorecard_kind(w->card, j->clues.kind, j->ranked[0]) -
	    scorecard_kind(w->card, j->clues.kind, j->ranked[rank]);
	for (c = 0; c < CLUE_COUNT; c++) {
		against =
		    judgement_clue_against(j, w->card, rank, (enum clue)c);
		if (against > most) {
			most = against;
			name = clue_name((enum clue)c);
		}
	}
	return x_asprintf("%s: %s", name,
	    item_says(w->v, endpoint, episode, w->v->host != NULL, name));
}

/* What the judgement leaves open and rules out goes into the verdict. */
static void
tell_rivals(struct work *w, const struct judgement *j, const char *endpoint,
    size_t episode)
{
	struct verdict *v = w->v;
	size_t i;

	for (i = 0; i < j->n_ranked; i++) {
		if (judgement_leaves_open(j, i))
			add_open(&v->not_ruled_out, &v->n_not_ruled_out,
			    j->ranked[i], x_strdup(asks[j->ranked[i]]));
		else if (i > 0)
			add_open(&v->ruled_out, &v->n_ruled_out, j->ranked[i],
			    excluded_by(w, j, i, endpoint, episode));
	}
}

static void
take(struct verdict *v, const struct judgement *j)
{
	v->cause = j->cause;
	v->strength = j->strength;
	v->judgement = *j;
}

/*
 * The troubled endpoints' judgements: one cause for all that name one; two
 * different causes are two verdicts, and so none for the whole.
 */
static bool
merge_endpoints(struct work *w)
{
	struct verdict *v = w->v;
	const struct endpoint_verdict *best = NULL, *e;
	bool differ = false;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (!e->troubled)
			continue;
		if (best != NULL &&
		    best->judgement.cause != CAUSE_INCONCLUSIVE &&
		    e->judgement.cause != CAUSE_INCONCLUSIVE &&
		    e->judgement.cause != best->judgement.cause)
			differ = true;
		if (best == NULL ||
		    (best->judgement.cause == CAUSE_INCONCLUSIVE &&
			e->judgement.cause != CAUSE_INCONCLUSIVE) ||
		    (e->judgement.cause != CAUSE_INCONCLUSIVE &&
			e->judgement.strength > best->judgement.strength))
			best = e;
	}
	if (best == NULL)
		return false;
	take(v, &best->judgement);
	if (best->host != NULL)
		v->host = where_host_name(w->d, best->host->key);
	tell_rivals(w, &best->judgement, best->endpoint->name, 0);
	if (differ) {
		v->cause = CAUSE_INCONCLUSIVE;
		v->strength = STRENGTH_NONE;
		add_text(&v->missing, &v->n_missing,
		    "one cause: the endpoints have different ones");
	}
	return true;
}

static void
state_cause(struct work *w)
{
	struct verdict *v = w->v;
	size_t i, named = 0;
	char *rivals = NULL, *longer;

	if (v->cause != CAUSE_INCONCLUSIVE) {
		state(v, "%s%s%s%s", v->host != NULL ? "at host " : "",
		    v->host != NULL ? v->host : "", v->host != NULL ? ": " : "",
		    cause_words(v->cause));
		return;
	}
	for (i = 0; i < v->n_not_ruled_out && named < 4; i++, named++) {
		longer = x_asprintf("%s%s%s", rivals != NULL ? rivals : "",
		    rivals != NULL ? ", " : "",
		    cause_name(v->not_ruled_out[i].cause));
		free(rivals);
		rivals = longer;
	}
	if (named >= 2)
		state(v,
		    "the NAT path differs%s%s, but the evidence does not "
		    "tell these causes apart: %s",
		    v->host != NULL ? " at host " : "",
		    v->host != NULL ? v->host : "", rivals);
	else
		state(v, "the NAT path differs%s%s, but no cause can be named",
		    v->host != NULL ? " at host " : "",
		    v->host != NULL ? v->host : "");
	free(rivals);
}

/* Is the direct path the one that fails? */
static bool
direct_is_worse(const struct verdict *v)
{
	const struct contrast *c;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (c->test.est < 0 && c->direct_only > 10 * c->nat_only &&
		    decisive_p(&c->test) <= 0.01)
			return true;
	}
	return false;
}

/*
 * The upper limit of the difference over all main endpoints together, with
 * the design effect of the worst of them.  An endpoint without enough of its
 * own leaves the question open: NaN.
 */
static double
pooled_limit(const struct verdict *v, enum outcome o)
{
	struct rates_cells cells = { 0 };
	const struct block_test *worst = NULL;
	const struct contrast *c;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[o];
		if (!is_main(v->endpoints[i].endpoint) || c->pairs == 0)
			continue;
		if (!c->test.gate || c->test.est >= HEALTHY_DIFFERENCE ||
		    contrast_has_excess(c, SCRUTINY_TEST))
			return NAN;
		cells.nat_only += (double)c->nat_only;
		cells.direct_only += (double)c->direct_only;
		cells.both_failed += (double)(c->nat - c->nat_only);
		cells.both_ok += (double)(c->pairs - c->nat - c->direct_only);
		if (worst == NULL || c->test.deff > worst->deff)
			worst = &c->test;
	}
	if (worst == NULL)
		return NAN;
	return block_interval_of(&cells, fmax(1, worst->deff), worst->blocks)
	    .hi;
}

static bool
is_healthy(const struct verdict *v)
{
	const struct contrast *c;
	bool counted = false;
	size_t i;

	for (i = 0; i < v->n_episodes; i++)
		if (v->episodes[i].episode.role == ROLE_NAT)
			return false;
	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_SYN];
		counted |= is_main(v->endpoints[i].endpoint) && c->pairs > 0;
	}
	/* A kernel that counts no retransmits leaves them open. */
	return pooled_limit(v, OUTCOME_FAILED) < HEALTHY_DIFFERENCE &&
	    pooled_limit(v, OUTCOME_STATUS) < HEALTHY_DIFFERENCE &&
	    (!counted || pooled_limit(v, OUTCOME_SYN) < HEALTHY_DIFFERENCE);
}

/* The largest shift in a phase that counts; NULL: none. */
static const struct latency_shift *
worst_latency(const struct verdict *v, const struct endpoint **endpoint,
    enum duration *phase)
{
	const struct latency_shift *worst = NULL, *s;
	size_t i;
	int p;

	for (i = 0; i < v->n_endpoints; i++) {
		for (p = 0; p < DURATION_COUNT; p++) {
			s = &v->endpoints[i].latency[p];
			if (!is_main(v->endpoints[i].endpoint) ||
			    !s->rank.block.gate ||
			    !(v->endpoints[i].latency_p_adjusted[p] <=
				LATENCY_P) ||
			    !(s->hl >= LATENCY_LEAST_US) ||
			    (worst != NULL && s->hl <= worst->hl))
				continue;
			worst = s;
			*endpoint = v->endpoints[i].endpoint;
			*phase = (enum duration)p;
		}
	}
	return worst;
}

static void
say_what_is_missing(struct work *w)
{
	struct verdict *v = w->v;
	const struct facts *f;
	double more = 0, need, per_slot = 1;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		f = &v->endpoints[i].facts;
		if (!is_main(v->endpoints[i].endpoint) || f->pairs == 0)
			continue;
		per_slot = (double)f->pairs /
		    (double)(f->last_slot - f->first_slot + 1);
		need =
		    power_more_pairs(2 * HEALTHY_DIFFERENCE, 0, POWER_DEFAULT,
			0.05, fmax(1, f->contrast[OUTCOME_FAILED].test.deff),
			(double)f->pairs);
		if (need > more)
			more = need;
		need = power_gate_pairs(
		    f->contrast[OUTCOME_FAILED].test.tau, (double)f->pairs);
		if (need > more)
			more = need;
	}
	if (more > 0 && per_slot > 0 && isfinite(more))
		add_text(&v->missing, &v->n_missing, "about %.0f more slots",
		    ceil(more / per_slot));
}

/* Too few pairs still have counts, which somebody in trouble wants to see. */
static void
state_calm(struct verdict *v, const struct pairing *p)
{
	size_t nat_only = 0, direct_only = 0, i;
	const struct contrast *c;

	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (!is_main(v->endpoints[i].endpoint))
			continue;
		nat_only += c->nat_only;
		direct_only += c->direct_only;
	}
	if (p->pairs < PAIRS_FEW)
		state(v,
		    "%zu pairs are too few to tell; %zu failed on the NAT path "
		    "only, %zu on the direct one only",
		    p->pairs, nat_only, direct_only);
	else
		state(v,
		    "no difference between the paths was shown, and not "
		    "enough was measured to call them healthy");
}

/* Those that are not charged to anybody, as they are too few. */
static void
say_episodes(const struct work *w)
{
	struct verdict *v = w->v;
	size_t count[2] = { 0 }, i;

	for (i = 0; i < v->n_episodes; i++)
		count[v->episodes[i].episode.role]++;
	if (count[ROLE_NAT] > 0 && !are_too_many(w))
		add_text(&v->missing, &v->n_missing,
		    "%zu episode%s of the NAT path alone and %zu of the direct "
		    "one: too few to tell a NAT that fails from outages that "
		    "either path has; more of them, or the gateway's counters",
		    count[ROLE_NAT], count[ROLE_NAT] == 1 ? "" : "s",
		    count[ROLE_DIRECT]);
}

/* Nothing stands out in the whole window, and no episode does. */
static void
judge_calm(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	const struct latency_shift *slow;
	const struct endpoint *endpoint = NULL;
	enum duration phase = DURATION_TOTAL;

	if (direct_is_worse(v)) {
		v->cause = CAUSE_INCONCLUSIVE;
		state(v,
		    "the direct path fails, the NAT path does not: this "
		    "says nothing against the NAT");
		add_text(
		    &v->missing, &v->n_missing, "a direct path that works");
		return;
	}
	slow = worst_latency(v, &endpoint, &phase);
	if (is_healthy(v) && slow != NULL) {
		v->cause = CAUSE_LATENCY_ONLY;
		v->strength = STRENGTH_STRONG;
		state(v,
		    "the NAT path is slower by %.1f ms in %s at %s, and "
		    "does not fail more",
		    slow->hl / 1000, duration_name(phase), endpoint->name);
	} else if (is_healthy(v)) {
		v->cause = CAUSE_HEALTHY;
		v->strength = STRENGTH_STRONG;
		state(v, "%s: the NAT path fails less than 1 point more often",
		    cause_words(CAUSE_HEALTHY));
	} else {
		v->cause = CAUSE_INCONCLUSIVE;
		state_calm(v, p);
		say_episodes(w);
		say_what_is_missing(w);
	}
}

static void
judge_whole(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	const struct episode_verdict *e;

	if (merge_endpoints(w)) {
		state_cause(w);
	} else {
		e = chargeable_episode(w);
		if (e == NULL) {
			judge_calm(w, p);
			return;
		}
		take(v, &e->judgement);
		tell_rivals(w, &e->judgement,
		    w->d->endpoints[e->episode.endpoint].name,
		    (size_t)(e - v->episodes) + 1);
		state_cause(w);
	}
	if (cause_accuses_nat(v->cause) &&
	    (double)p->half_nat > HALF_CAUTION * (double)p->nat &&
	    v->strength > STRENGTH_MODERATE)
		v->strength = STRENGTH_MODERATE;
	if (!has_control(w->d))
		add_text(&v->missing, &v->n_missing,
		    "a control endpoint: a full port pool and a full table "
		    "look the same (control: yes at another address or port)");
}

/* The long run: only where the gate of the block test is open. */
static void
say_how_often(struct work *w)
{
	struct verdict *v = w->v;
	const struct contrast *c, *worst = NULL;
	const char *endpoint = NULL;
	size_t i, nat_episodes = 0;

	v->difference = NAN;
	v->difference_ci = INTERVAL_UNKNOWN;
	for (i = 0; i < v->n_episodes; i++)
		nat_episodes += v->episodes[i].episode.role == ROLE_NAT;
	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (!is_main(v->endpoints[i].endpoint) || !c->test.gate)
			continue;
		if (worst == NULL || c->test.est > worst->test.est) {
			worst = c;
			endpoint = v->endpoints[i].endpoint->name;
		}
	}
	if (worst != NULL) {
		v->difference = worst->test.est;
		v->difference_ci = worst->ci;
		v->how_often =
		    x_asprintf("at %s %.1f %% more attempts fail "
			       "on the NAT path (95 %% interval %.1f to %.1f)",
			endpoint, 100 * worst->test.est, 100 * worst->ci.lo,
			100 * worst->ci.hi);
	} else if (nat_episodes > 0) {
		v->how_often = x_asprintf("%zu episode%s: says nothing of how "
					  "often",
		    nat_episodes, nat_episodes == 1 ? "" : "s");
	}
}

/* Said first where it is not known: do the paths leave apart at all? */
static void
check_apart(struct work *w)
{
	struct verdict *v = w->v;
	char *last;

	if (w->d->addresses.n > 0)
		return;
	add_text(&v->missing, &v->n_missing,
	    "proof that the paths leave through different addresses (whoami: "
	    "or witness: in the configuration)");
	last = v->missing[v->n_missing - 1];
	memmove(v->missing + 1, v->missing,
	    (v->n_missing - 1) * sizeof(*v->missing));
	v->missing[0] = last;
}

void
verdict_make(struct verdict *v, const struct dataset *d,
    const struct pairs *const *pairs, const struct scorecard *card,
    const struct gateway_facts *gateway)
{
	struct work w = { v, d, pairs, card, gateway, 0, 0 };
	struct pairing p;

	memset(v, 0, sizeof(*v));
	v->cause = CAUSE_INCONCLUSIVE;
	w.control = find_control(&w);
	w.interval_us = interval_of_pairs(&w);
	sum_pairing(&p, &w);
	judge_endpoints(&w);
	adjust_all(v);
	find_troubled(v);
	find_where(&w);
	if (check_comparable(&w, &p) != 0) {
		state(v, "nothing can be said without %s", v->missing[0]);
		v->difference = NAN;
		v->difference_ci = INTERVAL_UNKNOWN;
		return;
	}
	judge_episodes(&w);
	judge_hosts(&w);
	judge_whole(&w, &p);
	say_where(&w);
	say_how_often(&w);
	check_apart(&w);
}

static void
open_list_free(struct open_cause *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(list[i].text);
	free(list);
}

void
verdict_clear(struct verdict *v)
{
	size_t i;

	free(v->statement);
	open_list_free(v->not_ruled_out, v->n_not_ruled_out);
	open_list_free(v->ruled_out, v->n_ruled_out);
	for (i = 0; i < v->n_missing; i++)
		free(v->missing[i]);
	free(v->missing);
	for (i = 0; i < v->n_where; i++)
		free(v->where[i]);
	free(v->where);
	free(v->host);
	free(v->how_often);
	for (i = 0; i < v->n_endpoints; i++)
		where_clear(&v->endpoints[i].where);
	for (i = 0; i < v->n_episodes; i++)
		free(v->episodes[i].endpoints);
	free(v->episodes);
	free(v->endpoints);
	evidence_list_clear(&v->evidence);
	memset(v, 0, sizeof(*v));
}
