/*
 * What the parts of charts_make() share: each of them is a step of it, in the
 * order in which they stand here.
 */
#ifndef NATDIFF_REPORT_CHARTS_WORK_H
#define NATDIFF_REPORT_CHARTS_WORK_H

#include "report/charts.h"

/* The lanes, and where their axis ends. */
void charts_lanes(struct charts *c, const struct dataset *d);

/* The judged endpoints by the hour of the day. */
void charts_hours(struct charts *c, const struct dataset *d);

/* What the gateway refused, and what the hosts held. */
void charts_gateway(struct charts *c, const struct dataset *d);
void charts_census(struct charts *c, const struct dataset *d);

void charts_map(struct charts *c, const struct dataset *d);
void charts_ports(struct charts *c, const struct dataset *d);

/* The largest whole number of units that is not above x. */
int64_t charts_floor(int64_t x, int64_t unit);

/* At most most bins, and one for where they begin, over all attempts. */
struct chart_axis charts_axis(const struct dataset *d, size_t most);

/* The bin of a time: the first or the last one where it is off the axis. */
size_t charts_bin(const struct chart_axis *axis, int64_t at_us);

/* Whether a time is on the axis at all: gateways and censuses go on longer. */
bool charts_on_axis(const struct chart_axis *axis, int64_t at_us);

/* Add attempt i. */
void charts_add(struct chart_count *c, const struct attempts *a, size_t i);

/* Whether attempt i is one at all: it was not interrupted. */
static inline bool
charts_counts(const struct attempts *a, size_t i)
{
	return attempt_failure(a, i) != FAILURE_INTERRUPTED;
}

/* When its slot began. */
static inline int64_t
charts_slot_us(const struct dataset *d, const struct attempts *a, size_t i)
{
	return attempt_slot(a, i) *
	    d->series[attempt_series(d, a, i)].interval_us;
}

#endif
