/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "report/commands.h"

const struct command commands[] = {
	{ NULL, NULL, NULL },
};
