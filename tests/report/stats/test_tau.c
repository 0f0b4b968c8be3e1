#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/stats/block.h"
#include "report/stats/tau.h"
#include "tests/tools/nullmodels.h"
#include "tests/tools/places.h"

/* Around the sizes of pieces, and of the fewest blocks. */
static const size_t sizes[] = { 0, 1, 2, 15, 16, 17, 31, 32, 1023, 1024, 1025,
	2047, 2048, 16383, 16384, 16400, 40000 };
#define N_SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* One in so many is not 0. */
static int32_t *
make(struct rng *r, size_t n, unsigned one_in)
{
	int32_t *x = x_calloc(n + 1, sizeof(*x));
	size_t i;

	for (i = 0; i < n; i++)
		if (rng_next(r) % one_in == 0)
			x[i] = (int32_t)(rng_next(r) % 2001) - 1000;
	return x;
}

/* Whole numbers by their moments, and real ones in two passes. */
Test(tau, whole_and_real_numbers_agree)
{
	double v, w, tau, other, *y;
	struct rng r;
	size_t k, i;
	int32_t *x;

	rng_seed(&r, 8, 1);
	for (k = 0; k < N_SIZES; k++) {
		x = make(&r, sizes[k], 3);
		y = x_calloc(sizes[k] + 1, sizeof(*y));
		for (i = 0; i < sizes[k]; i++)
			y[i] = x[i];
		tau = tau_whole(x, sizes[k], &v);
		other = tau_real(y, sizes[k], &w);
		cr_expect(isnan(tau) == (sizes[k] < 16));
		cr_expect(isnan(v) == (sizes[k] < 2));
		cr_expect((isnan(tau) && isnan(other)) ||
			fabs(tau - other) <= 1e-12 * other,
		    "%zu values: %.17g and %.17g", sizes[k], tau, other);
		cr_expect((isnan(v) && isnan(w)) || fabs(v - w) <= 1e-12 * w);
		free(x);
		free(y);
	}
}

static void
check_sparse(const int32_t *x, size_t n)
{
	struct block_test whole, sparse;
	struct sparse s = { 0 };
	double v, w, tau, other;
	int32_t *again;
	size_t i;

	for (i = 0; i < n; i++) {
		if (x[i] == 0 && i % 2 == 0)
			sparse_add_zeros(&s, 1);
		else
			sparse_add(&s, x[i]);
	}
	tau = tau_whole(x, n, &v);
	other = tau_sparse(&s, &w);
	cr_expect((isnan(tau) && isnan(other)) || tau == other);
	cr_expect((isnan(v) && isnan(w)) || v == w);
	block_test(x, n, 2, &whole);
	block_test_sparse(&s, 2, &sparse);
	cr_expect(whole.n == sparse.n && whole.blocks == sparse.blocks);
	cr_expect(n < 2 ||
	    (whole.est == sparse.est && whole.se == sparse.se &&
		whole.flip_p == sparse.flip_p && whole.deff == sparse.deff));
	again = sparse_expand(&s);
	cr_expect(n == 0 || memcmp(again, x, n * sizeof(*x)) == 0);
	free(again);
	sparse_clear(&s);
}

/* All zeros, a few others, hardly a zero. */
Test(tau, of_sparse_numbers_is_the_same)
{
	static const unsigned one_in[] = { UINT32_MAX, 500, 1 };
	struct rng r;
	int32_t *x;
	size_t k, i;

	rng_seed(&r, 9, 1);
	for (k = 0; k < N_SIZES; k++) {
		for (i = 0; i < 3; i++) {
			x = make(&r, sizes[k], one_in[i]);
			check_sparse(x, sizes[k]);
			free(x);
		}
	}
}

/* Sums and squares beyond 64 bits. */
Test(tau, of_large_numbers_is_that_of_small_ones)
{
	size_t n = 5000, i;
	int32_t *x = x_calloc(n, sizeof(*x)), *large = x_calloc(n, sizeof(*x));
	double v, w;
	struct rng r;

	rng_seed(&r, 10, 1);
	for (i = 0; i < n; i++) {
		x[i] = rng_next(&r) % 3 == 0 ? 1 : -1;
		large[i] = x[i] * INT32_MAX;
	}
	cr_expect_float_eq(tau_whole(x, n, &v), tau_whole(large, n, &w),
	    long_double_is_longer() ? 0 : 1e-14);
	cr_expect_float_eq(w / v / INT32_MAX / INT32_MAX, 1, 1e-12);
	free(x);
	free(large);
}

/* Of 60 values, blocks of two are the only ones of which there are enough. */
#define FEW 60

/* The dependence time as a fraction: *over / *under, at least 1. */
static void
find_fraction(const int32_t x[FEW], int64_t *over, int64_t *under)
{
	int64_t sum = 0, ones = 0, pairs = 0, y, m = FEW / 2;
	size_t i;

	for (i = 0; i < FEW; i++) {
		sum += x[i];
		ones += (int64_t)x[i] * x[i];
		y = x[i / 2 * 2] + x[i / 2 * 2 + 1];
		pairs += i % 2 == 0 ? y * y : 0;
	}
	*over = (m * pairs - sum * sum) * FEW * (FEW - 1);
	*under = 2 * (FEW * ones - sum * sum) * m * (m - 1);
}

/* Blocks are counted by a floor of it, so that the last place matters. */
Test(tau, is_rounded_once)
{
	int64_t over, under;
	size_t seen = 0, i;
	int32_t x[FEW];
	double v;
	struct rng r;
	int round;

	rng_seed(&r, 12, 1);
	for (round = 0; round < 20000; round++) {
		for (i = 0; i < FEW; i++)
			x[i] = i % 2 == 1 && rng_next(&r) % 4 != 0
			    ? x[i - 1]
			    : (int32_t)(rng_next(&r) % 3) - 1;
		find_fraction(x, &over, &under);
		if (under == 0 || over <= under)
			continue;
		cr_expect_float_eq(tau_whole(x, FEW, &v),
		    (double)((long double)over / (long double)under),
		    long_double_is_longer() ? 0 : 1e-15);
		seen++;
	}
	cr_expect(seen > 10000);
}
