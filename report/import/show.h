/*
 * The progress line of an import, on a terminal.
 */
#ifndef NATDIFF_IMPORT_SHOW_H
#define NATDIFF_IMPORT_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "report/import/reader.h"

struct import_show {
	bool on;
	bool drawn;
	const char *name;
	int64_t begun_us, last_us;
};

void import_show_begin(struct import_show *s, bool on, const char *name);

/* Draw it anew, a few times a second. */
void import_show(struct import_show *s, const struct reader *r, int64_t rows);

/* Take it away. */
void import_show_end(struct import_show *s);

/* Bytes as 312 kB, 1.2 GB; out has SHOW_BYTES_SIZE bytes and is returned. */
#define SHOW_BYTES_SIZE 24
char *import_show_bytes(int64_t bytes, char *out);

#endif
