/*
 * The block test.  Sums are kept in doubles: whole numbers below 2^53 are
 * exact in them.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/rmath.h"
#include "report/stats/block.h"

#define TAU_BLOCKS 16   /* blocks that a variance is estimated from */
#define DP_MOST    4096 /* sum of |s| up to which the table is cheaper */

/* Whole or real values behind one face. */
struct series {
	const int32_t *whole;
	const double *real;
	size_t n;
};

/* gcc's analyser takes the values that are there for NULL, too. */
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wanalyzer-null-dereference"
#endif
static double
value(const struct series *s, size_t i)
{
	return s->whole != NULL ? s->whole[i] : s->real[i];
}
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 10
#pragma GCC diagnostic pop
#endif

/*
 * Sample variances, two passes.  Sums are long double and differences double,
 * as in R: the number of blocks is a floor() of what is computed from these,
 * and often of a whole number.
 */
static double
variance(const double *y, size_t m)
{
	long double sum = 0;
	double mean;
	size_t i;

	for (i = 0; i < m; i++)
		sum += y[i];
	mean = (double)(sum / (long double)m);
	sum = 0;
	for (i = 0; i < m; i++)
		sum += (y[i] - mean) * (y[i] - mean);
	return (double)(sum / (long double)(m - 1));
}

static double
value_variance(const struct series *s)
{
	long double sum = 0;
	double mean, d;
	size_t i;

	for (i = 0; i < s->n; i++)
		sum += value(s, i);
	mean = (double)(sum / (long double)s->n);
	sum = 0;
	for (i = 0; i < s->n; i++) {
		d = value(s, i) - mean;
		sum += d * d;
	}
	return (double)(sum / (long double)(s->n - 1));
}

static double
series_tau(const struct series *s)
{
	double v1, *y, best = 1, width = 2;
	size_t m = s->n / 2, i;

	if (s->n < TAU_BLOCKS)
		return NAN;
	v1 = value_variance(s);
	if (v1 <= 0)
		return 1;
	/* Blocks of 2B values are pairs of blocks of B: halve in place. */
	y = x_calloc(m, sizeof(*y));
	for (i = 0; i < m; i++)
		y[i] = value(s, 2 * i) + value(s, 2 * i + 1);
	while (m >= TAU_BLOCKS) {
		best = fmax(best, variance(y, m) / (width * v1));
		m /= 2;
		width *= 2;
		for (i = 0; i < m; i++)
			y[i] = y[2 * i] + y[2 * i + 1];
	}
	free(y);
	return best;
}

double
block_tau(const int32_t *x, size_t n)
{
	struct series s = { x, NULL, n };

	return series_tau(&s);
}

double
block_tau_real(const double *x, size_t n)
{
	struct series s = { NULL, x, n };

	return series_tau(&s);
}

size_t
block_edge(size_t n, size_t count, size_t k)
{
	return (size_t)((uint64_t)k * n / count);
}

/* Probability by a table over all sums: count * total steps. */
static double
flip_by_table(const int64_t *a, size_t count, int64_t total, int64_t seen)
{
	size_t size = (size_t)(2 * total + 1), i, k;
	double *p = x_calloc(size, sizeof(*p)), *q, sum = 0;
	int64_t v, reach = 0;

	q = x_calloc(size, sizeof(*q));
	p[total] = 1;
	for (k = 0; k < count; k++) {
		memset(q, 0, size * sizeof(*q));
		for (v = -reach; v <= reach; v++) {
			q[total + v - a[k]] += p[total + v] / 2;
			q[total + v + a[k]] += p[total + v] / 2;
		}
		reach += a[k];
		memcpy(p, q, size * sizeof(*p));
	}
	for (i = 0; i < size; i++)
		if (llabs((int64_t)i - total) >= seen)
			sum += p[i];
	free(p);
	free(q);
	return sum;
}

/*
 * Probability by all 2^(count-1) signs with the first one fixed, in Gray
 * code order: no memory, whatever the size of the sums.
 */
static double
flip_by_signs(const int64_t *a, size_t count, int64_t total, int64_t seen)
{
	uint64_t all = UINT64_C(1) << (count - 1), i, hits = 0, bit;
	bool minus[BLOCK_MOST] = { false };
	int64_t sum = total;

	for (i = 1;; i++) {
		hits += llabs(sum) >= seen;
		if (i == all)
			break;
		bit = (uint64_t)__builtin_ctzll(i) + 1;
		sum += minus[bit] ? 2 * a[bit] : -2 * a[bit];
		minus[bit] = !minus[bit];
	}
	return (double)hits / (double)all;
}

double
block_sign_flip(const int64_t *s, size_t count)
{
	int64_t a[BLOCK_MOST], total = 0, sum = 0;
	size_t i, m = 0;

	assert(count <= BLOCK_MOST);
	for (i = 0; i < count; i++) {
		if (s[i] == 0)
			continue;
		sum += s[i];
		a[m] = llabs(s[i]);
		total += a[m++];
	}
	if (m == 0)
		return 1;
	if (total <= DP_MOST)
		return flip_by_table(a, m, total, llabs(sum));
	return flip_by_signs(a, m, total, llabs(sum));
}

static size_t
block_count(size_t n, double tau)
{
	double k;

	if (isnan(tau))
		return n;
	k = floor((double)n / (BLOCK_TAU_PER_BLOCK * tau));
	k = fmin(BLOCK_MOST, fmax(BLOCK_LEAST, k));
	return n < (size_t)k ? n : (size_t)k;
}

/*
 * Fills all of b but flip_p and robust_p from the sums of its blocks.  What
 * is compared with zero is compared in the caller's unit.
 */
static void
test_sums(const struct series *s, const double *sums, double unit,
    struct block_test *b)
{
	double n = (double)s->n, k = (double)b->blocks, total = 0, v = 0;
	double spread = 0, mean, r, q;
	size_t i, size;

	for (i = 0; i < b->blocks; i++)
		total += sums[i];
	mean = total / unit / n;
	for (i = 0; i < b->blocks; i++) {
		size = block_edge(s->n, b->blocks, i + 1) -
		    block_edge(s->n, b->blocks, i);
		r = sums[i] / unit - mean * (double)size;
		v += r * r;
	}
	v *= k / (k - 1);
	for (i = 0; i < s->n; i++) {
		r = value(s, i) / unit - mean;
		spread += r * r;
	}
	b->est = mean;
	b->se = sqrt(v) / n;
	b->deff = spread > 1e-12 * n ? v / spread : 1;
	if (b->se > 1e-14) {
		b->t = mean / b->se;
		b->p = 2 * pt(-fabs(b->t), k - 1, 1, 0);
		q = qt(1 - (1 - STATS_CONFIDENCE) / 2, k - 1, 1, 0);
		b->ci.lo = mean - q * b->se;
		b->ci.hi = mean + q * b->se;
	} else if (fabs(mean) < 1e-14) {
		b->p = 1;
	}
}

/* Common part: returns false where there is nothing to test. */
static bool
test_series(const struct series *s, double unit, double sums[BLOCK_MOST],
    struct block_test *b)
{
	size_t i, k;

	*b = (struct block_test){ .n = s->n,
		.tau = NAN,
		.est = NAN,
		.se = NAN,
		.t = NAN,
		.p = NAN,
		.ci = INTERVAL_UNKNOWN,
		.deff = NAN,
		.flip_p = NAN,
		.robust_p = NAN };
	if (s->n < 2)
		return false;
	b->tau = series_tau(s);
	b->gate = (double)s->n / (BLOCK_TAU_PER_BLOCK * b->tau) >= BLOCK_LEAST;
	b->blocks = block_count(s->n, b->tau);
	for (k = 0; k < b->blocks; k++) {
		sums[k] = 0;
		for (i = block_edge(s->n, b->blocks, k);
		     i < block_edge(s->n, b->blocks, k + 1); i++)
			sums[k] += value(s, i);
	}
	test_sums(s, sums, unit, b);
	return true;
}

void
block_test(const int32_t *x, size_t n, int32_t unit, struct block_test *out)
{
	struct series s = { x, NULL, n };
	double sums[BLOCK_MOST];
	int64_t whole[BLOCK_MOST];
	size_t k;

	if (!test_series(&s, unit, sums, out))
		return;
	for (k = 0; k < out->blocks; k++)
		whole[k] = (int64_t)sums[k];
	out->flip_p = block_sign_flip(whole, out->blocks);
	out->robust_p = isnan(out->p) ? out->flip_p : fmax(out->p, out->flip_p);
}

void
block_test_real(const double *x, size_t n, struct block_test *out)
{
	struct series s = { NULL, x, n };
	double sums[BLOCK_MOST];

	if (!test_series(&s, 1, sums, out))
		return;
	/* All sums have one sign: of all others only the opposite goes as far.
	 */
	if (isnan(out->p))
		out->flip_p = ldexp(1, 1 - (int)out->blocks);
	out->robust_p = isnan(out->p) ? out->flip_p : out->p;
}

struct interval
block_interval_of(const struct rates_cells *cells, double deff, size_t blocks)
{
	struct rates_cells c = *cells;

	if (blocks < 2)
		return INTERVAL_UNKNOWN;
	c.both_ok /= deff;
	c.nat_only /= deff;
	c.direct_only /= deff;
	c.both_failed /= deff;
	return rates_newcombe_paired(&c, qt(0.975, (double)blocks - 1, 1, 0));
}

struct interval
block_interval(const struct block_test *b, const struct rates_cells *cells)
{
	struct rates_cells c = *cells;
	double n = c.both_ok + c.nat_only + c.direct_only + c.both_failed;
	double diff = c.nat_only - c.direct_only, spread, deff = 1;

	if (b->blocks < 2)
		return INTERVAL_UNKNOWN;
	/* One host a slot: spread is the sum of (d - mean)^2. */
	spread = c.nat_only + c.direct_only - diff * diff / n;
	if (spread > 1e-12 * n)
		deff = fmax(1, b->se * b->se * n * n / spread);
	return block_interval_of(&c, deff, b->blocks);
}
