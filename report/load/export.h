/*
 * The attempts as they stand in the database, row by row, in a memory that
 * does not grow with them.
 */
#ifndef NATDIFF_LOAD_EXPORT_H
#define NATDIFF_LOAD_EXPORT_H

#include <stddef.h>

#include "natdiff/err.h"
#include "report/load/load.h"

enum export_type { EXPORT_NULL, EXPORT_NUMBER, EXPORT_TEXT };

/* A value of the view "attempts"; text is not changed in any way. */
struct export_value {
	const char *name; /* of its column */
	enum export_type type;
	const char *text; /* a number, too; NULL for EXPORT_NULL */
	size_t size;      /* of text, which may hold NUL */
};

struct export_sink {
	/* Called once, before all rows; values have names only. */
	void (*head)(
	    void *context, const struct export_value *values, size_t n);
	/* -1 ends the export, as what was read cannot be written. */
	int (*row)(void *context, const struct export_value *values, size_t n);
	void *context;
};

/*
 * Give the attempts of the files that the filter lets through to a sink, in
 * the order of the files.  An attempt of a run that is in several files is
 * given once; the ids of those (and no other ones) are kept in memory.  -1,
 * and e, where a file cannot be read; rows may have been given then.  Ended
 * by the sink it is 0.
 */
int export_rows(char **files, size_t n, const struct load_filter *f,
    const struct export_sink *sink, struct err *e);

#endif
