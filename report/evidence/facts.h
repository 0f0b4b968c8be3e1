/*
 * What the pairs of one endpoint show in one stretch of slots: counts, and
 * the block test of each outcome that can differ between the paths.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_FACTS_H
#define NATDIFF_EVIDENCE_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/scorecard.h"
#include "report/pairs.h"
#include "report/stats/block.h"
#include "report/stats/bursts.h"
#include "report/stats/trend.h"

/* Which part of the pairs: slots in [from, to), one NAT series or all. */
struct scope {
	int64_t from_slot;
	int64_t to_slot;
	uint32_t nat_series; /* ALL_SERIES: every one */
};

#define ALL_SERIES UINT32_MAX

/* Something that an attempt has or has not. */
enum outcome {
	OUTCOME_FAILED,  /* not local to the host, not a name's trouble */
	OUTCOME_SYN,     /* a SYN was sent again */
	OUTCOME_TROUBLE, /* one of the two */
	OUTCOME_SILENT,  /* no answer at all came to a SYN */
	OUTCOME_LATE,    /* a later segment was sent again */
	OUTCOME_STATUS,  /* answered with 400 or more */
	OUTCOME_COUNT
};

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

struct facts {
	size_t pairs;
	int64_t first_slot, last_slot; /* of the pairs */
	struct contrast contrast[OUTCOME_COUNT];
	/* NAT sides of the pairs by the kind of their trouble. */
	size_t nat_only_kind[KIND_COUNT]; /* direct was fine */
	size_t both_kind[KIND_COUNT];     /* direct had trouble, too */
	/* Failures that a host itself made, and names, of all attempts. */
	size_t nat_attempts, nat_local, nat_dns;
	size_t direct_attempts, direct_local, direct_dns;
	/* Successes of the NAT after a retransmitted SYN. */
	size_t recovered;
	size_t answer_known;   /* of these, segments in are known */
	size_t answered_first; /* and something came before the SYN-ACK */
	/* Certificates, where both sides have one, at the same address. */
	size_t cert_pairs, cert_differ;
	int64_t cert_first_slot, cert_last_slot; /* of those that differ */
	bool cert_apart; /* the paths' sets of issuers do not meet */
	/* Whether silence grows with the host's load, by the census. */
	size_t load_known; /* NAT sides with a sample near them */
	int64_t load_least, load_most;
	struct trend load;
	/* Answers of 400 and more on the NAT side only, by status class. */
	size_t refusing_status; /* 403, 407, 429, 451, 503 */
};

/* Count and test, on all cores.  pairs are those of a. */
void facts_find(struct facts *f, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope);

/*
 * One of FACTS_PARTS parts of that, which know nothing of each other, for who
 * has other work to do beside them.  f was 0 before the first.
 */
#define FACTS_PARTS (OUTCOME_COUNT + 1)
void facts_part(struct facts *f, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, size_t part);

/* One outcome alone. */
void facts_contrast(struct contrast *c, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome outcome);

/* 1, 0, or -1: not known of this attempt. */
int facts_outcome(const struct attempts *a, size_t i, enum outcome o);

/*
 * The last sample of the attempt's host before it; NULL where there is none
 * that is recent.
 */
const struct host_sample *facts_sample(
    const struct dataset *d, const struct attempts *a, size_t i);

/* The kind of an attempt's trouble; KIND_NONE where it has none. */
enum kind facts_kind(const struct attempts *a, size_t i);

/*
 * The differences of one outcome, for tests over time: x[k] / *unit is the
 * value of the k-th direct attempt with NAT attempts paired to it, slot[k]
 * its slot.  New memory, *n long.  *unit is 0 where the hosts per slot vary:
 * then real[] holds the values, else it is NULL.
 */
struct outcome_series {
	size_t n;
	int32_t unit;
	int32_t *x;
	double *real;
	int64_t *slot;
	struct rates_cells cells; /* averages over the hosts of a slot */
};
void facts_series(struct outcome_series *s, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome outcome);
void facts_series_clear(struct outcome_series *s);

#endif
