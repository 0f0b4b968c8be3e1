/*
 * Least-significant-digit radix sort.  Digits that are the same in all keys
 * are skipped: latencies in microseconds need two or three passes.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/sort.h"

/* Two digits hold most latencies in microseconds, and 2048 counts a cache. */
#define DIGIT_BITS 11
#define DIGITS     (1 << DIGIT_BITS)
#define DIGIT_MASK (DIGITS - 1)

struct item {
	uint32_t key;
	uint32_t from : 31;
	uint32_t negative : 1;
};

/* Bits in which some keys differ. */
static uint32_t
varying(const struct item *a, size_t n)
{
	uint32_t bits = 0;
	size_t i;

	for (i = 1; i < n; i++)
		bits |= a[i].key ^ a[0].key;
	return bits;
}

/* One stable pass by the byte at shift. */
static void
pass(const struct item *from, struct item *to, size_t n, int shift)
{
	size_t at[DIGITS] = { 0 }, sum = 0, count, i;

	for (i = 0; i < n; i++)
		at[(from[i].key >> shift) & DIGIT_MASK]++;
	for (i = 0; i < DIGITS; i++) {
		count = at[i];
		at[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[at[(from[i].key >> shift) & DIGIT_MASK]++] = from[i];
}

/* Sorts a; returns a or spare, whichever holds the result. */
static struct item *
sort_items(struct item *a, struct item *spare, size_t n)
{
	uint32_t bits = varying(a, n);
	struct item *t;
	int shift;

	for (shift = 0; shift < 32; shift += DIGIT_BITS) {
		if (((bits >> shift) & DIGIT_MASK) == 0)
			continue;
		pass(a, spare, n, shift);
		t = a;
		a = spare;
		spare = t;
	}
	return a;
}

/* The least of x[0..n), n > 0. */
static int64_t
least(const int64_t *x, size_t n)
{
	int64_t min = x[0];
	size_t i;

	for (i = 1; i < n; i++)
		if (x[i] < min)
			min = x[i];
	return min;
}

void
sort_int64(int64_t *x, size_t n)
{
	uint64_t *a = (uint64_t *)x, *b, *t, base, bits = 0;
	size_t at[DIGITS], sum, count, i;
	int shift;

	if (n < 2)
		return;
	b = x_calloc(n, sizeof(*b));
	/* Above the least: signs would make all digits differ. */
	base = (uint64_t)least(x, n);
	for (i = 0; i < n; i++) {
		a[i] -= base;
		bits |= a[i];
	}
	for (shift = 0; shift < 64 && bits >> shift != 0; shift += DIGIT_BITS) {
		memset(at, 0, sizeof(at));
		for (i = 0; i < n; i++)
			at[(a[i] >> shift) & DIGIT_MASK]++;
		for (i = 0, sum = 0; i < DIGITS; i++) {
			count = at[i];
			at[i] = sum;
			sum += count;
		}
		for (i = 0; i < n; i++)
			b[at[(a[i] >> shift) & DIGIT_MASK]++] = a[i];
		t = a;
		a = b;
		b = t;
	}
	if (a != (uint64_t *)x) {
		memcpy(x, a, n * sizeof(*x));
		b = a;
	}
	a = (uint64_t *)x;
	for (i = 0; i < n; i++)
		a[i] += base;
	free(b);
}

/* |x| as a key: what is too far for it is the farthest. */
static uint32_t
magnitude(int64_t x)
{
	uint64_t m = x < 0 ? -(uint64_t)x : (uint64_t)x;

	return m < UINT32_MAX ? (uint32_t)m : UINT32_MAX;
}

/* Mean ranks of sorted items, where they are from. */
static double
rank_items(const struct item *s, size_t n, int32_t *rank2)
{
	double ties = 0, t;
	size_t i, first, end;
	int32_t r;

	for (first = 0; first < n; first = end) {
		end = first + 1;
		while (end < n && s[end].key == s[first].key)
			end++;
		/* Mean of the ranks first + 1 ... end, doubled. */
		r = (int32_t)(first + end + 1);
		for (i = first; i < end; i++)
			rank2[s[i].from] = s[i].negative ? -r : r;
		t = (double)(end - first);
		ties += t * t * t - t;
	}
	return ties;
}

int32_t *
sort_signed_ranks(const int64_t *x, size_t n, size_t *m, double *ties)
{
	struct item *a = x_calloc(n, sizeof(*a));
	struct item *spare = x_calloc(n, sizeof(*spare)), *s;
	int32_t *rank2;
	size_t i;

	*m = 0;
	for (i = 0; i < n; i++) {
		if (x[i] == 0)
			continue;
		a[*m].key = magnitude(x[i]);
		a[*m].negative = x[i] < 0;
		a[*m].from = (uint32_t)*m & INT32_MAX;
		(*m)++;
	}
	s = sort_items(a, spare, *m);
	free(s == a ? spare : a);
	rank2 = x_calloc(*m, sizeof(*rank2));
	*ties = rank_items(s, *m, rank2);
	free(s);
	return rank2;
}
