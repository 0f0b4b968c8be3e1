/*
 * Names to addresses, with the exact reason where there are none: c-ares
 * under libevent, one resolver a path, so that questions leave where the
 * path's attempts leave.
 */
#ifndef NATDIFF_PROBE_RESOLVE_H
#define NATDIFF_PROBE_RESOLVE_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/conf.h"

struct event_base;
struct resolver;

/*
 * A resolver for one path.  Its sockets are bound as the path's are, but
 * where a name server is on this host (127.0.0.53 and the like).  path and
 * base outlive it.
 */
struct resolver *resolver_new(struct event_base *base,
    const struct conf_path *path, int64_t timeout_us, struct err *e);

/* Open questions are answered with FAILURE_INTERRUPTED first. */
void resolver_free(struct resolver *r);

struct resolve_answer {
	enum failure failure;
	const char *failure_text; /* the library's own, NULL on success */
	const struct endpoint_address *addresses; /* with port; sorted */
	size_t n;
	int64_t started_at_us;
	int64_t duration_us;
};

/* The addresses as the store keeps them: a blank between, NULL for none. */
char *resolve_answer_text(const struct resolve_answer *answer);

/*
 * Ask for the addresses of host, both families, as the name is written (no
 * search list); on_answer is called once, perhaps before this returns, and
 * answer is gone after it.
 */
void resolver_ask(struct resolver *r, const char *host, uint16_t port,
    void (*on_answer)(void *arg, const struct resolve_answer *answer),
    void *arg);

#endif
