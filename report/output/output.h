/*
 * The formats of a report.
 */
#ifndef NATDIFF_OUTPUT_OUTPUT_H
#define NATDIFF_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "natdiff/err.h"
#include "report/report.h"

struct output_options {
	bool explain; /* print the queries behind the evidence */
	/*
	 * Where not NULL: set to why something of the report is missing, as
	 * it then says itself; else left as it is.
	 */
	struct err *remark;
};

struct output_format {
	const char *name;
	/* Write r; what went wrong with out shows in ferror(). */
	void (*write)(const struct report *r,
	    const struct output_options *options, FILE *out);
};

/* The format of that name; NULL, and e names those that there are. */
const struct output_format *output_find(const char *name, struct err *e);

void output_text(
    const struct report *r, const struct output_options *options, FILE *out);
void output_markdown(
    const struct report *r, const struct output_options *options, FILE *out);
/*
 * What a person who waits for it needs: as text, without the counts, and what
 * can be done without last, since a screen ends somewhere.
 */
void output_watch(const struct report *r, FILE *out);
void output_html(
    const struct report *r, const struct output_options *options, FILE *out);
void output_json(
    const struct report *r, const struct output_options *options, FILE *out);

#endif
