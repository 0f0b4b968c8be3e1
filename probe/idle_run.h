/*
 * The course of `natdiff-probe idle`: rounds of connections that are opened,
 * left silent, and asked for a sign of life.
 */
#ifndef NATDIFF_PROBE_IDLE_RUN_H
#define NATDIFF_PROBE_IDLE_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/active.h"
#include "probe/idle_plan.h"

/* The path that is measured, and the direct one beside it. */
enum { IDLE_SIDES = 2 };

struct idle_side {
	const struct conf_path *path;
	struct idle_trial *trials;
	size_t n, capacity;
	size_t opened;     /* connections that came up */
	size_t not_opened; /* and that did not, or ended by our own doing */
	size_t spoken;     /* silences that the far end broke with data */
	size_t kept;       /* and with TCP's keep-alive */
};

struct idle_run {
	struct active *a;
	const struct idle_plan *plan;
	struct idle_side sides[IDLE_SIDES];
	size_t n_sides;
	int rounds;         /* that were begun */
	int64_t control_us; /* when to look at the control again */
};

/*
 * Measure: how it ended, and e says why where it failed or was stopped.  The
 * trials are there in each case; idle_run_clear() frees them.
 */
enum measurement_end idle_run(struct idle_run *r, struct err *e);
void idle_run_clear(struct idle_run *r);

#endif
