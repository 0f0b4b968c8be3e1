/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "probe/commands.h"

const struct command commands[] = {
	{ "census", cmd_census, "shows who eats the ports" },
	{ "check", cmd_check, "reads the configuration, shows the plan" },
	{ NULL, NULL, NULL },
};
