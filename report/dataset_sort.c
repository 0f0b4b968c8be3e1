/*
 * The tables in their order.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/dataset_sort.h"

/*
 * Sort n elements and say where each went: the new index of element i is
 * moved[i].  compare gets pointers to elements; tables are small.
 */
static uint32_t *
sort_table(void *table, size_t n, size_t size,
    int (*compare)(const void *, const void *, void *), void *context)
{
	char *from = table, *copy = x_malloc(n * size + 1);
	char **order = x_malloc((n + 1) * sizeof(*order));
	uint32_t *moved = x_malloc((n + 1) * sizeof(*moved));
	size_t i;

	for (i = 0; i < n; i++)
		order[i] = from + i * size;
	qsort_r(order, n, sizeof(*order), compare, context);
	for (i = 0; i < n; i++) {
		memcpy(copy + i * size, order[i], size);
		moved[(size_t)(order[i] - from) / size] = (uint32_t)i;
	}
	if (n > 0)
		memcpy(table, copy, n * size);
	free(copy);
	free(order);
	return moved;
}

static int
compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_endpoints(const void *a, const void *b, void *context)
{
	const struct endpoint *x = *(const struct endpoint *const *)a;
	const struct endpoint *y = *(const struct endpoint *const *)b;

	(void)context;
	return strcmp(x->name, y->name);
}

static int
compare_paths(const void *a, const void *b, void *context)
{
	const struct path *x = *(const struct path *const *)a;
	const struct path *y = *(const struct path *const *)b;

	(void)context;
	if (x->role != y->role)
		return x->role == ROLE_DIRECT ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
compare_series(const void *a, const void *b, void *context)
{
	const struct series *x = *(const struct series *const *)a;
	const struct series *y = *(const struct series *const *)b;
	const struct dataset *d = context;
	int order;

	if (x->path != y->path)
		return compare_numbers(x->path, y->path);
	order = strcmp(d->agents.text[x->agent], d->agents.text[y->agent]);
	if (order == 0)
		order = strcmp(d->hosts.text[x->host], d->hosts.text[y->host]);
	if (order == 0)
		order = compare_numbers(x->interval_us, y->interval_us);
	return order;
}

static int
compare_runs(const void *a, const void *b, void *context)
{
	const struct run *x = *(const struct run *const *)a;
	const struct run *y = *(const struct run *const *)b;
	int order = memcmp(x->uuid, y->uuid, sizeof(x->uuid));

	(void)context;
	return order != 0 ? order : compare_numbers(x->input, y->input);
}

static int
compare_annotations(const void *a, const void *b, void *context)
{
	const struct annotation *x = *(const struct annotation *const *)a;
	const struct annotation *y = *(const struct annotation *const *)b;
	int order = compare_numbers(x->at_us, y->at_us);

	(void)context;
	return order != 0 ? order : strcmp(x->text, y->text);
}

static int
compare_texts(const void *a, const void *b, void *context)
{
	const char *const *const *x = a;
	const char *const *const *y = b;

	(void)context;
	return strcmp(**x, **y);
}

static int
compare_samples(const void *a, const void *b, void *context)
{
	const struct host_sample *x = *(const struct host_sample *const *)a;
	const struct host_sample *y = *(const struct host_sample *const *)b;

	(void)context;
	return x->series != y->series ? compare_numbers(x->series, y->series)
				      : compare_numbers(x->at_us, y->at_us);
}

static int
compare_events(const void *a, const void *b, void *context)
{
	const struct gateway_event *x = *(const struct gateway_event *const *)a;
	const struct gateway_event *y = *(const struct gateway_event *const *)b;

	(void)context;
	return x->from_us != y->from_us
	    ? compare_numbers(x->from_us, y->from_us)
	    : compare_numbers(x->kind, y->kind);
}

static int
compare_measurements(const void *a, const void *b, void *context)
{
	const struct measurement *x = *(const struct measurement *const *)a;
	const struct measurement *y = *(const struct measurement *const *)b;
	const struct dataset *d = context;
	int order = compare_numbers(x->started_at_us, y->started_at_us);

	if (order == 0)
		order =
		    strcmp(d->agents.text[x->agent], d->agents.text[y->agent]);
	if (order == 0)
		order = compare_numbers(x->path, y->path);
	if (order == 0)
		order = compare_numbers(x->kind, y->kind);
	if (order == 0)
		order = compare_numbers(x->finding, y->finding);
	return order != 0 ? order : strcmp(x->destination, y->destination);
}

/* Sort them, and drop what a copy of a database brought again. */
static void
sort_measurements(struct dataset *d)
{
	struct measurement *m = d->measurements;
	const struct measurement *before, *now;
	size_t i, kept = 0;

	free(sort_table(
	    m, d->n_measurements, sizeof(*m), compare_measurements, d));
	for (i = 0; i < d->n_measurements; i++) {
		before = &m[kept > 0 ? kept - 1 : 0];
		now = &m[i];
		if (kept > 0 && compare_measurements(&before, &now, d) == 0)
			measurement_clear(&m[i]);
		else
			m[kept++] = m[i];
	}
	d->n_measurements = kept;
}

/* Runs with one uuid are one run: say so in same_as, count the copies. */
static void
join_runs(struct dataset *d)
{
	struct run *r;
	size_t i;

	for (i = 0; i < d->n_runs; i++) {
		r = &d->runs[i];
		r->same_as = (uint32_t)i;
		if (i == 0 || memcmp(r->uuid, r[-1].uuid, sizeof(r->uuid)) != 0)
			continue;
		r->same_as = r[-1].same_as;
		r->series = r[-1].series;
		d->inputs[r->input].duplicate_runs++;
	}
}

uint32_t *
dataset_sort_tables(struct dataset *d)
{
	uint32_t *paths, *series, *runs;
	size_t i;

	free(sort_table(d->endpoints, d->n_endpoints, sizeof(*d->endpoints),
	    compare_endpoints, NULL));
	free(sort_table(d->annotations, d->n_annotations,
	    sizeof(*d->annotations), compare_annotations, NULL));
	paths = sort_table(
	    d->paths, d->n_paths, sizeof(*d->paths), compare_paths, NULL);
	for (i = 0; i < d->n_series; i++)
		d->series[i].path = paths[d->series[i].path];
	for (i = 0; i < d->n_measurements; i++)
		d->measurements[i].path = paths[d->measurements[i].path];
	sort_measurements(d);
	series = sort_table(
	    d->series, d->n_series, sizeof(*d->series), compare_series, d);
	for (i = 0; i < d->n_runs; i++)
		d->runs[i].series = series[d->runs[i].series];
	runs = sort_table(
	    d->runs, d->n_runs, sizeof(*d->runs), compare_runs, NULL);
	join_runs(d);
	for (i = 0; i < d->n_samples; i++)
		d->samples[i].series = d->runs[runs[d->samples[i].run]].series;
	for (i = 0; i < d->n_census; i++)
		d->census[i].series = d->runs[runs[d->census[i].run]].series;
	free(sort_table(d->samples, d->n_samples, sizeof(*d->samples),
	    compare_samples, NULL));
	free(sort_table(d->gateway_events, d->n_gateway_events,
	    sizeof(*d->gateway_events), compare_events, NULL));
	free(paths);
	free(series);
	return runs;
}

uint32_t *
dataset_sort_names(struct names *names)
{
	uint32_t *moved = sort_table(
	    names->text, names->n, sizeof(*names->text), compare_texts, NULL);

	/* The hash table knows the old numbers; nothing is added any more. */
	free(names->slots);
	names->slots = NULL;
	names->n_slots = 0;
	return moved;
}
