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
 * Of n values of 0 and 1: fails of them 1, and as many neighbours both 1 as
 * both says.  The sums of products of deviations, multiplied out.
 */
static double
lag1(const uint8_t *failed, size_t n, double fails, double both)
{
	double mean = fails / (double)n;
	double ends = 2 * fails - failed[0] - failed[n - 1];

	if (n <= 2 || !(mean > 0 && mean < 1))
		return NAN;
	return (both - mean * ends + ((double)n - 1) * mean * mean) /
	    (fails * (1 - mean));
}

void
bursts_describe(const uint8_t *failed, size_t n, struct bursts *out)
{
	size_t i, run = 0, fails = 0;

	*out = (struct bursts){ .runs_z = NAN, .acf1 = NAN };
	for (i = 0; i < n; i++) {
		if (i == 0 || failed[i] != failed[i - 1])
			out->runs++;
		if (!failed[i]) {
			run = 0;
			continue;
		}
		fails++;
		if (run++ == 0)
			out->count++;
		if (run > out->longest)
			out->longest = run;
	}
	if (n < 2) {
		out->runs = 0;
		return;
	}
	out->runs_z =
	    runs_score((double)out->runs, (double)(n - fails), (double)fails);
	out->acf1 =
	    lag1(failed, n, (double)fails, (double)(fails - out->count));
}
