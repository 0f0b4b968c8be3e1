/*
 * How bursty the failures of one path are.  Describes; the tests use the
 * dependence time of block.h.
 */
#ifndef NATDIFF_STATS_BURSTS_H
#define NATDIFF_STATS_BURSTS_H

#include <stddef.h>
#include <stdint.h>

struct bursts {
	size_t count;   /* runs of failures */
	size_t longest; /* attempts in the longest one */
	size_t runs;    /* runs of either kind; 0 below two attempts */
	double runs_z;  /* Wald-Wolfowitz; below 0: failures cluster */
	double acf1;    /* autocorrelation at lag 1 */
};

/*
 * Describe failed[0..n), in slot order, 1 for a failure.  runs_z and acf1 are
 * NaN where all attempts ended the same way.
 */
void bursts_describe(const uint8_t *failed, size_t n, struct bursts *out);

#endif
