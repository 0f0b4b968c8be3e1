#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/trend.h"
#include "tests/tools/nullmodels.h"

/* The smokers of R's prop.trend.test: chi-square 8.2249, p 0.004132. */
Test(trend, gives_the_published_armitage_test)
{
	static const size_t yes[4] = { 83, 90, 129, 70 };
	static const size_t all[4] = { 86, 93, 136, 82 };
	uint8_t failed[397];
	int64_t load[397];
	struct trend t;
	size_t g, i, n = 0;

	for (g = 0; g < 4; g++) {
		for (i = 0; i < all[g]; i++) {
			failed[n] = i < yes[g];
			load[n++] = (int64_t)g + 1;
		}
	}
	trend_load(failed, load, n, &t);
	cr_expect_float_eq(t.armitage_p, 0.004132, 5e-7);
	cr_expect(t.correlation < 0 && t.block.est < 0);
}

Test(trend, no_variation_is_no_trend)
{
	static const uint8_t mixed[20] = { 1, 0, 1 }, ok[20] = { 0 };
	int64_t same[20] = { 0 }, up[20];
	struct trend t;
	int i;

	for (i = 0; i < 20; i++)
		up[i] = i;
	trend_load(ok, up, 20, &t);
	cr_expect(isnan(t.armitage_p) && t.block.robust_p == 1);
	trend_load(mixed, same, 20, &t);
	cr_expect(isnan(t.correlation) && t.block.robust_p == 1);
	trend_load(mixed, up, 0, &t);
	cr_expect(isnan(t.armitage_p) && isnan(t.block.robust_p));
}

/* Load in blocks of 50 slots and bursts that have nothing to do with it. */
Test(trend, bursts_alone_do_not_convince)
{
	size_t n = 5000, i;
	uint8_t *f = x_malloc(n);
	int64_t *load = x_calloc(n, sizeof(*load));
	int round, found = 0, naive = 0;
	struct trend t;
	struct rng r;

	rng_seed(&r, 16, 1);
	for (round = 0; round < 400; round++) {
		nullmodels_series(&r, NULLMODELS_GILBERT, 0.02, 20, f, n);
		for (i = 0; i < n; i++)
			load[i] = i % 50 != 0 ? load[i - 1]
					      : (int64_t)(rng_next(&r) % 100);
		trend_load(f, load, n, &t);
		found += t.block.robust_p <= 0.05;
		naive += t.armitage_p <= 0.05;
	}
	cr_expect(found <= 28, "%d of 400", found);
	cr_expect(naive >= 200, "%d of 400", naive);
	free(f);
	free(load);
}
