/*
 * Classical intervals and tests for rates.
 */
#include "config.h"

#include "report/stats/rmath.h"
#include "report/stats/rates.h"

double
rates_z(void)
{
	return qnorm(1 - (1 - STATS_CONFIDENCE) / 2, 0, 1, 1, 0);
}

struct interval
rates_wilson(double x, double n, double z)
{
	struct interval r = INTERVAL_UNKNOWN;
	double p, mid, half;

	if (!(n > 0))
		return r;
	p = x / n;
	mid = (p + z * z / (2 * n)) / (1 + z * z / n);
	half = z / (1 + z * z / n) *
	    sqrt(fmax(0, p * (1 - p) / n + z * z / (4 * n * n)));
	r.lo = x <= 0 ? 0 : fmax(0, mid - half);
	r.hi = x >= n ? 1 : fmin(1, mid + half);
	return r;
}

struct interval
rates_clopper_pearson(int64_t x, int64_t n)
{
	struct interval r = INTERVAL_UNKNOWN;
	double a = (1 - STATS_CONFIDENCE) / 2;

	if (n <= 0)
		return r;
	r.lo = x <= 0 ? 0 : qbeta(a, (double)x, (double)(n - x) + 1, 1, 0);
	r.hi = x >= n ? 1 : qbeta(1 - a, (double)x + 1, (double)(n - x), 1, 0);
	return r;
}

struct interval
rates_newcombe_unpaired(double x1, double n1, double x2, double n2, double z)
{
	struct interval r = INTERVAL_UNKNOWN, w1, w2;
	double p1, p2;

	if (!(n1 > 0) || !(n2 > 0))
		return r;
	p1 = x1 / n1;
	p2 = x2 / n2;
	w1 = rates_wilson(x1, n1, z);
	w2 = rates_wilson(x2, n2, z);
	r.lo = p2 - p1 - hypot(p2 - w2.lo, w1.hi - p1);
	r.hi = p2 - p1 + hypot(w2.hi - p2, p1 - w1.lo);
	return r;
}

/*
 * Newcombe's phi.  The product of four marginals passes 2^63 near n = 1e5:
 * doubles.
 */
static double
corrected_phi(const struct rates_cells *c, double n)
{
	double a = c->both_failed, d = c->both_ok;
	double den, num;

	den = (a + c->nat_only) * (c->direct_only + d) * (a + c->direct_only) *
	    (c->nat_only + d);
	if (!(den > 0))
		return 0;
	num = a * d - c->nat_only * c->direct_only;
	if (num > n / 2)
		num -= n / 2;
	else if (num > 0)
		num = 0;
	return num / sqrt(den);
}

struct interval
rates_newcombe_paired(const struct rates_cells *c, double z)
{
	double n = c->both_ok + c->nat_only + c->direct_only + c->both_failed;
	double p1, p2, phi, dl1, dl2, du1, du2;
	struct interval r = INTERVAL_UNKNOWN, w1, w2;

	if (!(n > 0))
		return r;
	p1 = (c->both_failed + c->nat_only) / n;
	p2 = (c->both_failed + c->direct_only) / n;
	w1 = rates_wilson(c->both_failed + c->nat_only, n, z);
	w2 = rates_wilson(c->both_failed + c->direct_only, n, z);
	phi = corrected_phi(c, n);
	dl1 = p1 - w1.lo;
	du1 = w1.hi - p1;
	dl2 = p2 - w2.lo;
	du2 = w2.hi - p2;
	r.lo = p1 - p2 -
	    sqrt(fmax(0, dl1 * dl1 - 2 * phi * dl1 * du2 + du2 * du2));
	r.hi = p1 - p2 +
	    sqrt(fmax(0, dl2 * dl2 - 2 * phi * dl2 * du1 + du1 * du1));
	return r;
}

/*
 * The hypergeometric law falls on both sides of its mode, so what is "not
 * more probable" is two tails; their ends are found by bisection and their
 * sums by phyper().  Returns the end of the tail that starts at lim.
 */
static double
tail_end(double mode, double lim, double limit, double m, double n, double k)
{
	double in = lim, out = mode, mid;

	if (dhyper(lim, m, n, k, 1) > limit)
		return NAN;
	while (fabs(in - out) > 1) {
		mid = floor((in + out) / 2);
		if (dhyper(mid, m, n, k, 1) <= limit)
			in = mid;
		else
			out = mid;
	}
	return in;
}

double
rates_fisher(int64_t x1, int64_t n1, int64_t x2, int64_t n2)
{
	double m = (double)n2, n = (double)n1, k = (double)x1 + (double)x2;
	double lo = fmax(0, k - n), hi = fmin(k, m);
	double mode, limit, end, p = 0;

	if (n1 <= 0 || n2 <= 0)
		return NAN;
	mode = fmin(hi, fmax(lo, floor((k + 1) * (m + 1) / (m + n + 2))));
	limit = dhyper((double)x2, m, n, k, 1) + log1p(1e-7);
	if (dhyper(mode, m, n, k, 1) <= limit)
		return 1;
	end = tail_end(mode, lo, limit, m, n, k);
	if (!isnan(end))
		p += phyper(end, m, n, k, 1, 0);
	end = tail_end(mode, hi, limit, m, n, k);
	if (!isnan(end))
		p += phyper(end - 1, m, n, k, 0, 0);
	return fmin(1, p);
}

struct rates_mcnemar
rates_mcnemar(int64_t nat_only, int64_t direct_only)
{
	struct rates_mcnemar r = { 1, 1 };
	double m = (double)nat_only + (double)direct_only;
	double k = (double)(nat_only < direct_only ? nat_only : direct_only);
	double tail;

	if (!(m > 0))
		return r;
	tail = 2 * pbinom(k, m, 0.5, 1, 0);
	r.exact = fmin(1, tail);
	r.mid_p = fmin(1, tail - dbinom(k, m, 0.5, 0));
	return r;
}
