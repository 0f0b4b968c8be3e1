/*
 * The sums of all pairs of some numbers, each with itself, too: twice their
 * Walsh averages.  n numbers have n (n + 1) / 2 of them, which are never
 * written out.
 */
#ifndef NATDIFF_STATS_WALSH_H
#define NATDIFF_STATS_WALSH_H

#include <stddef.h>
#include <stdint.h>

#include "report/stats/ranks.h"

/* Counts that are remembered. */
#define WALSH_KNOWN 64

/* Sums up to s: how many, and the next one above. */
struct walsh_known {
	int64_t s;
	uint64_t count;
	int64_t next;
};

/* The numbers, not owned, and what was counted of their sums. */
struct walsh {
	const struct frequencies *x;
	struct walsh_known known[WALSH_KNOWN];
	size_t n_known;
};

static inline uint64_t
walsh_numbers(const struct walsh *w)
{
	return w->x->of[w->x->n].below;
}

static inline uint64_t
walsh_sums(const struct walsh *w)
{
	return walsh_numbers(w) * (walsh_numbers(w) + 1) / 2;
}

/*
 * The k-th smallest sum, k from 1 to walsh_sums(), and in *next the one of
 * rank k + 1 (INT64_MAX after the last).  O(different numbers * log range).
 */
int64_t walsh_select(struct walsh *w, uint64_t k, int64_t *next);

#endif
