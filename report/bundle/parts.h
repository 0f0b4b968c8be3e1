/*
 * Inside report/bundle: the files that are made, each by a function that
 * returns -1 and e where it cannot be written.
 */
#ifndef NATDIFF_BUNDLE_PARTS_H
#define NATDIFF_BUNDLE_PARTS_H

#include "natdiff/err.h"
#include "report/bundle/folder.h"
#include "report/load/rows.h"
#include "report/report.h"

/* What the parts are made from. */
struct bundle_source {
	const struct report *report;
	struct rows_source *rows;
	const char *note;        /* NULL: none */
	const char *fingerprint; /* of who signs; NULL: nobody */
	bool pseudonymised;
};

/* SUMMARY.md (letter.c); the other files are there already. */
int part_letter(struct folder *f, const struct bundle_source *s, struct err *e);

/* host/NAME.txt, one an agent, and gateway/configured.txt (hosts.c). */
int part_hosts(struct folder *f, const struct bundle_source *s, struct err *e);

/* Every table as CSV (tables.c); those of others only where they have rows. */
int part_tables(struct folder *f, const struct bundle_source *s, struct err *e);

#endif
