/*
 * The rows of a window, out of any number of databases, as one database of
 * their own: what a bundle holds, and all that it is made from.
 *
 * The same rows give the same bytes (with the same SQLite), in whatever order
 * and in however many files they came: ids are given anew by what the rows
 * hold, a row that is in several files is there once.  Left out are the
 * counters, which are not of the window, rows that nothing in the window
 * refers to, and attempts that refer to rows which are not there.
 */
#ifndef NATDIFF_LOAD_EXTRACT_H
#define NATDIFF_LOAD_EXTRACT_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/load/load.h"
#include "report/pseudonyms.h"

struct extracted {
	int64_t newest_us; /* when the newest row began; 0: no row has a time */
	int64_t attempts;
};

/*
 * Make the database `to`, a file that is not there yet.  pseudonyms, where
 * not NULL, sees every text of the window and is settled, and each text is
 * stored as it has it.  -1 and e where a file cannot be read or this one not be
 * written; `to` is then for the caller to remove.
 */
int extract_database(const char *to, char **files, size_t n,
    const struct load_filter *f, struct pseudonyms *pseudonyms,
    struct extracted *result, struct err *e);

#endif
