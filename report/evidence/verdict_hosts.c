/*
 * The hosts: each by itself, and the one that is judged alone.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict_work.h"

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
void
verdict_judge_hosts(struct work *w)
{
	struct verdict *v = w->v;
	bool charged = verdict_chargeable_episode(w) != NULL,
	     any_troubled = false;
	struct scope scope = verdict_everything;
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
		verdict_judge_scope(&j, &facts, w, i, &scope, SCRUTINY_TEST, 0);
		if (j.cause == CAUSE_INCONCLUSIVE && (e->troubled || charged))
			continue;
		e->judgement = j;
		e->host = where_worst_host(&e->where);
		e->troubled = true;
	}
}
