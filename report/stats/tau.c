/*
 * Blocks of 2B values are pairs of blocks of B: their sums are halved in
 * place.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/tau.h"

#define BLOCKS_LEAST 16 /* that a variance is estimated from */

/* ---------------------------------------------------------- whole numbers */

/* Squares of sums of 2^32 values of 32 bits pass 64 bits. */
__extension__ typedef __int128 wide;

struct moments {
	int64_t sum;
	wide squares;
};

static inline void
moments_add(struct moments *m, int64_t value)
{
	m->sum += value;
	m->squares += (wide)value * value;
}

/* The sample variance of n values: one rounding to what a double holds. */
static double
moments_variance(const struct moments *m, size_t n)
{
	wide around = (wide)n * m->squares - (wide)m->sum * m->sum;

	return (double)((long double)around /
	    ((long double)n * (long double)(n - 1)));
}

double
tau_whole(const int32_t *x, size_t n, double *variance)
{
	struct moments m = { 0, 0 };
	double best = 1, width = 2;
	size_t blocks = n / 2, i;
	int64_t *y;

	for (i = 0; i < n; i++)
		moments_add(&m, x[i]);
	*variance = n < 2 ? NAN : moments_variance(&m, n);
	if (n < BLOCKS_LEAST)
		return NAN;
	if (*variance <= 0)
		return 1;
	y = x_malloc(blocks * sizeof(*y));
	for (i = 0; i < blocks; i++)
		y[i] = (int64_t)x[2 * i] + x[2 * i + 1];
	while (blocks >= BLOCKS_LEAST) {
		m = (struct moments){ 0, 0 };
		for (i = 0; i < blocks; i++)
			moments_add(&m, y[i]);
		best = fmax(
		    best, moments_variance(&m, blocks) / (width * *variance));
		blocks /= 2;
		width *= 2;
		for (i = 0; i < blocks; i++)
			y[i] = y[2 * i] + y[2 * i + 1];
	}
	free(y);
	return best;
}

/* ------------------------------------------------------------ real numbers */

/* In two passes. */
static double
real_variance(const double *y, size_t n)
{
	long double sum = 0;
	double mean;
	size_t i;

	for (i = 0; i < n; i++)
		sum += y[i];
	mean = (double)(sum / (long double)n);
	sum = 0;
	for (i = 0; i < n; i++)
		sum += (y[i] - mean) * (y[i] - mean);
	return (double)(sum / (long double)(n - 1));
}

double
tau_real(const double *x, size_t n, double *variance)
{
	double best = 1, width = 2, *y;
	size_t blocks = n / 2, i;

	*variance = n < 2 ? NAN : real_variance(x, n);
	if (n < BLOCKS_LEAST)
		return NAN;
	if (*variance <= 0)
		return 1;
	y = x_malloc(blocks * sizeof(*y));
	for (i = 0; i < blocks; i++)
		y[i] = x[2 * i] + x[2 * i + 1];
	while (blocks >= BLOCKS_LEAST) {
		best =
		    fmax(best, real_variance(y, blocks) / (width * *variance));
		blocks /= 2;
		width *= 2;
		for (i = 0; i < blocks; i++)
			y[i] = y[2 * i] + y[2 * i + 1];
	}
	free(y);
	return best;
}
