/*
 * natdiff-report: reads, compares, explains.
 */
#include "config.h"

#include <malloc.h>
#include <sqlite3.h>

#include "report/commands.h"

/*
 * Larger arrays go back to the system as soon as they are freed; of what the
 * smaller ones leave, some is kept, as asking for it again and again costs
 * more than it saves.
 */
#define LARGE_BYTES (256 * 1024)
#define ASKED_BYTES (1024 * 1024)
#define KEPT_BYTES  (4 * ASKED_BYTES)

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
	/* Or threads wait for each other whenever they allocate. */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TOP_PAD, ASKED_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
	return program_main(&program, argc, argv);
}
