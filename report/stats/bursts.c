/*
 * Runs of failures.
 */
#include "config.h"

#include <math.h>

#include "report/stats/bursts.h"

/* The normal score of the number of runs (Wald and Wolfowitz 1940). */
static double
runs_score(double runs, double n0, double n1)
{
	double n = n0 + n1, mean, var;

	if (n < 2 || n0 <= 0 || n1 <= 0)
		return NAN;
	mean = 1 + 2 * n0 * n1 / n;
	var = 2 * n0 * n1 * (2 * n0 * n1 - n) / (n * n * (n - 1));
	return var > 0 ? (runs - mean) / sqrt(var) : NAN;
}

/*
 * Of n values of 0 and 1, fails of them 1, as many neighbours both 1 as there
 * are failures that do not begin a run.  The sums of products of deviations,
 * multiplied out.
 */
static double
lag1(const struct burst_count *b)
{
	double n = (double)b->n, fails = (double)b->fails, mean = fails / n;
	double ends = 2 * fails - b->first - b->last;
	double both = (double)(b->fails - b->count);

	if (b->n <= 2 || !(mean > 0 && mean < 1))
		return NAN;
	return (both - mean * ends + (n - 1) * mean * mean) /
	    (fails * (1 - mean));
}

void
bursts_describe(const struct burst_count *b, struct bursts *out)
{
	*out = (struct bursts){ .count = b->count,
		.longest = b->longest,
		.runs_z = NAN,
		.acf1 = NAN };
	if (b->n < 2)
		return;
	out->runs = b->runs;
	out->runs_z = runs_score(
	    (double)b->runs, (double)(b->n - b->fails), (double)b->fails);
	out->acf1 = lag1(b);
}
