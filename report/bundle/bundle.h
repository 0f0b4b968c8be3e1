/*
 * An evidence bundle: everything that somebody needs who was not there.
 *
 * All of it is made from the one database that is in it, which holds the rows
 * of the window: so whoever distrusts the report can make it again, and what
 * was replaced there is replaced everywhere.
 */
#ifndef NATDIFF_BUNDLE_BUNDLE_H
#define NATDIFF_BUNDLE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "natdiff/err.h"
#include "report/load/load.h"

#define BUNDLE_SUFFIX ".tar.gz"

struct bundle_request {
	struct load_filter filter;
	const char *out; /* ends in BUNDLE_SUFFIX */
	char **files;
	size_t n_files;
	const char *sign; /* file of a private key, or NULL */
	const char *note; /* words for the letter, or NULL */
	const char **attach;
	size_t n_attach;
	bool pseudonymise; /* not with attachments */
	/* Set to why the report has no plots, where that is so. */
	struct err *remark;
};

/* Make it; -1 and e, and no archive, where that cannot be done. */
int bundle_make(const struct bundle_request *q, struct err *e);

#endif
