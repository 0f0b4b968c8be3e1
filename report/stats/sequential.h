/*
 * Looking at growing data again and again: tests that stay valid whenever one
 * looks.  Over blocks of a length fixed beforehand.
 */
#ifndef NATDIFF_STATS_SEQUENTIAL_H
#define NATDIFF_STATS_SEQUENTIAL_H

#include <stddef.h>
#include <stdint.h>

#define SEQUENTIAL_BLOCK 48 /* pairs */

struct sequential {
	size_t blocks;      /* full ones */
	double log10_e;     /* largest of the sign e-process so far */
	size_t e_first;     /* block at which it reached 20; 0: never */
	double mean;        /* of all pairs in full blocks */
	double half;        /* half width of the confidence sequence there */
	size_t excluded_at; /* block at which it first excluded 0; 0: never */
};

/*
 * Run both over x[0..n), values as for block_test():
 * - Asymptotic confidence sequence (Waudby-Smith et al. 2024) of the block
 *   sums: half^2 = s^2 2(t r + 1)/(t^2 r) ln(sqrt(t r + 1)/alpha) after t
 *   blocks, tightest near t = 30, from 10 blocks on.
 * - Sign e-process: block sums above and below 0 are as likely as each other;
 *   Beta(1/2, 1/2) mixture, 20 or more rejects.
 * Without a full block everything but blocks is NaN or 0; mean and half need
 * two blocks.
 */
void sequential_run(
    const int32_t *x, size_t n, int32_t unit, struct sequential *out);

#endif
