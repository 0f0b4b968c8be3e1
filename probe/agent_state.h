/*
 * The agent's state, shared by agent.c (its life) and agent_setup.c (opening
 * and closing what it needs).
 */
#ifndef NATDIFF_PROBE_AGENT_STATE_H
#define NATDIFF_PROBE_AGENT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/agent.h"
#include "probe/hostfacts.h"
#include "probe/lock.h"
#include "probe/slotwork.h"

/* Slots whose shots are not all fired: more only if resolving hangs. */
#define SLOTS_AT_ONCE_MAX 16

struct agent {
	const struct agent_options *o;
	struct event_base *base;
	struct event *heartbeat, *slot_timer, *on_int, *on_term;
	struct slotwork_context context;
	struct lock *locks[CONF_PATHS_MAX];
	int *endpoint_numbers;
	X509_STORE **stores;
	struct hostfacts facts;

	struct slotwork *active[SLOTS_AT_ONCE_MAX];
	size_t n_active;
	int64_t next_slot, slots_begun;
	int64_t first_slot_at_us, until_us;
	int64_t sampled_us;
	int64_t clock_offset_us; /* wall minus monotonic */
	int64_t clock_step_us;
	bool interrupted;
};

/*
 * Open the database and what else firing needs.  context.on_unresolved,
 * context.on_slot_done and on_done, all with ag as their arg, are the
 * caller's.  -1 and e on failure, *end says whether the path is busy; close
 * in any case.
 */
int agent_open(struct agent *ag,
    void (*on_done)(void *arg, struct attempt_record *a), enum agent_end *end,
    struct err *e);

/* Close everything but the recorder, which agent.c closes before. */
void agent_close(struct agent *ag);

#endif
