/*
 * Logs of others into a database.
 */
#ifndef NATDIFF_IMPORT_IMPORT_H
#define NATDIFF_IMPORT_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/store.h"
#include "report/import/capture.h"
#include "report/import/format.h"

/* Bad lines of a file that are told one by one; the rest is counted. */
#define BAD_LINES_TOLD 5

struct import_request {
	const char *file;            /* "-": standard input */
	const struct format *format; /* NULL: by its first lines */
	bool edge;                   /* of edge logs only */
	struct import_hints hints;   /* written_us is set here */
	bool show_progress;          /* on stderr */
};

struct import_result {
	const char *kind;
	int64_t bytes; /* unpacked */
	int64_t rows, duplicates, skipped, bad_lines;
	char bad_line[BAD_LINES_TOLD][200]; /* "FILE:LINE: what, expected" */
	int64_t before_us; /* imported then; NOT_MEASURED: it was not */
	bool is_capture;
	struct capture_record capture; /* where it is one */
};

/*
 * One file, in one transaction: with -1 and e the database is as it was, and
 * so it is where the same content was imported before.
 */
int import_file(struct store *st, struct import_request *rq,
    struct import_result *r, struct err *e);

#endif
