/*
 * What an attempt has or has not, as the evidence counts it.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_OUTCOME_H
#define NATDIFF_EVIDENCE_OUTCOME_H

#include <stdbool.h>
#include <stddef.h>

#include "natdiff/failure.h"
#include "report/attempts.h"
#include "report/evidence/scorecard.h"

enum outcome {
	OUTCOME_FAILED,  /* not local to the host, not a name's trouble */
	OUTCOME_SYN,     /* a SYN was sent again */
	OUTCOME_TROUBLE, /* one of the two */
	OUTCOME_SILENT,  /* no answer at all came to a SYN */
	OUTCOME_LATE,    /* a later segment was sent again */
	OUTCOME_STATUS,  /* answered with 400 or more */
	OUTCOME_COUNT
};

#define OUTCOME_BIT(outcome) (1U << (outcome))
#define OUTCOMES_ALL         (OUTCOME_BIT(OUTCOME_COUNT) - 1)

/* All outcomes of an attempt, OUTCOME_BIT() each: which it has, of those known.
 */
struct outcomes {
	unsigned known, has;
};

/* By its marks (report/attempts.h). */
struct outcomes outcomes_of_marks(unsigned marks);

/* One of them: 1, 0, or -1: not known of this attempt. */
int outcome_of(const struct attempts *a, size_t i, enum outcome o);

/* The kind of an attempt's trouble; KIND_NONE where it has none. */
enum kind outcome_kind(const struct attempts *a, size_t i);

#endif
