/*
 * How the paths are right now, for somebody who is to be called or not: the
 * state of each endpoint by its alarms and by its long run.  Pure.
 */
#ifndef NATDIFF_MONITOR_HEALTH_H
#define NATDIFF_MONITOR_HEALTH_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/monitor/alarm.h"
#include "report/monitor/range.h"

/* The exit statuses of monitoring plugins. */
enum health_state {
	HEALTH_OK,
	HEALTH_WARNING,
	HEALTH_CRITICAL,
	HEALTH_UNKNOWN
};

struct health_rule {
	struct range warning; /* of the difference of the rates, in percent */
	struct range critical;
	struct alarm_rule alarm;
	int64_t max_age_us; /* of the newest attempt; NOT_MEASURED: default */
	int64_t now_us;
};

struct endpoint_health {
	const struct endpoint *endpoint;
	enum health_state state;
	char *says;           /* owned; NULL where nothing is wrong */
	struct slot_rate sum; /* of all slots with pairs */
};

struct health {
	enum health_state state; /* the worst: critical, warning, unknown, ok */
	char *says;              /* owned: one line, names as they came */
	int64_t age_us;          /* NOT_MEASURED: there is no attempt */
	int64_t max_age_us;      /* in force */
	struct endpoint_health *endpoints; /* those that are judged */
	size_t n_endpoints;
};

/*
 * Where an alarm of the difference is raised, or where the whole record shows
 * (at 5 %, however often one looks: sequential_run()) that it is out of range,
 * the state is that range's.  A direct path that fails is a warning: nothing
 * can be said of the NAT then.  A path without attempts in the record, or
 * with none that are new, is unknown.
 */
void health_judge(
    struct health *h, const struct dataset *d, const struct health_rule *rule);
void health_clear(struct health *h);

/* "OK", "WARNING", "CRITICAL", "UNKNOWN". */
const char *health_name(enum health_state state);

#endif
