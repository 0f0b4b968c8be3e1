/*
 * Welch's test of two block tests.
 */
#include "config.h"

#include "report/stats/didiff.h"
#include "report/stats/rmath.h"

void
didiff_compare(const struct block_test *first, const struct block_test *second,
    struct didiff *out)
{
	double v1 = first->se * first->se, v2 = second->se * second->se, q;

	*out =
	    (struct didiff){ NAN, NAN, NAN, NAN, NAN, INTERVAL_UNKNOWN, false };
	if (first->blocks < 2 || second->blocks < 2)
		return;
	out->gate = first->gate && second->gate;
	out->est = second->est - first->est;
	out->se = sqrt(v1 + v2);
	if (!(out->se > 1e-14)) {
		out->p = fabs(out->est) < 1e-14 ? 1 : NAN;
		return;
	}
	out->df = (v1 + v2) * (v1 + v2) /
	    (v1 * v1 / ((double)first->blocks - 1) +
		v2 * v2 / ((double)second->blocks - 1));
	out->t = out->est / out->se;
	out->p = 2 * pt(-fabs(out->t), out->df, 1, 0);
	q = qt(1 - (1 - STATS_CONFIDENCE) / 2, out->df, 1, 0);
	out->ci.lo = out->est - q * out->se;
	out->ci.hi = out->est + q * out->se;
}

enum didiff_match
didiff_alike(const uint64_t pairs_before[DIDIFF_HOURS],
    const uint64_t pairs_after[DIDIFF_HOURS], double load_before,
    double load_after)
{
	int h, both = 0, either = 0;

	for (h = 0; h < DIDIFF_HOURS; h++) {
		both += pairs_before[h] > 0 && pairs_after[h] > 0;
		either += pairs_before[h] > 0 || pairs_after[h] > 0;
	}
	if (either == 0 || both < DIDIFF_MATCH * either)
		return DIDIFF_HOURS_DIFFER;
	if (load_before > 0 && load_after > 0 &&
	    fmax(load_before, load_after) >
		DIDIFF_LOAD_MOST * fmin(load_before, load_after))
		return DIDIFF_LOAD_DIFFERS;
	return DIDIFF_ALIKE;
}
