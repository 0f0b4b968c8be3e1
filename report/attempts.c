#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/attempts.h"

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
attempts_add(struct attempts *a, const struct attempt_row *row)
{
	size_t i;

#define FIELD(field, type, kept, by) \
	packed_add(&a->column[field_##field], (kept)(row->field + (by)));
	ATTEMPT_FIELDS(FIELD)
#undef FIELD
	for (i = 0; i < DURATION_COUNT; i++)
		packed_add(&a->column[field_duration_us + i],
		    (uint32_t)(row->duration_us[i] + 1));
	a->n++;
}

void
attempts_clear(struct attempts *a)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_clear(&a->column[i]);
	a->n = 0;
}

void
attempts_join(struct attempts *a, struct attempts *from)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_join(&a->column[i], &from->column[i]);
	a->n += from->n;
	from->n = 0;
}

void
attempts_select(struct attempts *a, const uint32_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < field_count; i++)
		packed_select(&a->column[i], order, n);
	a->n = n;
}

/* -------------------------------------------------------------- sorting */

/* What an attempt is ordered by. */
struct key {
	int64_t slot;
	uint64_t seq_target; /* with room for both */
	uint32_t run;
	int16_t offset;
	uint32_t from; /* its place before */
};

static struct key
key_of(const struct attempts *a, uint32_t i)
{
	struct key k = {
		.slot = attempt_slot(a, i),
		.seq_target =
		    (uint64_t)attempt_seq(a, i) << 32 | attempt_target(a, i),
		.run = attempt_run(a, i),
		.offset = attempt_offset(a, i),
		.from = i,
	};

	return k;
}

static int
compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	if (x->seq_target != y->seq_target)
		return x->seq_target < y->seq_target ? -1 : 1;
	if (x->run != y->run)
		return x->run < y->run ? -1 : 1;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* As few as nearly always share a bucket. */
#define FEW 16

static void
sort_keys(struct key *key, size_t n)
{
	struct key k;
	size_t i, at;

	if (n > FEW) {
		qsort(key, n, sizeof(*key), compare_keys);
		return;
	}
	for (i = 1; i < n; i++) {
		k = key[i];
		for (at = i; at > 0 && compare_keys(&k, &key[at - 1]) < 0; at--)
			key[at] = key[at - 1];
		key[at] = k;
	}
}

/* Neighbouring slots share a bucket where there are more slots than attempts.
 */
struct buckets {
	int64_t least; /* slot */
	unsigned shift;
	size_t n;
	uint32_t *end; /* by bucket: where in the order it ends */
};

static size_t
bucket_of(const struct buckets *b, const struct attempts *a, size_t i)
{
	return (size_t)(attempt_slot(a, i) - b->least) >> b->shift;
}

/* Set order to the attempts by bucket. */
static void
fill_buckets(struct buckets *b, const struct attempts *a, uint32_t *order)
{
	int64_t most = INT64_MIN, slot;
	size_t i;

	b->least = INT64_MAX;
	for (i = 0; i < a->n; i++) {
		slot = attempt_slot(a, i);
		b->least = slot < b->least ? slot : b->least;
		most = slot > most ? slot : most;
	}
	while ((size_t)(most - b->least) >> b->shift >= a->n)
		b->shift++;
	b->n = ((size_t)(most - b->least) >> b->shift) + 1;
	b->end = x_calloc(b->n + 1, sizeof(*b->end));
	for (i = 0; i < a->n; i++)
		b->end[bucket_of(b, a, i) + 1]++;
	for (i = 0; i < b->n; i++)
		b->end[i + 1] += b->end[i];
	/* end[k] is where bucket k begins, and moves to where it ends. */
	for (i = 0; i < a->n; i++)
		order[b->end[bucket_of(b, a, i)]++] = (uint32_t)i;
}

void
attempts_sort(struct attempts *a)
{
	uint32_t *order, begin = 0;
	struct key *key = NULL;
	struct buckets b = { 0 };
	size_t capacity = 0, i, k, n;

	if (a->n < 2)
		return;
	order = x_calloc(a->n, sizeof(*order));
	fill_buckets(&b, a, order);
	for (k = 0; k < b.n; begin = b.end[k++]) {
		n = b.end[k] - begin;
		if (n < 2)
			continue;
		if (n > capacity) {
			capacity = n * 2;
			key = x_reallocarray(key, capacity, sizeof(*key));
		}
		for (i = 0; i < n; i++)
			key[i] = key_of(a, order[begin + i]);
		sort_keys(key, n);
		for (i = 0; i < n; i++)
			order[begin + i] = key[i].from;
	}
	free(key);
	free(b.end);
	attempts_select(a, order, a->n);
	free(order);
}

size_t
attempts_from(const struct attempts *a, int64_t slot)
{
	size_t lo = 0, hi = a->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (attempt_slot(a, mid) < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
