/*
 * Values of the commands' options, and what is said of bad ones.
 */
#ifndef NATDIFF_PROBE_CMD_OPTIONS_H
#define NATDIFF_PROBE_CMD_OPTIONS_H

#include <stdint.h>

/* An option as it was given. */
struct cmd_value {
	const char *command;
	const char *option; /* as "--slots" */
	const char *text;
};

/* Tell on stderr what was expected instead; -1. */
int cmd_refuse(const struct cmd_value *v, const char *expected);

/* A whole number of min to 1000000000; -1, told, where the text is none. */
int cmd_parse_count(const struct cmd_value *v, int64_t min, int64_t *n);

/* How long to run, more than 0; -1, told, where the text is no duration. */
int cmd_parse_duration(const struct cmd_value *v, int64_t *us);

#endif
