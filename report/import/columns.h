/*
 * Tables with named columns, as CSV with a header or as JSON lines: a value by
 * what it means, whatever its column is called.
 */
#ifndef NATDIFF_IMPORT_COLUMNS_H
#define NATDIFF_IMPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/import/format.h"

#define COLUMNS_MAX 256

/* A meaning, and the usual names of columns that have it, ended by NULL. */
#define COLUMN_NAMES_MAX 16
struct column_meaning {
	const char *name;
	const char *others[COLUMN_NAMES_MAX];
};

/* The header of a CSV; zeros at first. */
struct columns {
	bool known;
	char separator;
	size_t n;
	int meaning[COLUMNS_MAX]; /* index of it, or -1 */
};

/*
 * Read a CSV line: value[i], of the i-th meaning, or NULL.  The first line
 * is the header: PIECE_SKIPPED.  PIECE_READ, or PIECE_BAD.
 */
enum piece_result columns_line(struct parse *p, struct columns *c,
    const struct column_meaning *meanings, size_t n, char *line,
    const char **value);

/* So, of an object: PIECE_READ or PIECE_BAD. */
enum piece_result columns_json(struct parse *p, const struct jnode *o,
    const struct column_meaning *meanings, size_t n, const char **value);

/* Whether a header, or an object, has the first meaning (the time). */
bool columns_known(const struct column_meaning *meanings, size_t n,
    const char *line, size_t least);

/* An address from one column, with its port there or in another one. */
bool columns_address(
    const char *ip, const char *port, struct endpoint_address *a);

#endif
