/*
 * Conntrack's samples as gateway events of a database.  Zeros are stored
 * too, since counters are complete and their silence is evidence; a row of
 * zeros grows as long as they go on, so that a quiet month stays small.
 */
#ifndef NATDIFF_PROBE_CONNTRACK_LOG_H
#define NATDIFF_PROBE_CONNTRACK_LOG_H

#include <stdint.h>

#include "natdiff/err.h"
#include "probe/conntrack.h"
#include "probe/conntrack_ports.h"

/* What the kinds of events are named that tell how full the table is. */
#define CONNTRACK_ENTRIES_KIND "conntrack_count"
#define CONNTRACK_MAX_KIND     "conntrack_max"

/* And what the pool of ports is used up by. */
#define CONNTRACK_TRANSLATED_KIND "conntrack_translated"
#define CONNTRACK_PORTS_KIND      "ports_in_use"
#define CONNTRACK_CLOSED_KIND     "ports_closed" /* of ports_in_use */

/* The destinations of a table that are stored: those with most ports. */
#define CONNTRACK_USES_STORED 10

/*
 * The longest stretch in one row: a report that wants a window of time looks
 * no further back than this for rows that reach into it.
 */
#define CONNTRACK_STRETCH_MAX_US (INT64_C(3600) * 1000000)

struct conntrack_log;

/* NULL and e where the database cannot be used.  source is copied. */
struct conntrack_log *conntrack_log_open(
    const char *database, const char *source, struct err *e);
/* Closing NULL does nothing. */
void conntrack_log_close(struct conntrack_log *l);

/*
 * Store a sample, all of it or, with -1 and e, nothing: then the next one may
 * begin where this one did.
 */
int conntrack_log_add(
    struct conntrack_log *l, const struct conntrack_sample *s, struct err *e);

/*
 * Store the first n uses of a table that was read at at_us, and its total; n
 * is at most CONNTRACK_USES_STORED.  All or, with -1 and e, nothing.
 */
int conntrack_log_add_ports(struct conntrack_log *l, int64_t at_us,
    const struct conntrack_ports *p, size_t n, struct err *e);

/*
 * Delete a few rows that are older than retain_us, if it is time to look for
 * some: cheap enough to be called after each sample.  What fails is tried
 * again later.
 */
void conntrack_log_expire(
    struct conntrack_log *l, int64_t at_us, int64_t retain_us);

#endif
