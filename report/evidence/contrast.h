/*
 * How an outcome differs between the paths, over the pairs of one endpoint in
 * one stretch of slots: counts, and the block test.  Pure.
 *
 * The NAT attempts that are paired with the same direct one are a group, and
 * their average is one value: hosts that measure in the same moment are not
 * independent.
 */
#ifndef NATDIFF_EVIDENCE_CONTRAST_H
#define NATDIFF_EVIDENCE_CONTRAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/outcome.h"
#include "report/pairs.h"
#include "report/stats/block.h"
#include "report/stats/bursts.h"

/* Which part of the pairs: slots in [from, to), one NAT series or all. */
struct scope {
	int64_t from_slot;
	int64_t to_slot;
	uint32_t nat_series; /* ALL_SERIES: every one */
};

#define ALL_SERIES UINT32_MAX

/* The pairs of its slots: so an episode costs its own length. */
struct pairs scope_pairs(const struct scope *scope, const struct attempts *a,
    const struct pairs *pairs);

/* Of the scope's slots: whether the pair is of its series, too. */
bool scope_has(const struct scope *scope, const struct dataset *d,
    const struct attempts *a, struct pair p);

/* An outcome on both paths, over the pairs in which both sides know it. */
struct contrast {
	size_t pairs;
	size_t nat;    /* pairs whose NAT side has it */
	size_t direct; /* and direct side */
	size_t nat_only, direct_only;
	struct block_test test; /* of NAT minus direct */
	struct interval ci;     /* of the difference in rate */
	/* Each direct attempt with what most of its NAT partners have. */
	struct bursts nat_bursts, direct_bursts;
};

/*
 * Set c[o] for each outcome o of which, OUTCOME_BIT() each, in one pass over
 * the pairs, which are those of a.
 */
void contrasts_find(struct contrast c[OUTCOME_COUNT], unsigned which,
    const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope);

/*
 * The differences of one outcome, for tests over time: x[k] / unit is the
 * value of the k-th direct attempt with NAT attempts paired to it, slot[k]
 * its slot.  New memory, n long.  unit is 0 where the hosts per slot vary:
 * then real[] holds the values and x is NULL, else real is.
 */
struct outcome_series {
	size_t n;
	int32_t unit;
	int32_t *x;
	double *real;
	int64_t *slot;
	struct rates_cells cells; /* averages over the hosts of a slot */
};
void contrast_series(struct outcome_series *s, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome outcome);
void contrast_series_clear(struct outcome_series *s);

/*
 * The block test of a series; returns the interval of the difference in rate.
 * Values that are averages of varying numbers have no test of signs.
 */
struct interval contrast_series_test(
    const struct outcome_series *s, struct block_test *out);

#endif
