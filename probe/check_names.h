/*
 * The names of a configuration, resolved once on each path: what "check"
 * prints.
 */
#ifndef NATDIFF_PROBE_CHECK_NAMES_H
#define NATDIFF_PROBE_CHECK_NAMES_H

#include <stddef.h>

#include "natdiff/err.h"
#include "probe/conf.h"

/* What one name came to on one path. */
struct checked_name {
	const struct conf_path *path;
	const char *host;
	enum failure failure;
	char *addresses; /* owned: sorted, blank between; NULL on failure */
};

/*
 * Ask for every name that is neither pinned nor an address, at most the dns
 * timeout long; *names is new memory, *n of them.  -1 and e where there is no
 * resolver at all.
 */
int check_names(const struct conf *c, struct checked_name **names, size_t *n,
    struct err *e);

void check_names_free(struct checked_name *names, size_t n);

#endif
