/*
 * Sorting the attempts of an endpoint: first into buckets by slot, which is
 * nearly their order already, then each bucket.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/attempts.h"
#include "report/stats/sort.h"

/*
 * Neighbouring slots share a bucket where there are more slots than attempts:
 * each has few attempts, but where many hosts measure at once.
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

/* What attempts are ordered by within a bucket, and how many bits of it. */
struct key {
	uint64_t seq, target, run, offset;
};

static struct key
key_of(const struct attempts *a, size_t i)
{
	struct key k = { attempt_seq(a, i), attempt_target(a, i),
		attempt_run(a, i),
		(uint64_t)(attempt_offset(a, i) - INT16_MIN) };

	return k;
}

static unsigned
bits_of(uint64_t all)
{
	return all == 0 ? 0 : 64 - (unsigned)__builtin_clzll(all);
}

static uint64_t
mask_of(uint64_t bits)
{
	return (UINT64_C(1) << bits) - 1;
}

/* As many as the columns have, which are kept as attempts.h says. */
static struct key
bits_of_keys(const struct attempts *a)
{
	const struct packed *column = a->column;
	struct key bits = {
		.seq = bits_of(packed_bits(&column[field_seq])),
		.target = bits_of(packed_bits(&column[field_target])),
		.run = bits_of(packed_bits(&column[field_run])),
		.offset = bits_of(packed_bits(&column[field_offset])),
	};

	return bits;
}

struct sorting {
	const struct attempts *a;
	struct buckets b;
	struct key bits;
	int64_t *key; /* room for the largest bucket so far */
	uint32_t *before;
	size_t capacity;
};

/* Few, as in most buckets, are in order soonest so. */
#define FEW 16

static void
sort_keys(int64_t *key, size_t n)
{
	size_t i, at;
	int64_t k;

	if (n > FEW) {
		sort_int64(key, n);
		return;
	}
	for (i = 1; i < n; i++) {
		k = key[i];
		for (at = i; at > 0 && k < key[at - 1]; at--)
			key[at] = key[at - 1];
		key[at] = k;
	}
}

/* By keys of one number, whose last bits are the place in order[0..n). */
static void
sort_by_number(struct sorting *s, uint32_t *order, size_t n, unsigned places)
{
	uint64_t in_bucket = mask_of(s->b.shift), key;
	const struct key *bits = &s->bits;
	struct key k;
	size_t i;

	for (i = 0; i < n; i++) {
		k = key_of(s->a, order[i]);
		key = (uint64_t)(attempt_slot(s->a, order[i]) - s->b.least) &
		    in_bucket;
		key = key << bits->seq | k.seq;
		/* None is the last: kept as 0, read as all bits set. */
		key = key << bits->target | (k.target & mask_of(bits->target));
		key = key << bits->run | k.run;
		key = key << bits->offset | k.offset;
		s->key[i] = (int64_t)(key << places | i);
		s->before[i] = order[i];
	}
	sort_keys(s->key, n);
	for (i = 0; i < n; i++)
		order[i] = s->before[(uint64_t)s->key[i] & mask_of(places)];
}

static int
compare_numbers(uint64_t x, uint64_t y)
{
	return (x > y) - (x < y);
}

static int
compare_attempts(const void *x, const void *y, void *context)
{
	const uint32_t *i = x, *k = y;
	const struct sorting *s = context;
	const struct attempts *a = s->a;
	struct key first = key_of(a, *i), second = key_of(a, *k);
	int order = compare_numbers(
	    (uint64_t)attempt_slot(a, *i), (uint64_t)attempt_slot(a, *k));

	if (order == 0)
		order = compare_numbers(first.seq, second.seq);
	if (order == 0)
		order = compare_numbers(first.target, second.target);
	if (order == 0)
		order = compare_numbers(first.run, second.run);
	if (order == 0)
		order = compare_numbers(first.offset, second.offset);
	return order != 0 ? order : compare_numbers(*i, *k);
}

static void
sort_bucket(struct sorting *s, uint32_t *order, size_t n)
{
	const struct key *b = &s->bits;
	unsigned places = bits_of(n - 1);

	if (n > s->capacity) {
		s->capacity = n * 2;
		s->key = x_reallocarray(s->key, s->capacity, sizeof(*s->key));
		s->before =
		    x_reallocarray(s->before, s->capacity, sizeof(*s->before));
	}
	if (s->b.shift + b->seq + b->target + b->run + b->offset + places < 64)
		sort_by_number(s, order, n, places);
	else
		qsort_r(order, n, sizeof(*order), compare_attempts, s);
}

/* Whether they are in order already. */
static bool
is_in_order(const uint32_t *order, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (order[i] != i)
			return false;
	return true;
}

uint32_t *
attempts_order(const struct attempts *a)
{
	struct sorting s = { .a = a };
	uint32_t *order, begin = 0;
	size_t k;

	if (a->n < 2)
		return NULL;
	order = x_calloc(a->n, sizeof(*order));
	fill_buckets(&s.b, a, order);
	s.bits = bits_of_keys(a);
	for (k = 0; k < s.b.n; begin = s.b.end[k++])
		if (s.b.end[k] - begin > 1)
			sort_bucket(&s, order + begin, s.b.end[k] - begin);
	free(s.key);
	free(s.before);
	free(s.b.end);
	if (is_in_order(order, a->n)) {
		free(order);
		return NULL;
	}
	return order;
}
