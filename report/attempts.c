/*
 * The attempts of an endpoint as columns: adding, sorting, dropping duplicates.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/attempts.h"
#include "report/stats/sort.h"

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

	if (a->n == 0) {
		attempts_clear(a);
		*a = *from;
		memset(from, 0, sizeof(*from));
		return;
	}
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

/* How many bits the largest of some numbers needs; all are or-ed into it. */
static unsigned
bits_of(uint64_t all)
{
	return all == 0 ? 0 : 64 - (unsigned)__builtin_clzll(all);
}

/* How wide the parts of the key are, and the least slot. */
struct key_shape {
	int64_t least;
	unsigned slot, seq, target, run;
};

static struct key_shape
shape_of(const struct attempts *a)
{
	uint64_t slot = 0, seq = 0, target = 0, run = 0;
	struct key_shape k = { .least = INT64_MAX };
	size_t i;

	for (i = 0; i < a->n; i++)
		k.least = a->slot[i] < k.least ? a->slot[i] : k.least;
	for (i = 0; i < a->n; i++) {
		slot |= (uint64_t)(a->slot[i] - k.least);
		seq |= a->seq[i];
		target |= a->target[i];
		run |= a->run[i];
	}
	k.slot = bits_of(slot);
	k.seq = bits_of(seq);
	k.target = bits_of(target);
	k.run = bits_of(run);
	return k;
}

/* Seq, target and run of attempt i: 64 bits at most. */
static uint64_t
low_key(const struct attempts *a, const struct key_shape *k, size_t i)
{
	uint64_t key = a->seq[i];

	key = key << k->target | a->target[i];
	return key << k->run | a->run[i];
}

/* Where the whole key has more than 64 bits: order by slot what is in order. */
static void
order_by_slot(const struct attempts *a, const struct key_shape *k,
    uint64_t *key, uint32_t *order)
{
	uint32_t *before = x_malloc(a->n * sizeof(*before));
	size_t i;

	memcpy(before, order, a->n * sizeof(*before));
	for (i = 0; i < a->n; i++)
		key[i] = (uint64_t)(a->slot[before[i]] - k->least);
	sort_order(key, a->n, order);
	for (i = 0; i < a->n; i++)
		order[i] = before[order[i]];
	free(before);
}

void
attempts_sort(struct attempts *a)
{
	uint32_t *order = x_malloc(a->n * sizeof(*order));
	uint64_t *key = x_malloc(a->n * sizeof(*key));
	struct key_shape k = shape_of(a);
	unsigned low = k.seq + k.target + k.run;
	bool fits = k.slot + low <= 64;
	size_t i;

	for (i = 0; i < a->n; i++) {
		key[i] = low_key(a, &k, i);
		if (fits && k.slot > 0)
			key[i] |= (uint64_t)(a->slot[i] - k.least) << low;
	}
	sort_order(key, a->n, order);
	if (!fits)
		order_by_slot(a, &k, key, order);
	free(key);
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

size_t
attempts_from(const struct attempts *a, int64_t slot)
{
	size_t lo = 0, hi = a->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (a->slot[mid] < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
