/*
 * A file that is there whole or not at all: kept in memory until its end, then
 * written under another name beside it, and renamed.
 */
#ifndef NATDIFF_OUTPUT_OUTFILE_H
#define NATDIFF_OUTPUT_OUTFILE_H

#include <stdio.h>

#include "natdiff/err.h"

struct outfile {
	FILE *f;
	char *name; /* NULL: standard output */
	char *text; /* what f has so far; NULL: written in its place */
	size_t size;
};

/*
 * Begin the file, mode 0644 less the umask.  NULL as a name is standard
 * output.  What is there and no regular file (a device, a fifo) is written in
 * its place; a symbolic link stays one, and a database is not replaced.  Until
 * outfile_commit() the folder is not touched.  -1 and e where it cannot be
 * written.
 */
int outfile_begin(struct outfile *o, const char *name, struct err *e);

/*
 * End it: all was written, synchronised and renamed; else -1 and e, and there
 * is no file, or the one that was there before.  SIGHUP, SIGINT and SIGTERM
 * wait meanwhile.
 */
int outfile_commit(struct outfile *o, struct err *e);

/* Leave everything as it was before outfile_begin(). */
void outfile_abandon(struct outfile *o);

#endif
