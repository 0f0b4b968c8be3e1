/*
 * Remarks that a reader needs to judge the numbers: what was left out, whose
 * clock is off, where an agent was silent.  And the user's own annotations.
 */
#ifndef NATDIFF_REPORT_NOTES_H
#define NATDIFF_REPORT_NOTES_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/gaps.h"
#include "report/pairs.h"
#include "report/summary.h"

struct note {
	const char *kind; /* a word for programs, such as "clock" */
	int64_t at_us;    /* NOT_MEASURED: of no moment */
	char *text;       /* one sentence; names as they came from outside */
};

struct notes {
	struct note *note;
	size_t n, capacity;
};

/*
 * pairs and wholes, the summaries of all attempts, are by endpoint of d; gaps
 * are those of gaps_find().
 */
void notes_make(struct notes *notes, const struct dataset *d,
    const struct pairs *const *pairs, const struct part *const *wholes,
    const struct gap *gaps);
void notes_clear(struct notes *notes);

#endif
