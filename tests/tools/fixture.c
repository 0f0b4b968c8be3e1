/*
 * Databases for tests.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "tests/tools/fixture.h"

static void
run(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK)
		return;
	fprintf(stderr, "fixture: %s\n", message);
	exit(1);
}

void
fixture_make(const char *file, const char *const *sql, int n)
{
	fixture_make_version(file, schema_version, sql, n);
}

void
fixture_make_version(
    const char *file, int version, const char *const *sql, int n)
{
	char *pragmas;
	sqlite3 *db;
	int i;

	unlink(file);
	if (sqlite3_open(file, &db) != SQLITE_OK) {
		fprintf(stderr, "fixture: %s: cannot open\n", file);
		exit(1);
	}
	pragmas =
	    x_asprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;"
		       "PRAGMA journal_mode = WAL;",
		SCHEMA_APPLICATION_ID, version);
	run(db, pragmas);
	free(pragmas);
	for (i = 0; i < version; i++)
		run(db, schema_steps[i]);
	for (i = 0; i < n; i++)
		run(db, sql[i]);
	sqlite3_close(db);
}
