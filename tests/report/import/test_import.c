/*
 * Whole files through import_file(), into a store of their own: what is known
 * by its first bytes, what comes twice, what is damaged.
 */
#include "config.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/import/formats.h"
#include "report/import/import.h"

static char folder[] = "/tmp/natdiff-import.XXXXXX";
static char database[sizeof(folder) + 20], log_file[sizeof(folder) + 20];
static struct store *st;
static struct import_request rq;
static struct import_result r;
static struct err e;

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/x.db", folder);
	snprintf(log_file, sizeof(log_file), "%s/log", folder);
	st = store_open(database, &e);
	cr_assert_not_null(st, "%s", e.msg);
	rq.file = log_file;
}

static void
end(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	store_close(st);
	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(import, .init = begin, .fini = end);

static void
write_log(const void *bytes, size_t size)
{
	FILE *f = fopen(log_file, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

/* What one query of the database answers. */
static void
expect(const char *sql, const char *wanted)
{
	sqlite3_stmt *stmt = NULL;
	const char *got = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(database, &db), SQLITE_OK);
	sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		got = (const char *)sqlite3_column_text(stmt, 0);
	cr_expect_str_eq(got != NULL ? got : "(nothing)", wanted, "%s: %s", sql,
	    got != NULL ? got : sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void
expect_refused(const char *part)
{
	cr_expect_eq(import_file(st, &rq, &r, &e), -1, "%s", part);
	cr_expect_not_null(strstr(e.msg, part), "%s", e.msg);
	expect("SELECT count(*) FROM import", "0");
}

static void
import(void)
{
	cr_assert_eq(import_file(st, &rq, &r, &e), 0, "%s", e.msg);
}

/* ------------------------------------------------------------- captures */

/* A pcap of Ethernet frames: a SYN, and the same SYN again. */
#define FRAME_BYTES  54
#define HEADER_BYTES 24
#define RECORD_BYTES 16

static size_t
put_u32(uint8_t *to, uint32_t v)
{
	memcpy(to, &v, sizeof(v));
	return sizeof(v);
}

static size_t
put_header(uint8_t *to)
{
	static const uint8_t version[4] = { 2, 0, 4, 0 };

	put_u32(to, 0xa1b2c3d4);
	memcpy(to + 4, version, sizeof(version));
	memset(to + 8, 0, 8);
	put_u32(to + 16, 65535);
	put_u32(to + 20, 1); /* Ethernet */
	return HEADER_BYTES;
}

static size_t
put_syn(uint8_t *to, uint32_t at_s)
{
	static const uint8_t frame[FRAME_BYTES] = { 2, 0, 0, 0, 0, 1, 2, 0, 0,
		0, 0, 2, 8, 0, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0,
		0, 1, 10, 0, 0, 2, 0x9c, 0x40, 1, 0xbb, 0, 0, 0, 5, 0, 0, 0, 0,
		0x50, 2, 0xff, 0xff };

	put_u32(to, at_s);
	put_u32(to + 4, 0);
	put_u32(to + 8, FRAME_BYTES);
	put_u32(to + 12, FRAME_BYTES);
	memcpy(to + RECORD_BYTES, frame, FRAME_BYTES);
	return RECORD_BYTES + FRAME_BYTES;
}

/* Two SYNs, a second apart. */
static size_t
two_syns(uint8_t *to)
{
	size_t n = put_header(to);

	n += put_syn(to + n, 1773147900);
	return n + put_syn(to + n, 1773147901);
}

Test(import, a_capture_is_known_by_its_first_bytes)
{
	uint8_t bytes[400];

	write_log(bytes, two_syns(bytes));
	import();
	cr_expect_str_eq(r.kind, "pcap");
	cr_expect(r.is_capture);
	cr_expect_eq(r.capture.packets, 2);
	cr_expect_eq(r.bad_lines, 0);
	cr_expect_null(rq.format, "what was found is kept");
	expect("SELECT group_concat(client_address || ':' || client_port || "
	       "' ' || syn_retransmits || ' ' || syn_times) FROM capture_flow",
	    "10.0.0.1:40000 1 1000000");
	expect(
	    "SELECT connections || ' ' || answered FROM capture_target", "1 0");
}

Test(import, a_capture_that_came_before_adds_nothing)
{
	uint8_t bytes[400];

	write_log(bytes, two_syns(bytes));
	import();
	cr_expect_eq(r.before_us, NOT_MEASURED);
	import();
	cr_expect_neq(r.before_us, NOT_MEASURED);
	expect("SELECT count(*) FROM capture_flow", "1");
	expect("SELECT count(*) FROM import", "1");
}

Test(import, a_capture_cut_off_keeps_what_came_and_says_where)
{
	uint8_t bytes[400];

	write_log(bytes, two_syns(bytes) - 10);
	import();
	cr_expect_eq(r.capture.packets, 1);
	cr_expect_eq(r.bad_lines, 1);
	cr_expect_not_null(
	    strstr(r.bad_line[0], "packet 2: cut off, expected the rest"), "%s",
	    r.bad_line[0]);
	expect("SELECT syn_retransmits FROM capture_flow", "0");
}

Test(import, a_capture_damaged_in_the_middle_keeps_what_came)
{
	uint8_t bytes[400];
	size_t n = two_syns(bytes);

	/* The second packet claims to be larger than any. */
	put_u32(
	    bytes + HEADER_BYTES + RECORD_BYTES + FRAME_BYTES + 8, 0x7fffffff);
	write_log(bytes, n);
	import();
	cr_expect_eq(r.capture.packets, 1);
	cr_expect_eq(r.bad_lines, 1);
	cr_expect_not_null(
	    strstr(r.bad_line[0], "packet 2: "), "%s", r.bad_line[0]);
}

Test(import, a_capture_damaged_before_its_first_packet_is_refused)
{
	uint8_t bytes[400];
	size_t n = two_syns(bytes);

	put_u32(bytes + HEADER_BYTES + 8, 0x7fffffff);
	write_log(bytes, n);
	expect_refused("packet 1: ");
	expect("SELECT count(*) FROM capture", "0");
}

Test(import, text_is_no_capture_though_it_be_called_one)
{
	rq.format = &format_pcap;
	write_log("tcpdump: listening\n", 19);
	expect_refused("neither pcap nor pcapng by its first bytes");
}

/* ------------------------------------------------------------- witnesses */

/* The database of a witness with one life and n arrivals; in log_file. */
static void
write_witness(int n)
{
	struct witness_run_record w = { .host_name = "edge",
		.version = "1",
		.pid = NOT_MEASURED,
		.listen = "203.0.113.5:443",
		.started_at_us = 50 };
	struct arrival_record a = { .client_hello_at_us = NOT_MEASURED,
		.handshake_at_us = NOT_MEASURED,
		.request_at_us = NOT_MEASURED,
		.upgrade_at_us = NOT_MEASURED,
		.ended_at_us = NOT_MEASURED,
		.requests = NOT_MEASURED,
		.http_status = NOT_MEASURED };
	struct store *other = store_open(log_file, &e);
	int64_t run, from;
	int i;

	cr_assert_not_null(other, "%s", e.msg);
	cr_assert_eq(store_begin(other, &e), 0, "%s", e.msg);
	cr_assert_eq(
	    store_add_witness_run(other, &w, &run, &from, &e), 0, "%s", e.msg);
	endpoint_address_parse("203.0.113.7", &a.observed);
	endpoint_address_parse("203.0.113.5", &a.listen);
	a.observed.port = 4711;
	a.listen.port = 443;
	for (i = 0; i < n; i++) {
		a.id = from + i;
		a.accepted_at_us = 1000 + i;
		cr_assert_eq(
		    store_put_arrival(other, &a, run, &e), 0, "%s", e.msg);
	}
	cr_assert_eq(store_commit(other, &e), 0, "%s", e.msg);
	store_close(other);
}

/* One statement of another program on the witness's database. */
static void
spoil_witness(const char *sql)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(log_file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s",
	    sqlite3_errmsg(db));
	sqlite3_close(db);
}

Test(import, a_witness_is_merged_and_what_is_new_since)
{
	write_witness(3);
	import();
	cr_expect_str_eq(r.kind, "witness");
	cr_expect_eq(r.rows, 4, "a life and three arrivals");
	cr_expect_eq(r.duplicates, 0);
	expect("SELECT count(*) || ' ' || count(DISTINCT witness_run_id) FROM "
	       "witness_arrival",
	    "3 1");

	import();
	cr_expect_eq(r.rows, 0);
	cr_expect_eq(r.duplicates, 4);
	expect("SELECT count(*) FROM import", "1");

	spoil_witness("INSERT INTO witness_arrival SELECT 99, witness_run_id, "
		      "attempt_id, observed_address, observed_port, "
		      "listen_address, listen_port, 2000, client_hello_at, "
		      "handshake_at, request_at, upgrade_at, ended_at, "
		      "ended_how, requests, http_status, reached FROM "
		      "witness_arrival LIMIT 1");
	import();
	cr_expect_eq(r.rows, 1);
	cr_expect_eq(r.duplicates, 4);
	expect("SELECT count(*) FROM witness_arrival", "4");
	expect("SELECT group_concat(rows) FROM import", "4,1");
}

Test(import, a_witness_with_a_value_out_of_range_is_told_by_its_row)
{
	char wanted[sizeof(log_file) + 60];

	write_witness(3);
	spoil_witness("UPDATE witness_arrival SET observed_port = 70000 WHERE "
		      "id = (SELECT max(id) FROM witness_arrival)");
	import();
	cr_expect_eq(r.rows, 3);
	cr_expect_eq(r.bad_lines, 1);
	snprintf(wanted, sizeof(wanted), "%s: witness_arrival ", log_file);
	cr_expect_eq(strncmp(r.bad_line[0], wanted, strlen(wanted)), 0, "%s",
	    r.bad_line[0]);
	cr_expect_not_null(strstr(r.bad_line[0], ": a value out of range"),
	    "%s", r.bad_line[0]);
	expect("SELECT bad_lines FROM import", "1");
}

Test(import, a_database_that_no_witness_wrote_is_refused)
{
	write_witness(0);
	spoil_witness("PRAGMA application_id = 1");
	expect_refused("");
	expect("SELECT count(*) FROM witness_run", "0");
}

Test(import, a_database_is_not_read_from_standard_input)
{
	write_witness(1);
	cr_assert_not_null(freopen(log_file, "r", stdin));
	rq.file = "-";
	expect_refused("standard input: a database is read by its name");
}

/* ------------------------------------------------------------------ rest */

Test(import, an_answer_without_a_point_is_empty_and_no_error)
{
	static const char *const nothing[] = { "", " \n\n", "[]",
		"{\"value\":[]}" };
	size_t i;

	for (i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
		write_log(nothing[i], strlen(nothing[i]));
		cr_expect_eq(import_file(st, &rq, &r, &e), 0, "%s: %s",
		    nothing[i], e.msg);
		cr_expect_str_eq(r.kind, "empty");
	}
	expect("SELECT count(*) FROM import", "0");
}

Test(import, what_is_of_no_kind_is_refused)
{
	static const char *const other[] = { "hello\n", "{\"a\":1}\n",
		"\177ELF", "{", "[1,2]" };
	size_t i;

	for (i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		write_log(other[i], strlen(other[i]));
		expect_refused(":1: of no known kind, expected one of");
	}
}

Test(import, a_file_that_is_not_there_is_told)
{
	expect_refused(log_file);
}

/* -------------------------------------------------------------- progress */

/* What import_show() draws of a file of that name, half a second after. */
static char *
drawn(const char *name, bool on)
{
	struct import_show s;
	struct reader *reader;
	char *shown = x_calloc(1, 1000), chunk[4];
	int fds[2], saved = dup(2);

	write_log("12345678", 8);
	reader = reader_open(log_file, &e);
	cr_assert_not_null(reader);
	cr_assert_eq(reader_read(reader, chunk, sizeof(chunk), &e), 4);
	cr_assert_eq(pipe(fds), 0);
	dup2(fds[1], 2);
	close(fds[1]);
	import_show_begin(&s, on, name);
	import_show(&s, reader, 1); /* too soon */
	s.last_us -= 500000;
	s.begun_us -= 500000;
	import_show(&s, reader, 1234);
	import_show_end(&s);
	dup2(saved, 2);
	close(saved);
	cr_assert_geq(read(fds[0], shown, 999), 0);
	close(fds[0]);
	reader_close(reader);
	return shown;
}

Test(import, progress_is_drawn_seldom_and_taken_away)
{
	char *shown = drawn("nat.log", true);

	cr_expect_not_null(strstr(shown, "\r\033[Knat.log  "), "%s", shown);
	cr_expect_not_null(strstr(shown, "  1234 rows  "), "%s", shown);
	cr_expect_null(strstr(shown, " 1 rows"), "%s", shown);
	cr_expect_str_eq(shown + strlen(shown) - 4, "\r\033[K");
	free(shown);
}

Test(import, progress_gives_the_terminal_no_name_with_commands)
{
	char *shown = drawn("a\033]0;evil\007.log", true);

	cr_expect_null(strstr(shown, "\033]"), "%s", shown);
	cr_expect_not_null(strstr(shown, "evil"), "%s", shown);
	free(shown);
}

Test(import, no_progress_where_nobody_looks)
{
	char *shown = drawn("nat.log", false);

	cr_expect_str_eq(shown, "");
	free(shown);
}
