#include "config.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/packed.h"

/* Some with full blocks only, some with an open one. */
static const size_t counts[] = { 0, 1, PACKED_BLOCK - 1, PACKED_BLOCK,
	PACKED_BLOCK + 1, 5 * PACKED_BLOCK, 5 * PACKED_BLOCK + 77 };

#define COUNTS (sizeof(counts) / sizeof(counts[0]))

/* The i-th of made-up numbers that need that many bits, not from 0 on. */
static uint64_t
number(unsigned bits, size_t i)
{
	uint64_t least = bits < 60 ? 1000000007 : 0;
	uint64_t z = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);

	return least + (bits == 0 ? 0 : (z ^ z >> 29) >> (64 - bits));
}

static void
fill(struct packed *p, unsigned bits, size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++)
		packed_add(p, number(bits, i));
}

Test(packed, numbers_of_any_width_are_read_as_they_were_added)
{
	unsigned bits;
	size_t c, i;

	for (bits = 0; bits <= 64; bits++) {
		for (c = 0; c < COUNTS; c++) {
			struct packed p = { 0 };

			fill(&p, bits, 0, counts[c]);
			cr_assert_eq(p.n, counts[c]);
			for (i = 0; i < p.n; i++)
				cr_assert_eq(packed_get(&p, i), number(bits, i),
				    "%u bits, %zu of %zu", bits, i, p.n);
			packed_clear(&p);
		}
	}
}

Test(packed, the_least_and_the_most_are_numbers)
{
	struct packed p = { 0 };
	size_t i;

	for (i = 0; i < 2 * PACKED_BLOCK; i++)
		packed_add(&p, i % 2 == 0 ? 0 : UINT64_MAX);
	for (i = 0; i < p.n; i++)
		cr_assert_eq(packed_get(&p, i), i % 2 == 0 ? 0 : UINT64_MAX);
	packed_clear(&p);
}

Test(packed, equal_numbers_take_no_words)
{
	struct packed p = { 0 };
	size_t i;

	for (i = 0; i < PACKED_BLOCK; i++)
		packed_add(&p, 4711);
	cr_assert_eq(p.n_blocks, 1);
	cr_expect_eq(p.block[0].bits, 0);
	packed_clear(&p);
}

static int
ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Whatever the order: the numbers below n, each once. */
static void
check_all(const struct packed *p, size_t n)
{
	uint64_t *sorted = x_calloc(n + 1, sizeof(*sorted));
	size_t i;

	cr_assert_eq(p->n, n);
	for (i = 0; i < n; i++)
		sorted[i] = packed_get(p, i);
	qsort(sorted, n, sizeof(*sorted), ascending);
	for (i = 0; i < n; i++)
		cr_assert_eq(sorted[i], i);
	free(sorted);
}

Test(packed, joined_have_the_numbers_of_both)
{
	size_t a, b, i;

	for (a = 0; a < COUNTS; a++) {
		for (b = 0; b < COUNTS; b++) {
			struct packed to = { 0 }, from = { 0 };

			for (i = 0; i < counts[a]; i++)
				packed_add(&to, i);
			for (; i < counts[a] + counts[b]; i++)
				packed_add(&from, i);
			packed_join(&to, &from);
			cr_expect_eq(from.n, 0);
			check_all(&to, counts[a] + counts[b]);
			/* And go on. */
			packed_add(&to, i);
			check_all(&to, i + 1);
			packed_clear(&to);
		}
	}
}

Test(packed, a_selection_is_in_the_order_asked_for)
{
	size_t n = 3 * PACKED_BLOCK + 5, i;
	uint32_t *order = x_calloc(n, sizeof(*order));
	struct packed p = { 0 };

	fill(&p, 20, 0, n);
	for (i = 0; i < n; i++)
		order[i] = (uint32_t)(n - 1 - i);
	packed_select(&p, order, n);
	for (i = 0; i < n; i++)
		cr_assert_eq(packed_get(&p, i), number(20, n - 1 - i));
	for (i = 0; i < n / 2; i++)
		order[i] = (uint32_t)(2 * i);
	packed_select(&p, order, n / 2);
	cr_assert_eq(p.n, n / 2);
	for (i = 0; i < n / 2; i++)
		cr_assert_eq(packed_get(&p, i), number(20, n - 1 - 2 * i));
	packed_clear(&p);
	free(order);
}

Test(packed, of_equal_numbers_fewer_are_selected)
{
	size_t n = PACKED_BLOCK + 9, i;
	uint32_t order[3] = { 4, 1, 2 };
	struct packed p = { 0 };

	for (i = 0; i < n; i++)
		packed_add(&p, 12);
	packed_select(&p, order, 3);
	cr_assert_eq(p.n, 3);
	for (i = 0; i < 3; i++)
		cr_expect_eq(packed_get(&p, i), 12);
	packed_clear(&p);
}

static uint64_t
times(const void *context, uint64_t value)
{
	return value * *(const uint64_t *)context;
}

Test(packed, each_number_is_replaced)
{
	uint64_t by = 1000;
	struct packed p = { 0 };
	size_t i;

	for (i = 0; i < 2 * PACKED_BLOCK + 3; i++)
		packed_add(&p, i);
	packed_map(&p, times, &by);
	cr_assert_eq(p.n, 2 * PACKED_BLOCK + 3);
	for (i = 0; i < p.n; i++)
		cr_assert_eq(packed_get(&p, i), i * by);
	packed_clear(&p);
}

Test(packed, bits_are_those_of_all_numbers_at_least)
{
	struct packed p = { 0 };
	uint64_t all = 0, number;
	size_t i;

	cr_expect_eq(packed_bits(&p), 0);
	for (i = 0; i < 2 * PACKED_BLOCK + 3; i++) {
		number = i == 7 ? 0x1000 : i == p.n / 2 ? 3 : 0x40;
		all |= number;
		packed_add(&p, number);
		cr_assert_eq(packed_bits(&p) & all, all);
		cr_assert(packed_bits(&p) < 0x2000);
	}
	packed_clear(&p);
}
