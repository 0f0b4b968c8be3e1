/*
 * The attempts as columns: adding, sorting, dropping duplicates.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/dataset.h"

/* One column of struct attempts, for what is done to all of them. */
struct column {
	void *place; /* of the pointer to its data */
	size_t size; /* of an element */
};

/* Pointers to different types, read and written as bytes. */
static char *
column_data(const struct column *c)
{
	char *data;

	memcpy(&data, c->place, sizeof(data));
	return data;
}

static void
column_set(const struct column *c, void *data)
{
	memcpy(c->place, &data, sizeof(data));
}

#define N_COLUMNS (13 + DURATION_COUNT)

static void
columns_of(struct attempts *a, struct column out[N_COLUMNS])
{
	size_t n = 0, i;

#define COLUMN(field) out[n++] = (struct column){ &a->field, sizeof(*a->field) }
	COLUMN(slot);
	COLUMN(run);
	COLUMN(target);
	COLUMN(seq);
	COLUMN(status);
	COLUMN(observed);
	COLUMN(offset);
	COLUMN(failure);
	COLUMN(phase);
	COLUMN(syn_retransmits);
	COLUMN(certificate);
	COLUMN(late);
	COLUMN(segs_in);
	for (i = 0; i < DURATION_COUNT; i++)
		COLUMN(duration_us[i]);
#undef COLUMN
}

const char *
duration_name(enum duration d)
{
	static const char *const names[DURATION_COUNT] = {
		[DURATION_CONNECT] = "connect",
		[DURATION_TLS] = "tls",
		[DURATION_REQUEST] = "request",
		[DURATION_TOTAL] = "total",
	};

	return names[d];
}

void
dataset_init(struct dataset *d)
{
	memset(d, 0, sizeof(*d));
	d->since_us = d->until_us = NOT_MEASURED;
	d->first_us = d->last_us = NOT_MEASURED;
	d->gateway.addresses = d->gateway.ports_per_host = NOT_MEASURED;
	d->gateway.time_wait_us = NOT_MEASURED;
}

static void
attempts_clear(struct attempts *a)
{
	struct column columns[N_COLUMNS];
	size_t i;

	columns_of(a, columns);
	for (i = 0; i < N_COLUMNS; i++)
		free(column_data(&columns[i]));
	memset(a, 0, sizeof(*a));
}

static void
measurement_clear(struct measurement *m)
{
	free(m->destination);
	free(m->detail);
}

void
dataset_clear(struct dataset *d)
{
	size_t i;

	for (i = 0; i < d->n_inputs; i++) {
		free(d->inputs[i].file);
		free(d->inputs[i].first_bad);
	}
	for (i = 0; i < d->n_endpoints; i++) {
		free(d->endpoints[i].name);
		free(d->endpoints[i].url);
		free(d->endpoints[i].kind);
		attempts_clear(&d->endpoints[i].attempts);
	}
	for (i = 0; i < d->n_paths; i++)
		free(d->paths[i].name);
	for (i = 0; i < d->n_annotations; i++)
		free(d->annotations[i].text);
	for (i = 0; i < d->n_measurements; i++)
		measurement_clear(&d->measurements[i]);
	free(d->measurements);
	free(d->inputs);
	free(d->endpoints);
	free(d->paths);
	free(d->series);
	free(d->runs);
	free(d->annotations);
	free(d->key_index);
	free(d->samples);
	free(d->census);
	free(d->gateway_events);
	free(d->provider);
	names_clear(&d->event_kinds);
	names_clear(&d->event_sources);
	names_clear(&d->certificates);
	names_clear(&d->agents);
	names_clear(&d->hosts);
	names_clear(&d->targets);
	names_clear(&d->addresses);
	names_clear(&d->keys);
	names_clear(&d->urls);
	dataset_init(d);
}

/*
 * What key stands for: next if it is new (*added then).
 */
static uint32_t
find_or_add(struct dataset *d, char *key, size_t next, bool *added)
{
	size_t before = d->keys.n;
	uint32_t i = names_add(&d->keys, key);

	free(key);
	*added = d->keys.n > before;
	if (*added) {
		d->key_index = x_grow(
		    d->key_index, i, &d->key_capacity, sizeof(*d->key_index));
		d->key_index[i] = (uint32_t)next;
	}
	return d->key_index[i];
}

uint32_t
dataset_endpoint(struct dataset *d, const char *name)
{
	struct endpoint *e;
	uint32_t i;
	bool added;

	i = find_or_add(
	    d, x_asprintf("endpoint %s", name), d->n_endpoints, &added);
	if (added) {
		d->endpoints = x_grow(d->endpoints, i, &d->endpoints_capacity,
		    sizeof(*d->endpoints));
		e = &d->endpoints[d->n_endpoints++];
		memset(e, 0, sizeof(*e));
		e->name = x_strdup(name);
	}
	return i;
}

uint32_t
dataset_path(struct dataset *d, const char *name, enum role role)
{
	uint32_t i;
	bool added;

	i = find_or_add(
	    d, x_asprintf("path %d %s", (int)role, name), d->n_paths, &added);
	if (added) {
		d->paths =
		    x_grow(d->paths, i, &d->paths_capacity, sizeof(*d->paths));
		d->paths[d->n_paths++] = (struct path){ x_strdup(name), role };
	}
	return i;
}

uint32_t
dataset_series(struct dataset *d, const struct series *s)
{
	uint32_t i;
	bool added;

	i = find_or_add(d,
	    x_asprintf("series %u %u %u %" PRId64, s->agent, s->host, s->path,
		s->interval_us),
	    d->n_series, &added);
	if (added) {
		d->series = x_grow(
		    d->series, i, &d->series_capacity, sizeof(*d->series));
		d->series[d->n_series++] = *s;
	}
	return i;
}

static void
attempts_grow(struct attempts *a)
{
	struct column columns[N_COLUMNS];
	size_t i;

	columns_of(a, columns);
	a->capacity = a->capacity > 0 ? a->capacity * 2 : 64;
	for (i = 0; i < N_COLUMNS; i++)
		column_set(&columns[i],
		    x_reallocarray(column_data(&columns[i]), a->capacity,
			columns[i].size));
}

void
attempts_add(struct attempts *a, const struct attempt_row *row)
{
	size_t n = a->n, i;

	if (n == a->capacity)
		attempts_grow(a);
	a->slot[n] = row->slot;
	a->run[n] = row->run;
	for (i = 0; i < DURATION_COUNT; i++)
		a->duration_us[i][n] = row->duration_us[i];
	a->target[n] = row->target;
	a->seq[n] = row->seq;
	a->status[n] = row->status;
	a->observed[n] = row->observed;
	a->offset[n] = row->offset;
	a->failure[n] = row->failure;
	a->phase[n] = row->phase;
	a->syn_retransmits[n] = row->syn_retransmits;
	a->certificate[n] = row->certificate;
	a->late[n] = row->late;
	a->segs_in[n] = row->segs_in;
	a->n++;
}

/* ---------------------------------------------------- sorting the tables */

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

/* Sort the tables; what refers to them by index is renumbered. */
static uint32_t *
sort_tables(struct dataset *d)
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

/* -------------------------------------------------- sorting the attempts */

/*
 * One pass of a radix sort by a byte of the key: from order into next.
 * False where all have the same byte, and nothing was done.
 */
static bool
radix_pass(const uint64_t *key, unsigned shift, const uint32_t *order,
    uint32_t *next, size_t n)
{
	size_t counts[256] = { 0 }, sum = 0, count, i;

	for (i = 0; i < n; i++)
		counts[key[i] >> shift & 0xff]++;
	if (counts[key[0] >> shift & 0xff] == n)
		return false;
	for (i = 0; i < 256; i++) {
		count = counts[i];
		counts[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		next[counts[key[order[i]] >> shift & 0xff]++] = order[i];
	return true;
}

/* Sort order by key, keeping what is equal in its place. */
static void
radix_sort(const uint64_t *key, uint32_t **order, uint32_t **next, size_t n)
{
	uint32_t *swap;
	unsigned shift;

	for (shift = 0; shift < 64; shift += 8) {
		if (!radix_pass(key, shift, *order, *next, n))
			continue;
		swap = *order;
		*order = *next;
		*next = swap;
	}
}

static void
permute(struct attempts *a, const uint32_t *order)
{
	struct column columns[N_COLUMNS];
	const char *from;
	char *to;
	size_t i, c, size;

	columns_of(a, columns);
	for (c = 0; c < N_COLUMNS; c++) {
		size = columns[c].size;
		from = column_data(&columns[c]);
		to = x_malloc(a->n * size);
		for (i = 0; i < a->n; i++)
			memcpy(to + i * size, from + order[i] * size, size);
		free(column_data(&columns[c]));
		column_set(&columns[c], to);
	}
	a->capacity = a->n;
}

/* By slot, then seq, target and run. */
static void
attempts_sort(struct attempts *a)
{
	uint32_t *order = x_malloc(a->n * sizeof(*order));
	uint32_t *next = x_malloc(a->n * sizeof(*next));
	uint64_t *key = x_malloc(a->n * sizeof(*key));
	size_t i;

	for (i = 0; i < a->n; i++) {
		order[i] = (uint32_t)i;
		key[i] = (uint64_t)a->seq[i] << 48 |
		    (uint64_t)a->target[i] << 32 | a->run[i];
	}
	radix_sort(key, &order, &next, a->n);
	for (i = 0; i < a->n; i++)
		key[i] = (uint64_t)a->slot[i];
	radix_sort(key, &order, &next, a->n);
	free(key);
	free(next);
	permute(a, order);
	free(order);
}

static void
attempts_move(struct attempts *a, size_t from, size_t to)
{
	struct column columns[N_COLUMNS];
	char *data;
	size_t c;

	columns_of(a, columns);
	for (c = 0; c < N_COLUMNS; c++) {
		data = column_data(&columns[c]);
		memcpy(data + to * columns[c].size,
		    data + from * columns[c].size, columns[c].size);
	}
}

/*
 * Drop what a second copy of the same run brought again.  The copies of a run
 * are neighbours, and so are their attempts.
 */
static void
drop_duplicates(struct dataset *d, struct attempts *a)
{
	const struct run *r;
	size_t i, kept = 0;

	for (i = 0; i < a->n; i++) {
		r = &d->runs[a->run[i]];
		if (kept > 0 && a->slot[i] == a->slot[kept - 1] &&
		    a->seq[i] == a->seq[kept - 1] &&
		    a->target[i] == a->target[kept - 1] &&
		    a->run[i] != a->run[kept - 1] &&
		    r->same_as == d->runs[a->run[kept - 1]].same_as) {
			d->inputs[r->input].duplicate_rows++;
			continue;
		}
		if (kept < i)
			attempts_move(a, i, kept);
		kept++;
	}
	a->n = kept;
	for (i = 0; i < a->n; i++)
		d->runs[a->run[i]].attempts++;
}

/* Number the targets by their text, so that inputs may come in any order. */
static uint32_t *
sort_names(struct names *names)
{
	uint32_t *moved = sort_table(
	    names->text, names->n, sizeof(*names->text), compare_texts, NULL);

	/* The hash table knows the old numbers; nothing is added any more. */
	free(names->slots);
	names->slots = NULL;
	names->n_slots = 0;
	return moved;
}

static void
renumber(uint16_t *column, size_t n, const uint32_t *moved)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (column[i] != NO_INDEX)
			column[i] = (uint16_t)moved[column[i]];
}

void
dataset_finish(struct dataset *d)
{
	uint32_t *runs = sort_tables(d);
	uint32_t *targets = sort_names(&d->targets);
	uint32_t *addresses = sort_names(&d->addresses);
	struct attempts *a;
	size_t e, i;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		if (a->n == 0)
			continue;
		for (i = 0; i < a->n; i++)
			a->run[i] = runs[a->run[i]];
		renumber(a->target, a->n, targets);
		renumber(a->observed, a->n, addresses);
		attempts_sort(a);
		drop_duplicates(d, a);
	}
	for (i = 0; i < d->n_census; i++)
		d->census[i].target = targets[d->census[i].target];
	free(runs);
	free(targets);
	free(addresses);
}

uint32_t
attempt_series(const struct dataset *d, const struct attempts *a, size_t i)
{
	return d->runs[a->run[i]].series;
}

uint32_t
attempt_path(const struct dataset *d, const struct attempts *a, size_t i)
{
	return d->series[attempt_series(d, a, i)].path;
}

int64_t
attempt_started_us(const struct dataset *d, const struct attempts *a, size_t i)
{
	int64_t interval = d->series[attempt_series(d, a, i)].interval_us;

	return a->slot[i] * interval + a->offset[i] * interval / OFFSET_UNIT;
}
