/*
 * The distribution functions of R.  psignrank() and qsignrank() keep static
 * state: call signrank_free() after them, and use one thread.
 */
#ifndef NATDIFF_STATS_RMATH_H
#define NATDIFF_STATS_RMATH_H

#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#endif
