#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/block.h"
#include "report/stats/tau.h"
#include "tests/tools/nullmodels.h"
#include "tests/tools/places.h"

/*
 * Darwin's maize, differences in eighths of an inch: t 2.148, p 0.0497, and
 * Fisher's 1726 of 32768 sign patterns.  Fewer than 16 values: a value is a
 * block.
 */
Test(block, is_the_classical_test_for_few_values)
{
	static const int32_t maize[15] = { 49, -67, 8, 16, 6, 23, 28, 41, 14,
		29, 56, 24, 75, 60, -48 };
	struct block_test b;

	block_test(maize, 15, 8, &b);
	cr_expect_eq(b.blocks, 15);
	cr_expect_not(b.gate);
	cr_expect(isnan(b.tau));
	cr_expect_float_eq(b.est, 2.6167, 5e-5);
	cr_expect_float_eq(b.t, 2.148, 5e-4);
	cr_expect_float_eq(b.p, 0.0497, 5e-5);
	cr_expect_float_eq(b.flip_p, 1726.0 / 32768, 1e-12);
	cr_expect_eq(b.robust_p, b.flip_p);
	cr_expect_float_eq(b.ci.lo, 0.00391, 5e-4);
	cr_expect_float_eq(b.ci.hi, 5.22943, 5e-4);
}

static double
flip_one_by_one(const int64_t *s, size_t count)
{
	uint64_t signs, hits = 0;
	int64_t sum, seen = 0;
	size_t i;

	for (i = 0; i < count; i++)
		seen += s[i];
	for (signs = 0; signs < UINT64_C(1) << count; signs++) {
		sum = 0;
		for (i = 0; i < count; i++)
			sum += signs >> i & 1 ? -s[i] : s[i];
		hits += llabs(sum) >= llabs(seen);
	}
	return (double)hits / (double)(UINT64_C(1) << count);
}

Test(block, sign_flip_is_exact_however_large_the_sums)
{
	int64_t s[12], large[12];
	struct rng r;
	size_t count, i;
	int round;
	double p;

	rng_seed(&r, 2, 1);
	for (round = 0; round < 200; round++) {
		count = rng_next(&r) % 13;
		for (i = 0; i < count; i++) {
			s[i] = (int64_t)(rng_next(&r) % 21) - 10;
			large[i] = s[i] * 1000000007;
		}
		p = flip_one_by_one(s, count);
		cr_expect_float_eq(block_sign_flip(s, count), p, 1e-12);
		cr_expect_float_eq(block_sign_flip(large, count), p, 1e-12);
	}
}

Test(block, sign_flip_of_nothing_is_1)
{
	static const int64_t zeros[3] = { 0, 0, 0 };

	cr_expect_eq(block_sign_flip(NULL, 0), 1);
	cr_expect_eq(block_sign_flip(zeros, 3), 1);
}

Test(block, edges_cover_all_values)
{
	size_t n, k, most, least, size;

	for (n = 20; n < 200; n++) {
		cr_assert_eq(block_edge(n, 20, 0), 0);
		cr_assert_eq(block_edge(n, 20, 20), n);
		most = 0;
		least = n;
		for (k = 0; k < 20; k++) {
			size = block_edge(n, 20, k + 1) - block_edge(n, 20, k);
			most = size > most ? size : most;
			least = size < least ? size : least;
		}
		cr_expect(most - least <= 1);
	}
	cr_expect_eq(block_edge((size_t)10000000000, 20, 19), 9500000000);
}

Test(block, degenerate_input_gives_what_can_be_said)
{
	struct rates_cells one = { 1, 0, 0, 0 };
	int32_t x[40] = { 0 };
	struct block_test b;
	size_t i;

	block_test(x, 0, 1, &b);
	cr_expect_eq(b.blocks, 0);
	cr_expect(isnan(b.robust_p) && isnan(b.est) && isnan(b.deff));
	block_test(x, 1, 1, &b);
	cr_expect_eq(b.blocks, 0);
	cr_expect(isnan(b.robust_p));
	cr_expect(isnan(block_interval(&b, &one).lo));

	block_test(x, 40, 1, &b); /* no difference at all */
	cr_expect_eq(b.blocks, 12);
	cr_expect(b.robust_p == 1 && b.p == 1 && b.se == 0 && b.deff == 1);
	cr_expect(b.tau == 1 && !b.gate && isnan(b.t));

	for (i = 0; i < 40; i++) /* the NAT always fails, direct never */
		x[i] = 1;
	block_test(x, 36, 1, &b);
	cr_expect(isnan(b.p) && b.est == 1);
	cr_expect_float_eq(b.robust_p, 2.0 / 4096, 1e-15);
}

Test(block, gate_opens_at_sixty_dependence_times)
{
	int32_t x[60] = { 0 };
	struct block_test b;

	block_test(x, 59, 1, &b);
	cr_expect_not(b.gate);
	block_test(x, 60, 1, &b);
	cr_expect(b.gate);
}

Test(block, tau_grows_with_the_bursts)
{
	static const double bursts[] = { 0, 5, 20 };
	size_t n = 400000, i, k;
	uint8_t *f = x_malloc(n);
	int32_t *x = x_calloc(n, sizeof(*x));
	double tau, truth, variance;
	struct rng r;

	rng_seed(&r, 3, 1);
	for (k = 0; k < 3; k++) {
		nullmodels_series(
		    &r, NULLMODELS_GILBERT, 0.05, bursts[k], f, n);
		for (i = 0; i < n; i++)
			x[i] = f[i];
		tau = tau_whole(x, n, &variance);
		/* 1 + 2 sum of rho^k, rho = 1 - leave - enter */
		truth = bursts[k] > 0 ? 2 * bursts[k] * 0.95 - 1 : 1;
		cr_expect(tau > 0.8 * truth && tau < 1.8 * truth + 0.5,
		    "burst %g: tau %g, truth %g", bursts[k], tau, truth);
	}
	free(f);
	free(x);
}

/* H hosts that do the same are one host. */
Test(block, equal_hosts_count_once)
{
	size_t n = 3000, i;
	uint8_t *f = x_malloc(n);
	int32_t *one = x_calloc(n, sizeof(*one));
	int32_t *many = x_calloc(n, sizeof(*many));
	struct rates_cells cells = { 0, 0, 0, 0 };
	struct block_test a, b;
	struct interval p, q;
	struct rng r;

	rng_seed(&r, 4, 1);
	nullmodels_series(&r, NULLMODELS_GILBERT, 0.05, 5, f, n);
	for (i = 0; i < n; i++) {
		one[i] = f[i] - (i % 50 == 0);
		many[i] = 8 * one[i];
		cells.nat_only += one[i] > 0;
		cells.direct_only += one[i] < 0;
		cells.both_ok += one[i] == 0;
	}
	block_test(one, n, 1, &a);
	block_test(many, n, 8, &b);
	cr_expect_eq(a.blocks, b.blocks);
	cr_expect_float_eq(a.est, b.est, 1e-15);
	cr_expect_float_eq(a.p, b.p, 1e-12);
	cr_expect_float_eq(a.flip_p, b.flip_p, 1e-12);
	cr_expect_float_eq(a.deff, b.deff, 1e-9);
	p = block_interval(&a, &cells);
	q = block_interval(&b, &cells);
	cr_expect_float_eq(p.lo, q.lo, 1e-12);
	cr_expect_float_eq(p.hi, q.hi, 1e-12);
	cr_expect(p.lo < a.est && a.est < p.hi);
	free(f);
	free(one);
	free(many);
}

Test(block, interval_is_there_without_failures)
{
	struct rates_cells cells = { 434, 0, 0, 0 };
	struct block_test b;
	int32_t x[434] = { 0 };
	struct interval ci;

	block_test(x, 434, 1, &b);
	ci = block_interval(&b, &cells);
	cr_expect_float_eq(ci.hi, 0.01, 1e-4);
	cr_expect_float_eq(ci.lo, -ci.hi, 1e-15);
}

Test(block, real_scores_give_the_same)
{
	size_t n = 500, i;
	struct block_test a, b;
	int32_t x[500];
	double y[500];
	struct rng r;

	rng_seed(&r, 5, 1);
	for (i = 0; i < n; i++) {
		x[i] = (int32_t)(rng_next(&r) % 7) - 2;
		y[i] = x[i] / 4.0;
	}
	block_test(x, n, 4, &a);
	block_test_real(y, n, &b);
	cr_expect_float_eq(a.est, b.est, 1e-15);
	cr_expect_float_eq(a.p, b.p, 1e-12);
	cr_expect_float_eq(a.tau, b.tau, long_double_is_longer() ? 0 : 1e-12);
	cr_expect(isnan(b.flip_p) && b.robust_p == b.p);
}

/* Equal blocks have no variance for t; their signs still say something. */
Test(block, real_scores_that_never_vary_have_the_p_of_their_signs)
{
	struct block_test a, b;
	int32_t x[600];
	double y[600];
	size_t i;

	for (i = 0; i < 600; i++) {
		x[i] = -3;
		y[i] = -0.75;
	}
	block_test(x, 600, 4, &a);
	block_test_real(y, 600, &b);
	cr_expect(isnan(b.p) && b.blocks == 20);
	cr_expect_float_eq(b.robust_p, ldexp(1, -19), 1e-20);
	cr_expect_eq(a.robust_p, b.robust_p);
	for (i = 0; i < 600; i++)
		y[i] = 0;
	block_test_real(y, 600, &b);
	cr_expect(b.robust_p == 1);
}

Test(block, turns_round_with_the_paths)
{
	struct block_test a, b;
	int32_t x[1000], y[1000];
	struct rng r;
	int round, i;

	rng_seed(&r, 6, 1);
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 1000; i++) {
			x[i] = (int32_t)(rng_next(&r) % 3) - 1;
			y[i] = -x[i];
		}
		block_test(x, 1000, 1, &a);
		block_test(y, 1000, 1, &b);
		cr_expect_eq(a.robust_p, b.robust_p);
		cr_expect_eq(a.est, -b.est);
		cr_expect(a.robust_p >= a.p && a.robust_p >= a.flip_p);
	}
}

/* Sums of ten million values with unit 2 and of size 1e7 stay whole. */
Test(block, takes_ten_million_values)
{
	size_t n = 10000000, i;
	int32_t *x = x_calloc(n, sizeof(*x));
	struct block_test b;

	for (i = 0; i < n; i++)
		x[i] = i % 2 != 0 ? 20000000 : -20000000;
	block_test(x, n, 2, &b);
	cr_expect(b.robust_p == 1 && b.est == 0 && b.blocks == 20);
	x[0] = 20000000;
	block_test(x, n, 2, &b);
	cr_expect_float_eq(b.est, 2e7 / 1e7, 1e-12);
	cr_expect_float_eq(b.flip_p, 1, 1e-12);
	free(x);
}
