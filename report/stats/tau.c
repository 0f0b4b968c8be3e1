/*
 * Blocks of 2B values are pairs of blocks of B: their sums are halved in
 * place.  Whole numbers are taken a piece at a time, which a cache holds.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* Levels by blocks of 1, 2, 4, ... values. */
#define PIECE_LEVELS 10
#define PIECE        ((size_t)1 << PIECE_LEVELS)
#define LEVELS       64

/*
 * Add y[0..m) to its level, their pairs to the next one, and so on for as many
 * levels; y is room to work in.
 */
static void
add_levels(struct moments *level, size_t levels, int64_t *y, size_t m)
{
	size_t i;

	for (; levels > 0 && m > 0; level++, levels--) {
		for (i = 0; i < m; i++)
			moments_add(level, y[i]);
		m /= 2;
		for (i = 0; i < m; i++)
			y[i] = y[2 * i] + y[2 * i + 1];
	}
}

/* All levels of x[0..n): level 0 is of single values. */
static void
find_levels(struct moments level[LEVELS], const int32_t *x, size_t n)
{
	int64_t *sums = x_malloc((n / PIECE + 1) * sizeof(*sums)), y[PIECE];
	size_t pieces = 0, size, i;

	memset(level, 0, LEVELS * sizeof(*level));
	for (; n > 0; n -= size, x += size) {
		size = n < PIECE ? n : PIECE;
		for (i = 0; i < size; i++)
			y[i] = x[i];
		add_levels(level, PIECE_LEVELS, y, size);
		if (size == PIECE)
			sums[pieces++] = y[0];
	}
	add_levels(level + PIECE_LEVELS, LEVELS - PIECE_LEVELS, sums, pieces);
	free(sums);
}

double
tau_whole(const int32_t *x, size_t n, double *variance)
{
	struct moments level[LEVELS];
	double best = 1, width = 1, v;
	size_t k;

	find_levels(level, x, n);
	*variance = n < 2 ? NAN : moments_variance(&level[0], n);
	if (n < BLOCKS_LEAST)
		return NAN;
	if (*variance <= 0)
		return 1;
	for (k = 1; n >> k >= BLOCKS_LEAST; k++) {
		width *= 2;
		v = moments_variance(&level[k], n >> k);
		best = fmax(best, v / (width * *variance));
	}
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
