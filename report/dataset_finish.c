/*
 * When everything was loaded: all of it in its order, and each attempt once.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/dataset_sort.h"
#include "report/parallel.h"

/* The tables were sorted: where their rows went. */
struct moves {
	struct dataset *d;
	uint32_t *runs, *targets, *addresses;
	uint32_t **order; /* of each endpoint's attempts; NULL: as they are */
};

/* Where what a column refers to went, in the column's numbers. */
static uint64_t
new_run(const void *moved, uint64_t run)
{
	return ((const uint32_t *)moved)[run];
}

static uint64_t
new_index(const void *moved, uint64_t kept)
{
	return kept == 0 ? 0
			 : ((const uint32_t *)moved)[kept - 1] + UINT64_C(1);
}

static void
renumber(struct packed *column,
    uint64_t (*renumbered)(const void *moved, uint64_t value),
    const uint32_t *moved, size_t n)
{
	size_t i;

	for (i = 0; i < n && moved[i] == i; i++)
		continue;
	if (i < n)
		packed_map(column, renumbered, moved);
}

/* Whether two attempts, neighbours, are one in two copies of its run. */
static bool
is_duplicate(
    const struct dataset *d, const struct attempts *a, size_t i, size_t k)
{
	uint32_t x = attempt_run(a, i), y = attempt_run(a, k);

	return x != y && d->runs[x].same_as == d->runs[y].same_as &&
	    attempt_slot(a, i) == attempt_slot(a, k) &&
	    attempt_seq(a, i) == attempt_seq(a, k) &&
	    attempt_target(a, i) == attempt_target(a, k);
}

/*
 * Drop what a second copy of the same run brought again.  The copies of a run
 * are neighbours, and so are their attempts.
 */
static void
drop_duplicates(struct dataset *d, struct attempts *a)
{
	uint32_t *kept = x_malloc((a->n + 1) * sizeof(*kept));
	size_t i, n = 0;

	for (i = 0; i < a->n; i++) {
		if (n > 0 && is_duplicate(d, a, i, kept[n - 1]))
			d->inputs[d->runs[attempt_run(a, i)].input]
			    .duplicate_rows++;
		else
			kept[n++] = (uint32_t)i;
	}
	if (n < a->n)
		attempts_select(a, kept, n);
	free(kept);
}

static void
drop_all_duplicates(struct dataset *d)
{
	bool copies = false;
	size_t i;

	for (i = 0; i < d->n_runs; i++)
		copies |= d->runs[i].same_as != i;
	for (i = 0; copies && i < d->n_endpoints; i++)
		drop_duplicates(d, &d->endpoints[i].attempts);
}

/* Renumber an endpoint's attempts, and find their order. */
static void
order_endpoint(void *context, size_t endpoint)
{
	const struct moves *moved = context;
	const struct dataset *d = moved->d;
	struct attempts *a = &moved->d->endpoints[endpoint].attempts;

	renumber(&a->column[field_run], new_run, moved->runs, d->n_runs);
	renumber(
	    &a->column[field_target], new_index, moved->targets, d->targets.n);
	renumber(&a->column[field_observed], new_index, moved->addresses,
	    d->addresses.n);
	moved->order[endpoint] = attempts_order(a);
}

/* One column of an endpoint's attempts in their order. */
static void
sort_column(void *context, size_t part)
{
	const struct moves *moved = context;
	size_t endpoint = part / field_count;
	struct attempts *a = &moved->d->endpoints[endpoint].attempts;

	if (moved->order[endpoint] != NULL)
		packed_select(&a->column[part % field_count],
		    moved->order[endpoint], a->n);
}

static void
sort_attempts(struct moves *moved)
{
	size_t n = moved->d->n_endpoints, i;

	moved->order = x_calloc(n + 1, sizeof(*moved->order));
	parallel_each(n, order_endpoint, moved);
	parallel_each(n * field_count, sort_column, moved);
	for (i = 0; i < n; i++)
		free(moved->order[i]);
	free(moved->order);
}

/*
 * What attempts show of tables that all endpoints share: counted in so
 * many parts, each of every fourth endpoint: endpoints and runs may be many.
 */
#define COUNTS 4

struct counts {
	size_t *attempts; /* by run */
	uint8_t *seen_of; /* by address, as in the dataset */
};

struct counting {
	const struct dataset *d;
	struct counts of[COUNTS];
};

static void
count_part(void *context, size_t part)
{
	struct counting *c = context;
	const struct dataset *d = c->d;
	struct counts *of = &c->of[part];
	const struct attempts *a;
	size_t e, i;

	of->attempts = x_calloc(d->n_runs + 1, sizeof(*of->attempts));
	of->seen_of = x_calloc(d->addresses.n + 1, sizeof(*of->seen_of));
	for (e = part; e < d->n_endpoints; e += COUNTS) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++) {
			of->attempts[attempt_run(a, i)]++;
			if (attempt_observed(a, i) != NO_INDEX)
				of->seen_of[attempt_observed(a, i)] |=
				    (uint8_t)(1U << attempt_role(d, a, i));
		}
	}
}

static void
count_attempts(struct dataset *d)
{
	struct counting c = { .d = d };
	size_t k, i;

	parallel_each(COUNTS, count_part, &c);
	d->seen_of = x_calloc(d->addresses.n + 1, sizeof(*d->seen_of));
	for (k = 0; k < COUNTS; k++) {
		for (i = 0; i < d->n_runs; i++)
			d->runs[i].attempts += c.of[k].attempts[i];
		for (i = 0; i < d->addresses.n; i++)
			d->seen_of[i] |= c.of[k].seen_of[i];
		free(c.of[k].attempts);
		free(c.of[k].seen_of);
	}
}

void
dataset_finish(struct dataset *d)
{
	struct moves moved = { .d = d };
	size_t i;

	moved.runs = dataset_sort_tables(d);
	moved.targets = dataset_sort_names(&d->targets);
	moved.addresses = dataset_sort_names(&d->addresses);
	sort_attempts(&moved);
	drop_all_duplicates(d);
	count_attempts(d);
	for (i = 0; i < d->n_census; i++)
		d->census[i].target = moved.targets[d->census[i].target];
	free(moved.runs);
	free(moved.targets);
	free(moved.addresses);
}
