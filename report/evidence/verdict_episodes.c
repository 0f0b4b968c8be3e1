/*
 * The episodes, their causes, and whether they can be charged to the NAT.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict_work.h"
#include "report/stats/scan.h"

/*
 * Episodes of the NAT against those of the direct path; and, where the direct
 * path has none, the share of all slots in which the NAT path alone was in
 * trouble that one or a few are charged for.
 */
#define EPISODES_P     0.01
#define EPISODES_SHARE 0.08

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
merge_episodes(struct work *w)
{
	const struct episodes *found;
	size_t i, k;

	for (i = 0; i < w->d->n_endpoints; i++) {
		found = &w->episodes[i];
		for (k = 0; k < found->n; k++)
			merge_episode(w->v, &found->episode[k]);
	}
}

void
verdict_judge_episodes(struct work *w)
{
	struct verdict *v = w->v;
	struct scope scope = verdict_everything;
	struct facts facts;
	size_t i;

	merge_episodes(w);
	for (i = 0; i < v->n_episodes; i++) {
		struct episode_verdict *e = &v->episodes[i];

		scope.from_slot = e->episode.from_slot;
		scope.to_slot = e->episode.to_slot;
		if (e->episode.role == ROLE_NAT)
			verdict_judge_scope(&e->judgement, &facts, w,
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
bool
verdict_episodes_are_many(const struct work *w)
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
const struct episode_verdict *
verdict_chargeable_episode(const struct work *w)
{
	const struct episode_verdict *best = NULL, *e;
	bool too_many = verdict_episodes_are_many(w);
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
