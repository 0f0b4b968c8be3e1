/*
 * An alarm with hysteresis: raised by some slots in a row that are out of
 * range, cleared by more in a row that are not, so that one bad slot calls
 * nobody.  It is replayed from the slots each time: no state is kept, and
 * everybody who looks at the same data sees the same.  Pure.
 */
#ifndef NATDIFF_MONITOR_ALARM_H
#define NATDIFF_MONITOR_ALARM_H

#include <stdbool.h>
#include <stddef.h>

#include "report/monitor/range.h"
#include "report/monitor/slotrates.h"

struct alarm_rule {
	size_t raise; /* bad slots in a row */
	size_t clear; /* good ones */
};

struct alarm {
	bool raised;  /* at the last slot */
	size_t since; /* index of its first bad slot, where raised */
};

/*
 * Over the difference of the rates, in percent; a slot without pairs is not
 * among rates and neither raises nor clears.
 */
struct alarm alarm_of_difference(const struct slot_rate *rates, size_t n,
    const struct range *range, const struct alarm_rule *rule);

/* Over the direct path: half of its attempts failed, or more. */
struct alarm alarm_of_direct(
    const struct slot_rate *rates, size_t n, const struct alarm_rule *rule);

#endif
