#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/walsh.h"
#include "tests/tools/nullmodels.h"

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Every sum written out, in order; the caller frees them. */
static int64_t *
write_out(const int64_t *x, size_t n)
{
	int64_t *sums = x_calloc(n * (n + 1) / 2, sizeof(*sums));
	size_t i, k, m = 0;

	for (i = 0; i < n; i++)
		for (k = i; k < n; k++)
			sums[m++] = x[i] + x[k];
	qsort(sums, m, sizeof(*sums), ascending);
	return sums;
}

static void
check(int64_t *x, size_t n)
{
	int64_t *sums = write_out(x, n), next, last;
	struct frequencies f;
	struct walsh w = { .x = &f };
	struct ranks r;
	uint64_t k;

	ranks_find(&r, &f, x, n);
	cr_assert_eq(walsh_numbers(&w), n);
	cr_assert_eq(walsh_sums(&w), n * (n + 1) / 2);
	for (k = 1; k <= walsh_sums(&w); k++) {
		last = k < walsh_sums(&w) ? sums[k] : INT64_MAX;
		cr_expect_eq(walsh_select(&w, k, &next), sums[k - 1]);
		cr_expect_eq(next, last, "%zu numbers, rank %zu", n, (size_t)k);
	}
	free(r.rank2);
	free(f.of);
	free(sums);
}

Test(walsh, each_rank_is_that_of_all_sums_written_out)
{
	int64_t x[40];
	struct rng g;
	size_t n, i;
	int round;

	rng_seed(&g, 11, 1);
	for (round = 0; round < 200; round++) {
		n = 1 + rng_next(&g) % 40;
		/* From nearly all alike to none. */
		for (i = 0; i < n; i++) {
			x[i] = (int64_t)(rng_next(&g) % (2U << round % 30));
			x[i] = rng_next(&g) % 2 == 0 ? x[i] + 1 : -x[i] - 1;
		}
		check(x, n);
	}
}
