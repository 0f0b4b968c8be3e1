#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "report/stats/scan.h"
#include "tests/tools/nullmodels.h"

/* Independent bad slots reach the bound no more often than it says. */
Test(scan, bound_holds_for_independent_failures)
{
	static const struct {
		int bad, w;
	} cases[] = { { 5, 10 }, { 4, 5 }, { 6, 20 }, { 3, 3 } };
	size_t n = 600, i, k;
	int round, hits, have, most;
	uint8_t f[600];
	struct rng r;

	for (k = 0; k < 4; k++) {
		rng_seed(&r, 19, k);
		hits = 0;
		for (round = 0; round < 2000; round++) {
			nullmodels_series(
			    &r, NULLMODELS_GILBERT, 0.05, 0, f, n);
			have = most = 0;
			for (i = 0; i < n; i++) {
				have += f[i];
				if (i >= (size_t)cases[k].w)
					have -= f[i - (size_t)cases[k].w];
				most = have > most ? have : most;
			}
			hits += most >= cases[k].bad;
		}
		cr_expect(hits / 2000.0 <
			scan_bound(cases[k].bad, cases[k].w, 30, 600) * 1.1,
		    "%d of %d: %d", cases[k].bad, cases[k].w, hits);
	}
}

Test(scan, a_dead_nat_is_no_chance)
{
	cr_expect(scan_bound(30, 30, 31, 360) < 1e-20);
	cr_expect(scan_bound(5, 60, 30, 360) > 0.5);
	cr_expect_eq(scan_bound(0, 10, 30, 360), 1);
	cr_expect_eq(scan_bound(360, 360, 360, 360), 1);
	cr_expect(isnan(scan_bound(5, 4, 30, 360)));
	cr_expect(isnan(scan_bound(5, 10, 4, 360)));
	cr_expect(isnan(scan_bound(5, 400, 30, 360)));
	cr_expect(isnan(scan_bound(0, 0, 0, 0)));
}

Test(scan, episodes_are_compared_by_the_coin)
{
	cr_expect_float_eq(scan_more_episodes(5, 0), 1.0 / 32, 1e-15);
	cr_expect_float_eq(scan_more_episodes(4, 0), 1.0 / 16, 1e-15);
	cr_expect_float_eq(scan_more_episodes(7, 1), 9.0 / 256, 1e-15);
	cr_expect_eq(scan_more_episodes(0, 0), 1);
	cr_expect_eq(scan_more_episodes(0, 3), 1);
	cr_expect(isnan(scan_more_episodes(-1, 3)));
}
