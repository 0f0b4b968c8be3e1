/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "report/commands.h"

const struct command commands[] = {
	{ "diff", cmd_diff, "compare the paths over any number of databases" },
	{ "export", cmd_export, "write the attempts as CSV or JSON lines" },
	{ "note", cmd_note, "keep a remark that reports show" },
	{ "size", cmd_size,
	    "how many NAT ports and addresses this traffic needs" },
	{ NULL, NULL, NULL },
};
