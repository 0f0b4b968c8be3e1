#include "config.h"

#include <stddef.h>
#include <string.h>

#include "natdiff/capture.h"

static const char *const reuses[CAPTURE_REUSES] = {
	[CAPTURE_REUSE_ALIVE] = "alive",
	[CAPTURE_REUSE_TIME_WAIT] = "time_wait",
	[CAPTURE_REUSE_AFTER] = "after",
	[CAPTURE_REUSE_UNANSWERED] = "unanswered",
};

static const char *const ends[CAPTURE_ENDS] = {
	[CAPTURE_CLOSED_BY_CLIENT] = "closed_by_client",
	[CAPTURE_CLOSED_BY_SERVER] = "closed_by_server",
	[CAPTURE_RESET_BY_CLIENT] = "reset_by_client",
	[CAPTURE_RESET_BY_SERVER] = "reset_by_server",
};

const char *
capture_reuse_name(enum capture_reuse r)
{
	return reuses[r];
}

enum capture_reuse
capture_reuse_parse(const char *name)
{
	int i;

	for (i = 1; i < CAPTURE_REUSES; i++)
		if (strcmp(reuses[i], name) == 0)
			return (enum capture_reuse)i;
	return CAPTURE_REUSES;
}

const char *
capture_end_name(enum capture_end end)
{
	return ends[end];
}
