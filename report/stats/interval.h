/*
 * What the statistics share: an interval, and the confidence level that the
 * report uses everywhere.  A value that cannot be estimated is NaN.
 */
#ifndef NATDIFF_STATS_INTERVAL_H
#define NATDIFF_STATS_INTERVAL_H

#include <math.h>

#define STATS_CONFIDENCE 0.95

struct interval {
	double lo;
	double hi;
};

#define INTERVAL_UNKNOWN ((struct interval){ NAN, NAN })

#endif
