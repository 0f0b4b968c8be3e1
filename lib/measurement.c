/*
 * Names of what active commands find.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "natdiff/measurement.h"

static const char *const kinds[MEASUREMENT_KINDS] = {
	[MEASUREMENT_RAMP] = "ramp",
	[MEASUREMENT_IDLE] = "idle",
	[MEASUREMENT_REUSE] = "reuse",
};

static const char *const ends[MEASUREMENT_ENDS] = {
	[MEASUREMENT_FINISHED] = "finished",
	[MEASUREMENT_INTERRUPTED] = "interrupted",
	[MEASUREMENT_STOPPED] = "stopped",
	[MEASUREMENT_FAILED] = "failed",
};

static const struct {
	enum measurement_kind kind;
	const char *name;
} findings[MEASUREMENT_FINDINGS] = {
	[RAMP_DESTINATION_LIMIT] = { MEASUREMENT_RAMP, "destination_limit" },
	[RAMP_TOTAL_LIMIT] = { MEASUREMENT_RAMP, "total_limit" },
	[RAMP_HOST_LIMIT] = { MEASUREMENT_RAMP, "host_limit" },
	[RAMP_NO_LIMIT] = { MEASUREMENT_RAMP, "no_limit" },
	[RAMP_FAR_END] = { MEASUREMENT_RAMP, "far_end" },
	[RAMP_INCONCLUSIVE] = { MEASUREMENT_RAMP, "inconclusive" },
	[IDLE_SILENT] = { MEASUREMENT_IDLE, "silent" },
	[IDLE_RESET] = { MEASUREMENT_IDLE, "reset" },
	[IDLE_FAR_END] = { MEASUREMENT_IDLE, "far_end" },
	[IDLE_NO_LIMIT] = { MEASUREMENT_IDLE, "no_limit" },
	[IDLE_INCONCLUSIVE] = { MEASUREMENT_IDLE, "inconclusive" },
	[REUSE_AFTER_FIN] = { MEASUREMENT_REUSE, "after_fin" },
	[REUSE_AFTER_RESET] = { MEASUREMENT_REUSE, "after_reset" },
	[REUSE_NO_REPEAT_FIN] = { MEASUREMENT_REUSE, "no_repeat_fin" },
	[REUSE_NO_REPEAT_RESET] = { MEASUREMENT_REUSE, "no_repeat_reset" },
	[REUSE_INCONCLUSIVE] = { MEASUREMENT_REUSE, "inconclusive" },
};

const char *
measurement_kind_name(enum measurement_kind k)
{
	return kinds[k];
}

const char *
measurement_end_name(enum measurement_end end)
{
	return ends[end];
}

const char *
measurement_finding_name(enum measurement_finding f)
{
	return findings[f].name;
}

enum measurement_kind
measurement_finding_kind(enum measurement_finding f)
{
	return findings[f].kind;
}

/* The index of name, n where it is not there. */
static int
find(const char *const *names, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			break;
	return i;
}

enum measurement_kind
measurement_kind_parse(const char *name)
{
	return (enum measurement_kind)find(kinds, MEASUREMENT_KINDS, name);
}

enum measurement_end
measurement_end_parse(const char *name)
{
	return (enum measurement_end)find(ends, MEASUREMENT_ENDS, name);
}

enum measurement_finding
measurement_finding_parse(enum measurement_kind k, const char *name)
{
	int i;

	for (i = 0; i < MEASUREMENT_FINDINGS; i++)
		if (findings[i].kind == k &&
		    strcmp(findings[i].name, name) == 0)
			break;
	return (enum measurement_finding)i;
}
