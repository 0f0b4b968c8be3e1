/*
 * What a set of clues comes to: the causes ranked, the best one named where
 * it is far enough ahead, bounded by what the hosts alone can know.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_JUDGEMENT_H
#define NATDIFF_EVIDENCE_JUDGEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "report/evidence/cause.h"
#include "report/evidence/scorecard.h"

struct judgement {
	enum cause cause; /* CAUSE_INCONCLUSIVE where none is named */
	enum strength strength;
	double log10_bf; /* of the best cause against the runner-up */
	enum cause ranked[CAUSE_COUNT];
	double total[CAUSE_COUNT]; /* log10 P(clues | cause) */
	size_t n_ranked;
	struct clues clues;
};

/* pool_per_destination: the gateway's port pool is known to be that. */
void judgement_make(struct judgement *j, const struct clues *clues,
    const struct scorecard *card, bool pool_per_destination);

/* Whether somebody but the hosts saw it: the gateway itself, or the far end. */
bool judgement_is_confirmed(const struct judgement *j);

/* Withdraw a cause that only a difference between the paths could show. */
void judgement_acquit(struct judgement *j);

/* Whether the cause at this rank is not ruled out. */
bool judgement_leaves_open(const struct judgement *j, size_t rank);

/* How much a clue speaks for the best cause against the one at rank, log10. */
double judgement_clue_against(const struct judgement *j,
    const struct scorecard *card, size_t rank, enum clue clue);

#endif
