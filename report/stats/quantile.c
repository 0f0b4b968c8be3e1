/*
 * Order statistics.
 */
#include "config.h"

#include "report/stats/block.h"
#include "report/stats/quantile.h"
#include "report/stats/rates.h"
#include "report/stats/rmath.h"
#include "report/stats/select.h"

#define ALPHA    (1 - STATS_CONFIDENCE)
#define HD_LEAST 1e-25 /* weights below add nothing */

/* Rank of the p-quantile: the least with rank/n >= p. */
static size_t
rank_of(size_t n, double p)
{
	double k = ceil((double)n * p - 1e-9);

	return k < 1 ? 1 : (size_t)k;
}

/* Between which two ranks, from 0, the p-quantile is; the upper one's share. */
static double
ranks_around(size_t n, double p, size_t rank[2])
{
	double at = (double)(n - 1) * p;

	rank[0] = (size_t)at;
	rank[1] = rank[0] + 1 < n ? rank[0] + 1 : rank[0];
	return at - floor(at);
}

double
quantile_value(const int64_t *sorted, size_t n, double p)
{
	size_t rank[2];
	double h;

	if (n == 0)
		return NAN;
	h = ranks_around(n, p, rank);
	return (1 - h) * (double)sorted[rank[0]] + h * (double)sorted[rank[1]];
}

void
quantile_values(
    const uint32_t *us, size_t n, const double *p, size_t n_p, double *out)
{
	size_t rank[SELECT_MOST] = { 0 }, k;
	uint32_t value[SELECT_MOST];
	double h[SELECT_MOST / 2];

	for (k = 0; k < n_p; k++)
		out[k] = NAN;
	if (n == 0)
		return;
	for (k = 0; k < n_p; k++)
		h[k] = ranks_around(n, p[k], &rank[2 * k]);
	select_ranks(us, n, rank, 2 * n_p, value);
	for (k = 0; k < n_p; k++)
		out[k] = (1 - h[k]) * value[2 * k] + h[k] * value[2 * k + 1];
}

/*
 * Harrell and Davis 1982: weights by the beta law of the order statistic.
 * They fall off on both sides of the quantile: from there outwards, as far as
 * they weigh anything; above it by upper tails, which keeps their digits.
 */
static double
harrell_davis(const int64_t *sorted, size_t n, double p)
{
	double m = (double)n, a = (m + 1) * p, b = (m + 1) * (1 - p);
	size_t middle = rank_of(n, p), i;
	double sum = 0, weight = 1, last, next;

	last = pbeta((double)middle / m, a, b, 1, 0);
	for (i = middle; i > 0 && weight > HD_LEAST; i--) {
		next = pbeta((double)(i - 1) / m, a, b, 1, 0);
		weight = last - next;
		sum += weight * (double)sorted[i - 1];
		last = next;
	}
	weight = 1;
	last = pbeta((double)middle / m, a, b, 0, 0);
	for (i = middle; i < n && weight > HD_LEAST; i++) {
		next = pbeta((double)(i + 1) / m, a, b, 0, 0);
		weight = last - next;
		sum += weight * (double)sorted[i];
		last = next;
	}
	return sum;
}

static struct interval
limits(const int64_t *sorted, size_t n, double lo, double hi)
{
	struct interval r = INTERVAL_UNKNOWN;

	if (lo >= 1)
		r.lo = (double)sorted[(size_t)lo - 1];
	if (hi <= (double)n)
		r.hi = (double)sorted[(size_t)hi - 1];
	return r;
}

/* The design effect of "at most the quantile", over at most 20 blocks. */
static double
below_deff(const int64_t *us, size_t n, int64_t at, double p)
{
	size_t k, i, end, blocks = n < BLOCK_MOST ? n : BLOCK_MOST;
	double sums[BLOCK_MOST], size, r, mean = 0, v = 0, spread = 0;
	size_t below = 0, here;

	for (k = 0; k < blocks; k++) {
		end = block_edge(n, blocks, k + 1);
		here = 0;
		i = block_edge(n, blocks, k);
		size = (double)(end - i);
		for (; i < end; i++)
			here += us[i] <= at;
		sums[k] = (double)here - p * size;
		below += here;
	}
	mean = (double)below / (double)n - p;
	for (k = 0; k < blocks; k++) {
		size = (double)(block_edge(n, blocks, k + 1) -
		    block_edge(n, blocks, k));
		r = sums[k] - mean * size;
		v += r * r;
	}
	v *= (double)blocks / ((double)blocks - 1);
	spread = (double)below * ((double)n - (double)below) / (double)n;
	return spread > 1e-12 * (double)n ? fmax(1, v / spread) : 1;
}

static void
widen(const int64_t *us, const int64_t *sorted, size_t n, double p,
    struct quantile *q)
{
	size_t blocks = n < BLOCK_MOST ? n : BLOCK_MOST;
	double m = (double)n;
	struct interval w;

	if (n < 2)
		return;
	q->deff = below_deff(us, n, sorted[rank_of(n, p) - 1], p);
	w = rates_wilson(
	    p * m / q->deff, m / q->deff, qt(0.975, (double)blocks - 1, 1, 0));
	q->shown = limits(sorted, n, floor(w.lo * m), ceil(w.hi * m) + 1);
}

void
quantile_describe(const int64_t *us, const int64_t *sorted, size_t n,
    size_t failed, double p, struct quantile *out)
{
	double m = (double)n;
	size_t rank;

	*out = (struct quantile){ NAN, NAN, INTERVAL_UNKNOWN, INTERVAL_UNKNOWN,
		NAN, NAN };
	if (n + failed > 0) {
		rank = rank_of(n + failed, p);
		out->all = rank > n ? INFINITY : (double)sorted[rank - 1];
	}
	if (n == 0)
		return;
	out->value = quantile_value(sorted, n, p);
	out->harrell_davis = harrell_davis(sorted, n, p);
	out->naive = limits(sorted, n, qbinom(ALPHA / 2, m, p, 1, 0),
	    qbinom(1 - ALPHA / 2, m, p, 1, 0) + 1);
	widen(us, sorted, n, p, out);
}

static struct quantile_shift
mover(double d, struct interval dci, double n, struct interval nci)
{
	struct quantile_shift r = { n - d, INTERVAL_UNKNOWN };

	r.ci.lo = r.value - hypot(n - nci.lo, dci.hi - d);
	r.ci.hi = r.value + hypot(nci.hi - n, d - dci.lo);
	return r;
}

struct quantile_shift
quantile_shift_naive(const struct quantile *direct, const struct quantile *nat)
{
	return mover(direct->value, direct->naive, nat->value, nat->naive);
}

struct quantile_shift
quantile_shift_shown(const struct quantile *direct, const struct quantile *nat)
{
	return mover(direct->value, direct->shown, nat->value, nat->shown);
}
