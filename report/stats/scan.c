/*
 * Binomial bounds for episodes.
 */
#include "config.h"

#include "report/stats/rmath.h"
#include "report/stats/scan.h"

double
scan_bound(int64_t bad, int64_t w, int64_t bad_all, int64_t n)
{
	double rate;

	if (bad < 0 || w < bad || n < w || bad_all < bad || n < bad_all ||
	    n == 0)
		return NAN;
	if (bad == 0)
		return 1;
	rate = (double)bad_all / (double)n;
	return fmin(1,
	    (double)(n - w + 1) *
		pbinom((double)bad - 1, (double)w, rate, 0, 0));
}

double
scan_more_episodes(int64_t nat, int64_t direct)
{
	if (nat < 0 || direct < 0)
		return NAN;
	return pbinom((double)nat - 1, (double)nat + (double)direct, 0.5, 0, 0);
}
