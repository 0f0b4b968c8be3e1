/*
 * The work of one slot: names are resolved, then each shot is fired at its
 * instant, on every path of this host.
 */
#ifndef NATDIFF_PROBE_SLOTWORK_H
#define NATDIFF_PROBE_SLOTWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <openssl/ssl.h>

#include "probe/conf.h"
#include "probe/engine.h"
#include "probe/plan.h"
#include "probe/recorder.h"
#include "probe/resolve.h"

struct event_base;
struct sampler;
struct slotwork;

/* One path that this process measures. */
struct lane {
	const struct conf_path *path;
	struct resolver *resolver;
	int run; /* as the recorder knows it */
	int64_t planned, fired, ok, failed;
};

/* What the slots of a process share. */
struct slotwork_context {
	struct event_base *base;
	const struct conf *conf;
	struct engine *engine;
	struct recorder *recorder;
	struct sampler *sampler;
	struct lane *lanes;
	size_t n_lanes;
	const int *endpoint_numbers; /* by index, as the recorder knows them */
	X509_STORE *const *stores;   /* by endpoint */
	int64_t rotation;
	bool late_is_fine;   /* --once: what is past due fires at once */
	int64_t next_serial; /* of a resolution */
	/* An attempt that never got a socket: its name did not resolve. */
	void (*on_unresolved)(void *arg, struct attempt_record *a);
	void (*on_slot_done)(void *arg, struct slotwork *w);
	void *arg;
};

/*
 * Begin the work of a slot: resolving starts now, shots fire at their time.
 * on_slot_done is called from the loop when all shots were fired; the work is
 * freed after it.  first: the first slot of the run.
 */
struct slotwork *slotwork_begin(
    struct slotwork_context *c, int64_t slot, bool first);

/* A slot that is planned, but not fired. */
void slotwork_skip(struct slotwork_context *c, int64_t slot, bool first);

int64_t slotwork_slot(const struct slotwork *w);

/* Look at the clock again: it has stepped. */
void slotwork_rearm(struct slotwork *w);

/* Fire nothing more; on_slot_done is not called. */
void slotwork_cancel(struct slotwork *w);

#endif
