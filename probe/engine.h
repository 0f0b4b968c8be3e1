/*
 * Fires attempts, hundreds at once: libcurl's multi interface under
 * libevent.  One attempt is one connection: never retried, redirected,
 * proxied, resumed or reused.
 */
#ifndef NATDIFF_PROBE_ENGINE_H
#define NATDIFF_PROBE_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/conf.h"

struct engine;
struct event_base;

/* What to fire.  Everything pointed to outlives the attempt. */
struct attempt_order {
	const struct conf_endpoint *endpoint;
	const struct conf_path *path;
	const int64_t *timeout_us; /* by phase */
	X509_STORE *store;         /* for https and wss */
	/* Copied into the record as they are. */
	int run;
	int endpoint_number;
	int64_t slot;
	int seq;
	int64_t resolution_serial;
	struct endpoint_address target;
};

/*
 * on_done gets the finished record, which is its own to clear or to hand on.
 * base outlives the engine.
 */
struct engine *engine_new(struct event_base *base,
    void (*on_done)(void *arg, struct attempt_record *a), void *arg,
    struct err *e);

/* No attempt may be in flight: see engine_interrupt(). */
void engine_free(struct engine *en);

/*
 * Start an attempt now: its SYN has left when this returns.  Call it from
 * the loop, not from on_done.
 */
void engine_fire(struct engine *en, const struct attempt_order *o);

size_t engine_in_flight(const struct engine *en);

/* End what is in flight as FAILURE_INTERRUPTED, in the phase it is in. */
void engine_interrupt(struct engine *en);

#endif
