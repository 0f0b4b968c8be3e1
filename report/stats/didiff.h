/*
 * Two block tests against each other: difference in differences for "did the
 * fix work", and two paths without common slots.
 */
#ifndef NATDIFF_STATS_DIDIFF_H
#define NATDIFF_STATS_DIDIFF_H

#include <stdint.h>

#include "report/stats/block.h"
#include "report/stats/interval.h"

#define DIDIFF_HOURS     24
#define DIDIFF_MATCH     0.8 /* share of the hours seen that both saw */
#define DIDIFF_LOAD_MOST 1.5 /* factor between the median loads */

struct didiff {
	double est; /* second minus first; below 0: NAT less bad after */
	double se;
	double df; /* Welch and Satterthwaite */
	double t;
	double p; /* two-sided */
	struct interval ci;
	bool gate; /* both tests passed theirs */
};

enum didiff_match { DIDIFF_ALIKE, DIDIFF_HOURS_DIFFER, DIDIFF_LOAD_DIFFERS };

/*
 * The difference of two estimates, by Welch's t on the blocks of each.  The
 * two must come from different slots or different paths.  Two tests without
 * any variation give p 1 at no difference, else NaN; unknown where one test
 * has no blocks.
 */
void didiff_compare(const struct block_test *first,
    const struct block_test *second, struct didiff *out);

/*
 * May before and after be compared?  pairs_before[h] and pairs_after[h] count
 * the pairs of hour h of the day; loads are median census loads, NaN or 0
 * where none was seen (then they say nothing).  Use the pairs of the common
 * hours only.
 */
enum didiff_match didiff_alike(const uint64_t pairs_before[DIDIFF_HOURS],
    const uint64_t pairs_after[DIDIFF_HOURS], double load_before,
    double load_after);

#endif
