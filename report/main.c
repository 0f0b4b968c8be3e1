/*
 * natdiff-report: reads, compares, explains.  This file only picks the
 * command.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/commands.h"

static void
usage(FILE *out)
{
	const struct command *c;

	fputs(
	    "natdiff-report compares what the agents recorded on the two paths.\n"
	    "\n"
	    "  natdiff-report diff direct.db nat.db          compare, as text\n"
	    "  natdiff-report diff --format json *.db        the same as JSON\n"
	    "  natdiff-report bundle -o x.tar.gz *.db        evidence to send\n"
	    "  natdiff-report export --format csv nat.db     the raw rows\n"
	    "\n"
	    "Commands (natdiff-report COMMAND --help says more):\n",
	    out);
	for (c = commands; c->name != NULL; c++)
		fprintf(out, "  %-9s %s\n", c->name, c->does);
}

int
main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("natdiff-report " PACKAGE_VERSION);
		return 0;
	}
	for (c = commands; c->name != NULL; c++)
		if (strcmp(argv[1], c->name) == 0)
			return c->run(argc - 1, argv + 1);
	fprintf(stderr,
	    "natdiff-report: %s: no such command, "
	    "natdiff-report --help lists them\n",
	    argv[1]);
	return EXIT_USAGE;
}
