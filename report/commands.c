/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "report/commands.h"

const struct command commands[] = {
	{ "diff", cmd_diff, "compare the paths over any number of databases" },
	{ NULL, NULL, NULL },
};
