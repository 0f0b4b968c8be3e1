/*
 * Signed ranks, Hodges-Lehmann.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/latency.h"
#include "report/stats/rates.h"
#include "report/stats/rmath.h"
#include "report/stats/sort.h"

#define EXACT_BELOW 50 /* values: the exact law for the interval, as R */

/* Rmath keeps its table of the law in one place for all threads. */
static pthread_mutex_t exact_law = PTHREAD_MUTEX_INITIALIZER;

/* The differences that are not zero, in order; the caller frees them. */
static int64_t *
without_zeros(const int64_t *d, size_t n, size_t *m)
{
	int64_t *x = x_calloc(n, sizeof(*x));
	size_t i;

	*m = 0;
	for (i = 0; i < n; i++)
		if (d[i] != 0)
			x[(*m)++] = d[i];
	return x;
}

/* n(n+1)(2n+1)/24 passes 2^63 at n = 3e6: doubles. */
static double
rank_variance(double n)
{
	return n * (n + 1) * (2 * n + 1) / 24;
}

/* Two-sided normal p of the sum of positive ranks. */
static double
signed_rank_p(double v, double n, double ties)
{
	double z = v - n * (n + 1) / 4;

	if (z > 0)
		z -= 0.5;
	else if (z < 0)
		z += 0.5;
	z /= sqrt(rank_variance(n) - ties / 48);
	return 2 * pnorm(-fabs(z), 0, 1, 1, 0);
}

/* x holds no zero. */
static void
rank_nonzero(const int64_t *x, size_t n, struct latency_rank *out)
{
	int32_t *rank2 = x_calloc(n, sizeof(*rank2));
	int64_t v2 = 0;
	double ties;
	size_t i;

	ties = sort_signed_ranks(x, n, rank2);
	for (i = 0; i < n; i++)
		if (rank2[i] > 0)
			v2 += rank2[i];
	out->v = (double)v2 / 2;
	out->p = signed_rank_p(out->v, (double)n, ties);
	block_test(rank2, n, 2, &out->block);
	free(rank2);
}

static void
rank_all(const int64_t *x, size_t m, size_t n, struct latency_rank *out)
{
	out->n = m;
	out->n_zero = n - m;
	if (m > 0) {
		rank_nonzero(x, m, out);
		return;
	}
	block_test(NULL, 0, 1, &out->block);
	out->v = n > 0 ? 0 : NAN;
	out->p = n > 0 ? 1 : NAN;
}

void
latency_signed_rank(const int64_t *d, size_t n, struct latency_rank *out)
{
	size_t m;
	int64_t *x = without_zeros(d, n, &m);

	rank_all(x, m, n, out);
	free(x);
}

/*
 * Number of pairs i <= j of the sorted x with x[i] + x[j] <= s, and the
 * smallest such sum above s.  As i rises the last fitting j falls: one pass.
 */
static uint64_t
walsh_count(const int64_t *x, size_t n, int64_t s, int64_t *next)
{
	uint64_t count = 0;
	size_t i, end = n;

	*next = INT64_MAX;
	for (i = 0; i < n; i++) {
		while (end > i && x[i] + x[end - 1] > s)
			end--;
		count += end - i;
		if (end < n && x[i] + x[end] < *next)
			*next = x[i] + x[end];
		if (end == i)
			break;
	}
	return count;
}

/*
 * Narrow [*lo, *hi] around the k-th smallest of the Walsh sums by what the
 * order of x says alone: the q smallest values make q(q+1)/2 sums, none of
 * them above twice the q-th; so too from the other end.
 */
static void
walsh_bracket(const int64_t *x, size_t n, uint64_t k, int64_t *lo, int64_t *hi)
{
	uint64_t pairs = (uint64_t)n * (n + 1) / 2;
	size_t q = (size_t)sqrt(2 * (double)k) + 2;
	size_t m = (size_t)sqrt(2 * (double)(pairs - k + 1)) + 2;

	*hi = 2 * x[q < n ? q - 1 : n - 1];
	*lo = 2 * x[m < n ? n - m : 0];
}

/*
 * The k-th smallest Walsh sum of the sorted x, k from 1, and in *next the
 * one of rank k + 1 (INT64_MAX after the last).  By turns where a line
 * through the ends of the bracket has k, and in its middle: counts run
 * smoothly, so that few steps are needed, and never many.
 */
static int64_t
walsh_select(const int64_t *x, size_t n, uint64_t k, int64_t *next)
{
	double below = 0, above = (double)n * ((double)n + 1) / 2, share;
	int64_t lo, hi, mid;
	uint64_t count;
	bool halve = false;

	walsh_bracket(x, n, k, &lo, &hi);
	while (lo < hi) {
		share =
		    above > below ? ((double)k - below) / (above - below) : 0.5;
		if (halve || !(share > 0 && share < 1))
			share = 0.5;
		mid = lo + (int64_t)((double)(hi - lo) * share);
		if (mid >= hi)
			mid = hi - 1;
		count = walsh_count(x, n, mid, next);
		if (count >= k) {
			halve = hi - mid < (hi - lo) / 2;
			hi = mid;
			above = (double)count;
		} else {
			halve = mid - lo < (hi - lo) / 2;
			lo = mid + 1;
			below = (double)count;
		}
	}
	if (walsh_count(x, n, lo, next) > k)
		*next = lo;
	return lo;
}

/* Walsh averages of rank from below and from above, in us. */
static struct interval
walsh_interval(const int64_t *x, size_t n, double rank)
{
	uint64_t pairs = (uint64_t)n * (n + 1) / 2, k = (uint64_t)rank;
	struct interval r;
	int64_t next;

	r.lo = (double)walsh_select(x, n, k, &next) / 2;
	r.hi = (double)walsh_select(x, n, pairs - k + 1, &next) / 2;
	return r;
}

/*
 * The rank of the lower limit, normal approximation with the variance of the
 * rank sum multiplied by deff.
 */
static double
limit_rank(double n, double deff)
{
	double pairs = n * (n + 1) / 2;

	return ceil(
	    pairs / 2 - 0.5 - rates_z() * sqrt(deff * rank_variance(n)));
}

static double
naive_rank(size_t n)
{
	double k;

	if (n >= EXACT_BELOW)
		return fmax(1, limit_rank((double)n, 1));
	pthread_mutex_lock(&exact_law);
	k = qsignrank((1 - STATS_CONFIDENCE) / 2, (double)n, 1, 0);
	signrank_free();
	pthread_mutex_unlock(&exact_law);
	return fmax(1, k);
}

/* x is sorted here. */
static void
hodges_lehmann(int64_t *x, size_t n, struct latency_shift *out)
{
	uint64_t pairs = (uint64_t)n * (n + 1) / 2;
	double deff = out->rank.block.deff, k;
	int64_t a, b;

	sort_int64(x, n);
	a = walsh_select(x, n, (pairs + 1) / 2, &b);
	out->hl = pairs % 2 != 0 ? (double)a / 2 : ((double)a + (double)b) / 4;
	out->naive = walsh_interval(x, n, naive_rank(n));
	out->shown = out->naive;
	if (!(deff > 1))
		return;
	k = fmin(naive_rank(n), limit_rank((double)n, deff));
	out->shown = k >= 1 ? walsh_interval(x, n, k) : INTERVAL_UNKNOWN;
}

static double
median_of(const int64_t *d, size_t n)
{
	int64_t *x;
	double m;

	if (n == 0)
		return NAN;
	x = x_calloc(n, sizeof(*x));
	memcpy(x, d, n * sizeof(*x));
	sort_int64(x, n);
	m = ((double)x[(n - 1) / 2] + (double)x[n / 2]) / 2;
	free(x);
	return m;
}

void
latency_compare(const int64_t *d, size_t n, struct latency_shift *out)
{
	size_t m;
	int64_t *x = without_zeros(d, n, &m);

	out->hl = NAN;
	out->naive = out->shown = INTERVAL_UNKNOWN;
	out->median = median_of(d, n);
	rank_all(x, m, n, &out->rank);
	if (m > 0)
		hodges_lehmann(x, m, out);
	free(x);
}

double
latency_p(const struct latency_shift *s)
{
	const struct block_test *b = &s->rank.block;

	if (s->rank.n == 0)
		return s->rank.p; /* 1, or not measured */
	return isnan(b->p) ? b->flip_p : b->p;
}

int64_t
latency_difference(
    bool direct_ok, int64_t direct_us, bool nat_ok, int64_t nat_us)
{
	if (direct_ok && nat_ok)
		return nat_us - direct_us;
	if (direct_ok)
		return LATENCY_FAILED;
	return nat_ok ? -LATENCY_FAILED : 0;
}

void
latency_with_failures(const int64_t *d, size_t n, struct latency_failures *out)
{
	size_t i;

	out->worse = out->better = 0;
	for (i = 0; i < n; i++) {
		out->worse += d[i] > 0;
		out->better += d[i] < 0;
	}
	out->tie = n - out->worse - out->better;
	out->net = out->win_ratio = out->sign_p = NAN;
	if (n > 0) {
		out->net =
		    ((double)out->worse - (double)out->better) / (double)n;
		out->sign_p =
		    rates_mcnemar((int64_t)out->worse, (int64_t)out->better)
			.exact;
	}
	if (out->worse + out->better > 0)
		out->win_ratio = out->better > 0
		    ? (double)out->worse / (double)out->better
		    : INFINITY;
	latency_signed_rank(d, n, &out->rank);
}
