/*
 * Do failures fall into the time bins in which the NAT logged something?
 */
#ifndef NATDIFF_STATS_EVENTS_H
#define NATDIFF_STATS_EVENTS_H

#include <stddef.h>
#include <stdint.h>

struct events_coincidence {
	int64_t together; /* failures in an event bin or the one after it */
	double p;         /* share of shifts with at least as many */
};

/*
 * Circular-shift permutation of all n shifts of the event bins against the
 * failures: keeps the bursts of both, so it holds for bursty series, and
 * needs no random numbers.  fails[i] counts failures, logged[i] is not 0 in
 * an event bin; a bin follows the last one in a circle.  p is NaN at n = 0.
 * O(n m), m being the smaller of failing bins and bins (not) next to events.
 */
void events_coincide(const uint32_t *fails, const uint8_t *logged, size_t n,
    struct events_coincidence *out);

#endif
