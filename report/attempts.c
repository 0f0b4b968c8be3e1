/*
 * The attempts of an endpoint as columns: adding, sorting, dropping duplicates.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/attempts.h"

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

#define N_COLUMNS (17 + DURATION_COUNT)

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
	COLUMN(observed_port);
	COLUMN(local_port);
	COLUMN(arrival);
	COLUMN(offset);
	COLUMN(failure);
	COLUMN(phase);
	COLUMN(syn_retransmits);
	COLUMN(certificate);
	COLUMN(late);
	COLUMN(segs_in);
	COLUMN(seen);
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
	a->observed_port[n] = row->observed_port;
	a->local_port[n] = row->local_port;
	a->arrival[n] = row->arrival;
	a->offset[n] = row->offset;
	a->failure[n] = row->failure;
	a->phase[n] = row->phase;
	a->syn_retransmits[n] = row->syn_retransmits;
	a->certificate[n] = row->certificate;
	a->late[n] = row->late;
	a->segs_in[n] = row->segs_in;
	a->seen[n] = row->seen;
	a->n++;
}

void
attempts_append(struct attempts *a, struct attempts *from)
{
	struct column to[N_COLUMNS], more[N_COLUMNS];
	size_t c;

	while (a->capacity < a->n + from->n)
		attempts_grow(a);
	columns_of(a, to);
	columns_of(from, more);
	for (c = 0; c < N_COLUMNS && from->n > 0; c++)
		memcpy(column_data(&to[c]) + a->n * to[c].size,
		    column_data(&more[c]), from->n * to[c].size);
	a->n += from->n;
	attempts_clear(from);
}

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

/* Elements of a size that the compiler knows, so that it copies in place. */
static inline void
gather(char *to, const char *from, size_t size, const uint32_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		memcpy(to + i * size, from + order[i] * size, size);
}

static void
permute(struct attempts *a, const uint32_t *order)
{
	struct column columns[N_COLUMNS];
	char *from, *to;
	size_t c, size;

	columns_of(a, columns);
	for (c = 0; c < N_COLUMNS; c++) {
		size = columns[c].size;
		from = column_data(&columns[c]);
		to = x_malloc(a->n * size);
		if (size == 1)
			gather(to, from, 1, order, a->n);
		else if (size == 2)
			gather(to, from, 2, order, a->n);
		else if (size == 4)
			gather(to, from, 4, order, a->n);
		else
			gather(to, from, size, order, a->n);
		free(from);
		column_set(&columns[c], to);
	}
	a->capacity = a->n;
}

/* By slot, then seq, target and run. */
void
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
void
attempts_drop_duplicates(struct dataset *d, struct attempts *a)
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
