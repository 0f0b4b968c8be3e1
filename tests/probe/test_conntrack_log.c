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

/* A table of two destinations with so many ports, a tenth of them closed. */
static void
add_ports(int64_t at, int64_t first, int64_t second)
{
	struct conntrack_use uses[2];
	struct conntrack_ports p;
	struct err e;

	memset(uses, 0, sizeof(uses));
	memset(&p, 0, sizeof(p));
	uses[0].protocol = uses[1].protocol = 6;
	endpoint_address_parse("203.0.113.1", &uses[0].outside);
	endpoint_address_parse("203.0.113.1", &uses[1].outside);
	endpoint_address_parse("198.51.100.1", &uses[0].destination);
	endpoint_address_parse("198.51.100.2", &uses[1].destination);
	uses[0].destination.port = uses[1].destination.port = 443;
	uses[0].ports = first;
	uses[1].ports = second;
	uses[0].closed = first / 10;
	uses[1].closed = second / 10;
	p.uses = uses;
	p.n = 2;
	p.translated = first + second;
	cr_assert_eq(conntrack_log_add_ports(log_, START + at * SECOND, &p,
			 second == 0 ? 1 : 2, &e),
	    0, "%s", e.msg);
}

Test(conntrack_log, ports_are_stored_by_destination)
{
	add_ports(10, 50, 20);
	expect("SELECT protocol || ' ' || outside_address || ' ' ||"
	       " coalesce(outside_port, '-') || ' ' || destination_address"
	       " || ':' || destination_port || ' ' || value FROM gateway_event"
	       " WHERE kind = 'ports_in_use'",
	    "6 203.0.113.1 - 198.51.100.1:443 50,"
	    "6 203.0.113.1 - 198.51.100.2:443 20");
	expect_rows("ports_closed", "10-10 5,10-10 2");
	expect_rows("conntrack_translated", "10-10 70");
	expect("SELECT coalesce(protocol, destination_address, 'none') FROM"
	       " gateway_event WHERE kind = 'conntrack_translated'",
	    "none");
}

Test(conntrack_log, ports_are_of_moments_and_merged_while_equal)
{
	add_ports(10, 50, 20);
	add_ports(20, 50, 30);
	add_ports(30, 50, 30);
	add_ports(40, 60, 0);
	add_ports(50, 50, 0);
	/* One that was not listed in between begins anew. */
	add_ports(60, 50, 30);
	expect_rows("ports_in_use",
	    "10-30 50,10-10 20,20-30 30,40-40 60,50-60 50,60-60 30");
	expect_rows(
	    "ports_closed", "10-30 5,10-10 2,20-30 3,40-40 6,50-60 5,60-60 3");
	/* Rows end after an hour. */
	add_ports(4000, 50, 30);
	expect_rows("conntrack_translated",
	    "10-10 70,20-30 80,40-40 60,50-50 50,60-60 80,4000-4000 80");
}

Test(conntrack_log, old_events_are_deleted_and_imported_ones_are_not)
{
	add(0, 1, 3, 5);
	add_ports(10, 50, 20);
	add(100, 101, 4, 6);
	free(ask("INSERT INTO gateway_event (import_id, source, kind, from_at,"
		 " to_at) VALUES (1, 'log', 'DROPPED', 5, 6)"));
	conntrack_log_expire(log_, START + 200 * SECOND, 150 * SECOND);
	expect_rows("drop", "100-101 4");
	expect("SELECT count(*) FROM gateway_event WHERE kind = 'ports_in_use'",
	    "0");
	expect(
	    "SELECT count(*) FROM gateway_event WHERE kind = 'DROPPED'", "1");
	/* What is gone cannot grow. */
	add_ports(20, 50, 20);
	expect_rows("ports_in_use", "20-20 50,20-20 20");
}

Test(conntrack_log, a_clock_that_jumps_by_years_deletes_nothing)
{
	add(0, 1, 3, 5);
	add(100, 101, 4, 6);
	add(2000, 2001, 3, 5);
	conntrack_log_expire(log_, START + 2001 * SECOND, 150 * SECOND);
	expect_rows("drop", "0-1 3,100-101 4,2000-2001 3");
}

Test(conntrack_log, a_database_of_another_program_is_refused)
{
	struct err e;

	cr_expect_null(conntrack_log_open("/dev/null/x", "gw", &e));
	cr_expect_not_null(strstr(e.msg, "/dev/null/x"), "%s", e.msg);
}
