/*
 * What `natdiff-probe idle` says of what it found.
 */
#ifndef NATDIFF_PROBE_IDLE_WORDS_H
#define NATDIFF_PROBE_IDLE_WORDS_H

#include <stdio.h>

#include <jansson.h>

#include "probe/idle_run.h"

/* One path's share of a run. */
struct idle_result {
	const struct idle_side *side;
	const char *destination;
	struct idle_estimate estimate;
	enum idle_whose whose; /* of a NAT path's limit */
	int64_t keepalive_us;  /* NOT_MEASURED: no advice */
	int rounds;
};

void idle_result_find(
    struct idle_result *result, const struct idle_run *r, size_t side);

/* The detail of the stored row and of the JSON: a new object. */
json_t *idle_detail(const struct idle_result *result);

/* A few lines on one path; then, once, what follows from all. */
void idle_print(FILE *f, const struct idle_result *result);
void idle_print_advice(
    FILE *f, const struct idle_run *r, enum measurement_end end);

#endif
