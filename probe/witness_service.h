/*
 * The witness as a process: its ports, its certificate, its place in the
 * database and what it says, round the server of witness.h.
 */
#ifndef NATDIFF_PROBE_WITNESS_SERVICE_H
#define NATDIFF_PROBE_WITNESS_SERVICE_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

#define WITNESS_LISTEN_MAX 16
#define WITNESS_NAMES_MAX  64

/* As the options of natdiff-probe witness have it; texts are not owned. */
struct witness_settings {
	struct endpoint_address listen[WITNESS_LISTEN_MAX];
	size_t n_listen;
	char *names[WITNESS_NAMES_MAX];
	size_t n_names;
	const char *certificate; /* NULL: one is made beside the database */
	const char *key;
	const char *shared_key_file;
	const char *database;
	const char *user;
	int64_t max_connections;
	int64_t hold_us;
	int64_t retain_us;
};

/* A host name or address, as a certificate can hold it. */
bool witness_service_is_name(const char *text);

/*
 * Serve until SIGINT or SIGTERM; says on standard output when it is ready, and
 * at its end what came.  -1 and e where it failed; *holder is the process
 * that records into this database, where that is why.
 */
int witness_service_run(
    const struct witness_settings *o, pid_t *holder, struct err *e);

#endif
