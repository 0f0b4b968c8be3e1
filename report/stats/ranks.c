/*
 * The numbers are sorted by their magnitude, with a radix of its digits.  What
 * is read off from the smallest on are the ranks; and, positive ones upwards
 * and negative ones downwards, the numbers in their order.
 */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/ranks.h"

/* Two digits hold most latencies in microseconds, and 2048 counts a cache. */
#define DIGIT_BITS 11
#define DIGITS     (1 << DIGIT_BITS)
#define PASSES     3 /* of 32 bits */

/*
 * An item is the magnitude of a number, its sign and its place among those
 * that are not 0: it takes the room of the number.
 */
#define NEGATIVE (UINT64_C(1) << 31)

static uint64_t
item_of(uint64_t magnitude, bool negative, size_t place)
{
	return magnitude << 32 | (negative ? NEGATIVE : 0) |
	    ((uint64_t)place & (NEGATIVE - 1));
}

static uint32_t
magnitude_of(uint64_t item)
{
	return (uint32_t)(item >> 32);
}

static bool
is_negative(uint64_t item)
{
	return (item & NEGATIVE) != 0;
}

static size_t
place_of(uint64_t item)
{
	return item & (NEGATIVE - 1);
}

static size_t
digit_of(uint64_t item, int pass)
{
	return magnitude_of(item) >> (pass * DIGIT_BITS) & (DIGITS - 1);
}

/* Stably into to, by a digit; at[k] is how many have digit k. */
static void
move(const uint64_t *from, uint64_t *to, size_t n, int pass, uint32_t *at)
{
	uint32_t sum = 0, count;
	size_t i;

	for (i = 0; i < DIGITS; i++) {
		count = at[i];
		at[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[at[digit_of(from[i], pass)]++] = from[i];
}

/* Sorts a, with as much room to spare. */
static void
sort_items(uint64_t *a, uint64_t *spare, size_t n)
{
	uint32_t count[PASSES][DIGITS] = { 0 };
	uint64_t *sorted = a, *t;
	size_t i;
	int pass;

	for (i = 0; i < n; i++)
		for (pass = 0; pass < PASSES; pass++)
			count[pass][digit_of(a[i], pass)]++;
	for (pass = 0; pass < PASSES; pass++) {
		/* All have the same digit: of most, the upper ones. */
		if (n == 0 || count[pass][digit_of(a[0], pass)] == n)
			continue;
		move(sorted, spare, n, pass, count[pass]);
		t = sorted;
		sorted = spare;
		spare = t;
	}
	if (sorted != a)
		memcpy(a, sorted, n * sizeof(*a));
}

static uint64_t
magnitude(int64_t x)
{
	uint64_t m = x < 0 ? -(uint64_t)x : (uint64_t)x;

	return m < RANKS_LIMIT ? m : RANKS_LIMIT;
}

/* Those of x that are not 0 become items at its beginning: how many. */
static size_t
make_items(int64_t *x, size_t n)
{
	uint64_t *items = (uint64_t *)x;
	size_t i, m = 0;
	int64_t value;

	for (i = 0; i < n; i++) {
		value = x[i];
		if (value != 0) {
			items[m] = item_of(magnitude(value), value < 0, m);
			m++;
		}
	}
	return m;
}

/* Where the ties of the first item end. */
static size_t
ties_end(const uint64_t *s, size_t first, size_t n)
{
	size_t end = first + 1;

	while (end < n && magnitude_of(s[end]) == magnitude_of(s[first]))
		end++;
	return end;
}

/* How many of s[first..end) are negative. */
static size_t
count_negative(const uint64_t *s, size_t first, size_t end)
{
	size_t n = 0;

	for (; first < end; first++)
		n += is_negative(s[first]);
	return n;
}

/* How many different numbers there are. */
struct different {
	size_t negative, positive;
};

static struct different
rank_items(struct ranks *r, const uint64_t *s)
{
	struct different d = { 0, 0 };
	size_t i, first, end, negative;
	int32_t rank2;
	double t;

	r->ties = 0;
	for (first = 0; first < r->n; first = end) {
		end = ties_end(s, first, r->n);
		/* Mean of the ranks first + 1 ... end, doubled. */
		rank2 = (int32_t)(first + end + 1);
		for (i = first; i < end; i++)
			r->rank2[place_of(s[i])] =
			    is_negative(s[i]) ? -rank2 : rank2;
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
    const uint64_t *s, size_t n)
{
	size_t up = d->negative, down = up;
	size_t first, end, negative;
	int64_t value;

	f->n = d->negative + d->positive;
	f->of = x_malloc((f->n + 1) * sizeof(*f->of));
	for (first = 0; first < n; first = end) {
		end = ties_end(s, first, n);
		negative = count_negative(s, first, end);
		value = magnitude_of(s[first]);
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
ranks_find(struct ranks *r, struct frequencies *f, int64_t *x, size_t n)
{
	uint64_t *items = (uint64_t *)x;
	struct different d;
	void *room;

	/* For sorting, and then for the ranks. */
	r->n = make_items(x, n);
	room = x_malloc((r->n + 1) * sizeof(*items));
	sort_items(items, room, r->n);
	r->rank2 = room;
	d = rank_items(r, items);
	if (f != NULL)
		find_frequencies(f, &d, items, r->n);
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
