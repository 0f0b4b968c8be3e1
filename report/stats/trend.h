/*
 * Do failures grow with the load?
 */
#ifndef NATDIFF_STATS_TREND_H
#define NATDIFF_STATS_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "report/stats/block.h"

struct trend {
	struct block_test block; /* of (failed - p)(load - mean): decides */
	double correlation;      /* of failing and load */
	double armitage_p;       /* as if independent; NaN without variation */
};

/*
 * Association of failed[0..n), 1 for a failure, with load[0..n), both in slot
 * order.  block.est > 0: more failures under more load.  Where all attempts
 * ended the same way or all loads are equal, correlation and armitage_p are
 * NaN and block.robust_p is 1.  armitage_p is the Cochran-Armitage trend test
 * with the load as score.
 */
void trend_load(
    const uint8_t *failed, const int64_t *load, size_t n, struct trend *out);

#endif
