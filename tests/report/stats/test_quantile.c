#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/quantile.h"
#include "report/stats/rmath.h"
#include "report/stats/sort.h"
#include "tests/tools/nullmodels.h"

static const double probabilities[] = { 0.5, 0.9, 0.99 };

Test(quantile, gives_the_textbook_ranks)
{
	int64_t x[100];
	struct quantile q;
	size_t i;

	for (i = 0; i < 100; i++)
		x[i] = (int64_t)i + 1;
	/* n = 100: the median's interval is x(40) to x(61). */
	quantile_describe(x, x, 100, 0, 0.5, &q);
	cr_expect_eq(q.value, 50.5);
	cr_expect_eq(q.naive.lo, 40);
	cr_expect_eq(q.naive.hi, 61);
	cr_expect_eq(q.all, 50);
	cr_expect_float_eq(q.harrell_davis, 50.5, 1e-9);
	/* The 99th percentile has no upper limit yet. */
	quantile_describe(x, x, 100, 0, 0.99, &q);
	cr_expect(isnan(q.naive.hi) && isnan(q.shown.hi));
	cr_expect_float_eq(q.value, 99.01, 1e-9);
}

Test(quantile, unsorted_latencies_have_the_same_quantiles)
{
	static const double p[] = { 0.5, 0.99 };
	uint32_t us[100];
	double value[2];
	size_t i;

	for (i = 0; i < 100; i++)
		us[i] = (uint32_t)(i * 37 % 100) + 1;
	quantile_values(us, 100, p, 2, value);
	cr_expect_eq(value[0], 50.5);
	cr_expect_float_eq(value[1], 99.01, 1e-9);
	quantile_values(us, 1, p, 2, value);
	cr_expect(value[0] == 1 && value[1] == 1);
	quantile_values(us, 0, p, 2, value);
	cr_expect(isnan(value[0]) && isnan(value[1]));
}

Test(quantile, failures_are_infinitely_slow)
{
	static const int64_t x[] = { 10, 20, 30, 40 };
	struct quantile q;

	quantile_describe(x, x, 4, 4, 0.5, &q);
	cr_expect_eq(q.all, 40);
	quantile_describe(x, x, 4, 5, 0.5, &q);
	cr_expect_eq(q.all, INFINITY);
	cr_expect_eq(q.value, 25);
	quantile_describe(x, x, 0, 3, 0.5, &q);
	cr_expect(q.all == INFINITY && isnan(q.value) && isnan(q.deff));
	quantile_describe(x, x, 0, 0, 0.5, &q);
	cr_expect(isnan(q.all) && isnan(q.naive.lo) && isnan(q.shown.hi));
	quantile_describe(x, x, 1, 0, 0.5, &q);
	cr_expect(q.value == 10 && q.all == 10 && isnan(q.shown.lo));
}

/* The whole sum, where the program leaves out what weighs nothing. */
static double
harrell_davis(const int64_t *sorted, size_t n, double p)
{
	double sum = 0, m = (double)n;
	size_t i;

	for (i = 0; i < n; i++)
		sum += (double)sorted[i] *
		    (pbeta((double)(i + 1) / m, (m + 1) * p, (m + 1) * (1 - p),
			 1, 0) -
			pbeta((double)i / m, (m + 1) * p, (m + 1) * (1 - p), 1,
			    0));
	return sum;
}

Test(quantile, harrell_davis_leaves_nothing_out)
{
	static const size_t sizes[] = { 10, 999, 1001, 4000, 20000 };
	int64_t *x = x_calloc(20000, sizeof(*x));
	struct quantile q;
	struct rng r;
	size_t i, k, j;
	double all;

	rng_seed(&r, 11, 1);
	for (k = 0; k < 5; k++) {
		for (i = 0; i < sizes[k]; i++)
			x[i] = (int64_t)(1e4 / (1 - rng_unit(&r)));
		sort_int64(x, sizes[k]);
		for (j = 0; j < 3; j++) {
			quantile_describe(
			    x, x, sizes[k], 0, probabilities[j], &q);
			all = harrell_davis(x, sizes[k], probabilities[j]);
			cr_expect_float_eq(q.harrell_davis, all, 1e-10 * all,
			    "n %zu", sizes[k]);
		}
	}
	free(x);
}

/* 200 samples: the order statistics hold the true median 95 % of the time. */
Test(quantile, intervals_cover)
{
	int64_t x[500], sorted[500];
	int hit = 0, wide = 0, round;
	struct quantile q;
	struct rng r;
	size_t i;

	rng_seed(&r, 12, 1);
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < 500; i++)
			x[i] = (int64_t)(rng_unit(&r) * 1e6);
		memcpy(sorted, x, sizeof(x));
		sort_int64(sorted, 500);
		quantile_describe(x, sorted, 500, 0, 0.9, &q);
		hit += q.naive.lo <= 9e5 && 9e5 <= q.naive.hi;
		wide += q.shown.lo <= 9e5 && 9e5 <= q.shown.hi;
		cr_expect(q.deff >= 1);
		cr_expect(q.shown.lo <= q.naive.lo + 2e4);
	}
	cr_expect(hit > 930 && hit < 980, "%d", hit);
	cr_expect(wide >= hit, "%d", wide);
}

Test(quantile, ranks_widen_when_latency_hangs_together)
{
	int64_t x[3000], sorted[3000];
	struct quantile q;
	struct rng r;
	double v = 0;
	size_t i;

	rng_seed(&r, 13, 1);
	for (i = 0; i < 3000; i++) {
		v = 0.9 * v + rng_unit(&r);
		x[i] = (int64_t)(v * 1e4);
	}
	memcpy(sorted, x, sizeof(x));
	sort_int64(sorted, 3000);
	quantile_describe(x, sorted, 3000, 0, 0.5, &q);
	cr_expect(q.deff > 3);
	cr_expect(q.shown.hi - q.shown.lo > 1.5 * (q.naive.hi - q.naive.lo));
}

Test(quantile, shift_joins_the_limits)
{
	struct quantile d = { 100, 0, { 97, 104 }, { 90, 110 }, 1, 0 };
	struct quantile n = { 120, 0, { 117, 124 }, { NAN, 130 }, 1, 0 };
	struct quantile_shift s = quantile_shift_naive(&d, &n);

	cr_expect_eq(s.value, 20);
	cr_expect_float_eq(s.ci.lo, 20 - 5, 1e-12); /* 3, 4, 5 */
	cr_expect_float_eq(s.ci.hi, 20 + 5, 1e-12);
	s = quantile_shift_shown(&d, &n);
	cr_expect(isnan(s.ci.lo));
	cr_expect_float_eq(s.ci.hi, 20 + hypot(10, 10), 1e-12);
}
