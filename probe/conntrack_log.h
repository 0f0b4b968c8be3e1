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

/* What the kinds of events are named that tell how full the table is. */
#define CONNTRACK_ENTRIES_KIND "conntrack_count"
#define CONNTRACK_MAX_KIND     "conntrack_max"

/*
 * The longest stretch in one row: a report that wants a window of time looks
 * no further back than this for rows that reach into it.
 */
#define CONNTRACK_STRETCH_MAX_US (INT64_C(3600) * 1000000)

struct conntrack_log;

/* NULL and e where the database cannot be used.  source is copied. */
struct conntrack_log *conntrack_log_open(
    const char *database, const char *source, struct err *e);
void conntrack_log_close(struct conntrack_log *l);

/*
 * Store a sample, all of it or, with -1 and e, nothing: then the next one may
 * begin where this one did.
 */
int conntrack_log_add(
    struct conntrack_log *l, const struct conntrack_sample *s, struct err *e);

#endif
