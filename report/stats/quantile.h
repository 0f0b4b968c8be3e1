/*
 * Latency quantiles of one path and their shift between two.  Latencies are
 * whole microseconds of successful attempts.
 */
#ifndef NATDIFF_STATS_QUANTILE_H
#define NATDIFF_STATS_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

#include "report/stats/interval.h"

struct quantile {
	double value;          /* R's type 7 */
	double harrell_davis;  /* smoother: a mean of order statistics */
	struct interval naive; /* order statistics, as if independent */
	struct interval shown; /* the same, ranks widened by deff */
	double deff;
	double all; /* with failures = +Inf */
};

struct quantile_shift {
	double value;
	struct interval ci;
};

/* The p-quantile alone, R's type 7, of ascending latencies; NaN at n = 0. */
double quantile_value(const int64_t *sorted, size_t n, double p);

/* The same of latencies in any order, for each of n_p values of p, up to 8. */
void quantile_values(
    const uint32_t *us, size_t n, const double *p, size_t n_p, double *out);

/*
 * The p-quantile, 0 < p < 1, of n latencies: us in slot order, sorted the
 * same ones in ascending order, failed the number of attempts without one.
 * A limit whose rank is not in 1..n is NaN; everything is NaN at n = 0, but
 * all, which needs an attempt of either kind.
 */
void quantile_describe(const int64_t *us, const int64_t *sorted, size_t n,
    size_t failed, double p, struct quantile *out);

/*
 * Quantile of NAT minus quantile of direct, with the interval that joins
 * their naive (or shown) intervals: MOVER (Zou and Donner 2008).
 */
struct quantile_shift quantile_shift_naive(
    const struct quantile *direct, const struct quantile *nat);
struct quantile_shift quantile_shift_shown(
    const struct quantile *direct, const struct quantile *nat);

#endif
