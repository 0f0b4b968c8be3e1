/*
 * Several tests at once.
 */
#ifndef NATDIFF_STATS_ADJUST_H
#define NATDIFF_STATS_ADJUST_H

#include <stddef.h>

/*
 * Adjusted p-values of p[0..n) into out, which may be p itself.  NaN stays
 * NaN and does not count.  Holm (1979) bounds the chance of any false
 * finding: for verdicts.  Benjamini and Hochberg (1995) bound the share of
 * false ones: for tables that say where to look.
 */
void adjust_holm(const double *p, size_t n, double *out);
void adjust_bh(const double *p, size_t n, double *out);

#endif
