/*
 * Some order statistics without sorting all values.
 */
#ifndef NATDIFF_STATS_SELECT_H
#define NATDIFF_STATS_SELECT_H

#include <stddef.h>
#include <stdint.h>

#define SELECT_MOST 16 /* ranks at a time */

/*
 * Set out[k] to the value that x would have at rank[k] (from 0, below n) if it
 * were sorted.  At most SELECT_MOST ranks, in any order.  O(n) for values that
 * spread over their range; never worse than sorting them.
 */
void select_ranks(const uint32_t *x, size_t n, const size_t *rank,
    size_t n_ranks, uint32_t *out);

#endif
