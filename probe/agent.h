/*
 * The agent: fires the plan's shots in their slots and hands what comes back
 * to the recorder.  One process, one loop, one or more paths.
 */
#ifndef NATDIFF_PROBE_AGENT_H
#define NATDIFF_PROBE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/conf.h"
#include "probe/plan.h"

/* What is told while it runs, for a progress line. */
struct agent_status {
	int64_t slots_begun;
	int64_t slots_wanted; /* 0: no end */
	int64_t now_us;
	int64_t first_slot_at_us;
	int64_t until_us; /* 0: no end */
	size_t in_flight;
	size_t n_paths;
	struct {
		const char *name;
		int64_t ok, failed;
	} paths[CONF_PATHS_MAX];
};

struct agent_options {
	const struct conf *conf;
	const char *path;    /* only this one; NULL: all that are configured */
	bool once;           /* the current slot, then the end */
	int64_t slots;       /* 0: no bound */
	int64_t duration_us; /* 0: no bound */
	/* Each of these may be NULL. */
	void (*on_attempt)(void *arg, const struct attempt_record *a);
	void (*on_status)(void *arg, const struct agent_status *s);
	/*
	 * Storing begins to fail (e says why), or works again (NULL; lost
	 * rows are gone for good); any thread.
	 */
	void (*on_trouble)(void *arg, const struct err *e, int64_t lost);
	void *arg;
};

enum agent_end {
	AGENT_FINISHED,    /* all slots that were asked for */
	AGENT_INTERRUPTED, /* SIGINT or SIGTERM */
	AGENT_BUSY,        /* another process measures this path */
	AGENT_FAILED,      /* e says why */
};

/*
 * Run to the end.  *fired counts the attempts.  On AGENT_FAILED and
 * AGENT_BUSY e is set; what was measured is stored as far as that is
 * possible.
 */
enum agent_end agent_run(
    const struct agent_options *o, int64_t *fired, struct err *e);

#endif
