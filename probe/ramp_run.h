/*
 * The course of a ramp: held connections in steps, until new ones fail or the
 * control does.
 */
#ifndef NATDIFF_PROBE_RAMP_RUN_H
#define NATDIFF_PROBE_RAMP_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/measurement.h"
#include "probe/active.h"
#include "probe/ramp.h"

/* Public addresses told apart; a NAT has a few. */
#define RAMP_ADDRESSES_MAX 16

/* The ports of one public address, as the far end saw them. */
struct ramp_address {
	struct endpoint_address address;
	int64_t ports;
	uint16_t first, last;
};

struct ramp_result {
	enum measurement_finding finding;
	enum measurement_end ended_how;
	struct ramp_estimate estimate;
	int64_t tries;
	int64_t most_up;             /* that were answered, at once */
	int64_t ends[HELDLINK_ENDS]; /* of those that did not come about */
	int64_t lost;                /* of those held, by themselves */
	enum heldlink_end lost_how;  /* the first of these */
	const char *text; /* what was wrong with the first failure, or NULL */
	int status;       /* its HTTP status, or 0 */
	int64_t control_checks;
	int64_t control_failed;
	enum heldlink_end control_end; /* of the last that failed */
	bool held_answered;            /* asked when the control failed */
	int host_errno;                /* of the first end HELDLINK_HOST */
	struct ramp_address addresses[RAMP_ADDRESSES_MAX];
	size_t n_addresses;
};

/*
 * Climb to at most max connections at once.  Everything is closed, by reset,
 * when this returns: so the NAT has its ports back in seconds, where after a
 * FIN it would hold each of them for its TIME_WAIT.
 */
void ramp_run(struct active *a, int64_t max, struct ramp_result *r);

#endif
