/*
 * What was imported and can be joined to attempts one by one: requests in the
 * far end's log, by our id or by the address and port it saw; lines of a
 * gateway about one connection, by addresses, ports and time.  Pure.
 */
#ifndef NATDIFF_REPORT_IMPORTS_H
#define NATDIFF_REPORT_IMPORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/record.h"
#include "report/names.h"

/* How far clocks of logs may be off. */
#define JOIN_SLACK_US INT64_C(2000000)

/* Joined to an attempt: bits of attempts.seen. */
#define SEEN_EDGE     1 /* the far end's log has its id */
#define SEEN_ADDRESS  2 /* or a request from its address and port */
#define SEEN_REFUSED  4 /* the gateway's log: it was refused a port */
#define SEEN_REJECTED 8 /* a flow log: it was rejected by a rule */

struct edge_seen {
	uint8_t id[ATTEMPT_ID_SIZE];
	bool named;
	uint16_t port;    /* 0: not told */
	uint32_t address; /* in imports.addresses */
	int64_t at_us;
};

struct nat_line {
	uint32_t address, target; /* in imports.addresses, .targets */
	uint16_t port;
	uint8_t bit; /* SEEN_... */
	bool joined; /* to an attempt */
	int64_t from_us, to_us;
	char *source; /* owned; so kind */
	char *kind;
};

struct app_seen {
	int64_t at_us;
	uint32_t address, target; /* UINT32_MAX: not told */
	uint16_t port;
};

struct imports {
	struct edge_seen *edge; /* by id, the nameless ones last */
	size_t n_edge, edge_capacity;
	size_t n_named;
	struct edge_seen *ports; /* those with a port, by it and time */
	size_t n_ports, ports_capacity;
	int64_t edge_from_us, edge_to_us; /* of the log */
	struct nat_line *lines;           /* by address, port and time */
	size_t n_lines, lines_capacity;
	struct app_seen *app;
	size_t n_app, app_capacity;
	struct names addresses; /* "10.0.0.1" */
	struct names targets;   /* as in dataset.targets */
};

void imports_clear(struct imports *im);

/* Add a row; texts are copied.  All of them before imports_finish(). */
void imports_add_edge(struct imports *im, const struct edge_seen *e);
void imports_add_line(struct imports *im, const struct nat_line *l,
    const char *source, const char *kind);
void imports_add_app(struct imports *im, const struct app_seen *a);
void imports_finish(struct imports *im);

/* Whether there is anything that an attempt can be joined to. */
bool imports_any(const struct imports *im);

/* An attempt, as far as it is known; NULL and 0: not known. */
struct join_key {
	const uint8_t *id; /* ATTEMPT_ID_SIZE */
	const char *local;
	const char *observed;
	const char *target;
	uint16_t local_port, observed_port;
	int64_t from_us, to_us;
};

/* The bits of what it is joined to; lines are marked as joined. */
uint8_t imports_join(struct imports *im, const struct join_key *k);

/* How many of the application's failures have a line of a refused port. */
size_t imports_app_refused(const struct imports *im);

#endif
