/*
 * natdiff-probe: measures and records.  This file only picks the command.
 */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "probe/commands.h"

static void
usage(FILE *out)
{
	const struct command *c;

	fputs(
	    "natdiff-probe measures one side, or both, of the comparison: timed\n"
	    "HTTPS and WebSocket handshakes, every attempt stored.\n"
	    "\n"
	    "  natdiff-probe check -c natdiff.yaml        read, resolve, show the plan\n"
	    "  natdiff-probe run -c natdiff.yaml --once   the current slot, for cron\n"
	    "  natdiff-probe run -c natdiff.yaml          until stopped\n"
	    "\n"
	    "Commands (natdiff-probe COMMAND --help says more):\n",
	    out);
	for (c = commands; c->name != NULL; c++)
		fprintf(out, "  %-9s %s\n", c->name, c->does);
}

int
main(int argc, char **argv)
{
	const struct command *c;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("natdiff-probe " PACKAGE_VERSION);
		return 0;
	}
	for (c = commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	fprintf(stderr,
	    "natdiff-probe: %s: no such command, "
	    "natdiff-probe --help lists them\n",
	    argv[1]);
	return EXIT_USAGE;
}
