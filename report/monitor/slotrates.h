/*
 * How often the paths failed in each slot, over the pairs of one endpoint.
 * Pure.
 */
#ifndef NATDIFF_MONITOR_SLOTRATES_H
#define NATDIFF_MONITOR_SLOTRATES_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/pairs.h"

/*
 * The pairs of one slot.  Those in which a side failed by its own host's
 * fault or for want of a name are left out: they say nothing of the paths.
 */
struct slot_rate {
	int64_t slot;
	size_t pairs;
	size_t nat_failed;
	size_t direct_failed;
};

/* By slot, those with pairs only; an array to free, *n of them. */
struct slot_rate *slot_rates(
    const struct attempts *a, const struct pairs *pairs, size_t *n);

/* Share of the NAT's failures less that of the direct path's: -1 to 1. */
double slot_rate_difference(const struct slot_rate *r);

/* The sum of n slots; its slot is the first one's. */
struct slot_rate slot_rate_sum(const struct slot_rate *r, size_t n);

#endif
