/*
 * Signed ranks, Hodges-Lehmann.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/latency.h"
#include "report/stats/rates.h"
#include "report/stats/rmath.h"
#include "report/stats/sort.h"

#define EXACT_BELOW 50 /* values: the exact law for the interval, as R */
#define WALSH_KNOWN 64 /* counts that are remembered */

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

void
latency_signed_rank(const int64_t *d, size_t n, struct latency_rank *out)
{
	int64_t v2 = 0;
	int32_t *rank2;
	double ties;
	size_t i;

	rank2 = sort_signed_ranks(d, n, &out->n, &ties);
	out->n_zero = n - out->n;
	for (i = 0; i < out->n; i++)
		if (rank2[i] > 0)
			v2 += rank2[i];
	out->v = n > 0 ? (double)v2 / 2 : NAN;
	out->p = n > 0 ? 1 : NAN;
	if (out->n > 0)
		out->p = signed_rank_p(out->v, (double)out->n, ties);
	block_test(rank2, out->n, out->n > 0 ? 2 : 1, &out->block);
	free(rank2);
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

/* Walsh sums up to s: how many, and the next one above. */
struct walsh_known {
	int64_t s;
	uint64_t count;
	int64_t next;
};

/* The sorted x, and what was counted of its sums. */
struct walsh {
	const int64_t *x;
	size_t n;
	struct walsh_known known[WALSH_KNOWN];
	size_t n_known;
};

static struct walsh_known
walsh_at(struct walsh *w, int64_t s)
{
	struct walsh_known k = { .s = s };
	size_t i;

	for (i = 0; i < w->n_known; i++)
		if (w->known[i].s == s)
			return w->known[i];
	k.count = walsh_count(w->x, w->n, s, &k.next);
	if (w->n_known < WALSH_KNOWN)
		w->known[w->n_known++] = k;
	return k;
}

/* Where the k-th smallest sum is: in [lo, hi]. */
struct walsh_bracket {
	int64_t lo, hi;
	double below, above; /* sums below lo, and up to hi */
};

static void
walsh_narrow(
    struct walsh_bracket *b, const struct walsh_known *known, uint64_t k)
{
	if (known->count >= k && known->s <= b->hi) {
		b->hi = known->s;
		b->above = (double)known->count;
	} else if (known->count < k && known->s >= b->lo) {
		b->lo = known->s + 1;
		b->below = (double)known->count;
	}
}

/*
 * By what the order of x says alone: the q smallest values make q(q+1)/2
 * sums, none of them above twice the q-th; so too from the other end.  And by
 * what was counted for other ranks.
 */
static struct walsh_bracket
walsh_begin(const struct walsh *w, uint64_t k)
{
	uint64_t pairs = (uint64_t)w->n * (w->n + 1) / 2;
	size_t q = (size_t)sqrt(2 * (double)k) + 2;
	size_t m = (size_t)sqrt(2 * (double)(pairs - k + 1)) + 2;
	struct walsh_bracket b = { .lo = 2 * w->x[m < w->n ? w->n - m : 0],
		.hi = 2 * w->x[q < w->n ? q - 1 : w->n - 1],
		.below = 0,
		.above = (double)pairs };
	size_t i;

	for (i = 0; i < w->n_known; i++)
		walsh_narrow(&b, &w->known[i], k);
	return b;
}

/*
 * Where to count next, in [lo, hi): where a line through the ends has rank k;
 * then beyond it, for an end on its other side; then, whatever the line says,
 * in the middle.  Counts run smoothly, so that few steps are needed, and
 * never many.
 */
static int64_t
walsh_guess(const struct walsh_bracket *b, uint64_t k, int step)
{
	double share = ((double)k - b->below) / (b->above - b->below);
	int64_t s;

	if (step % 3 == 1)
		share = share < 0.5 ? share * 1.5 : 1 - (1 - share) * 1.5;
	if (step % 3 == 2 || !(share > 0 && share < 1))
		share = 0.5;
	s = b->lo - 1 + (int64_t)((double)(b->hi - b->lo + 1) * share);
	return s < b->lo ? b->lo : s >= b->hi ? b->hi - 1 : s;
}

/*
 * The k-th smallest Walsh sum, k from 1, and in *next the one of rank k + 1
 * (INT64_MAX after the last).
 */
static int64_t
walsh_select(struct walsh *w, uint64_t k, int64_t *next)
{
	struct walsh_bracket b = walsh_begin(w, k);
	struct walsh_known known;
	int step;

	for (step = 0; b.lo < b.hi; step++) {
		known = walsh_at(w, walsh_guess(&b, k, step));
		walsh_narrow(&b, &known, k);
	}
	known = walsh_at(w, b.lo);
	*next = known.count > k ? b.lo : known.next;
	return b.lo;
}

/* Walsh averages of rank from below and from above, in us. */
static struct interval
walsh_interval(struct walsh *w, double rank)
{
	uint64_t pairs = (uint64_t)w->n * (w->n + 1) / 2, k = (uint64_t)rank;
	struct interval r;
	int64_t next;

	r.lo = (double)walsh_select(w, k, &next) / 2;
	r.hi = (double)walsh_select(w, pairs - k + 1, &next) / 2;
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

static void
hodges_lehmann(struct walsh *w, struct latency_shift *out)
{
	uint64_t pairs = (uint64_t)w->n * (w->n + 1) / 2;
	double deff = out->rank.block.deff, k;
	int64_t a, b;

	a = walsh_select(w, (pairs + 1) / 2, &b);
	out->hl = pairs % 2 != 0 ? (double)a / 2 : ((double)a + (double)b) / 4;
	out->naive = walsh_interval(w, naive_rank(w->n));
	out->shown = out->naive;
	if (!(deff > 1))
		return;
	k = fmin(naive_rank(w->n), limit_rank((double)w->n, deff));
	out->shown = k >= 1 ? walsh_interval(w, k) : INTERVAL_UNKNOWN;
}

/* Of n differences: those that are not zero, sorted, and zeros among them. */
static double
median_of(const int64_t *sorted, size_t m, size_t n)
{
	size_t negative = 0, zeros = n - m, at[2] = { (n - 1) / 2, n / 2 }, i;
	double sum = 0;

	if (n == 0)
		return NAN;
	while (negative < m && sorted[negative] < 0)
		negative++;
	for (i = 0; i < 2; i++) {
		if (at[i] < negative)
			sum += (double)sorted[at[i]];
		else if (at[i] >= negative + zeros)
			sum += (double)sorted[at[i] - zeros];
	}
	return sum / 2;
}

void
latency_compare(const int64_t *d, size_t n, struct latency_shift *out)
{
	struct walsh w = { .n_known = 0 };
	int64_t *x;

	out->hl = NAN;
	out->naive = out->shown = INTERVAL_UNKNOWN;
	latency_signed_rank(d, n, &out->rank);
	x = without_zeros(d, n, &w.n);
	sort_int64(x, w.n);
	out->median = median_of(x, w.n, n);
	w.x = x;
	if (w.n > 0)
		hodges_lehmann(&w, out);
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
