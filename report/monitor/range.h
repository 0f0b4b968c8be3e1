/*
 * Threshold ranges of monitoring plugins: [@]START:END, "~" for minus
 * infinity; a number alone is 0:NUMBER.  An alert is a value outside the
 * range, with "@" one inside it, ends included.
 * https://www.monitoring-plugins.org/doc/guidelines.html#THRESHOLDFORMAT
 */
#ifndef NATDIFF_MONITOR_RANGE_H
#define NATDIFF_MONITOR_RANGE_H

#include <stdbool.h>

struct range {
	double from;
	double to;
	bool inside; /* alert within, not without */
};

/* 0, or -1 where text is no range. */
int range_parse(const char *text, struct range *r);

/* NaN alerts never. */
bool range_alerts(const struct range *r, double value);

#endif
