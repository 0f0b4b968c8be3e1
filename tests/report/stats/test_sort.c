#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/sort.h"
#include "tests/tools/nullmodels.h"

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

Test(sort, orders_every_width_of_numbers)
{
	int64_t x[300], y[300];
	struct rng r;
	size_t n, i;
	int bits;

	rng_seed(&r, 7, 1);
	for (bits = 1; bits <= 63; bits++) {
		n = rng_next(&r) % 300;
		for (i = 0; i < n; i++) {
			x[i] = (int64_t)(rng_next(&r) >> (64 - bits));
			if (rng_next(&r) & 1)
				x[i] = -x[i];
			y[i] = x[i];
		}
		sort_int64(x, n);
		qsort(y, n, sizeof(*y), ascending);
		cr_expect_arr_eq(x, y, n * sizeof(*x), "%d bits", bits);
	}
	x[0] = INT64_MAX;
	x[1] = INT64_MIN;
	sort_int64(x, 2);
	cr_expect(x[0] == INT64_MIN && x[1] == INT64_MAX);
}

Test(sort, orders_keys_and_keeps_equal_ones_in_place)
{
	static const uint64_t key[] = { UINT64_MAX, 5, 0, 5, 1ULL << 40, 5 };
	static const uint32_t expected[] = { 2, 1, 3, 5, 4, 0 };
	uint32_t order[6];

	sort_order(key, 6, order);
	cr_expect_arr_eq(order, expected, sizeof(expected));
	sort_order(key, 0, order);
}

Test(sort, ranks_ties_at_their_mean)
{
	static const int64_t x[] = { -5, 3, 5, -100, 3, 3 };
	int32_t rank2[6];
	/* |x|: 3 3 3 have ranks 1 to 3, 5 5 have 4 and 5 */
	static const int32_t expected[] = { -9, 4, 9, -12, 4, 4 };

	cr_expect_eq(sort_signed_ranks(x, 6, rank2), 24 + 6);
	cr_expect_arr_eq(rank2, expected, sizeof(expected));
	cr_expect_eq(sort_signed_ranks(x, 0, rank2), 0);
}
