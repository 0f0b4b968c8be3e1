#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/sequential.h"
#include "tests/tools/nullmodels.h"

#define N 8640 /* 30 days of 5 minutes */

static void
draw(struct rng *r, double nat_rate, double burst, int32_t *x)
{
	uint8_t *direct = x_malloc(N), *nat = x_malloc(N);
	size_t i;

	nullmodels_series(r, NULLMODELS_GILBERT, 0.02, burst, direct, N);
	nullmodels_series(r, NULLMODELS_GILBERT, nat_rate, burst, nat, N);
	for (i = 0; i < N; i++)
		x[i] = nat[i] - direct[i];
	free(direct);
	free(nat);
}

Test(sequential, looking_all_the_time_does_not_convince)
{
	int round, cs = 0, e = 0;
	struct sequential s;
	int32_t x[N];
	struct rng r;

	rng_seed(&r, 20, 1);
	for (round = 0; round < 400; round++) {
		draw(&r, 0.02, 5, x);
		sequential_run(x, N, 1, &s);
		cs += s.excluded_at > 0;
		e += s.e_first > 0;
	}
	cr_expect(cs <= 28, "%d of 400", cs);
	cr_expect(e <= 28, "%d of 400", e);
}

Test(sequential, sees_a_difference_that_is_there)
{
	int round, cs = 0;
	struct sequential s;
	int32_t x[N];
	struct rng r;

	rng_seed(&r, 21, 1);
	for (round = 0; round < 100; round++) {
		draw(&r, 0.06, 5, x);
		sequential_run(x, N, 1, &s);
		cs += s.excluded_at > 0;
		cr_expect(s.blocks == 180 && s.half > 0);
		cr_expect(fabs(s.mean - 0.04) < 0.03);
	}
	cr_expect(cs >= 85, "%d of 100", cs);
}

/* A full block of 48 and no more: nothing can be estimated yet. */
Test(sequential, needs_full_blocks)
{
	int32_t x[96] = { 1 };
	struct sequential s;

	sequential_run(x, 47, 1, &s);
	cr_expect(s.blocks == 0 && isnan(s.mean) && isnan(s.log10_e));
	sequential_run(x, 95, 1, &s);
	cr_expect(s.blocks == 1 && isnan(s.mean) && s.e_first == 0);
	cr_expect_float_eq(s.log10_e, 0, 1e-12);
	sequential_run(x, 96, 1, &s);
	cr_expect(s.blocks == 2 && s.excluded_at == 0);
	cr_expect_float_eq(s.mean, 1.0 / 96, 1e-15);
}

/* Eight blocks of one sign: beta mixture 2^8 B(8.5, .5)/B(.5, .5) = 50.27. */
Test(sequential, e_process_counts_signs)
{
	int32_t x[8 * SEQUENTIAL_BLOCK];
	struct sequential s;
	size_t i;

	for (i = 0; i < 8 * SEQUENTIAL_BLOCK; i++)
		x[i] = i % SEQUENTIAL_BLOCK == 0;
	sequential_run(x, 8 * SEQUENTIAL_BLOCK, 1, &s);
	cr_expect_float_eq(pow(10, s.log10_e), 50.2734375, 1e-9);
	cr_expect_eq(s.e_first, 7);
}
