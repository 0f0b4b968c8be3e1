/*
 * A natdiff database opened for reading, as if an enemy had made it: the file
 * may be anything, and whoever writes it may be at work.  This folder is the
 * only reader of SQL.
 */
#ifndef NATDIFF_LOAD_DATABASE_H
#define NATDIFF_LOAD_DATABASE_H

#include <stdint.h>

#include <sqlite3.h>

#include "natdiff/err.h"

/*
 * A database up to this size is checked as a whole before it is read, and so
 * are several that are together: that takes less than a tenth of a second.
 * Larger ones show their damage when the damaged page is met.
 */
#define DATABASE_CHECKED_BYTES (32 * 1024 * 1024)

/*
 * Open for reading, within one transaction: all statements see one moment,
 * whatever an agent writes meanwhile.  NULL, and e says why in one line: not
 * a file, empty, no SQLite database, not ours, newer, damaged, tables that
 * natdiff did not make.
 */
sqlite3 *database_open(const char *file, struct err *e);

/*
 * The same without that check: for a file that was checked just now, or is
 * one of more than can be.
 */
sqlite3 *database_open_again(const char *file, struct err *e);

/* Close; NULL does nothing.  Statements must have been finalised. */
void database_close(sqlite3 *db);

/* A statement, or NULL and e.  file is the name in the message. */
sqlite3_stmt *database_prepare(
    sqlite3 *db, const char *file, const char *sql, struct err *e);

/* e from SQLite's own words about the last call: returns -1. */
int database_error(sqlite3 *db, const char *file, struct err *e);

/* The version of its schema, from 1; 0 where it cannot be read. */
int64_t database_version(sqlite3 *db);

/*
 * More rows than can be in a file of that size: a page that is used in more
 * than one place would else be read without end.
 */
int64_t database_rows_most(sqlite3 *db);

#endif
