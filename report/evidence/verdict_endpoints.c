/*
 * The whole window of each endpoint: what was shown, and its cause.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict_work.h"
#include "report/parallel.h"
#include "report/stats/adjust.h"

/* Failures of a host or a name, or on both paths, that are worth a look. */
#define TROUBLE_LEAST 3
#define TROUBLE_SHARE 0.02

/*
 * A difference over the whole window, adjusted over the endpoints.  At 0.01
 * a few bursts of 60 slots at 20 % accuse the NAT wrongly in 1.1 % of the
 * runs of scripts/bench verdict.
 */
#define SHOWN_P 0.005

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

/* Paired differences of a phase, of pairs in which both have it. */
static void
compare_latency(struct latency_shift *out, const struct attempts *a,
    const struct pairs *pairs, enum duration phase)
{
	int64_t *diff = x_calloc(pairs->n, sizeof(*diff));
	uint32_t nat, direct, nat_us, direct_us;
	size_t i, n = 0;

	for (i = 0; i < pairs->n; i++) {
		nat = pair_at(pairs, i).nat;
		direct = pair_at(pairs, i).direct;
		if (marks_failed(
			attempt_marks(a, nat) | attempt_marks(a, direct)))
			continue;
		nat_us = attempt_duration_us(a, phase, nat);
		direct_us = attempt_duration_us(a, phase, direct);
		if (nat_us != NO_DURATION && direct_us != NO_DURATION)
			diff[n++] = (int64_t)nat_us - (int64_t)direct_us;
	}
	latency_compare(diff, n, out);
	free(diff);
}

/*
 * What is asked of an endpoint: its phases, then the parts of its facts, which
 * take less.
 */
#define PARTS (DURATION_COUNT + FACTS_PARTS)

/* One of them; context is the work. */
static void
find_part(void *context, size_t part)
{
	const struct work *w = context;
	size_t n = w->v->n_endpoints, endpoint = part % n, of = part / n;
	struct endpoint_verdict *e = &w->v->endpoints[endpoint];
	const struct attempts *a = &e->endpoint->attempts;
	const struct pairs *pairs = w->pairs[endpoint];

	if (of < DURATION_COUNT)
		compare_latency(&e->latency[of], a, pairs, (enum duration)of);
	else
		facts_part(&e->facts, w->d, a, pairs, &verdict_everything,
		    (enum facts_parts)(of - DURATION_COUNT));
}

void
verdict_judge_endpoints(struct work *w)
{
	struct verdict *v = w->v;
	const struct facts *control;
	struct endpoint_verdict *e;
	size_t i;

	v->n_endpoints = w->d->n_endpoints;
	v->endpoints = x_calloc(v->n_endpoints, sizeof(*v->endpoints));
	for (i = 0; i < v->n_endpoints; i++)
		v->endpoints[i].endpoint = &w->d->endpoints[i];
	parallel_each(v->n_endpoints * PARTS, find_part, w);
	control = w->control < v->n_endpoints ? &v->endpoints[w->control].facts
					      : NULL;
	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		if (endpoint_is_judged(e->endpoint))
			verdict_judge_facts(&e->judgement, &e->facts, control,
			    w, i, &verdict_everything, SCRUTINY_TEST, 0);
	}
}

/*
 * Which endpoints are in trouble: those where the NAT path was shown to be
 * worse, by Holm over the main endpoints, and those with trouble that needs no
 * difference.  Such trouble alone accuses no path.
 */
void
verdict_find_troubled(struct verdict *v)
{
	static const enum outcome outcomes[] = { OUTCOME_FAILED, OUTCOME_SYN,
		OUTCOME_STATUS };
	double *p = x_calloc(v->n_endpoints, sizeof(*p));
	struct endpoint_verdict *e;
	size_t i, o;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		e->worse =
		    e->judgement.clues.state[CLUE_CERT_DIFFERS] == STATE_YES ||
		    e->judgement.clues.state[CLUE_IDLE_LIMIT] == STATE_YES;
	}
	for (o = 0; o < sizeof(outcomes) / sizeof(outcomes[0]); o++) {
		for (i = 0; i < v->n_endpoints; i++) {
			e = &v->endpoints[i];
			p[i] = endpoint_is_judged(e->endpoint)
			    ? e->facts.contrast[outcomes[o]].test.robust_p
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
		e->troubled = endpoint_is_judged(e->endpoint) &&
		    (e->worse || has_trouble(&e->facts));
		if (!e->worse)
			judgement_acquit(&e->judgement);
	}
	free(p);
}

/* Holm over the endpoints: each outcome and each phase is a family. */
void
verdict_adjust(struct verdict *v)
{
	size_t n = v->n_endpoints, i;
	double *p = x_calloc(n, sizeof(*p));
	int k;

	for (k = 0; k < OUTCOME_COUNT; k++) {
		for (i = 0; i < n; i++)
			p[i] = v->endpoints[i].facts.contrast[k].test.robust_p;
		adjust_holm(p, n, p);
		for (i = 0; i < n; i++)
			v->endpoints[i].p_adjusted[k] = p[i];
	}
	for (k = 0; k < DURATION_COUNT; k++) {
		for (i = 0; i < n; i++)
			p[i] = latency_p(&v->endpoints[i].latency[k]);
		adjust_holm(p, n, p);
		for (i = 0; i < n; i++)
			v->endpoints[i].latency_p_adjusted[k] = p[i];
	}
	free(p);
}
