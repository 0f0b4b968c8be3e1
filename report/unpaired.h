/*
 * Why nothing pairs: the sentence that a user needs who gave databases that
 * do not fit together.
 */
#ifndef NATDIFF_REPORT_UNPAIRED_H
#define NATDIFF_REPORT_UNPAIRED_H

#include "report/dataset.h"

/*
 * The reason, in new memory; for a dataset with attempts on both paths of
 * which no two pair.  Names in it are as they came from outside.
 */
char *unpaired_reason(const struct dataset *d);

#endif
