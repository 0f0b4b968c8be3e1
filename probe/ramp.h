/*
 * What the tries of a ramp add up to: how many connections there was room
 * for.  Pure.
 *
 * A pool that is simply full refuses from one connection to the next.  A
 * large one refuses sooner and not always: Linux looks at a few hundred ports
 * and gives up, so that near the end a try is let in or refused by chance.
 * So there are three numbers: low, held when the first was refused; best, the
 * most that were held; high, what there may be room for all the same.
 */
#ifndef NATDIFF_PROBE_RAMP_H
#define NATDIFF_PROBE_RAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One connection that was tried; times of one monotonic clock. */
struct ramp_try {
	int64_t opened_us;
	int64_t connected_us;    /* 0: never */
	int64_t ended_us;        /* 0: held until the ramp ended */
	int64_t syn_retransmits; /* NOT_MEASURED: not known */
};

struct ramp_estimate {
	int64_t low;
	int64_t best;
	int64_t high;      /* NOT_MEASURED: the tries ended with a success */
	int64_t last_syns; /* refused in a row at the end */
};

/* Whether the first SYN of a try was left without an answer. */
bool ramp_was_refused(const struct ramp_try *t);

/*
 * Tries stand in the order in which they were opened.
 *
 * Refusals that come at the rate of the first half of the tries are loss, not
 * the limit: low is where more than that begin.  high: let p be the chance of
 * a SYN, which falls from 1 at low to 0 at the true size.  Where free ports
 * are searched for at random p(free) = 1 - exp(-k free) is concave, so
 * free <= p * (size - low).  m SYNs refused in a row bound p by 3 / m (95 %,
 * the rule of three: Hanley and Lippman-Hand, JAMA 249, 1983).
 */
void ramp_estimate(const struct ramp_try *t, size_t n, struct ramp_estimate *e);

#endif
