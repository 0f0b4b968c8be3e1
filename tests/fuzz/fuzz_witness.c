/*
 * Fuzz the import of a witness's database; hostile.h has which.  A second
 * time it adds nothing; a refusal leaves nothing behind; and whatever came
 * into the database is as a witness would have written it.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/store.h"
#include "report/import/formats.h"
#include "report/import/import.h"
#include "report/load/witness.h"
#include "tests/fuzz/hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two lives, and connections that got as far as each step. */
static const char good[] =
    "INSERT INTO witness_run VALUES (1, 'w', '0', 1, '192.0.2.9:443',"
    " 1795236900000000, 1795237500000000, NULL, 0, 1, 9, 'k', 'b'),"
    " (2, 'w', '0', 2, '[2001:db8::9]:443', 1795238000000000,"
    " 1795238600000000, 1795238600000001, 3, 0, NULL, NULL, NULL);"
    "INSERT INTO witness_arrival VALUES (1, 1,"
    " CAST('2100000000000001' AS BLOB), '192.0.2.1', 1025, '192.0.2.9', 443,"
    " 1795236910300000, 1, 2, 3, NULL, 4, 'closed', 1, 200, 'request'),"
    " (2, 1, NULL, '192.0.2.1', 1026, '192.0.2.9', 443, 1795236910400000,"
    " NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, 'accept'),"
    " (3, 2, CAST('2100000000000002' AS BLOB), '2001:db8::1', 1025,"
    " '2001:db8::9', 443, 1795238000300000, 5, 6, 7, 8, 9, 'reset', 2, 101,"
    " 'upgrade'),"
    " (4, NULL, NULL, '192.0.2.1', 1027, NULL, 0, 1795236910500000,"
    " NULL, NULL, NULL, NULL, 4, 'timeout', 0, NULL, 'accept');"
    "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM;";

static void
check(int holds)
{
	if (!holds)
		abort();
}

/* ------------------------------------------------- what has been imported */

static int
on_run(void *arg, const struct witness_run_record *w,
    const struct witness_life *life, int64_t *id, struct err *e)
{
	int *rows = arg;

	(void)w;
	(void)life;
	(void)e;
	*id = 1;
	++*rows;
	return 0;
}

static int
on_arrival(
    void *arg, const struct arrival_record *a, int64_t run, struct err *e)
{
	int *rows = arg;

	(void)e;
	check(run == 1 || run == NOT_MEASURED);
	check(a->observed.family != 0);
	++*rows;
	return 0;
}

static void
on_bad(void *arg, const char *what)
{
	(void)arg;
	(void)what;
	abort();
}

static int
rows_of(const char *file)
{
	int rows = 0;
	const struct witness_sink sink = { &rows, on_run, on_arrival, on_bad };
	struct err e;

	/* Nothing was imported: no witness wrote it. */
	if (witness_read(file, &sink, &e) != 0)
		check(rows == 0);
	return rows;
}

static void
import_twice(struct store *st, const char *from, const char *into)
{
	struct import_request rq = { .file = from, .format = &format_witness };
	struct import_result r;
	struct err e;
	int rows;

	if (import_file(st, &rq, &r, &e) != 0) {
		check(strlen(e.msg) > 0);
		check(rows_of(into) == 0);
		return;
	}
	rows = rows_of(into);
	check(rows > 0 ? r.rows >= rows : r.rows == 0);
	check(import_file(st, &rq, &r, &e) == 0);
	check(r.rows == 0);
	check(rows_of(into) == rows);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *from = hostile_database(good, data, size), *into;
	struct store *st;
	struct err e;

	if (from == NULL)
		return 0;
	into = hostile_beside("into.db");
	unlink(into);
	st = store_open(into, &e);
	check(st != NULL);
	import_twice(st, from, into);
	store_close(st);
	free(into);
	return 0;
}
