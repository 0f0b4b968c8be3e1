/*
 * Questions to a database that extract_database() made, and their answers
 * row by row.
 */
#ifndef NATDIFF_LOAD_ROWS_H
#define NATDIFF_LOAD_ROWS_H

#include "natdiff/err.h"
#include "report/load/export.h"

enum rows {
	/* Every failed attempt, with the direct one of the same instant. */
	ROWS_FAILURES,
	/* What the far end is asked, and where it answers. */
	ROWS_EDGE_QUERY,
	/* For the letter: texts as they are shown there. */
	ROWS_LETTER_PATHS,
	ROWS_LETTER_SPAN,
	ROWS_LETTER_WINDOWS,
	ROWS_LETTER_FAILURES,
	ROWS_LETTER_SUCCESSES,
	/* What others recorded. */
	ROWS_GATEWAY_EVENTS,
	ROWS_EDGE_ENTRIES,
	ROWS_ARRIVALS,
	ROWS_WITNESSES,
	ROWS_APP_FAILURES,
	ROWS_IMPORTS,
	ROWS_MEASUREMENTS,
	/* Runs with the facts of their hosts, by agent. */
	ROWS_RUNS,
	ROWS_COUNT
};

struct rows_source;

/* Open; NULL and e where it cannot be. */
struct rows_source *rows_open(const char *file, struct err *e);
void rows_close(struct rows_source *s);

/*
 * Give all rows to a sink, which sees the head first, also where there are no
 * rows.  -1 and e where the database says no.
 */
int rows_each(struct rows_source *s, enum rows which,
    const struct export_sink *sink, struct err *e);

/* Whether there is any row. */
bool rows_any(struct rows_source *s, enum rows which);

#endif
