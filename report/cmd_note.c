/*
 * natdiff-report note: a remark of the user's, shown by every later report.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "report/commands.h"
#include "report/load/database.h"
#include "report/options.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report note nat.db 2026-11-21T04:45:00Z \"64 ports more\"\n"
    "  natdiff-report note nat.db now \"the gateway was started again\"\n"
    "\n"
    "Usage: natdiff-report note DB TIME TEXT\n"
    "\n"
    "Keeps TEXT in the database, as something that happened at TIME; reports\n"
    "show it.  An agent may be writing the database.\n"
    "\n"
    "TIME is 2026-11-21T04:45:00Z or the like; without an offset, UTC; or "
    "now.\n";

/* Store the note in a database that is there. */
static int
store_note(const char *file, int64_t at_us, const char *text, struct err *e)
{
	sqlite3 *db = database_open(file, e);
	struct store *st;
	int result = -1;

	/* store_open() would make one of what is missing or empty. */
	if (db == NULL)
		return -1;
	database_close(db);
	st = store_open(file, e);
	if (st == NULL)
		return -1;
	if (store_begin(st, e) == 0) {
		if (store_add_note(st, at_us, text, e) == 0 &&
		    store_commit(st, e) == 0)
			result = 0;
		else
			store_rollback(st);
	}
	store_close(st);
	return result;
}

/* The three arguments; -1 and e where one is no good. */
static int
check_arguments(int argc, char **argv, int64_t *at_us, struct err *e)
{
	if (argc != 3)
		return err_set(e,
		    "note: DB, TIME and TEXT are needed, and "
		    "nothing else (quote the text)");
	if (strcmp(argv[1], "now") == 0)
		*at_us = walltime_now_us();
	else if (walltime_parse(argv[1], at_us) != 0)
		return err_set(e,
		    "%s: not a time such as "
		    "2026-11-21T04:45:00Z",
		    argv[1]);
	if (*at_us < 0)
		return err_set(e, "%s: before 1970", argv[1]);
	if (argv[2][0] == '\0' || strlen(argv[2]) > NOTE_BYTES_MAX)
		return err_set(e, "note: the text is to have 1 to %d bytes",
		    NOTE_BYTES_MAX);
	return 0;
}

int
cmd_note(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err e;
	int64_t at_us;
	int c;

	c = getopt_long(argc, argv, "+h", options, NULL);
	if (c == 'h') {
		fputs(help, stdout);
		return options_flushed() ? 0 : 1;
	}
	if (c != -1)
		return EXIT_USAGE;
	argc -= optind;
	argv += optind;
	if (check_arguments(argc, argv, &at_us, &e) != 0) {
		options_complain("note", &e);
		return EXIT_USAGE;
	}
	if (store_note(argv[0], at_us, argv[2], &e) != 0) {
		options_complain(NULL, &e);
		return 1;
	}
	return 0;
}
