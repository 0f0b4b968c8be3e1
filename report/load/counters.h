/*
 * Totals that outlive retention, and when each path was heard of last, out
 * of the databases of some agents.
 */
#ifndef NATDIFF_LOAD_COUNTERS_H
#define NATDIFF_LOAD_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/* One total; what the names and labels are: lib/store_counts.c. */
struct counter {
	char *name;
	char *path;
	char *endpoint;
	char *label;
	int64_t value;
};

struct counted_path {
	char *name;
	enum role role;    /* of its newest run */
	int64_t run_at_us; /* which began then */
	int64_t newest_us; /* attempt; NOT_MEASURED: none is kept */
};

struct counters {
	struct counter *counter; /* by name, path, endpoint, label */
	size_t n, capacity;
	struct counted_path *path; /* by name */
	size_t n_paths, paths_capacity;
	size_t files;
	char **agents; /* whose databases these are */
	size_t n_agents, agents_capacity;
};

/*
 * Add up those of the files into c, which is empty.  -1 and e where one
 * cannot be read, or where two are of the same agent: they would count twice.
 */
int counters_load(struct counters *c, char **files, size_t n, struct err *e);
void counters_clear(struct counters *c);

#endif
