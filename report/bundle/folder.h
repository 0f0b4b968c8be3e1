/*
 * The files of a bundle while it is made: in a folder of their own beside the
 * archive, which goes when the program ends, by a signal too.
 */
#ifndef NATDIFF_BUNDLE_FOLDER_H
#define NATDIFF_BUNDLE_FOLDER_H

#include <stddef.h>
#include <stdio.h>

#include "natdiff/err.h"

struct folder_file {
	char *name; /* in the bundle */
	char *path; /* on the disk */
};

struct folder {
	char *path;
	struct folder_file *file; /* by name, after folder_sort() */
	size_t n, capacity;
};

/*
 * Make the folder, beside the file `beside`.  One at a time: a signal removes
 * it.  -1 and e.
 */
int folder_open(struct folder *f, const char *beside, struct err *e);

/* Remove the files and the folder; all zero does nothing. */
void folder_close(struct folder *f);

/*
 * Give a file of the bundle a place; its path.  The name is one that
 * manifest_bad_name() has nothing against, and is not there yet.
 */
const char *folder_add(struct folder *f, const char *name);

/* The same, opened for writing; and its end, -1 and e where not all is there.
 */
FILE *folder_create(struct folder *f, const char *name, struct err *e);
int folder_finish(struct folder *f, FILE *out, struct err *e);

/* Whether there is a file of that name. */
int folder_has(const struct folder *f, const char *name);

void folder_sort(struct folder *f);

/* What the names of a bundle allow of text, in new memory: others are "-". */
char *folder_name(const char *text);

#endif
