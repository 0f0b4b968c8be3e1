/*
 * The table of commands.
 */
#include "config.h"

#include <stddef.h>

#include "report/commands.h"

const struct command commands[] = {
	{ "bundle", cmd_bundle, "pack the evidence for a provider or vendor" },
	{ "check", cmd_check, "one line and a status for Nagios and the like" },
	{ "diff", cmd_diff, "compare the paths over any number of databases" },
	{ "export", cmd_export, "write the attempts as CSV or JSON lines" },
	{ "metrics", cmd_metrics, "write counters for Prometheus" },
	{ "import", cmd_import,
	    "read logs of gateways, of the edge, of the application" },
	{ "note", cmd_note, "keep a remark that reports show" },
	{ "size", cmd_size,
	    "how many NAT ports and addresses this traffic needs" },
	{ "verify", cmd_verify, "check a bundle that somebody sent" },
	{ "watch", cmd_watch, "the verdict anew every 30 s, while agents run" },
	{ NULL, NULL, NULL },
};
