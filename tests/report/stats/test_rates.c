#include "config.h"

#include <criterion/criterion.h>

#include "report/stats/rates.h"
#include "tests/tools/nullmodels.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

/* Newcombe 1998, Stat Med 17:857, table I, method 3. */
Test(rates, wilson_gives_the_published_limits)
{
	static const struct {
		double x, n, lo, hi;
	} cases[] = {
		{ 81, 263, 0.2553, 0.3662 },
		{ 15, 148, 0.0624, 0.1605 },
		{ 0, 20, 0, 0.1611 },
		{ 1, 29, 0.0061, 0.1718 },
	};
	struct interval r;
	size_t i;

	for (i = 0; i < LENGTH(cases); i++) {
		r = rates_wilson(cases[i].x, cases[i].n, rates_z());
		cr_expect_float_eq(r.lo, cases[i].lo, 5e-5, "%zu", i);
		cr_expect_float_eq(r.hi, cases[i].hi, 5e-5, "%zu", i);
	}
}

Test(rates, wilson_ends_at_0_and_1)
{
	struct interval r;
	double n;

	for (n = 1; n < 1e7; n *= 3) {
		r = rates_wilson(0, n, rates_z());
		cr_expect_eq(r.lo, 0);
		cr_expect(r.hi > 0 && r.hi < 1);
		r = rates_wilson(n, n, rates_z());
		cr_expect_eq(r.hi, 1);
		cr_expect(r.lo > 0 && r.lo < 1);
	}
	r = rates_wilson(0, 0, rates_z());
	cr_expect(isnan(r.lo) && isnan(r.hi));
}

/* The same table, method 5. */
Test(rates, clopper_pearson_gives_the_published_limits)
{
	struct interval r = rates_clopper_pearson(81, 263);

	cr_expect_float_eq(r.lo, 0.2527, 5e-5);
	cr_expect_float_eq(r.hi, 0.3676, 5e-5);
	r = rates_clopper_pearson(0, 20);
	cr_expect_eq(r.lo, 0);
	cr_expect_float_eq(r.hi, 0.1684, 5e-5);
	r = rates_clopper_pearson(1, 29);
	cr_expect_float_eq(r.lo, 0.0009, 5e-5);
	cr_expect_float_eq(r.hi, 0.1776, 5e-5);
	cr_expect(isnan(rates_clopper_pearson(0, 0).lo));
}

/* Newcombe 1998, Stat Med 17:873, table II, method 10. */
Test(rates, newcombe_unpaired_gives_the_published_limits)
{
	static const struct {
		double x2, n2, x1, n1, lo, hi;
	} cases[] = {
		{ 56, 70, 48, 80, 0.0524, 0.3339 },
		{ 9, 10, 3, 10, 0.1705, 0.8090 },
		{ 6, 7, 2, 7, 0.0582, 0.8062 },
		{ 5, 56, 0, 29, -0.0381, 0.1926 },
		{ 0, 10, 0, 20, -0.1611, 0.2775 },
		{ 0, 10, 0, 10, -0.2775, 0.2775 },
		{ 10, 10, 0, 20, 0.6791, 1 },
		{ 10, 10, 0, 10, 0.6075, 1 },
	};
	struct interval r;
	size_t i;

	for (i = 0; i < LENGTH(cases); i++) {
		r = rates_newcombe_unpaired(cases[i].x1, cases[i].n1,
		    cases[i].x2, cases[i].n2, rates_z());
		cr_expect_float_eq(r.lo, cases[i].lo, 5e-5, "%zu", i);
		cr_expect_float_eq(r.hi, cases[i].hi, 5e-5, "%zu", i);
	}
	cr_expect(isnan(rates_newcombe_unpaired(0, 0, 1, 2, 1.96).lo));
	cr_expect(isnan(rates_newcombe_unpaired(1, 2, 0, 0, 1.96).hi));
}

/* Newcombe 1998, Stat Med 17:2635, table II, method 10. */
Test(rates, newcombe_paired_gives_the_published_limits)
{
	static const struct {
		struct rates_cells cells;
		double lo, hi;
	} cases[] = {
		{ { 36, 12, 2, 0 }, 0.0569, 0.3404 },
		{ { 0, 12, 2, 36 }, 0.0569, 0.3404 },
		{ { 0, 1, 0, 0 }, -0.1221, 1 },
	};
	struct interval r;
	size_t i;

	for (i = 0; i < LENGTH(cases); i++) {
		r = rates_newcombe_paired(&cases[i].cells, rates_z());
		cr_expect_float_eq(r.lo, cases[i].lo, 5e-5, "%zu", i);
		cr_expect_float_eq(r.hi, cases[i].hi, 5e-5, "%zu", i);
	}
}

Test(rates, newcombe_paired_turns_round_with_the_paths)
{
	struct rates_cells c, turned;
	struct interval a, b;
	struct rng r;
	int i;

	rng_seed(&r, 1, 1);
	for (i = 0; i < 2000; i++) {
		c.both_ok = (double)(rng_next(&r) % 2000000);
		c.nat_only = (double)(rng_next(&r) % 30);
		c.direct_only = (double)(rng_next(&r) % 30000);
		c.both_failed = (double)(rng_next(&r) % 300);
		turned = c;
		turned.nat_only = c.direct_only;
		turned.direct_only = c.nat_only;
		a = rates_newcombe_paired(&c, 1.96);
		b = rates_newcombe_paired(&turned, 1.96);
		cr_expect_float_eq(a.lo, -b.hi, 1e-12);
		cr_expect_float_eq(a.hi, -b.lo, 1e-12);
		cr_expect(a.lo >= -1 && a.lo < a.hi && a.hi <= 1);
	}
	c = (struct rates_cells){ 0, 0, 0, 0 };
	cr_expect(isnan(rates_newcombe_paired(&c, 1.96).lo));
}

/* Fisher's tea, and the 2x15 convictions of twins. */
Test(rates, fisher_gives_the_published_p)
{
	cr_expect_float_eq(rates_fisher(1, 4, 3, 4), 0.4857142857, 1e-9);
	cr_expect_float_eq(rates_fisher(10, 13, 2, 17), 0.0005367241, 1e-9);
	cr_expect_eq(rates_fisher(0, 50, 0, 40), 1);
	cr_expect_eq(rates_fisher(50, 50, 40, 40), 1);
	cr_expect(isnan(rates_fisher(0, 0, 1, 3)));
	cr_expect(isnan(rates_fisher(1, 3, 0, 0)));
}

/* log of n over k */
static double
log_choose(int64_t n, int64_t k)
{
	return lgamma((double)n + 1) - lgamma((double)k + 1) -
	    lgamma((double)(n - k) + 1);
}

/* All tables of two rows of n1 and n2, added up one by one. */
Test(rates, fisher_is_the_sum_over_tables)
{
	const int64_t n1 = 13, n2 = 9;
	double p[10], all, sum;
	int64_t k, x, y;

	for (k = 0; k <= n1 + n2; k++) {
		all = 0;
		for (y = 0; y <= n2; y++) {
			p[y] = 0;
			if (y <= k && k - y <= n1)
				p[y] = exp(
				    log_choose(n2, y) + log_choose(n1, k - y));
			all += p[y];
		}
		for (x = 0; x <= n2; x++) {
			if (p[x] <= 0)
				continue;
			sum = 0;
			for (y = 0; y <= n2; y++)
				if (p[y] <= p[x] * (1 + 1e-7))
					sum += p[y];
			cr_expect_float_eq(rates_fisher(k - x, n1, x, n2),
			    sum / all, 1e-10, "%d of %d", (int)x, (int)k);
		}
	}
}

Test(rates, fisher_takes_millions)
{
	cr_expect(rates_fisher(1000, 10000000, 1300, 10000000) < 1e-9);
	cr_expect(rates_fisher(5000000, 10000000, 5001000, 10000000) > 0.6);
	cr_expect(rates_fisher(0, 10000000, 10000000, 10000000) >= 0);
}

/* Fagerland, Lydersen and Laake 2013, tables 1 and 2. */
Test(rates, mcnemar_gives_the_published_p)
{
	struct rates_mcnemar m = rates_mcnemar(7, 1);

	cr_expect_float_eq(m.exact, 0.070, 5e-4);
	cr_expect_float_eq(m.mid_p, 0.039, 5e-4);
	m = rates_mcnemar(6, 16);
	cr_expect_float_eq(m.exact, 0.053, 6e-4);
	cr_expect_float_eq(m.mid_p, 0.035, 5e-4);
	m = rates_mcnemar(0, 0);
	cr_expect(m.exact == 1 && m.mid_p == 1);
	m = rates_mcnemar(5, 5);
	cr_expect(m.exact == 1 && m.mid_p < 1 && m.mid_p > 0.7);
}
