/*
 * The far end of our own: an HTTPS and WebSocket server that records what
 * arrives and tells each client its address as seen here.  Bounded in
 * connections, in memory for each of them, and in time.
 */
#ifndef NATDIFF_PROBE_WITNESS_H
#define NATDIFF_PROBE_WITNESS_H

#include <stdint.h>

#include <openssl/ssl.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/recorder.h"

struct witness_options {
	SSL_CTX *tls;
	struct recorder *recorder;
	int64_t first_arrival; /* id of the first row */
	int64_t max_connections;
	int64_t hold_us;        /* a WebSocket may be silent this long */
	const char *shared_key; /* NULL: everybody is served */
};

/* What was seen, for the last line that a witness prints. */
struct witness_totals {
	int64_t arrivals;
	int64_t hellos;
	int64_t requests;
	int64_t upgrades;
	int64_t refused;
};

struct witness;

/* What o points to outlives the witness.  NULL and e on failure. */
struct witness *witness_new(const struct witness_options *o, struct err *e);
void witness_free(struct witness *w);

/* Accept on fd, which is the witness's from now on. */
int witness_listen(struct witness *w, int fd, struct err *e);

/*
 * Serve until SIGINT or SIGTERM comes; then WebSockets are closed and
 * everything is recorded.  -1 and e where the loop fails.
 */
int witness_run(
    struct witness *w, struct witness_totals *totals, struct err *e);

#endif
