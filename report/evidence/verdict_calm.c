/*
 * The verdict where nothing stands out: healthy, slower, or too little.
 */
#include "config.h"

#include <math.h>

#include "report/evidence/verdict_work.h"
#include "report/stats/power.h"
#include "report/stats/rates.h"

/* A difference in rate below this is none that anybody asks about. */
#define HEALTHY_DIFFERENCE 0.01

/* Fewer pairs than the gate of the block test asks for at the least. */
#define PAIRS_FEW 60

/* Latency that is worth a word. */
#define LATENCY_P        0.01
#define LATENCY_LEAST_US 5000.0

/* Is the direct path the one that fails? */
static bool
direct_is_worse(const struct verdict *v)
{
	const struct contrast *c;
	size_t i;

	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (c->test.est < 0 && c->direct_only > 10 * c->nat_only &&
		    c->test.robust_p <= 0.01)
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
		if (!endpoint_is_judged(v->endpoints[i].endpoint) ||
		    c->pairs == 0)
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
		counted |= endpoint_is_judged(v->endpoints[i].endpoint) &&
		    c->pairs > 0;
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
			if (!endpoint_is_judged(v->endpoints[i].endpoint) ||
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
		if (!endpoint_is_judged(v->endpoints[i].endpoint) ||
		    f->pairs == 0)
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
		verdict_miss(v, "about %.0f more slots", ceil(more / per_slot));
}

/* Too few pairs still have counts, which somebody in trouble wants to see. */
static void
state_calm(struct verdict *v, const struct pairing *p)
{
	size_t nat_only = 0, direct_only = 0, i;
	const struct contrast *c;

	for (i = 0; i < v->n_endpoints; i++) {
		c = &v->endpoints[i].facts.contrast[OUTCOME_FAILED];
		if (!endpoint_is_judged(v->endpoints[i].endpoint))
			continue;
		nat_only += c->nat_only;
		direct_only += c->direct_only;
	}
	if (p->pairs < PAIRS_FEW)
		verdict_state(v,
		    "%zu pairs are too few to tell; %zu failed on the NAT path "
		    "only, %zu on the direct one only",
		    p->pairs, nat_only, direct_only);
	else
		verdict_state(v,
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
	if (count[ROLE_NAT] > 0 && !verdict_episodes_are_many(w))
		verdict_miss(v,
		    "%zu episode%s of the NAT path alone and %zu of the direct "
		    "one: too few to tell a NAT that fails from outages that "
		    "either path has; more of them, or the gateway's counters",
		    count[ROLE_NAT], count[ROLE_NAT] == 1 ? "" : "s",
		    count[ROLE_DIRECT]);
}

/* Nothing stands out in the whole window, and no episode does. */
void
verdict_judge_calm(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	const struct latency_shift *slow;
	const struct endpoint *endpoint = NULL;
	enum duration phase = DURATION_TOTAL;

	if (direct_is_worse(v)) {
		v->cause = CAUSE_INCONCLUSIVE;
		verdict_state(v,
		    "the direct path fails, the NAT path does not: this "
		    "says nothing against the NAT");
		verdict_miss(v, "a direct path that works");
		return;
	}
	slow = worst_latency(v, &endpoint, &phase);
	if (is_healthy(v) && slow != NULL) {
		v->cause = CAUSE_LATENCY_ONLY;
		v->strength = STRENGTH_STRONG;
		verdict_state(v,
		    "the NAT path is slower by %.1f ms in %s at %s, and "
		    "does not fail more",
		    slow->hl / 1000, duration_name(phase), endpoint->name);
	} else if (is_healthy(v)) {
		v->cause = CAUSE_HEALTHY;
		v->strength = STRENGTH_STRONG;
		verdict_state(v,
		    "%s: the NAT path fails less than 1 point more often",
		    cause_words(CAUSE_HEALTHY));
	} else {
		v->cause = CAUSE_INCONCLUSIVE;
		state_calm(v, p);
		say_episodes(w);
		say_what_is_missing(w);
	}
}
