/*
 * A file that is there whole or not at all: written under another name beside
 * it, and renamed at the end.
 */
#ifndef NATDIFF_OUTPUT_OUTFILE_H
#define NATDIFF_OUTPUT_OUTFILE_H

#include <stdio.h>

#include "natdiff/err.h"

struct outfile {
	FILE *f;
	char *name;      /* what it will be */
	char *temporary; /* what it is; NULL: written in its place */
};

/*
 * Begin the file, mode 0644 less the umask.  NULL as a name is standard
 * output.  What is there and no regular file (a device, a fifo) is written in
 * its place; a symbolic link stays one.  -1 and e where it cannot be made.
 */
int outfile_begin(struct outfile *o, const char *name, struct err *e);

/*
 * End it: all was written, synchronised and renamed; else -1 and e, and there
 * is no file, or the one that was there before.
 */
int outfile_commit(struct outfile *o, struct err *e);

/* Leave everything as it was before outfile_begin(). */
void outfile_abandon(struct outfile *o);

#endif
