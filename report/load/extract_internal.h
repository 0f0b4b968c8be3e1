/*
 * Inside report/load/extract*.c: the tables, and the database at work.
 */
#ifndef NATDIFF_LOAD_EXTRACT_INTERNAL_H
#define NATDIFF_LOAD_EXTRACT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "natdiff/err.h"
#include "natdiff/text.h"
#include "report/load/extract.h"

#define EXTRACT_SQL_MAX 65536

/* Open ends of a window; far enough from the ends of int64_t for a margin. */
#define EXTRACT_TIME_FIRST (-(INT64_C(1) << 62))
#define EXTRACT_TIME_LAST  (INT64_C(1) << 62)

/* How a table is read, and how its rows are known in the new one. */
struct extract_table {
	const char *name;
	/* Rows of the window from ?1 to ?2; NULL: all. */
	const char *where;
	/* Columns that make a row what it is; NULL: all of them. */
	const char *key;
	/* Which of the copies of a row counts. */
	const char *best;
	/* Which rows count at all. */
	const char *wanted;
	/* Two rows of one file may be alike, and both count. */
	bool repeats;
};

/* Rows without an id of their own, that belong to a row of another table. */
struct extract_child {
	const char *name, *parent, *column, *where;
};

/* Columns that hold an id.  A row counts only where what it names does. */
struct extract_reference {
	const char *table, *column, *to;
	bool may_lack; /* it counts all the same, and names nothing then */
};

/* extract_tables.c; those that others refer to come first. */
extern const struct extract_table extract_tables[];
extern const size_t extract_n_tables;
extern const struct extract_child extract_children[];
extern const size_t extract_n_children;
extern const struct extract_reference extract_references[];
extern const size_t extract_n_references;

/* The reference that a column is, or NULL. */
const struct extract_reference *extract_reference_of(
    const char *table, const char *column);

struct column {
	char *name;
	bool text;
};

struct columns {
	struct column *column;
	size_t n, capacity;
};

struct extraction {
	sqlite3 *db; /* the new one */
	const char *to;
	const struct load_filter *filter;
	struct pseudonyms *pseudonyms;
};

/* e from SQLite's words on the new database; -1. */
int extract_fail(struct extraction *x, struct err *e);

int extract_sql(struct extraction *x, const char *sql, struct err *e);

/* Run what was put together; sql is empty then. */
int extract_text(struct extraction *x, struct text *sql, struct err *e);

/* A table's columns, to be cleared; what it holds at -1 is nothing. */
int extract_columns(
    struct extraction *x, const char *table, struct columns *c, struct err *e);
void extract_columns_clear(struct columns *c);

/* extract_stage.c: the rows of the files into temporary tables. */
int extract_stage(struct extraction *x, char **files, size_t n, struct err *e);

/* extract_names.c: private names, where there are pseudonyms. */
int extract_see(struct extraction *x, struct err *e);

/* How a text is replaced: the second argument of SQL's pseudonym(). */
int extract_replacement(const char *table, const char *column);

/* extract_merge.c: from the temporary tables into the new ones. */
int extract_merge(struct extraction *x, struct err *e);

#endif
