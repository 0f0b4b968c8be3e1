/*
 * All that natdiff-report size prints, as text and as JSON.
 */
#ifndef NATDIFF_SIZE_SIZE_REPORT_H
#define NATDIFF_SIZE_SIZE_REPORT_H

#include <stdio.h>

#include "report/size/failures.h"
#include "report/size/size.h"

struct size_report {
	const struct dataset *d;
	const struct providers *providers;
	struct demand demand;
	struct demand_peak peak; /* for the first plan's hold-down */
	double room;
	struct size_plan *plan; /* a provider each */
	size_t n;
	/* Of the gateway that the databases are from: no plan is its own. */
	struct size_failures failures;
	double failures_hold_s;
};

void size_text(const struct size_report *r, FILE *out);
void size_json(const struct size_report *r, FILE *out);

/*
 * The pool that the plan makes, in the scope that the failures are counted
 * in; 0 where it makes none.
 */
int64_t size_report_pool(
    const struct size_report *r, const struct size_plan *plan);

#endif
