#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/load/load.h"
#include "tests/tools/fixture.h"

static char folder[] = "/tmp/natdiff-load.XXXXXX";
static char *one, *two;
static struct dataset d;
static struct load_filter filter;
static struct err e;

static void
begin(void)
{
	cr_assert_not_null(mkdtemp(folder));
	one = x_asprintf("%s/one.db", folder);
	two = x_asprintf("%s/two.db", folder);
	dataset_init(&d);
	load_filter_init(&filter);
}

static void
end(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	dataset_clear(&d);
	cr_expect_eq(system(command), 0);
	free(command);
	free(one);
	free(two);
}

TestSuite(load, .init = begin, .fini = end);

/* A run of one agent on a path, the endpoint and a target, with one id. */
#define RUN(id, uuid, path)                                                    \
	"INSERT OR IGNORE INTO agent VALUES (1, 'a', 'h', 0);"                 \
	"INSERT INTO run (id, uuid, agent_id, path, role, host_name, version," \
	" interval_us, config_digest, started_at) VALUES (" #id                \
	", CAST('0123456789abcde" uuid "' AS BLOB), 1, '" path "', '" path     \
	"', 'h', '0', 10000000, '', 0);"                                       \
	"INSERT OR IGNORE INTO endpoint VALUES"                                \
	" (7, 'listen', 'wss://a/', 0, 1, 'endpoint');"                        \
	"INSERT OR IGNORE INTO target VALUES (9, '192.0.2.1', 443, 4);"

/* A good attempt in that slot. */
#define ATTEMPT(run, slot)                                                    \
	"INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq,"     \
	" connect_us, started_at, attempt_id) VALUES (" #run ", 7, 9, " #slot \
	", 0, 1000, " #slot " * 10000000 + 5000000, x'00');"

static int
load(size_t n)
{
	char *files[] = { one, two };

	return load_files(&d, files, n, &filter, &e);
}

Test(load, keeps_what_was_measured)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(3,
	    100) "UPDATE attempt SET failure = 'tls_reset', failed_phase = 'tls',"
		 " syn_retransmits = 2, tls_us = 77, http_status = 403, seq = 4;";
	const struct attempts *a;

	fixture_make(one, &sql, 1);
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_assert_eq(d.n_endpoints, 1);
	a = &d.endpoints[0].attempts;
	cr_assert_eq(a->n, 1);
	cr_expect_eq(attempt_slot(a, 0), 100);
	cr_expect_eq(attempt_seq(a, 0), 4);
	cr_expect_eq(attempt_failure(a, 0), FAILURE_TLS_RESET);
	cr_expect_eq(attempt_phase(a, 0), PHASE_TLS);
	cr_expect_eq(attempt_syn_retransmits(a, 0), 2);
	cr_expect_eq(attempt_status(a, 0), 403);
	cr_expect_eq(attempt_duration_us(a, DURATION_CONNECT, 0), 1000);
	cr_expect_eq(attempt_duration_us(a, DURATION_TLS, 0), 77);
	cr_expect_eq(attempt_duration_us(a, DURATION_REQUEST, 0), NO_DURATION);
	cr_expect_eq(attempt_started_us(&d, a, 0), 1005000000);
	cr_expect_str_eq(d.targets.text[attempt_target(a, 0)], "192.0.2.1:443");
	cr_expect_eq(d.paths[attempt_path(&d, a, 0)].role, ROLE_NAT);
	cr_expect_eq(d.first_us, 1005000000);
}

Test(load, counts_values_out_of_range_as_bad_rows)
{
	/* STRICT keeps the types right, so ranges are what is left. */
	static const char *const bad[] = { "slot = -1", "seq = 65536",
		"seq = -1", "syn_retransmits = 255", "connect_us = -1",
		"tls_us = 4294967295", "http_status = 0", "http_status = 65536",
		"started_at = -1", "started_at = 9223372036854775807",
		"slot = 9223372036854775807", "failure = 'tls_reset'",
		"failed_phase = 'tls'",
		"failure = 'no_such', failed_phase = 'tls'",
		"failure = 'tls_reset', failed_phase = 'none'", "target_id = 8",
		"run_id = 8", "endpoint_id = 8", "observed_address_id = 8" };
	const char *sql[2];
	char *update;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		update = x_asprintf(
		    "UPDATE attempt SET %s WHERE slot = 100;", bad[i]);
		sql[0] = RUN(3, "1", "nat") ATTEMPT(3, 100) ATTEMPT(3, 101);
		sql[1] = update;
		fixture_make(one, sql, 2);
		free(update);
		cr_assert_eq(load(1), 0, "%s: %s", bad[i], e.msg);
		cr_expect_eq(d.inputs[0].bad_rows, 1, "%s", bad[i]);
		cr_expect_eq(d.endpoints[0].attempts.n, 1, "%s", bad[i]);
		cr_expect_not_null(d.inputs[0].first_bad);
		dataset_clear(&d);
	}
}

Test(load, leaves_out_runs_and_endpoints_that_make_no_sense)
{
	static const char *const bad[] = { "UPDATE run SET interval_us = 0",
		"UPDATE run SET interval_us = 9223372036854775807",
		"UPDATE run SET uuid = x'00'", "UPDATE run SET path = ''",
		"UPDATE run SET agent_id = 5", "UPDATE run SET started_at = -5",
		"UPDATE endpoint SET name = printf('%.3000c', 'x')",
		"UPDATE endpoint SET control = 2",
		"UPDATE target SET address = 'somewhere'",
		"UPDATE target SET port = 70000" };
	const char *sql[2];
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sql[0] = RUN(3, "1", "nat") ATTEMPT(3, 100);
		sql[1] = bad[i];
		fixture_make(one, sql, 2);
		cr_assert_eq(load(1), 0, "%s: %s", bad[i], e.msg);
		/* The row itself, and the attempt that refers to it. */
		cr_expect_eq(d.inputs[0].bad_rows, 2, "%s: %zu", bad[i],
		    d.inputs[0].bad_rows);
		cr_expect(d.n_endpoints == 0 || d.endpoints[0].attempts.n == 0,
		    "%s", bad[i]);
		dataset_clear(&d);
	}
}

Test(load, counts_a_run_that_two_files_have_once)
{
	static const char *const first =
	    RUN(3, "1", "nat") ATTEMPT(3, 100) ATTEMPT(3, 101);
	/* The same run under another id, further on; and one of its own. */
	static const char *const second = RUN(5, "1", "nat") RUN(6, "2", "nat")
	    ATTEMPT(5, 101) ATTEMPT(5, 102) ATTEMPT(6, 103);

	fixture_make(one, &first, 1);
	fixture_make(two, &second, 1);
	cr_assert_eq(load(2), 0, "%s", e.msg);
	cr_expect_eq(d.endpoints[0].attempts.n, 4);
	cr_expect_eq(d.inputs[0].duplicate_runs, 0);
	cr_expect_eq(d.inputs[1].duplicate_runs, 1);
	cr_expect_eq(d.inputs[1].duplicate_rows, 1);
	cr_expect_eq(d.inputs[0].rows, 2);
	cr_expect_eq(d.inputs[1].rows, 3);
}

Test(load, sorts_by_slot_whatever_the_files_order)
{
	static const char *const first =
	    RUN(3, "1", "nat") ATTEMPT(3, 300) ATTEMPT(3, 100);
	static const char *const second =
	    RUN(3, "2", "direct") ATTEMPT(3, 200) ATTEMPT(3, 100);
	static const int64_t slots[] = { 100, 100, 200, 300 };
	const struct attempts *a;
	size_t i;

	fixture_make(one, &first, 1);
	fixture_make(two, &second, 1);
	cr_assert_eq(load(2), 0, "%s", e.msg);
	a = &d.endpoints[0].attempts;
	cr_assert_eq(a->n, 4);
	for (i = 0; i < 4; i++)
		cr_expect_eq(attempt_slot(a, i), slots[i]);
	cr_expect_eq(d.paths[0].role, ROLE_DIRECT);
}

Test(load, applies_the_filter)
{
	static const char *const sql = RUN(3, "1", "nat") RUN(4, "2", "direct")
	    ATTEMPT(3, 100) ATTEMPT(3, 101) ATTEMPT(4, 101) ATTEMPT(3, 102);
	static const char *paths[] = { "nat" };

	fixture_make(one, &sql, 1);
	filter.since_us = 1015000000;
	filter.until_us = 1025000000;
	filter.paths = paths;
	filter.n_paths = 1;
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_assert_eq(d.endpoints[0].attempts.n, 1);
	cr_expect_eq(attempt_slot(&d.endpoints[0].attempts, 0), 101);
}

Test(load, says_which_name_is_nowhere)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(3, 100);
	static const char *names[] = { "lisen" };

	fixture_make(one, &sql, 1);
	filter.endpoints = names;
	filter.n_endpoints = 1;
	cr_assert_eq(load(1), -1);
	cr_expect_not_null(
	    strstr(e.msg, "lisen: no such endpoint"), "%s", e.msg);
}

Test(load, refuses_what_is_not_a_database_of_ours)
{
	static const struct {
		const char *sql, *says;
	} cases[] = {
		{ "PRAGMA application_id = 5", "not natdiff's" },
		{ "PRAGMA user_version = 1000", "newer" },
		{ "PRAGMA user_version = 0", "without tables" },
		{ "DROP TABLE note", "no table note" },
		{ "DROP VIEW attempts; CREATE VIEW attempts AS SELECT 1",
		    "not as natdiff makes it" },
		{ "ALTER TABLE run ADD COLUMN more TEXT",
		    "not as natdiff makes it" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_make(one, &cases[i].sql, 1);
		cr_assert_eq(load(1), -1, "%s", cases[i].sql);
		cr_expect_not_null(strstr(e.msg, cases[i].says), "%s", e.msg);
		cr_expect_eq(strncmp(e.msg, one, strlen(one)), 0, "%s", e.msg);
		dataset_clear(&d);
	}
}

Test(load, takes_tables_and_indexes_that_others_added)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(
	    3, 100) "CREATE TABLE mine (a); CREATE INDEX i ON attempt(slot);"
		    "ANALYZE;";

	fixture_make(one, &sql, 1);
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_expect_eq(d.endpoints[0].attempts.n, 1);
}

Test(load, reads_files_with_odd_names)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(3, 100);

	free(one);
	one = x_asprintf("%s/a b%%41?mode=rwc#c.db", folder);
	fixture_make(one, &sql, 1);
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_expect_eq(d.endpoints[0].attempts.n, 1);
}

#define MEASUREMENT(values)                                                  \
	"INSERT INTO measurement (agent_id, role, host_name, version, path," \
	" started_at, kind, finding, ended_at, ended_how, destination, low," \
	" best, high) VALUES (1, 'nat', 'h', '0', " values ");"

Test(load, reads_what_active_commands_found_and_each_once)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(3, 100)
	    MEASUREMENT("'nat', 2000, 'reuse', 'after_fin', 3000, 'finished',"
			" 'a:443', 9, 10, NULL")
		MEASUREMENT("'nat', 1000, 'ramp', 'total_limit', 1000,"
			    " 'stopped', 'a:443', 1, 2, 3");
	const struct measurement *m;

	fixture_make(one, &sql, 1);
	fixture_make(two, &sql, 1);
	cr_assert_eq(load(2), 0, "%s", e.msg);
	cr_assert_eq(d.n_measurements, 2);
	m = &d.measurements[0];
	cr_expect_eq(m->kind, MEASUREMENT_RAMP);
	cr_expect_eq(m->finding, RAMP_TOTAL_LIMIT);
	cr_expect_eq(m->ended_how, MEASUREMENT_STOPPED);
	cr_expect_eq(m->best, 2);
	cr_expect_eq(m->started_at_us, 1000);
	m = &d.measurements[1];
	cr_expect_eq(m->kind, MEASUREMENT_REUSE);
	cr_expect_eq(m->low, 9);
	cr_expect_eq(m->high, NOT_MEASURED);
	cr_expect_null(m->detail);
	cr_expect_str_eq(m->destination, "a:443");
	cr_expect_str_eq(d.paths[m->path].name, "nat");
	cr_expect_eq(d.paths[m->path].role, ROLE_NAT);
	cr_expect_str_eq(d.agents.text[m->agent], "a");
	cr_expect_str_eq(d.hosts.text[m->host], "h");
}

Test(load, counts_measurements_out_of_range_as_bad_rows)
{
	static const char *const sql = RUN(3, "1", "nat")
	    MEASUREMENT("'nat', 0, 'reuse', 'total_limit', 0, 'finished', 'a',"
			" 1, 1, 1")
		MEASUREMENT("'nat', 0, 'ramp', 'total_limit', 0, 'so', 'a',"
			    " 1, 1, 1")
		    MEASUREMENT("'nat', 0, 'ramp', 'total_limit', 0,"
				" 'finished', 'a', -1, 1, 1")
			MEASUREMENT("'nat', -1, 'ramp', 'total_limit', 0,"
				    " 'finished', 'a', 1, 1, 1");

	fixture_make(one, &sql, 1);
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_expect_eq(d.n_measurements, 0);
	cr_expect_eq(d.inputs[0].bad_rows, 4);
}

/* Databases of the version before it are still read. */
Test(load, does_without_the_table_of_measurements)
{
	static const char *const sql = RUN(3, "1", "nat") ATTEMPT(3, 100);

	fixture_make_version(one, 1, &sql, 1);
	cr_assert_eq(load(1), 0, "%s", e.msg);
	cr_expect_eq(d.n_measurements, 0);
	cr_expect_eq(d.endpoints[0].attempts.n, 1);
}

/* An attempt with an id of its own; and what a witness saw of it. */
#define NAMED(slot, id)                                                       \
	ATTEMPT(3, slot)                                                      \
	"UPDATE attempt SET attempt_id = x'000102030405060708090a0b0c0d0e" id \
	"' WHERE slot = " #slot ";"
#define ARRIVAL(id, at, request)                                     \
	"INSERT INTO witness_arrival (attempt_id, observed_address," \
	" observed_port, accepted_at, request_at, reached) VALUES"   \
	" (" id ", '203.0.113.7', 40001, " #at ", " #request ", 'accept');"

Test(load, finds_attempts_at_a_witness_whatever_the_order_of_the_files)
{
	static const char *const witness =
	    ARRIVAL("x'000102030405060708090a0b0c0d0e02'", 2005, 2006)
		ARRIVAL("NULL", 1000, NULL)
		    ARRIVAL("x'000102030405060708090a0b0c0d0e01'", 1005, NULL);
	static const char *const sql =
	    RUN(3, "1", "nat") NAMED(1, "01") NAMED(2, "02") NAMED(3, "03");
	const struct attempts *a;

	fixture_make(one, &sql, 1);
	fixture_make(two, &witness, 1);
	cr_assert_eq(load(2), 0, "%s", e.msg);
	cr_assert(d.n_arrivals == 3 && d.n_named_arrivals == 2);
	cr_expect(!d.arrivals[2].named && d.arrivals[2].accepted_us == 1000);
	a = &d.endpoints[0].attempts;
	cr_assert_eq(a->n, 3);
	cr_expect_eq(d.arrivals[attempt_arrival(a, 0) - 1].accepted_us, 1005);
	cr_expect_eq(d.arrivals[attempt_arrival(a, 1) - 1].request_us, 2006);
	cr_expect_eq(attempt_arrival(a, 2), NO_ARRIVAL);
	/* What the attempt did not keep itself is known from the witness. */
	cr_assert_eq(attempt_observed(a, 0), 0);
	cr_expect_str_eq(d.addresses.text[0], "203.0.113.7");
	cr_expect_eq(attempt_observed_port(a, 0), 40001);
	cr_expect(attempt_observed(a, 2) == NO_INDEX &&
	    attempt_observed_port(a, 2) == NO_PORT);
}

Test(load, takes_a_connection_once_and_counts_what_is_no_arrival)
{
	static const char *const sql =
	    ARRIVAL("x'0102'", 1, NULL) ARRIVAL("NULL", -5, NULL)
		ARRIVAL("x'000102030405060708090a0b0c0d0e0f'", 7, NULL)
		    ARRIVAL("NULL", 9, NULL);

	fixture_make(one, &sql, 1);
	fixture_make(two, &sql, 1);
	cr_assert_eq(load(2), 0, "%s", e.msg);
	cr_expect(d.n_arrivals == 2 && d.n_named_arrivals == 1);
	cr_expect_eq(d.inputs[0].bad_rows, 2);
	cr_assert_not_null(d.inputs[0].first_bad);
	cr_expect(strstr(d.inputs[0].first_bad, "witness_arrival 1") != NULL);
}
