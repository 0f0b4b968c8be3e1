/*
 * Databases into a dataset.
 */
#ifndef NATDIFF_LOAD_LOAD_H
#define NATDIFF_LOAD_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/dataset.h"

/* Which attempts are wanted. */
struct load_filter {
	int64_t since_us;       /* start at or after; NOT_MEASURED: open */
	int64_t until_us;       /* start before; NOT_MEASURED: open */
	const char **endpoints; /* any of these names; none: all */
	size_t n_endpoints;
	const char **paths;
	size_t n_paths;
	bool census; /* load the censuses, too, destination by destination */
};

void load_filter_init(struct load_filter *f);

/*
 * Read the files, in any order, into d, which is empty and is finished then.
 * -1, and e, where one cannot be read, or where none has an endpoint or path
 * that the filter names; d is to be cleared all the same.
 *
 * Values that no agent writes make a bad row, counted in its input and left
 * out.  A run that is in several files counts once.
 */
int load_files(struct dataset *d, char **files, size_t n,
    const struct load_filter *f, struct err *e);

#endif
