#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <sqlite3.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "report/load/extract.h"
#include "tests/tools/fixture.h"

static char folder[] = "/tmp/natdiff-extract.XXXXXX";
static char *one, *two, *out;
static struct load_filter filter;
static struct extracted result;
static struct err e;

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	one = x_asprintf("%s/one.db", folder);
	two = x_asprintf("%s/two.db", folder);
	out = x_asprintf("%s/out.db", folder);
	load_filter_init(&filter);
}

static void
end(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	cr_expect_eq(system(command), 0);
	free(command);
	free(one);
	free(two);
	free(out);
}

TestSuite(extract, .init = begin, .fini = end);

#define RUN(id, uuid, ended)                                                  \
	"INSERT OR IGNORE INTO agent VALUES (1, 'a', 'web-17', 0);"           \
	"INSERT INTO run (id, uuid, agent_id, path, role, host_name,"         \
	" version, interval_us, config_digest, started_at, ended_at, source)" \
	" VALUES (" #id ", CAST('0123456789abcde" uuid                        \
	"' AS BLOB), 1, 'nat', 'nat', 'web-17', '0', 10000000, '', 0, " ended \
	", '10.0.0.5');"                                                      \
	"INSERT OR IGNORE INTO endpoint VALUES"                               \
	" (7, 'listen', 'wss://a/', 0, 1, 'endpoint'),"                       \
	" (8, 'unused', 'wss://b/', 0, 1, 'endpoint');"                       \
	"INSERT OR IGNORE INTO address VALUES (3, '10.0.0.5'),"               \
	" (4, '10.0.0.6');"                                                   \
	"INSERT OR IGNORE INTO target VALUES (9, '192.0.2.1', 443, 4);"
#define ATTEMPT(id, run, slot)                                           \
	"INSERT INTO attempt (id, run_id, endpoint_id, target_id, slot," \
	" seq, started_at, total_us, local_address_id, attempt_id)"      \
	" VALUES (" #id ", " #run ", 7, 9, " #slot ", 0, " #slot         \
	" * 10000000, 1000, 3, x'" #slot "');"                           \
	"INSERT INTO response_header VALUES (" #id ", 'x-id', 'v" #slot "');"

static int
extract(char **files, size_t n, struct pseudonyms *p)
{
	unlink(out);
	return extract_database(out, files, n, &filter, p, &result, &e);
}

/* The one value that a query gives, as text. */
static void
expect(const char *sql, const char *expected)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	const char *got;

	cr_assert_eq(sqlite3_open(out, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_step(st);
	got = (const char *)sqlite3_column_text(st, 0);
	cr_expect_str_eq(got != NULL ? got : "NULL", expected, "%s", sql);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* All bytes of the result; *n of them. */
static char *
bytes(size_t *n)
{
	FILE *f = fopen(out, "r");
	char *all = x_malloc(1 << 20);

	cr_assert_not_null(f);
	*n = fread(all, 1, 1 << 20, f);
	fclose(f);
	return all;
}

Test(extract, gives_the_same_bytes_however_the_rows_are_spread)
{
	static const char *const first[] = { RUN(5, "f", "NULL")
		    ATTEMPT(70, 5, 11) ATTEMPT(71, 5, 12) };
	static const char *const second[] = { RUN(2, "f", "900")
		    ATTEMPT(4, 2, 12) ATTEMPT(3, 2, 13) };
	char *files[] = { one, two, one }, *turned[] = { two, one }, *a, *b;
	size_t n, m;

	fixture_make(one, first, 1);
	fixture_make(two, second, 1);
	cr_assert_eq(extract(files, 3, NULL), 0, "%s", e.msg);
	a = bytes(&n);
	cr_assert_eq(extract(turned, 2, NULL), 0, "%s", e.msg);
	b = bytes(&m);
	cr_expect(n == m && memcmp(a, b, n) == 0);
	free(a);
	free(b);
	expect("SELECT group_concat(slot) FROM attempt", "11,12,13");
	expect("SELECT group_concat(id) FROM attempt", "1,2,3");
	expect("SELECT group_concat(value) FROM response_header h"
	       " JOIN attempt a ON a.id = h.attempt_id"
	       " WHERE value = 'v' || slot",
	    "v11,v12,v13");
	/* The newer of the two copies of the run. */
	expect("SELECT group_concat(ended_at) FROM run", "900");
	cr_expect_eq(result.attempts, 3);
	cr_expect_eq(result.newest_us, 130000000);
}

Test(extract, keeps_to_the_window_and_to_what_it_refers_to)
{
	static const char *const sql[] = { RUN(5, "f", "NULL") RUN(
	    6, "e", "NULL") ATTEMPT(1, 5, 11) ATTEMPT(2, 5, 12) ATTEMPT(3, 6,
	    13) "INSERT INTO note VALUES (1, 110000000, 5, 'in'),"
		" (2, 130000000, 5, 'late');"
		"INSERT INTO counter VALUES"
		" ('attempts', 'nat', 'listen', '', 3);" };
	char *files[] = { one };

	fixture_make(one, sql, 1);
	filter.since_us = 105000000;
	filter.until_us = 125000000;
	cr_assert_eq(extract(files, 1, NULL), 0, "%s", e.msg);
	expect("SELECT group_concat(slot) FROM attempt", "11,12");
	expect("SELECT count(*) FROM run", "1");
	expect("SELECT group_concat(name) FROM endpoint", "listen");
	expect("SELECT group_concat(address) FROM address", "10.0.0.5");
	expect("SELECT group_concat(text) FROM note", "in");
	expect("SELECT count(*) FROM counter", "0");
	expect("PRAGMA integrity_check", "ok");
}

Test(extract, leaves_out_rows_that_refer_to_nothing)
{
	static const char *const sql[] = { RUN(5, "f", "NULL") ATTEMPT(
	    1, 5, 11) ATTEMPT(2, 99, 12) ATTEMPT(3, 5,
	    13) "UPDATE attempt SET resolution_id = 77 WHERE id = 1;"
		"UPDATE attempt SET target_id = 77 WHERE id = 3;" };
	char *files[] = { one };

	fixture_make(one, sql, 1);
	cr_assert_eq(extract(files, 1, NULL), 0, "%s", e.msg);
	/* A resolution may be lost (retention), a target cannot. */
	expect("SELECT group_concat(slot) FROM attempt", "11");
	expect("SELECT resolution_id FROM attempt", "NULL");
}

Test(extract, takes_no_time_from_a_row_that_no_agent_writes)
{
	static const char *const sql[] = { RUN(5, "f", "NULL") ATTEMPT(
	    1, 5, 11) ATTEMPT(2, 5, 12) ATTEMPT(3, 5,
	    13) "UPDATE attempt SET started_at = 9223372036854775807,"
		" total_us = 9223372036854775807 WHERE id = 3;"
		"UPDATE attempt SET started_at = -5 WHERE id = 1;" };
	char *files[] = { one };

	fixture_make(one, sql, 1);
	cr_assert_eq(extract(files, 1, NULL), 0, "%s", e.msg);
	cr_expect_eq(result.newest_us, 120000000);
}

Test(extract, keeps_events_that_are_alike_and_once_what_two_files_have)
{
	static const char *const sql[] = { RUN(5, "f", "NULL") ATTEMPT(
	    1, 5, 11) "INSERT INTO gateway_event (source, kind, from_at,"
		      " to_at) VALUES ('g', 'drop', 1, 1), ('g', 'drop', 1,"
		      " 1);" };
	char *files[] = { one, two };

	fixture_make(one, sql, 1);
	fixture_make(two, sql, 1);
	cr_assert_eq(extract(files, 2, NULL), 0, "%s", e.msg);
	expect("SELECT count(*) FROM gateway_event", "2");
}

Test(extract, leaves_no_private_address_in_any_byte)
{
	static const char *const sql[] = { RUN(5, "f", "NULL") ATTEMPT(
	    1, 5, 11) "INSERT INTO note VALUES (1, 110000000, 5,"
		      " '10.0.0.5 is web-17, ip-10-0-0-6');" };
	struct pseudonyms *p = pseudonyms_new();
	char *files[] = { one }, *all;
	size_t n;

	fixture_make(one, sql, 1);
	cr_assert_eq(extract(files, 1, p), 0, "%s", e.msg);
	pseudonyms_free(p);
	all = bytes(&n);
	cr_expect_null(memmem(all, n, "10.0.0.", 7));
	cr_expect_null(memmem(all, n, "10-0-0", 6));
	cr_expect_null(memmem(all, n, "web-17", 6));
	free(all);
	expect("SELECT address FROM address", "240.0.0.1");
	expect("SELECT source FROM run", "240.0.0.1");
	expect("SELECT text FROM note", "240.0.0.1 is host-1, ip-240-0-0-2");
}

Test(extract, knows_every_table_of_the_schema)
{
	static const char *const sql[] = { RUN(5, "f", "900")
		    ATTEMPT(1, 5, 11) };
	char *files[] = { one };

	/*
	 * A table that the schema gets later is to be in a bundle as well:
	 * add it to report/load/extract_tables.c and here.
	 */
	fixture_make(one, sql, 1);
	cr_assert_eq(extract(files, 1, NULL), 0, "%s", e.msg);
	expect("SELECT group_concat(name, ' ') FROM (SELECT name FROM"
	       " sqlite_schema WHERE type = 'table' ORDER BY name)",
	    "address agent app_failure attempt capture capture_flow "
	    "capture_target census counter edge_entry "
	    "endpoint gateway_event host_sample import measurement note "
	    "resolution response_header run target tls_session "
	    "witness_arrival witness_run");
}

Test(extract, reads_databases_of_every_version)
{
	static const char *const sql[] = { RUN(5, "f", "900")
		    ATTEMPT(1, 5, 11) };
	char *files[] = { one };
	int version;

	for (version = 1; version <= schema_version; version++) {
		fixture_make_version(one, version, sql, 1);
		cr_assert_eq(extract(files, 1, NULL), 0, "%s", e.msg);
		expect("SELECT count(*) FROM attempt", "1");
	}
}
