#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "report/stats/ranks.h"
#include "tests/tools/nullmodels.h"

Test(ranks, ties_are_at_their_mean)
{
	int64_t x[] = { -5, 3, 5, 0, -100, 3, 3, INT64_MIN };
	/* |x|: 3 3 3 have ranks 1 to 3, 5 5 have 4 and 5, 0 none */
	static const int32_t expected[] = { -9, 4, 9, -12, 4, 4, -14 };
	struct ranks r;

	ranks_find(&r, NULL, x, 8);
	cr_assert_eq(r.n, 7);
	cr_expect_eq(r.ties, 24 + 6);
	cr_expect_arr_eq(r.rank2, expected, sizeof(expected));
	free(r.rank2);
	ranks_find(&r, NULL, x, 0);
	cr_expect(r.n == 0 && r.ties == 0);
	free(r.rank2);
}

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

Test(ranks, frequencies_are_those_of_the_sorted_numbers)
{
	int64_t x[300], y[300];
	struct frequencies f;
	struct ranks r;
	struct rng g;
	size_t n, m, i, k;
	int bits;

	rng_seed(&g, 7, 1);
	for (bits = 1; bits <= 31; bits++) {
		n = rng_next(&g) % 300;
		for (i = 0, m = 0; i < n; i++) {
			x[i] = (int64_t)(rng_next(&g) >> (64 - bits));
			if (rng_next(&g) & 1)
				x[i] = -x[i];
			if (x[i] != 0)
				y[m++] = x[i];
		}
		qsort(y, m, sizeof(*y), ascending);
		ranks_find(&r, &f, x, n);
		cr_assert_eq(f.of[f.n].below, m, "%d bits", bits);
		for (k = 0, i = 0; k < f.n; k++) {
			cr_expect_eq(f.of[k].below, i);
			for (; i < f.of[k + 1].below; i++) {
				cr_expect_eq(f.of[k].value, y[i]);
				cr_expect_eq(frequencies_at(&f, i), y[i]);
			}
			cr_expect(k == 0 || f.of[k - 1].value < f.of[k].value);
		}
		cr_expect_eq(i, m);
		free(r.rank2);
		free(f.of);
	}
}
