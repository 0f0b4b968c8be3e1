/*
 * natdiff-report metrics: counters for Prometheus.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "report/commands.h"
#include "report/load/counters.h"
#include "report/monitor/metrics.h"
#include "report/options.h"
#include "report/output/outfile.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report metrics \\\n"
    "      -o /var/lib/prometheus/node-exporter/natdiff.prom nat.db\n"
    "  natdiff-report metrics nat.db direct.db\n"
    "\n"
    "Usage: natdiff-report metrics [-o FILE] FILE...\n"
    "\n"
    "Writes what the agents counted since their databases were made, as a\n"
    "textfile for Prometheus' node_exporter.  Several databases are added\n"
    "up; retention does not make a counter smaller.\n"
    "\n"
    "  -o, --output FILE   written whole or not at all (standard output)\n";

static int
write_metrics(const char *name, char **files, size_t n)
{
	struct counters c = { 0 };
	struct outfile o;
	struct err e;
	int result = counters_load(&c, files, n, &e);

	if (result == 0)
		result = outfile_begin(&o, name, &e);
	if (result == 0) {
		metrics_write(&c, o.f);
		result = outfile_commit(&o, &e);
	}
	if (result != 0)
		options_complain(NULL, &e);
	counters_clear(&c);
	return result == 0 ? 0 : 1;
}

int
cmd_metrics(int argc, char **argv)
{
	static const struct option options[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *name = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "ho:", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return options_flushed() ? 0 : 1;
		}
		if (c != 'o')
			return EXIT_USAGE;
		name = optarg;
	}
	if (optind == argc)
		return options_no_database("metrics");
	return write_metrics(name, argv + optind, (size_t)(argc - optind));
}
