/*
 * Least-significant-digit radix sort, of as many digits as the numbers span.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/sort.h"

/* 2048 counts fit into a cache. */
#define DIGIT_BITS 11
#define DIGITS     (1 << DIGIT_BITS)
#define DIGIT_MASK (DIGITS - 1)

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
