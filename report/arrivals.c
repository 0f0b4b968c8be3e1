/*
 * What witnesses saw: sorting, and finding by an attempt's id.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "report/dataset.h"

static int
compare(const void *a, const void *b)
{
	const struct arrival *x = a, *y = b;
	int order = (int)y->named - (int)x->named;

	if (order == 0 && x->named)
		order =
		    memcmp(x->attempt_id, y->attempt_id, sizeof(x->attempt_id));
	if (order == 0)
		order = (x->accepted_us > y->accepted_us) -
		    (x->accepted_us < y->accepted_us);
	if (order == 0)
		order = (x->address > y->address) - (x->address < y->address);
	if (order == 0)
		order = (x->port > y->port) - (x->port < y->port);
	return order != 0
	    ? order
	    : (x->witness > y->witness) - (x->witness < y->witness);
}

/* A copy of the same database brings the same connection again. */
static bool
is_same(const struct arrival *x, const struct arrival *y)
{
	return x->named == y->named && x->accepted_us == y->accepted_us &&
	    x->address == y->address && x->port == y->port &&
	    (!x->named ||
		memcmp(x->attempt_id, y->attempt_id, sizeof(x->attempt_id)) ==
		    0);
}

void
dataset_sort_arrivals(struct dataset *d)
{
	struct arrival *a = d->arrivals;
	size_t i, kept = 0;

	if (d->n_arrivals > 0)
		qsort(a, d->n_arrivals, sizeof(*a), compare);
	d->n_named_arrivals = 0;
	for (i = 0; i < d->n_arrivals; i++) {
		if (kept > 0 && is_same(&a[kept - 1], &a[i]))
			continue;
		d->n_named_arrivals += a[i].named;
		a[kept++] = a[i];
	}
	d->n_arrivals = kept;
}

static int
compare_id(const void *key, const void *element)
{
	const struct arrival *a = element;

	return memcmp(key, a->attempt_id, sizeof(a->attempt_id));
}

uint32_t
dataset_find_arrival(const struct dataset *d, const uint8_t id[ATTEMPT_ID_SIZE])
{
	const struct arrival *found;

	if (d->n_named_arrivals == 0)
		return NO_ARRIVAL;
	found = bsearch(
	    id, d->arrivals, d->n_named_arrivals, sizeof(*found), compare_id);
	return found == NULL ? NO_ARRIVAL : (uint32_t)(found - d->arrivals) + 1;
}
