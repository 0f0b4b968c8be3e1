/*
 * Inside report/dataset: the small tables in an order that does not depend on
 * that of the inputs.
 */
#ifndef NATDIFF_DATASET_SORT_H
#define NATDIFF_DATASET_SORT_H

#include <stdint.h>

#include "report/dataset.h"

/*
 * Sort the tables; what refers to them by index is renumbered, but for the
 * attempts.  Returns where each run went, for the caller to free.
 */
uint32_t *dataset_sort_tables(struct dataset *d);

/* By their text; nothing can be added after it.  Returns as above. */
uint32_t *dataset_sort_names(struct names *names);

#endif
