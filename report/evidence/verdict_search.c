/*
 * Where and when each endpoint's trouble is: places and episodes, side by
 * side.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict_work.h"
#include "report/parallel.h"

/*
 * What is asked of an endpoint: the parts of where, and its episodes.  The
 * longest of all endpoints come first, so that all cores are done together.
 */
#define PARTS (WHERE_PARTS + 1)

static void
find_part(void *context, size_t i)
{
	const struct work *w = context;
	size_t n = w->v->n_endpoints, endpoint = i % n, part = i / n;
	struct endpoint_verdict *e = &w->v->endpoints[endpoint];

	if (!endpoint_is_judged(e->endpoint))
		return;
	if (part < WHERE_PARTS)
		where_part(&e->where, w->d, &e->endpoint->attempts,
		    w->pairs[endpoint], &e->facts, (enum where_parts)part);
	else
		episodes_find(&w->episodes[endpoint], w->d, (uint32_t)endpoint,
		    w->pairs[endpoint]);
}

void
verdict_search(struct work *w)
{
	struct verdict *v = w->v;
	struct where **all = x_calloc(v->n_endpoints + 1, sizeof(*all));
	size_t i;

	parallel_each(v->n_endpoints * PARTS, find_part, w);
	for (i = 0; i < v->n_endpoints; i++)
		if (endpoint_is_judged(v->endpoints[i].endpoint))
			all[i] = &v->endpoints[i].where;
	where_adjust(all, v->n_endpoints);
	free(all);
}
