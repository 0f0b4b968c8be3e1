/*
 * Time series of cloud providers: which of their metrics is what kind of
 * gateway event, and points as events.
 */
#ifndef NATDIFF_IMPORT_SERIES_H
#define NATDIFF_IMPORT_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "report/import/format.h"

/* A provider's metric, perhaps with one value of a dimension only. */
struct series_kind {
	const char *metric;
	const char *dimension; /* NULL: any */
	const char *kind;      /* of the event; NULL: not wanted */
};

/*
 * The kind of a metric by a table that ends with a NULL metric; names are
 * compared in lower case.  false: it is not in the table.
 */
bool series_find(const struct series_kind *table, const char *metric,
    const char *dimension, const char **kind);

/* How far the points of a series lie apart, a minute where nothing tells. */
struct series_times {
	int64_t *at_us;
	size_t n, capacity;
};
void series_times_add(struct series_times *t, int64_t at_us);
int64_t series_period_us(const struct series_times *t);
void series_times_clear(struct series_times *t);

/* ev at at_us of the series named by name, which tells it from others. */
enum piece_result series_point(
    struct parse *p, struct gateway_event_record *ev, const char *name);

#endif
