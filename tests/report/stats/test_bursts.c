#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "report/stats/bursts.h"

static void
describe(const bool *failed, size_t n, struct bursts *out)
{
	struct burst_count b = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		bursts_add(&b, failed[i]);
	bursts_describe(&b, out);
}

Test(bursts, counts_runs_of_failures)
{
	static const bool f[] = { 1, 1, 0, 0, 1, 0, 1, 1, 1 };
	struct bursts b;

	describe(f, sizeof(f), &b);
	cr_expect_eq(b.count, 3);
	cr_expect_eq(b.longest, 3);
	cr_expect_eq(b.runs, 5);
}

/* Wald and Wolfowitz: n0 = n1 = 5 in two runs; mean 6, variance 20/9. */
Test(bursts, scores_the_number_of_runs)
{
	static const bool f[] = { 0, 0, 0, 0, 0, 1, 1, 1, 1, 1 };
	struct bursts b;

	describe(f, sizeof(f), &b);
	cr_expect_float_eq(b.runs_z, -4 / sqrt(20 / 9.0), 1e-12);
	cr_expect_float_eq(b.acf1, 0.7, 1e-12);
}

Test(bursts, says_nothing_where_all_is_alike)
{
	static const bool f[] = { 1, 1, 1 }, ok[] = { 0, 0, 0 };
	struct bursts b;

	describe(f, 3, &b);
	cr_expect(b.count == 1 && b.longest == 3 && isnan(b.runs_z));
	cr_expect(isnan(b.acf1));
	describe(ok, 3, &b);
	cr_expect(b.count == 0 && b.longest == 0 && isnan(b.runs_z));
	describe(f, 1, &b);
	cr_expect(b.count == 1 && b.runs == 0);
	describe(f, 0, &b);
	cr_expect(b.count == 0 && b.runs == 0);
}
