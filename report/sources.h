/*
 * Where the attempts come from: what each input holds of one agent on one
 * path.
 */
#ifndef NATDIFF_REPORT_SOURCES_H
#define NATDIFF_REPORT_SOURCES_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"

struct source {
	uint32_t input;  /* in dataset.inputs */
	uint32_t series; /* one of them: agent, host and path hold */
	size_t runs;     /* with attempts that count here */
	size_t attempts;
	int64_t synchronised; /* 0 where any run's clock was not, or 1 */
	int64_t max_error_us; /* largest; NOT_MEASURED: none says */
	int64_t step_us;      /* largest step of the clock, either way */
	uint16_t *addresses;  /* observed ones, in dataset.addresses */
	size_t n_addresses, addresses_capacity;
};

struct sources {
	struct source *source; /* by input, then series */
	size_t n, capacity;
};

void sources_find(struct sources *s, const struct dataset *d);
void sources_clear(struct sources *s);

#endif
