/*
 * Replaying alarms.
 */
#include "config.h"

#include "report/monitor/alarm.h"

/* One more slot; in_row counts those like it, on the way to a change. */
static void
step(struct alarm *alarm, size_t *in_row, bool bad, size_t i,
    const struct alarm_rule *rule)
{
	if (bad == alarm->raised) {
		*in_row = 0;
		return;
	}
	++*in_row;
	if (*in_row < (bad ? rule->raise : rule->clear))
		return;
	alarm->raised = bad;
	alarm->since = i + 1 - *in_row;
	*in_row = 0;
}

struct alarm
alarm_of_difference(const struct slot_rate *rates, size_t n,
    const struct range *range, const struct alarm_rule *rule)
{
	struct alarm alarm = { false, 0 };
	size_t in_row = 0, i;

	for (i = 0; i < n; i++)
		step(&alarm, &in_row,
		    range_alerts(range, slot_rate_difference(&rates[i]) * 100),
		    i, rule);
	return alarm;
}

struct alarm
alarm_of_direct(
    const struct slot_rate *rates, size_t n, const struct alarm_rule *rule)
{
	struct alarm alarm = { false, 0 };
	size_t in_row = 0, i;

	for (i = 0; i < n; i++)
		step(&alarm, &in_row,
		    2 * rates[i].direct_failed >= rates[i].pairs, i, rule);
	return alarm;
}
