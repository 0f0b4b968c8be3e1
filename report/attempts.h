/*
 * Behind dataset.h: what is done to all columns of attempts.
 */
#ifndef NATDIFF_REPORT_ATTEMPTS_H
#define NATDIFF_REPORT_ATTEMPTS_H

#include "report/dataset.h"

void attempts_clear(struct attempts *a);

/* Add all of from to a; from is empty then. */
void attempts_append(struct attempts *a, struct attempts *from);

/* By slot, then seq, target and run. */
void attempts_sort(struct attempts *a);

/*
 * Drop what a second copy of the same run brought again, and count for each
 * run what is left.  The copies of a run are neighbours, and so are their
 * attempts.
 */
void attempts_drop_duplicates(struct dataset *d, struct attempts *a);

void measurement_clear(struct measurement *m);

#endif
