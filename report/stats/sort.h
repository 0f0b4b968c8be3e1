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
 * Set order[0..n) to the places of the keys in ascending order; those of equal
 * keys stay in theirs.  n is below 2^32.
 */
void sort_order(const uint64_t *key, size_t n, uint32_t *order);

/*
 * Ranks of |x[i]| from 1, ties sharing their mean rank, with the sign of
 * x[i], all doubled so that they are whole: rank2[i].  No x[i] is 0; n is
 * below 2^29.  Returns the sum of t^3 - t over the groups of t ties.
 */
double sort_signed_ranks(const int64_t *x, size_t n, int32_t *rank2);

#endif
