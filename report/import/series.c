#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/fields.h"
#include "report/import/series.h"

#define MINUTE_US INT64_C(60000000)
#define DAY_US    INT64_C(86400000000)

bool
series_find(const struct series_kind *table, const char *metric,
    const char *dimension, const char **kind)
{
	for (; table->metric != NULL; table++)
		if (field_same(table->metric, metric) &&
		    (table->dimension == NULL ||
			(dimension != NULL &&
			    field_same(table->dimension, dimension)))) {
			*kind = table->kind;
			return true;
		}
	return false;
}

void
series_times_add(struct series_times *t, int64_t at_us)
{
	t->at_us = x_grow(t->at_us, t->n, &t->capacity, sizeof(*t->at_us));
	t->at_us[t->n++] = at_us;
}

static int
compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int64_t
series_period_us(const struct series_times *t)
{
	int64_t least = INT64_MAX, gap;
	size_t i;

	if (t->n > 1)
		qsort(t->at_us, t->n, sizeof(*t->at_us), compare);
	for (i = 1; i < t->n; i++) {
		gap = t->at_us[i] - t->at_us[i - 1];
		if (gap > 0 && gap < least)
			least = gap;
	}
	return least <= DAY_US ? least : MINUTE_US;
}

void
series_times_clear(struct series_times *t)
{
	free(t->at_us);
	memset(t, 0, sizeof(*t));
}

enum piece_result
series_point(struct parse *p, struct gateway_event_record *ev, const char *name)
{
	char identity[400];

	if (p->hints->source != NULL)
		ev->source = p->hints->source;
	snprintf(identity, sizeof(identity),
	    "series %016" PRId64 " %s %.100s "
	    "%.200s",
	    ev->from_at_us, ev->kind, ev->source, name);
	ev->identity = identity;
	return parse_gateway_event(p, ev);
}
