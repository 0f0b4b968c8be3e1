/*
 * Failure rates and their differences as if failures were independent: the
 * classical values, for description.  They do not decide a verdict: failures
 * come in bursts, which is what block.h is for.
 *
 * A difference is NAT minus direct; positive means that the NAT is worse.
 */
#ifndef NATDIFF_STATS_RATES_H
#define NATDIFF_STATS_RATES_H

#include <stdint.h>

#include "report/stats/interval.h"

/*
 * The four outcomes of a pair.  Not whole numbers where they were divided by
 * a design effect or averaged over hosts.
 */
struct rates_cells {
	double both_ok;
	double nat_only;    /* direct ok, NAT failed */
	double direct_only; /* direct failed, NAT ok */
	double both_failed;
};

struct rates_mcnemar {
	double exact;
	double mid_p;
};

/* The normal quantile of a two-sided interval at STATS_CONFIDENCE. */
double rates_z(void);

/*
 * Wilson's score interval for x of n (Wilson 1927):
 *	(p + z^2/2n +- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n)
 * Exactly 0 below at x = 0 and exactly 1 above at x = n; unknown at n = 0.
 */
struct interval rates_wilson(double x, double n, double z);

/*
 * The exact interval of Clopper and Pearson (1934), by beta quantiles:
 * conservative, for 0 or n failures.
 */
struct interval rates_clopper_pearson(int64_t x, int64_t n);

/*
 * Difference of two independent rates, x2/n2 - x1/n1: the hybrid of Wilson
 * limits (Newcombe 1998, Stat Med 17:873, method 10).
 */
struct interval rates_newcombe_unpaired(
    double x1, double n1, double x2, double n2, double z);

/*
 * Difference of paired rates, P(NAT fails) - P(direct fails): Wilson limits
 * joined by the continuity-corrected phi (Newcombe 1998, Stat Med 17:2635,
 * method 10).  Stays in [-1, 1] and is never of width 0.
 */
struct interval rates_newcombe_paired(
    const struct rates_cells *cells, double z);

/*
 * Fisher's exact two-sided test of x1/n1 against x2/n2: the sum over all
 * tables not more probable than the one seen, ties within 1e-7 (R's rule).
 * Unknown where a path has no attempt.
 */
double rates_fisher(int64_t x1, int64_t n1, int64_t x2, int64_t n2);

/*
 * McNemar's test of the discordant pairs, exact conditional and mid-p
 * (Fagerland, Lydersen and Laake 2013).  Both 1 without discordant pairs.
 */
struct rates_mcnemar rates_mcnemar(int64_t nat_only, int64_t direct_only);

#endif
