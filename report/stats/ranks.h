/*
 * Signed ranks of whole numbers, and how often each number is there: from one
 * sorting, which is linear, as millions of latencies are ranked.
 */
#ifndef NATDIFF_STATS_RANKS_H
#define NATDIFF_STATS_RANKS_H

#include <stddef.h>
#include <stdint.h>

/* The ranks of the numbers that are not 0. */
struct ranks {
	/*
	 * Of the magnitudes, from 1, ties sharing their mean rank, with the
	 * sign of the number, and all doubled so that they are whole.  In the
	 * order of the numbers; memory of twice as many.
	 */
	int32_t *rank2;
	size_t n;
	double ties; /* sum of t^3 - t over the groups of t ties */
};

/* A number, and how many others are below it. */
struct frequency {
	int64_t value;
	size_t below;
};

/* Numbers that are not 0, in ascending order, each once. */
struct frequencies {
	/* of[n].below is the number of all, its value is nothing. */
	struct frequency *of;
	size_t n;
};

/* A number whose magnitude is this or more has the largest rank. */
#define RANKS_LIMIT ((int64_t)UINT32_MAX)

/*
 * Rank x[0..n), which is room to work in: its numbers are gone then; n is
 * below 2^29.  The caller frees r->rank2, and f->of where f is not NULL: then
 * all magnitudes are below RANKS_LIMIT.
 */
void ranks_find(struct ranks *r, struct frequencies *f, int64_t *x, size_t n);

/* The i-th smallest of all, i from 0; O(log n). */
int64_t frequencies_at(const struct frequencies *f, size_t i);

#endif
