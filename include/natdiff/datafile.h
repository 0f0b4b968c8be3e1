/*
 * Data files: lines of words, "#" begins a comment at the start of a word.
 * Errors say FILE:LINE.
 */
#ifndef NATDIFF_DATAFILE_H
#define NATDIFF_DATAFILE_H

#include <stddef.h>

#include "natdiff/err.h"

/* Larger than any data file that makes sense. */
#define DATAFILE_BYTES_MAX 262144

/* The line that is being read. */
struct dataline {
	const char *file;
	int number;
	char *rest; /* what is left of it; changed by reading */
	struct err *e;
};

/*
 * Call on_line for each line that is not empty, with its first word; it
 * returns -1, having set e, to end the reading.  -1 and e too where the file
 * is too large or holds bytes that are no text.
 */
int datafile_parse(const char *file, const char *text, size_t size,
    int (*on_line)(void *arg, struct dataline *line, const char *word),
    void *arg, struct err *e);

/* The whole of a file as text, free(); NULL and e. */
char *datafile_load(const char *file, size_t *size, struct err *e);

/* The next word; NULL at the end of the line. */
char *dataline_word(struct dataline *line);

/* All that is left, without blanks around it; NULL where nothing is. */
char *dataline_text(struct dataline *line);

/* "FILE:LINE: found, expected what"; found may be NULL: the end.  -1. */
int dataline_refuse(
    const struct dataline *line, const char *found, const char *expected);

#endif
