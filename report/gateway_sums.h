/*
 * What gateways said, added up by source and kind: of what is a level rather
 * than an increase, the largest.  Pure.
 */
#ifndef NATDIFF_REPORT_GATEWAY_SUMS_H
#define NATDIFF_REPORT_GATEWAY_SUMS_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"

struct gateway_sum {
	const char *source, *kind; /* as in the dataset */
	int64_t value;
	size_t lines, joined; /* about single connections; to attempts */
};

struct gateway_sums {
	struct gateway_sum *sum; /* by source, then kind */
	size_t n;
};

void gateway_sums_find(struct gateway_sums *s, const struct dataset *d);
void gateway_sums_clear(struct gateway_sums *s);

#endif
