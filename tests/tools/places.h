/*
 * Whether long double has more places than double, here and now: valgrind
 * computes it as a double.
 */
#ifndef NATDIFF_TESTS_PLACES_H
#define NATDIFF_TESTS_PLACES_H

#include <stdbool.h>

static inline bool
long_double_is_longer(void)
{
	volatile long double tiny = 1e-18L;

	return 1 + tiny > 1;
}

#endif
