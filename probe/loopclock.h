/*
 * How long an event may have waited because our own loop was busy with
 * others.  Time spent there is not the network's, and a report must be able
 * to set aside what it distorted.
 *
 * One turn of the loop waits for events, then runs the callbacks of all that
 * are ready.  An event that is handled now became ready either while the loop
 * slept (then it waited since this turn began) or while the turn before was
 * running (then since that one began, at most).
 */
#ifndef NATDIFF_PROBE_LOOPCLOCK_H
#define NATDIFF_PROBE_LOOPCLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct loopclock {
	int64_t turn;        /* tells turns apart: any value of the loop's */
	int64_t began_us;    /* of this turn */
	int64_t previous_us; /* begin of the one before */
	int64_t left_us;     /* end of the last callback */
	bool slept;          /* between the two */
};

/*
 * A callback begins at now_us in the given turn; returns the bound in
 * microseconds on how long its event has waited.
 */
int64_t loopclock_enter(struct loopclock *c, int64_t turn, int64_t now_us);

/* The callback ends. */
void loopclock_leave(struct loopclock *c, int64_t now_us);

#endif
