/*
 * A report: all that the output formats print.  Made once, from a dataset;
 * the formats compute nothing.
 */
#ifndef NATDIFF_REPORT_REPORT_H
#define NATDIFF_REPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "report/comparison.h"
#include "report/dataset.h"
#include "report/egress.h"
#include "report/notes.h"
#include "report/pairs.h"
#include "report/sources.h"
#include "report/evidence/verdict.h"
#include "report/summary.h"

struct endpoint_report {
	const struct endpoint *endpoint;
	struct summary summary;
	struct pairs pairs;
};

struct report {
	const struct dataset *d;
	int64_t generated_at_us;
	struct endpoint_report *endpoints; /* as in the dataset */
	size_t n_endpoints;
	/* Sums over the endpoints. */
	size_t n_pairs, both_ok, nat_only, direct_only, both_failed;
	struct sources sources;
	struct notes notes;
	struct egress egress;
	struct verdict verdict;
	/* Before and after: not owned, NULL where nobody asked. */
	const struct comparison *comparison;
};

/* Compute; d must stay as long as r.  card is the scorecard to judge by. */
void report_make(struct report *r, const struct dataset *d,
    const struct scorecard *card, int64_t generated_at_us);
void report_clear(struct report *r);

/*
 * One sentence on what the counts show, without a claim; new memory.  Names
 * in it are as they came from outside.
 */
char *report_statement(const struct report *r);

/*
 * The hosts whose attempts on the failing path had trouble in an episode:
 * their names, in their order, as an array to free; *n of them.
 */
char **report_episode_hosts(
    const struct report *r, const struct episode *ep, size_t *n);

/*
 * The interval that all attempts share, NOT_MEASURED where they have none or
 * several.
 */
int64_t report_interval_us(const struct report *r);

#endif
