#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/changepoint.h"
#include "tests/tools/nullmodels.h"

#define N 4000

/* Bursts of 3 on both paths; from slot at on the NAT fails at rate. */
static void
draw(struct rng *r, size_t at, double rate, int32_t *x)
{
	uint8_t direct[N], nat[N];
	size_t i;

	nullmodels_series(r, NULLMODELS_GILBERT, 0.02, 3, direct, N);
	nullmodels_series(r, NULLMODELS_GILBERT, 0.02, 3, nat, at);
	nullmodels_series(r, NULLMODELS_GILBERT, rate, 3, nat + at, N - at);
	for (i = 0; i < N; i++)
		x[i] = nat[i] - direct[i];
}

Test(changepoint, finds_where_it_got_worse)
{
	int round, found = 0, covered = 0;
	struct changepoint c;
	int32_t x[N];
	struct rng r;

	rng_seed(&r, 17, 1);
	for (round = 0; round < 100; round++) {
		draw(&r, 2500, 0.3, x);
		changepoint_find(x, N, 1, &c);
		found += c.blocks > 0 && c.p <= 0.05;
		covered += c.lo <= 2500 && 2500 <= c.hi;
		cr_expect(c.lo <= c.at && c.at <= c.hi);
		cr_expect(c.after - c.before > 0.1);
		cr_expect(c.at > 2200 && c.at < 2800, "%zu", c.at);
	}
	cr_expect(found >= 95, "%d", found);
	cr_expect(covered >= 85, "%d", covered);
}

Test(changepoint, bursts_alone_do_not_convince)
{
	int round, found = 0;
	struct changepoint c;
	int32_t x[N];
	struct rng r;

	rng_seed(&r, 18, 1);
	for (round = 0; round < 400; round++) {
		draw(&r, 2000, 0.02, x);
		changepoint_find(x, N, 1, &c);
		found += c.blocks > 0 && c.p <= 0.05;
	}
	cr_expect(found <= 32, "%d of 400", found);
}

Test(changepoint, needs_enough_data)
{
	static const int32_t zeros[1000] = { 0 };
	struct changepoint c;

	changepoint_find(zeros, 0, 1, &c);
	cr_expect_eq(c.blocks, 0);
	changepoint_find(zeros, 199, 1, &c);
	cr_expect(c.blocks == 0 && isnan(c.p));
	changepoint_find(zeros, 1000, 1, &c);
	cr_expect(c.blocks == 200 && c.p == 1);
	cr_expect(c.before == 0 && c.after == 0);
}
