/*
 * CUSUM with circular shifts, O(n + blocks^2).
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/block.h"
#include "report/stats/changepoint.h"
#include "report/stats/tau.h"

#define TAIL 0.025 /* outside the interval, each side */

/* Slack for sums that are equal but for rounding. */
#define SAME 1e-9

/*
 * The largest |CUSUM| of y[0..k) read from shift on, about its mean; *at is
 * the number of blocks before the change, 1 ... k - 1.
 */
static double
cusum(const double *y, size_t k, size_t shift, double mean, size_t *at)
{
	double sum = 0, best = -1;
	size_t i, j;

	for (i = 0; i + 1 < k; i++) {
		j = i + shift;
		sum += y[j < k ? j : j - k] - mean;
		if (fabs(sum) > best + SAME) {
			best = fabs(sum);
			*at = i + 1;
		}
	}
	return best;
}

/* y becomes the means of k blocks of x; returns their mean. */
static double
block_means(const int32_t *x, size_t n, int32_t unit, size_t k, double *y)
{
	double all = 0, sum;
	size_t i, b, end;

	for (b = 0; b < k; b++) {
		end = block_edge(n, k, b + 1);
		i = block_edge(n, k, b);
		sum = 0;
		for (; i < end; i++)
			sum += x[i];
		y[b] = sum / unit /
		    (double)(block_edge(n, k, b + 1) - block_edge(n, k, b));
		all += y[b];
	}
	return all / (double)k;
}

static double
mean_of(const double *y, size_t from, size_t to)
{
	double sum = 0;
	size_t i;

	for (i = from; i < to; i++)
		sum += y[i];
	return sum / (double)(to - from);
}

/* Counts where shifted residuals plus the step put the change. */
static void
interval(
    const double *y, size_t k, size_t at, size_t n, struct changepoint *out)
{
	size_t *count = x_calloc(k + 1, sizeof(*count));
	double *z = x_calloc(k, sizeof(*z)), *r = x_calloc(k, sizeof(*r));
	double seen = 0, mean;
	size_t i, s, found = at;

	for (i = 0; i < k; i++)
		r[i] = y[i] - (i < at ? out->before : out->after);
	for (s = 0; s < k; s++) {
		for (i = 0; i < k; i++)
			z[i] = r[i + s < k ? i + s : i + s - k] +
			    (i < at ? out->before : out->after);
		mean = mean_of(z, 0, k);
		cusum(z, k, 0, mean, &found);
		count[found]++;
	}
	for (i = 0; i < k; i++) {
		seen += (double)count[i] / (double)k;
		if (seen > TAIL)
			break;
	}
	out->lo = block_edge(n, k, i < at ? i : at);
	seen = 0;
	for (i = k; i > 0; i--) {
		seen += (double)count[i] / (double)k;
		if (seen > TAIL)
			break;
	}
	out->hi = block_edge(n, k, i > at ? i : at);
	free(count);
	free(z);
	free(r);
}

/*
 * How many blocks of five dependence times x holds.  A change of the mean
 * looks like very long dependence, so it is taken out first: at the place
 * that the finest blocks show.
 */
static size_t
count_blocks(const int32_t *x, size_t n, int32_t unit)
{
	size_t k = n < CHANGEPOINT_MOST ? n : CHANGEPOINT_MOST, at = 1, i, edge;
	double *y, mean, before, after, tau, variance;

	if (n < CHANGEPOINT_LEAST)
		return 0;
	y = x_calloc(n, sizeof(*y));
	mean = block_means(x, n, unit, k, y);
	cusum(y, k, 0, mean, &at);
	before = mean_of(y, 0, at);
	after = mean_of(y, at, k);
	edge = block_edge(n, k, at);
	for (i = 0; i < n; i++)
		y[i] = (double)x[i] / unit - (i < edge ? before : after);
	tau = tau_real(y, n, &variance);
	free(y);
	return (size_t)fmin(
	    CHANGEPOINT_MOST, floor((double)n / (BLOCK_TAU_PER_BLOCK * tau)));
}

void
changepoint_find(
    const int32_t *x, size_t n, int32_t unit, struct changepoint *out)
{
	size_t k = count_blocks(x, n, unit), s, at = 1, other, hits = 0;
	double mean, largest, *y;

	*out = (struct changepoint){ .before = NAN, .after = NAN, .p = NAN };
	if (k < CHANGEPOINT_LEAST)
		return;
	y = x_calloc(k, sizeof(*y));
	mean = block_means(x, n, unit, k, y);
	largest = cusum(y, k, 0, mean, &at);
	for (s = 0; s < k; s++)
		hits += cusum(y, k, s, mean, &other) >= largest - SAME;
	out->blocks = k;
	out->at = block_edge(n, k, at);
	out->before = mean_of(y, 0, at);
	out->after = mean_of(y, at, k);
	out->p = (double)hits / (double)k;
	interval(y, k, at, n, out);
	free(y);
}
