/*
 * The test that decides: are the differences of paired slots zero on average
 * when failures come in bursts?  Values in slot order are summed over a small
 * number of large blocks, so that what depends on each other falls into one
 * block, and the block sums are tested.
 *
 * Values are whole numbers in int32_t with a unit: x[i] / unit is the value
 * meant.  One NAT host a slot: unit 1, x = NAT failed - direct failed.  H
 * hosts a slot: unit H, x = hosts failed - H * direct failed.  Signed
 * mid-ranks: unit 2.  Sums stay exact that way.
 */
#ifndef NATDIFF_STATS_BLOCK_H
#define NATDIFF_STATS_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/stats/interval.h"
#include "report/stats/rates.h"
#include "report/stats/sparse.h"

#define BLOCK_MOST          20 /* blocks; more would be too short */
#define BLOCK_LEAST         12 /* and the least that the gate asks for */
#define BLOCK_TAU_PER_BLOCK 5  /* dependence times in a block */

struct block_test {
	size_t n;
	size_t blocks; /* 0: fewer than two values, all else is NaN */
	bool gate;     /* n holds at least 60 dependence times */
	double tau;    /* dependence time in values; NaN below 16 values */
	double est;    /* mean */
	double se;
	double t;
	double p; /* two-sided, t with blocks - 1 degrees of freedom */
	struct interval ci; /* est +- t quantile * se */
	double deff;        /* variance against that of independent values */
	double flip_p;      /* exact sign-flip test of the block sums */
	double robust_p;    /* the larger of p and flip_p: decides */
};

/*
 * The block test of x[0..n).  Degenerate input: no difference at all gives
 * p 1; equal block means that are not zero leave t and p NaN, and flip_p
 * decides.  O(n) time.
 */
void block_test(
    const int32_t *x, size_t n, int32_t unit, struct block_test *out);

/* The same of a series most of whose values are 0. */
void block_test_sparse(
    const struct sparse *x, int32_t unit, struct block_test *out);

/*
 * The same of real scores, without flip_p (NaN): robust_p is p.  But where all
 * block means are equal and not zero, so that there is no p, flip_p is what
 * block_test() would give, and decides.
 */
void block_test_real(const double *x, size_t n, struct block_test *out);

/*
 * The interval of a rate difference that goes with a block test: Newcombe's
 * paired method with every cell divided by max(1, design effect) and t for
 * the normal quantile.  cells are those of the same pairs; with many hosts
 * they are averages over the hosts of a slot and add up to the slots.  Never
 * degenerate, defined without any failure; unknown below two pairs.
 */
struct interval block_interval(
    const struct block_test *b, const struct rates_cells *cells);

/*
 * The same for cells of any origin, such as those of several endpoints: with
 * the design effect, at least 1, and the number of blocks that it came from.
 */
struct interval block_interval_of(
    const struct rates_cells *cells, double deff, size_t blocks);

/*
 * Exact two-sided p of |sum s| when every sign of s[0..count) is as likely as
 * the other.  count is at most BLOCK_MOST.
 */
double block_sign_flip(const int64_t *s, size_t count);

/* Where block k of the count blocks of n values begins: floor(k n / count). */
size_t block_edge(size_t n, size_t count, size_t k);

#endif
