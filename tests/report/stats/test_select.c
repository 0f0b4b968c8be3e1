#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/stats/select.h"

static int
compare(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Every k-th rank and the last, against a sorted copy. */
static void
check_against_sorted(const uint32_t *x, size_t n, const char *what)
{
	uint32_t *sorted = x_calloc(n, sizeof(*sorted)), out[3];
	size_t rank[3], i;

	memcpy(sorted, x, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare);
	for (i = 0; i < n; i += 1 + n / 97) {
		rank[0] = i;
		rank[1] = n - 1;
		rank[2] = n / 2;
		select_ranks(x, n, rank, 3, out);
		cr_assert_eq(
		    out[0], sorted[i], "%s: rank %zu of %zu", what, i, n);
		cr_assert_eq(out[1], sorted[n - 1], "%s: the last", what);
		cr_assert_eq(out[2], sorted[n / 2], "%s: the middle", what);
	}
	free(sorted);
}

Test(select, ranks_are_those_of_the_sorted_values)
{
	enum { N = 20000 };
	uint32_t *x = x_calloc(N, sizeof(*x));
	size_t i;

	srand(7);
	for (i = 0; i < N; i++)
		x[i] = (uint32_t)rand();
	check_against_sorted(x, N, "spread over all");
	for (i = 0; i < N; i++)
		x[i] = i % 100 == 0 ? (uint32_t)rand() : 5000 + (uint32_t)i % 7;
	check_against_sorted(x, N, "a narrow peak and far tails");
	for (i = 0; i < N; i++)
		x[i] = i % 2 != 0 ? 0 : UINT32_MAX;
	check_against_sorted(x, N, "the ends of the type");
	free(x);
}

Test(select, few_and_equal_values)
{
	static const uint32_t equal[] = { 9, 9, 9, 9, 9 };
	static const uint32_t two[] = { 8, 3 };
	static const uint32_t one[] = { 0 };

	check_against_sorted(equal, 5, "equal");
	check_against_sorted(two, 2, "two");
	check_against_sorted(one, 1, "one");
}

Test(select, the_same_rank_may_be_asked_for_twice)
{
	static const uint32_t x[] = { 4, 1, 3, 2 };
	static const size_t rank[] = { 3, 0, 3, 1 };
	uint32_t out[4];

	select_ranks(x, 4, rank, 4, out);
	cr_assert_eq(out[0], 4U);
	cr_assert_eq(out[1], 1U);
	cr_assert_eq(out[2], 4U);
	cr_assert_eq(out[3], 2U);
}
