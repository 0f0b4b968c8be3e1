#include "config.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"

#include "probe/conntrack_log.h"

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1700000000) * SECOND)

static char folder[] = "/tmp/natdiff-log.XXXXXX";
static char file[sizeof(folder) + 20];
static struct conntrack_log *log_;

static void
open_log(void)
{
	struct err e;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/x.db", folder);
	log_ = conntrack_log_open(file, "conntrack gw", &e);
	cr_assert_not_null(log_, "%s", e.msg);
}

static void
remove_folder(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	conntrack_log_close(log_);
	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(conntrack_log, .init = open_log, .fini = remove_folder);

/* The first column of all rows, a comma between; free(). */
static char *
ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	char *answer = x_strdup(""), *longer;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	while (sqlite3_step(s) == SQLITE_ROW) {
		longer =
		    x_asprintf("%s%s%s", answer, *answer == '\0' ? "" : ",",
			(const char *)sqlite3_column_text(s, 0));
		free(answer);
		answer = longer;
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return answer;
}

static void
expect(const char *sql, const char *wanted)
{
	char *answer = ask(sql);

	cr_expect_str_eq(
	    answer, wanted, "%s gave %s, not %s", sql, answer, wanted);
	free(answer);
}

/* Rows of a kind as "from-to value", in seconds since START. */
static void
expect_rows(const char *kind, const char *wanted)
{
	char *sql = x_asprintf(
	    "SELECT printf('%%d-%%d %%d', (from_at - %lld) / 1000000,"
	    " (to_at - %lld) / 1000000, value) FROM gateway_event"
	    " WHERE kind = '%s' ORDER BY id",
	    (long long)START, (long long)START, kind);

	expect(sql, wanted);
	free(sql);
}

/* A sample between two seconds in which drop went up by drops. */
static struct conntrack_sample
sample(int64_t from, int64_t to, int64_t drops, int64_t entries)
{
	struct conntrack_sample s;

	memset(&s, 0, sizeof(s));
	s.from_us = START + from * SECOND;
	s.to_us = START + to * SECOND;
	s.increase[CONNTRACK_DROP] = drops;
	s.increase[CONNTRACK_CLASH_RESOLVE] = NOT_MEASURED;
	s.entries = entries;
	s.entries_max = 1000;
	return s;
}

static void
add(int64_t from, int64_t to, int64_t drops, int64_t entries)
{
	struct conntrack_sample s = sample(from, to, drops, entries);
	struct err e;

	cr_assert_eq(conntrack_log_add(log_, &s, &e), 0, "%s", e.msg);
}

Test(conntrack_log, zeros_are_stored_and_merged)
{
	add(0, 1, 0, 5);
	add(1, 2, 0, 6);
	add(2, 3, 7, 6);
	add(3, 4, 7, 6);
	add(4, 5, 0, 5);
	add(5, 6, 0, 5);
	expect_rows("drop", "0-2 0,2-3 7,3-4 7,4-6 0");
	expect_rows("insert_failed", "0-6 0");
	expect("SELECT DISTINCT source FROM gateway_event", "conntrack gw");
}

Test(conntrack_log, the_tables_fill_is_of_moments_and_merged_while_equal)
{
	add(0, 1, 0, 5);
	add(1, 2, 0, 6);
	add(2, 3, 0, 6);
	add(3, 4, 0, 5);
	expect_rows("conntrack_count", "1-1 5,2-3 6,4-4 5");
	expect_rows("conntrack_max", "1-4 1000");
}

Test(conntrack_log, what_is_not_known_is_no_row_and_no_zero)
{
	add(0, 1, 0, 5);
	add(1, 2, NOT_MEASURED, NOT_MEASURED);
	add(2, 3, 0, 5);
	expect_rows("drop", "0-1 0,2-3 0");
	expect_rows("conntrack_count", "1-1 5,3-3 5");
	expect_rows("clash_resolve", "");
}

Test(conntrack_log, a_gap_is_not_bridged)
{
	add(0, 1, 0, 5);
	add(60, 61, 0, 5);
	/* The wall clock stepped back. */
	add(30, 31, 0, 5);
	expect_rows("drop", "0-1 0,60-61 0,30-31 0");
	expect_rows("conntrack_max", "1-1 1000,61-61 1000,31-31 1000");
}

Test(conntrack_log, no_row_is_longer_than_an_hour)
{
	int64_t i;

	for (i = 0; i < 8; i++)
		add(i * 1000, (i + 1) * 1000, 0, 5);
	expect_rows("drop", "0-3000 0,3000-6000 0,6000-8000 0");
}

Test(conntrack_log, rows_that_were_removed_are_added_anew)
{
	add(0, 1, 0, 5);
	free(ask("DELETE FROM gateway_event"));
	add(1, 2, 0, 5);
	expect_rows("drop", "1-2 0");
}

Test(conntrack_log, what_could_not_be_stored_is_stored_whole_later)
{
	struct conntrack_sample s = sample(1, 2, 9, 5);
	struct err e = { 0 };

	add(0, 1, 0, 5);
	free(ask("CREATE TRIGGER no BEFORE INSERT ON gateway_event"
		 " WHEN new.kind = 'conntrack_count'"
		 " BEGIN SELECT raise(ABORT, 'not now'); END"));
	s.entries = 6;
	cr_assert_eq(conntrack_log_add(log_, &s, &e), -1);
	cr_expect_not_null(strstr(e.msg, "not now"), "%s", e.msg);
	expect_rows("drop", "0-1 0");
	expect_rows("insert_failed", "0-1 0");
	free(ask("DROP TRIGGER no"));
	add(1, 3, 12, 6);
	add(3, 4, 0, 6);
	expect_rows("drop", "0-1 0,1-3 12,3-4 0");
	expect_rows("insert_failed", "0-4 0");
}

Test(conntrack_log, a_database_of_another_program_is_refused)
{
	struct err e;

	cr_expect_null(conntrack_log_open("/dev/null/x", "gw", &e));
	cr_expect_not_null(strstr(e.msg, "/dev/null/x"), "%s", e.msg);
}
