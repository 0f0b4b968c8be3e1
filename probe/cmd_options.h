/*
 * Values of the commands' options, and what is said of bad ones.
 */
#ifndef NATDIFF_PROBE_CMD_OPTIONS_H
#define NATDIFF_PROBE_CMD_OPTIONS_H

#include <stdint.h>

struct option;

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

/* A command's options, for getopt_long(); it takes no other arguments. */
struct cmd_table {
	const char *command;
	const char *letters;
	const struct option *options; /* with help, 'h' */
	const char *help;
	/* Take one; -1, told, where its value is bad. */
	int (*take)(void *arg, int option, char *value);
};

/* Take all of them: 0, or -1 after a message; 1 where help was shown. */
int cmd_take_options(
    const struct cmd_table *t, int argc, char **argv, void *arg);

#endif
