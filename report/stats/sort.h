/*
 * Sorting of whole numbers by radix: linear, as millions of latencies are
 * ranked.
 */
#ifndef NATDIFF_STATS_SORT_H
#define NATDIFF_STATS_SORT_H

#include <stddef.h>
#include <stdint.h>

/* Sort x[0..n) in ascending order. */
void sort_int64(int64_t *x, size_t n);

#endif
