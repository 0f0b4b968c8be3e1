/*
 * Since when?  One change of the mean difference, by CUSUM over blocks.
 */
#ifndef NATDIFF_STATS_CHANGEPOINT_H
#define NATDIFF_STATS_CHANGEPOINT_H

#include <stddef.h>
#include <stdint.h>

#define CHANGEPOINT_MOST 1000 /* blocks: all shifts of all blocks is fast */
#define CHANGEPOINT_LEAST                             \
	40 /* fewer cannot reach p = 0.05: two shifts \
	      of a change in the middle look alike */

struct changepoint {
	size_t blocks; /* 0: too little data, nothing else holds */
	size_t at;     /* the first value after the change */
	size_t lo;     /* its 95 % interval */
	size_t hi;
	double before; /* mean difference before and after */
	double after;
	double p; /* share of all circular shifts with as large a CUSUM */
};

/*
 * Blocks of five dependence times (at most CHANGEPOINT_MOST of them) of
 * x[0..n), values as for block_test().  The change is where the CUSUM
 * |sum_{j<=k} (y_j - mean)| of the block means y is largest.  p counts, out
 * of all circular shifts of the blocks, those with as large a CUSUM: in a
 * stationary series each is as likely as the one seen.
 * The interval shifts the residuals about the step in the same way and looks
 * where the change would have been found.
 */
void changepoint_find(
    const int32_t *x, size_t n, int32_t unit, struct changepoint *out);

#endif
