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

/*
 * The sample variance of n values, where there is a longer type to more places
 * than a double has: so that the ratio of two of them is as good as rounded
 * once.
 */
static long double
moments_variance(const struct moments *m, size_t n)
{
	wide around = (wide)n * m->squares - (wide)m->sum * m->sum;

	return (long double)around / ((long double)n * (long double)(n - 1));
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

/* A series on its way: the whole pieces of it are what the rest needs. */
struct levels {
	struct moments of[LEVELS]; /* of[0]: single values */
	int64_t *sums;             /* of the pieces */
	size_t pieces;
	int64_t y[PIECE]; /* the piece at hand */
};

/* For n values. */
static void
levels_begin(struct levels *l, size_t n)
{
	memset(l->of, 0, sizeof(l->of));
	l->sums = x_malloc((n / PIECE + 1) * sizeof(*l->sums));
	l->pieces = 0;
}

/* The next values, in l->y: a piece, or less than one at the end. */
static void
levels_add(struct levels *l, size_t n)
{
	add_levels(l->of, PIECE_LEVELS, l->y, n);
	if (n == PIECE)
		l->sums[l->pieces++] = l->y[0];
}

/* All n values were added: their dependence time. */
static double
levels_end(struct levels *l, size_t n, double *variance)
{
	long double of_one = 0, best = 1, width = 1, ratio;
	size_t k;

	add_levels(
	    l->of + PIECE_LEVELS, LEVELS - PIECE_LEVELS, l->sums, l->pieces);
	free(l->sums);
	if (n >= 2)
		of_one = moments_variance(&l->of[0], n);
	*variance = n < 2 ? NAN : (double)of_one;
	if (n < BLOCKS_LEAST)
		return NAN;
	if (of_one <= 0)
		return 1;
	for (k = 1; n >> k >= BLOCKS_LEAST; k++) {
		width *= 2;
		ratio = moments_variance(&l->of[k], n >> k) / (width * of_one);
		best = ratio > best ? ratio : best;
	}
	return (double)best;
}

/* How many values the piece that begins there has. */
static size_t
piece_size(size_t from, size_t n)
{
	return n - from < PIECE ? n - from : PIECE;
}

double
tau_whole(const int32_t *x, size_t n, double *variance)
{
	size_t from, size, i;
	struct levels l;

	levels_begin(&l, n);
	for (from = 0; from < n; from += size) {
		size = piece_size(from, n);
		for (i = 0; i < size; i++)
			l.y[i] = x[from + i];
		levels_add(&l, size);
	}
	return levels_end(&l, n, variance);
}

double
tau_sparse(const struct sparse *x, double *variance)
{
	size_t from, size, k = 0;
	struct levels l;

	levels_begin(&l, x->n);
	for (from = 0; from < x->n; from += size) {
		size = piece_size(from, x->n);
		if (size == PIECE &&
		    (k == x->n_kept || x->kept[k].at >= from + size)) {
			l.sums[l.pieces++] = 0;
			continue;
		}
		memset(l.y, 0, sizeof(l.y));
		for (; k < x->n_kept && x->kept[k].at < from + size; k++)
			l.y[x->kept[k].at - from] = x->kept[k].value;
		levels_add(&l, size);
	}
	return levels_end(&l, x->n, variance);
}

/* ------------------------------------------------------------ real numbers */

/* In two passes. */
static long double
real_variance(const double *y, size_t n)
{
	long double sum = 0, mean;
	size_t i;

	for (i = 0; i < n; i++)
		sum += y[i];
	mean = sum / (long double)n;
	sum = 0;
	for (i = 0; i < n; i++)
		sum += (y[i] - mean) * (y[i] - mean);
	return sum / (long double)(n - 1);
}

double
tau_real(const double *x, size_t n, double *variance)
{
	long double of_one = 0, best = 1, width = 2, ratio;
	size_t blocks = n / 2, i;
	double *y;

	if (n >= 2)
		of_one = real_variance(x, n);
	*variance = n < 2 ? NAN : (double)of_one;
	if (n < BLOCKS_LEAST)
		return NAN;
	if (of_one <= 0)
		return 1;
	y = x_malloc(blocks * sizeof(*y));
	for (i = 0; i < blocks; i++)
		y[i] = x[2 * i] + x[2 * i + 1];
	while (blocks >= BLOCKS_LEAST) {
		ratio = real_variance(y, blocks) / (width * of_one);
		best = ratio > best ? ratio : best;
		blocks /= 2;
		width *= 2;
		for (i = 0; i < blocks; i++)
			y[i] = y[2 * i] + y[2 * i + 1];
	}
	free(y);
	return (double)best;
}
