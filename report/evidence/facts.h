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
#include "report/evidence/contrast.h"
#include "report/evidence/scorecard.h"
#include "report/pairs.h"
#include "report/stats/trend.h"

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
	/*
	 * Pairs of which both sides know it, and of these, those with data sent
	 * again after the connect, had it arrived or not.
	 */
	size_t later_known, later_nat, later_direct;
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
 * A part of that, which knows nothing of the other, for who has other work to
 * do beside them.  f was 0 before the first.
 */
enum facts_parts { FACTS_CONTRASTS, FACTS_COUNTS, FACTS_PARTS };
void facts_part(struct facts *f, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum facts_parts part);

/*
 * The last sample of the attempt's host before it; NULL where there is none
 * that is recent.
 */
const struct host_sample *facts_sample(
    const struct dataset *d, const struct attempts *a, size_t i);

#endif
