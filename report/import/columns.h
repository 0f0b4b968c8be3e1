/*
 * Tables with named columns, as CSV with a header or as JSON lines: a value by
 * what it means, whatever its column is called.
 */
#ifndef NATDIFF_IMPORT_COLUMNS_H
#define NATDIFF_IMPORT_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/import/format.h"

/* A meaning, and the usual names of columns that have it, ended by NULL. */
#define COLUMN_NAMES_MAX 16
struct column_meaning {
	const char *name;
	const char *others[COLUMN_NAMES_MAX];
};

/* What a kind of table has; the first meaning is the time. */
#define COLUMN_MEANINGS_MAX 16
struct column_table {
	const struct column_meaning *meanings;
	size_t n;
	/*
	 * A row: the value of each meaning, or NULL, and what tells the row
	 * from others.
	 */
	enum piece_result (*row)(
	    struct parse *p, const char *const *value, const char *identity);
};

/*
 * For formats that have a table: read a line of CSV, the header at first, or
 * an object, and give its values to row(); what that said, else PIECE_SKIPPED
 * for the header, or PIECE_BAD.
 */
enum piece_result columns_line(struct parse *p, char *line);
enum piece_result columns_json(struct parse *p, const struct jnode *o);

/* Whether a header has the time, and with it so many meanings at least. */
bool columns_known(
    const struct column_table *t, const char *line, size_t least);

/* The time of a row, from its value: PIECE_READ or PIECE_BAD. */
enum piece_result columns_time(
    struct parse *p, const char *value, int64_t *at_us);

/* An address from one column, with its port there or in another one. */
bool columns_address(
    const char *ip, const char *port, struct endpoint_address *a);

#endif
