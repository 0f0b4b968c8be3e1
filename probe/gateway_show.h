/*
 * What `natdiff-probe gateway` shows of its samples.
 */
#ifndef NATDIFF_PROBE_GATEWAY_SHOW_H
#define NATDIFF_PROBE_GATEWAY_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "probe/conntrack.h"
#include "probe/conntrack_ports.h"

/* A reading of the table of connections, its first uses ranked. */
struct gateway_table {
	const struct conntrack_ports *ports;
	size_t ranked;
};

/* What was seen since the start; all zeros is nothing. */
struct gateway_seen {
	int64_t from_us, to_us;
	int64_t samples;
	int64_t increase[CONNTRACK_COUNTERS];
	int64_t most_entries;
	struct conntrack_use busiest; /* most ports of any table; 0: none */
	struct conntrack_use last;    /* the same of the last table */
};

/* In all of these t is NULL where the table was not read. */
void gateway_seen_add(struct gateway_seen *seen,
    const struct conntrack_sample *s, const struct gateway_table *t);

/* A JSON line on standard output. */
void gateway_show_json(const struct conntrack_sample *s,
    const struct gateway_table *t, const char *source);

/* The progress line, on standard error. */
void gateway_show_line(
    const struct conntrack_sample *s, const struct gateway_seen *seen);

/* One line on standard output. */
void gateway_show_summary(const struct gateway_seen *seen);

#endif
