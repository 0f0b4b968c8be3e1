/*
 * Signed ranks, Hodges-Lehmann.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/latency.h"
#include "report/stats/ranks.h"
#include "report/stats/rates.h"
#include "report/stats/rmath.h"
#include "report/stats/walsh.h"

/* Values: the exact law for the interval, as R. */
#define EXACT_BELOW 50

/* Rmath keeps its table of the law in one place for all threads. */
static pthread_mutex_t exact_law = PTHREAD_MUTEX_INITIALIZER;

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

static void
test_ranks(struct latency_rank *out, const struct ranks *r, size_t n)
{
	int64_t v2 = 0;
	size_t i;

	for (i = 0; i < r->n; i++)
		v2 += r->rank2[i] > 0 ? r->rank2[i] : 0;
	out->n = r->n;
	out->n_zero = n - r->n;
	out->v = n > 0 ? (double)v2 / 2 : NAN;
	out->p = n > 0 ? 1 : NAN;
	if (r->n > 0)
		out->p = signed_rank_p(out->v, (double)r->n, r->ties);
	block_test(r->rank2, r->n, r->n > 0 ? 2 : 1, &out->block);
}

void
latency_signed_rank(const int64_t *d, size_t n, struct latency_rank *out)
{
	int64_t *x = x_malloc((n + 1) * sizeof(*x));
	struct ranks r;

	if (n > 0)
		memcpy(x, d, n * sizeof(*x));
	ranks_find(&r, NULL, x, n);
	test_ranks(out, &r, n);
	free(r.rank2);
	free(x);
}

/* Walsh averages of rank from below and from above, in us. */
static struct interval
walsh_interval(struct walsh *w, double rank)
{
	uint64_t k = (uint64_t)rank;
	struct interval r;
	int64_t next;

	r.lo = (double)walsh_select(w, k, &next) / 2;
	r.hi = (double)walsh_select(w, walsh_sums(w) - k + 1, &next) / 2;
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
naive_rank(uint64_t n)
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

static void
hodges_lehmann(struct walsh *w, struct latency_shift *out)
{
	uint64_t n = walsh_numbers(w), sums = walsh_sums(w);
	double deff = out->rank.block.deff, k;
	int64_t a, b;

	a = walsh_select(w, (sums + 1) / 2, &b);
	out->hl = sums % 2 != 0 ? (double)a / 2 : ((double)a + (double)b) / 4;
	out->naive = walsh_interval(w, naive_rank(n));
	out->shown = out->naive;
	if (!(deff > 1))
		return;
	k = fmin(naive_rank(n), limit_rank((double)n, deff));
	out->shown = k >= 1 ? walsh_interval(w, k) : INTERVAL_UNKNOWN;
}

/* The i-th smallest of n differences, of which f has those that are not 0. */
static int64_t
difference_at(const struct frequencies *f, size_t n, size_t i)
{
	size_t zeros = n - f->of[f->n].below, low = 0, negative;

	while (low < f->n && f->of[low].value < 0)
		low++;
	negative = f->of[low].below;
	if (i < negative)
		return frequencies_at(f, i);
	return i < negative + zeros ? 0 : frequencies_at(f, i - zeros);
}

void
latency_compare(int64_t *d, size_t n, struct latency_shift *out)
{
	struct frequencies f;
	struct walsh w = { .x = &f };
	struct ranks r;

	out->hl = out->median = NAN;
	out->naive = out->shown = INTERVAL_UNKNOWN;
	ranks_find(&r, &f, d, n);
	test_ranks(&out->rank, &r, n);
	free(r.rank2);
	if (n > 0)
		out->median = (double)(difference_at(&f, n, (n - 1) / 2) +
				  difference_at(&f, n, n / 2)) /
		    2;
	if (r.n > 0)
		hodges_lehmann(&w, out);
	free(f.of);
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
