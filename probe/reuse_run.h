/*
 * The course of reuse: fill the pool, close some, and try until their ports
 * come back; or, where the pool is too large to be filled, close and open in
 * turn and look for a port that is seen twice.
 */
#ifndef NATDIFF_PROBE_REUSE_RUN_H
#define NATDIFF_PROBE_REUSE_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/measurement.h"
#include "probe/active.h"
#include "probe/reuse.h"

/* Why there is no estimate. */
enum reuse_why {
	REUSE_WHY_NONE,    /* there is one */
	REUSE_WHY_CONTROL, /* the control failed */
	REUSE_WHY_NOTHING, /* no connection, or cut short */
	REUSE_WHY_UNTOLD,  /* not filled, and the far end tells no ports */
	REUSE_WHY_KEPT,    /* the NAT keeps the local port: no choice of its */
	REUSE_WHY_IN_TURN, /* ports in turn: a return shows the round only */
	REUSE_WHY_TOO_LARGE, /* a pool in which no return is to be expected */
	REUSE_WHY_NO_RETURN, /* none came back in the time */
	REUSE_WHYS
};
const char *reuse_why_name(enum reuse_why w);

/* For each way of closing, by enum heldlink_closing. */
#define REUSE_CLOSINGS 2

struct reuse_result {
	enum measurement_end ended_how;
	bool full;    /* the pool was filled */
	int64_t held; /* connections at once, when it was, or at most */
	int64_t links;
	int64_t links_needed; /* REUSE_WHY_TOO_LARGE: to make it worth a try */
	int64_t control_checks;
	int64_t control_failed;
	struct reuse_pool pool;
	struct reuse_estimate estimate[REUSE_CLOSINGS];
	enum reuse_why why[REUSE_CLOSINGS];
};

/*
 * At most max connections at once, at most wait_us of waiting for each way of
 * closing.  All are closed, by reset, when this returns.
 */
void reuse_run(
    struct active *a, int64_t max, int64_t wait_us, struct reuse_result *r);

#endif
