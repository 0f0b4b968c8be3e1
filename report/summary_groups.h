/*
 * Inside report/summary: attempts in groups, each of one path.
 *
 * What is counted of them is read attempt by attempt, as it lies, and put
 * where its group is, not read group by group: hosts that measure together lie
 * among each other.
 */
#ifndef NATDIFF_REPORT_SUMMARY_GROUPS_H
#define NATDIFF_REPORT_SUMMARY_GROUPS_H

#include <stddef.h>
#include <stdint.h>

#include "report/summary.h"

#define NO_GROUP UINT32_MAX

struct group {
	struct path_summary *summary; /* where it is described */
	size_t begin, end; /* in value: of those that are there by now */
};

struct groups {
	uint32_t *of;    /* the group of each attempt, or NO_GROUP; to be set */
	uint32_t *value; /* a number of each, group by group */
	struct group *group;
	size_t n, capacity;
	size_t n_attempts; /* in all groups */
};

/* No groups; room for so many attempts.  For groups_clear(). */
void groups_init(struct groups *g, size_t n_attempts);
void groups_clear(struct groups *g);

/* Add one of n attempts, to be described there; returns its number. */
uint32_t groups_add(struct groups *g, struct path_summary *there, size_t n);

/*
 * Describe the groups of all attempts (but summary->path): then there are none,
 * and of is unspecified.
 */
void groups_describe(struct groups *g, const struct attempts *a);

#endif
