/*
 * Work that falls into parts which know nothing of each other, on all cores.
 * The result must not depend on how many there are.
 */
#ifndef NATDIFF_REPORT_PARALLEL_H
#define NATDIFF_REPORT_PARALLEL_H

#include <stddef.h>

/*
 * Call part(context, i) for each i below n, in any order, several at a time;
 * returns when all are done.  Where no thread can be had, one after the other.
 */
void parallel_each(
    size_t n, void (*part)(void *context, size_t i), void *context);

#endif
