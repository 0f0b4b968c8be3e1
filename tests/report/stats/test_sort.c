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
