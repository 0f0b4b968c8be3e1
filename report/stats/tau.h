/*
 * Dependence time by dyadic blocking: the largest ratio of the variance of
 * sums over B = 1, 2, 4, ... values to B times that of single values, as
 * long as 16 blocks remain; at least 1.
 */
#ifndef NATDIFF_STATS_TAU_H
#define NATDIFF_STATS_TAU_H

#include <stddef.h>
#include <stdint.h>

#include "report/stats/sparse.h"

/*
 * The dependence time of x[0..n) in values; NaN below 16 of them.  *variance
 * becomes the sample variance of the values, NaN below two.  O(n) time; memory
 * n / 128 bytes, for real numbers 4n.
 *
 * The time is as good as rounded once where long double has more places than
 * double: so it is the same in another unit, and whole where it should be.
 * Sums and sums of squares of whole numbers are exact.
 */
double tau_whole(const int32_t *x, size_t n, double *variance);
double tau_sparse(const struct sparse *x, double *variance);
double tau_real(const double *x, size_t n, double *variance);

#endif
