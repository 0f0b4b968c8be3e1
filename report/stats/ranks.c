/*
 * The numbers are sorted by their magnitude, with a radix of its digits.  What
 * is read off from the smallest on are the ranks; and, positive ones upwards
 * and negative ones downwards, the numbers in their order.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/ranks.h"

/* Two digits hold most latencies in microseconds, and 2048 counts a cache. */
#define DIGIT_BITS 11
#define DIGITS     (1 << DIGIT_BITS)
#define PASSES     3 /* of 32 bits */

struct item {
	uint32_t magnitude;
	uint32_t from : 31;
	uint32_t negative : 1;
};

static size_t
digit_of(const struct item *item, int pass)
{
	return item->magnitude >> (pass * DIGIT_BITS) & (DIGITS - 1);
}

/* Stably into to, by a digit; at[k] is how many have digit k. */
static void
move(const struct item *from, struct item *to, size_t n, int pass, uint32_t *at)
{
	uint32_t sum = 0, count;
	size_t i;

	for (i = 0; i < DIGITS; i++) {
		count = at[i];
		at[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[at[digit_of(&from[i], pass)]++] = from[i];
}

/* Sorts a; returns a or spare, whichever holds the result. */
static struct item *
sort_items(struct item *a, struct item *spare, size_t n)
{
	uint32_t count[PASSES][DIGITS] = { 0 };
	struct item *sorted = a, *t;
	size_t i;
	int pass;

	for (i = 0; i < n; i++)
		for (pass = 0; pass < PASSES; pass++)
			count[pass][digit_of(&a[i], pass)]++;
	for (pass = 0; pass < PASSES; pass++) {
		/* All have the same digit: of most, the upper ones. */
		if (n == 0 || count[pass][digit_of(&a[0], pass)] == n)
			continue;
		move(sorted, spare, n, pass, count[pass]);
		t = sorted;
		sorted = spare;
		spare = t;
	}
	return sorted;
}

static uint32_t
magnitude(int64_t x)
{
	uint64_t m = x < 0 ? -(uint64_t)x : (uint64_t)x;

	return m < RANKS_LIMIT ? (uint32_t)m : RANKS_LIMIT;
}

/* Those that are not 0, sorted; the caller frees them. */
static struct item *
items_of(const int64_t *x, size_t n, size_t *m)
{
	struct item *a = x_malloc((n + 1) * sizeof(*a));
	struct item *spare = x_malloc((n + 1) * sizeof(*spare)), *sorted;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		a[k].magnitude = magnitude(x[i]);
		a[k].negative = x[i] < 0;
		a[k].from = (uint32_t)k & INT32_MAX;
		k += x[i] != 0;
	}
	sorted = sort_items(a, spare, k);
	free(sorted == a ? spare : a);
	*m = k;
	return sorted;
}

/* Where the ties of the first item end. */
static size_t
ties_end(const struct item *s, size_t first, size_t n)
{
	size_t end = first + 1;

	while (end < n && s[end].magnitude == s[first].magnitude)
		end++;
	return end;
}

/* How many of s[first..end) are negative. */
static size_t
count_negative(const struct item *s, size_t first, size_t end)
{
	size_t n = 0;

	for (; first < end; first++)
		n += s[first].negative;
	return n;
}

/* How many different numbers there are. */
struct different {
	size_t negative, positive;
};

static struct different
rank_items(struct ranks *r, const struct item *s)
{
	struct different d = { 0, 0 };
	size_t i, first, end, negative;
	int32_t rank2;
	double t;

	r->ties = 0;
	r->rank2 = x_malloc((r->n + 1) * sizeof(*r->rank2));
	for (first = 0; first < r->n; first = end) {
		end = ties_end(s, first, r->n);
		/* Mean of the ranks first + 1 ... end, doubled. */
		rank2 = (int32_t)(first + end + 1);
		for (i = first; i < end; i++)
			r->rank2[s[i].from] = s[i].negative ? -rank2 : rank2;
		t = (double)(end - first);
		r->ties += t * t * t - t;
		negative = count_negative(s, first, end);
		d.negative += negative > 0;
		d.positive += negative < end - first;
	}
	return d;
}

/* From how often each number is there to how many are below it. */
static void
sum_up(struct frequencies *f)
{
	size_t sum = 0, count, i;

	f->of[f->n] = (struct frequency){ 0, 0 };
	for (i = 0; i <= f->n; i++) {
		count = f->of[i].below;
		f->of[i].below = sum;
		sum += count;
	}
}

static void
find_frequencies(struct frequencies *f, const struct different *d,
    const struct item *s, size_t n)
{
	size_t up = d->negative, down = up;
	size_t first, end, negative;
	int64_t value;

	f->n = d->negative + d->positive;
	f->of = x_malloc((f->n + 1) * sizeof(*f->of));
	for (first = 0; first < n; first = end) {
		end = ties_end(s, first, n);
		negative = count_negative(s, first, end);
		value = s[first].magnitude;
		assert(value < RANKS_LIMIT);
		if (negative > 0)
			f->of[--down] = (struct frequency){ -value, negative };
		if (negative < end - first)
			f->of[up++] =
			    (struct frequency){ value, end - first - negative };
	}
	sum_up(f);
}

void
ranks_find(struct ranks *r, struct frequencies *f, const int64_t *x, size_t n)
{
	struct item *s = items_of(x, n, &r->n);
	struct different d = rank_items(r, s);

	if (f != NULL)
		find_frequencies(f, &d, s, r->n);
	free(s);
}

int64_t
frequencies_at(const struct frequencies *f, size_t i)
{
	size_t low = 0, high = f->n, middle;

	while (low + 1 < high) {
		middle = low + (high - low) / 2;
		if (f->of[middle].below <= i)
			low = middle;
		else
			high = middle;
	}
	return f->of[low].value;
}
