/*
 * natdiff-report: reads, compares, explains.
 */
#include "config.h"

#include "report/commands.h"

static const struct program program = {
	"natdiff-report",
	"natdiff-report compares what the agents recorded on the two paths.\n"
	"\n"
	"  natdiff-report diff direct.db nat.db          compare, as text\n"
	"  natdiff-report diff --format json *.db        the same as JSON\n"
	"  natdiff-report bundle -o x.tar.gz *.db        evidence to send\n"
	"  natdiff-report export --format csv nat.db     the raw rows\n",
	commands,
};

int
main(int argc, char **argv)
{
	return program_main(&program, argc, argv);
}
