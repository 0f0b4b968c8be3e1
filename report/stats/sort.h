/*
 * Sorting of whole numbers by radix: linear, as millions of latencies are
 * ranked.
 */
#ifndef NATDIFF_STATS_SORT_H
#define NATDIFF_STATS_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Sort x[0..n) in ascending order. */
void sort_int64(int64_t *x, size_t n);

/*
 * Ranks of the |x[i]| that are not 0, from 1, ties sharing their mean rank,
 * with the sign of x[i], and all doubled so that they are whole: *m of them,
 * in the order of x, for the caller to free.  All from UINT32_MAX on are one
 * tie.  n is below 2^29.  *ties is the sum of t^3 - t over the groups of t
 * ties.
 */
int32_t *sort_signed_ranks(const int64_t *x, size_t n, size_t *m, double *ties);

#endif
