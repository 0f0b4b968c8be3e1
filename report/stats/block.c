/*
 * The block test.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/rmath.h"
#include "report/stats/block.h"
#include "report/stats/tau.h"

#define DP_MOST 4096 /* sum of |s| up to which the table is cheaper */

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

/* A test of which nothing is known but the number of values. */
static void
begin(struct block_test *b, size_t n)
{
	*b = (struct block_test){ .n = n,
		.tau = NAN,
		.est = NAN,
		.se = NAN,
		.t = NAN,
		.p = NAN,
		.ci = INTERVAL_UNKNOWN,
		.deff = NAN,
		.flip_p = NAN,
		.robust_p = NAN };
}

static void
divide(struct block_test *b, double tau)
{
	b->tau = tau;
	b->gate = (double)b->n / (BLOCK_TAU_PER_BLOCK * tau) >= BLOCK_LEAST;
	b->blocks = block_count(b->n, tau);
}

/*
 * Fills what is left but flip_p and robust_p from the sums of the blocks and
 * the variance of the values.  What is compared with zero is compared in the
 * caller's unit.
 */
static void
test_sums(
    struct block_test *b, const double *sums, double unit, double variance)
{
	double n = (double)b->n, k = (double)b->blocks, total = 0, v = 0;
	double spread = variance * (n - 1) / (unit * unit), mean, r, q;
	size_t i, size;

	for (i = 0; i < b->blocks; i++)
		total += sums[i];
	mean = total / unit / n;
	for (i = 0; i < b->blocks; i++) {
		size = block_edge(b->n, b->blocks, i + 1) -
		    block_edge(b->n, b->blocks, i);
		r = sums[i] / unit - mean * (double)size;
		v += r * r;
	}
	v *= k / (k - 1);
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

/* The sums of the blocks are whole numbers: by their signs, too. */
static void
test_whole_sums(
    struct block_test *b, const int64_t *whole, int32_t unit, double variance)
{
	double sums[BLOCK_MOST];
	size_t k;

	for (k = 0; k < b->blocks; k++)
		sums[k] = (double)whole[k];
	test_sums(b, sums, unit, variance);
	b->flip_p = block_sign_flip(whole, b->blocks);
	b->robust_p = isnan(b->p) ? b->flip_p : fmax(b->p, b->flip_p);
}

void
block_test(const int32_t *x, size_t n, int32_t unit, struct block_test *out)
{
	int64_t sums[BLOCK_MOST] = { 0 };
	double variance;
	size_t k, i = 0;

	begin(out, n);
	if (n < 2)
		return;
	divide(out, tau_whole(x, n, &variance));
	for (k = 0; k < out->blocks; k++)
		for (; i < block_edge(n, out->blocks, k + 1); i++)
			sums[k] += x[i];
	test_whole_sums(out, sums, unit, variance);
}

void
block_test_sparse(const struct sparse *x, int32_t unit, struct block_test *out)
{
	int64_t sums[BLOCK_MOST] = { 0 };
	double variance;
	size_t k = 0, i;

	begin(out, x->n);
	if (x->n < 2)
		return;
	divide(out, tau_sparse(x, &variance));
	for (i = 0; i < x->n_kept; i++) {
		while (x->kept[i].at >= block_edge(x->n, out->blocks, k + 1))
			k++;
		sums[k] += x->kept[i].value;
	}
	test_whole_sums(out, sums, unit, variance);
}

void
block_test_real(const double *x, size_t n, struct block_test *out)
{
	double sums[BLOCK_MOST], variance;
	size_t k, i = 0;

	begin(out, n);
	if (n < 2)
		return;
	divide(out, tau_real(x, n, &variance));
	for (k = 0; k < out->blocks; k++) {
		sums[k] = 0;
		for (; i < block_edge(n, out->blocks, k + 1); i++)
			sums[k] += x[i];
	}
	test_sums(out, sums, 1, variance);
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
