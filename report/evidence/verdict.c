/*
 * The verdict over all endpoints.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/capture_view.h"
#include "report/evidence/verdict_work.h"

const struct scope verdict_everything = { INT64_MIN, INT64_MAX, ALL_SERIES };

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
				w->d, a, pair_at(w->pairs[i], 0).nat)]
			    .interval_us;
	}
	return 1;
}

void
verdict_judge_scope(struct judgement *j, struct facts *facts,
    const struct work *w, size_t endpoint, const struct scope *scope,
    enum scrutiny scrutiny, size_t episode)
{
	struct facts control;

	facts_find(facts, w->d, &w->d->endpoints[endpoint].attempts,
	    w->pairs[endpoint], scope);
	if (w->control < w->d->n_endpoints)
		facts_find(&control, w->d,
		    &w->d->endpoints[w->control].attempts, w->pairs[w->control],
		    scope);
	verdict_judge_facts(
	    j, facts, &control, w, endpoint, scope, scrutiny, episode);
}

void
verdict_judge_facts(struct judgement *j, const struct facts *facts,
    const struct facts *control, const struct work *w, size_t endpoint,
    const struct scope *scope, enum scrutiny scrutiny, size_t episode)
{
	const struct endpoint *ep = &w->d->endpoints[endpoint];
	struct surroundings around;
	struct ledger_contrast ledger;
	struct clues clues;
	struct scene scene = { w->d, ep, w->pairs[endpoint], scope, facts, NULL,
		control, &around, &ledger, w->captures[endpoint],
		w->interval_us, scrutiny, episode };

	if (w->control < w->d->n_endpoints)
		scene.control = &w->d->endpoints[w->control];
	surroundings_find(&around, w->d, facts->first_slot * w->interval_us,
	    (facts->last_slot + 1) * w->interval_us, scope->nat_series);
	ledger_contrast(&ledger, &w->v->ledger, w->d, w->pairs, scope);
	evidence_find(&clues, &w->v->evidence, w->card, &scene);
	judgement_make(j, &clues, w->card, w->gateway->pool_per_destination);
}

static void
take(struct verdict *v, const struct judgement *j)
{
	v->cause = j->cause;
	v->strength = j->strength;
	v->judgement = *j;
}

/* The host that is judged, and those that are in trouble like it. */
static void
name_hosts(struct work *w, const struct endpoint_verdict *e)
{
	const struct places *all = &e->where.hosts;
	struct verdict *v = w->v;
	size_t i;

	v->host = where_host_name(w->d, e->host->key);
	v->hosts = x_calloc(all->n, sizeof(*v->hosts));
	for (i = 0; i < all->n; i++)
		if (all->place[i].shown)
			v->hosts[v->n_hosts++] =
			    where_host_name(w->d, all->place[i].key);
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
		name_hosts(w, best);
	verdict_tell_rivals(w, &best->judgement, best->endpoint->name, 0);
	if (differ) {
		v->cause = CAUSE_INCONCLUSIVE;
		v->strength = STRENGTH_NONE;
		verdict_miss(v, "one cause: the endpoints have different ones");
	}
	return true;
}

static void
judge_whole(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	const struct episode_verdict *e;

	if (merge_endpoints(w)) {
		verdict_state_cause(w);
	} else {
		e = verdict_chargeable_episode(w);
		if (e == NULL) {
			verdict_judge_calm(w, p);
			return;
		}
		take(v, &e->judgement);
		verdict_tell_rivals(w, &e->judgement,
		    w->d->endpoints[e->episode.endpoint].name,
		    (size_t)(e - v->episodes) + 1);
		verdict_state_cause(w);
	}
	if (cause_accuses_nat(v->cause) &&
	    (double)p->half_nat > HALF_CAUTION * (double)p->nat &&
	    v->strength > STRENGTH_MODERATE)
		v->strength = STRENGTH_MODERATE;
	if (!has_control(w->d))
		verdict_miss(v,
		    "a control endpoint: a full port pool and a full table "
		    "look the same (control: yes at another address or port)");
}

static void
judge(struct work *w)
{
	struct verdict *v = w->v;
	struct pairing p;

	verdict_sum_pairing(&p, w);
	verdict_judge_endpoints(w);
	verdict_adjust(v);
	verdict_find_troubled(v);
	verdict_search(w);
	if (verdict_check_comparable(w, &p) != 0) {
		verdict_state(
		    v, "nothing can be said without %s", v->missing[0]);
		v->difference = NAN;
		v->difference_ci = INTERVAL_UNKNOWN;
		return;
	}
	verdict_judge_episodes(w);
	verdict_judge_hosts(w);
	judge_whole(w, &p);
	verdict_say_where(w);
	verdict_say_how_often(w);
	verdict_check_apart(w);
	evidence_application(v, w->d, w->interval_us);
	evidence_settings(v, w->d);
}

void
verdict_make(struct verdict *v, const struct dataset *d,
    const struct pairs *const *pairs, const struct scorecard *card,
    const struct gateway_facts *gateway)
{
	struct work w = {
		.v = v, .d = d, .pairs = pairs, .card = card, .gateway = gateway
	};
	size_t i;

	memset(v, 0, sizeof(*v));
	v->cause = CAUSE_INCONCLUSIVE;
	w.control = find_control(&w);
	w.interval_us = interval_of_pairs(&w);
	ledger_make(&v->ledger, d);
	w.captures =
	    x_calloc(d->n_endpoints + 1, sizeof(struct capture_view *));
	for (i = 0; i < d->n_endpoints; i++)
		w.captures[i] =
		    capture_view_make(d, &d->endpoints[i].attempts, pairs[i]);
	w.episodes = x_calloc(d->n_endpoints + 1, sizeof(*w.episodes));
	judge(&w);
	for (i = 0; i < d->n_endpoints; i++) {
		capture_view_free(w.captures[i]);
		episodes_clear(&w.episodes[i]);
	}
	free(w.captures);
	free(w.episodes);
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
	for (i = 0; i < v->n_hosts; i++)
		free(v->hosts[i]);
	free(v->hosts);
	free(v->how_often);
	for (i = 0; i < v->n_endpoints; i++)
		where_clear(&v->endpoints[i].where);
	for (i = 0; i < v->n_episodes; i++)
		free(v->episodes[i].endpoints);
	free(v->episodes);
	free(v->endpoints);
	evidence_list_clear(&v->evidence);
	ledger_clear(&v->ledger);
	memset(v, 0, sizeof(*v));
}
