#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#include "probe/recorder.h"

static char folder[] = "/tmp/natdiff-recorder.XXXXXX";
static char file[sizeof(folder) + 20];

static atomic_int troubles, recoveries;
static struct err trouble;

static void
make_folder(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(file, sizeof(file), "%s/x.db", folder);
}

static void
remove_folder(void)
{
	char *command = x_asprintf("rm -rf '%s'", folder);

	umount2(folder, MNT_DETACH);
	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(recorder, .init = make_folder, .fini = remove_folder);

/* ------------------------------------------------------------- helpers */

static void
on_trouble(void *arg, const struct err *e)
{
	(void)arg;
	if (e != NULL && atomic_load(&troubles) == 0)
		trouble = *e;
	atomic_fetch_add(e != NULL ? &troubles : &recoveries, 1);
}

static void
take_sample(void *arg, struct host_sample_record *s)
{
	(void)arg;
	s->load1_milli = s->slot * 2;
	s->census = x_calloc(2, sizeof(*s->census));
	s->n_census = 2;
}

static struct recorder *
open_recorder(int64_t retain_us)
{
	struct recorder_options o = { .database = file,
		.retain_us = retain_us,
		.on_trouble = on_trouble,
		.take_sample = take_sample };
	struct err e;
	struct recorder *r = recorder_open(&o, &e);

	cr_assert_not_null(r, "%s", e.msg);
	return r;
}

static int
add_run(struct recorder *r, const char *path)
{
	struct run_record run = { .path = path,
		.role = ROLE_NAT,
		.host_name = "here",
		.version = "1",
		.mark = NOT_MEASURED,
		.interval_us = 10000000,
		.config_digest = "0" };
	struct err e;
	int n;

	memcpy(run.uuid, path, strlen(path));
	n = recorder_add_run(r, &run, &e);
	cr_assert_geq(n, 0, "%s", e.msg);
	return n;
}

static int
add_endpoint(struct recorder *r, const char *name)
{
	struct endpoint_record ep = {
		.name = name, .url = "https://example.com/", .kind = "endpoint"
	};
	struct err e;
	int n = recorder_add_endpoint(r, &ep, &e);

	cr_assert_geq(n, 0, "%s", e.msg);
	return n;
}

static void
put_attempt(
    struct recorder *r, int run, int endpoint, int64_t slot, int64_t serial)
{
	struct attempt_record a;

	attempt_record_init(&a);
	a.run = run;
	a.endpoint = endpoint;
	a.slot = slot;
	a.resolution_serial = serial;
	a.started_at_us = walltime_now_us();
	a.failure_text = x_strdup("a text of its own");
	recorder_put_attempt(r, &a);
	cr_expect_null(a.failure_text);
}

static void
put_resolution(struct recorder *r, int run, int endpoint, int64_t serial,
    int64_t duration_us)
{
	struct resolution_record res = { .serial = serial,
		.run = run,
		.endpoint = endpoint,
		.slot = serial,
		.duration_us = duration_us,
		.addresses = x_strdup("192.0.2.1") };

	recorder_put_resolution(r, &res);
	cr_expect_null(res.addresses);
}

static void
close_recorder(struct recorder *r)
{
	struct err e;

	cr_expect_eq(recorder_close(r, &e), 0, "%s", e.msg);
}

/* The first column of the first row as a number. */
static int64_t
ask(const char *sql)
{
	sqlite3_stmt *s;
	sqlite3 *db;
	int64_t n;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, 5000);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	cr_assert_eq(sqlite3_step(s), SQLITE_ROW, "%s", sql);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

static void
expect(const char *sql, int64_t wanted)
{
	int64_t n = ask(sql);

	cr_expect_eq(n, wanted, "%s: %lld, not %lld", sql, (long long)n,
	    (long long)wanted);
}

/* Wait up to some seconds for a number to become what it should. */
static bool
becomes(atomic_int *n, int wanted, int seconds)
{
	int i;

	for (i = 0; i < seconds * 100 && atomic_load(n) != wanted; i++)
		usleep(10000);
	return atomic_load(n) == wanted;
}

/* --------------------------------------------------------------- tests */

Test(recorder, opening_fails_with_the_stores_reason)
{
	struct recorder_options o = { .database = folder };
	char *wanted = x_asprintf("%s: is a directory", folder);
	struct err e;

	cr_expect_null(recorder_open(&o, &e));
	cr_expect_str_eq(e.msg, wanted);
	free(wanted);
}

Test(recorder, rows_are_stored_in_their_order_under_their_run)
{
	struct recorder *r = open_recorder(0);
	int nat, direct, a, b, i;

	nat = add_run(r, "nat");
	direct = add_run(r, "direct");
	a = add_endpoint(r, "a");
	b = add_endpoint(r, "b");
	cr_expect_eq(nat, 0);
	cr_expect_eq(direct, 1);
	cr_expect_eq(b, 1);
	for (i = 0; i < 20000; i++)
		put_attempt(r, i % 2 ? nat : direct, i % 3 ? a : b, i, 0);
	cr_expect_eq(recorder_lost(r), 0);
	close_recorder(r);
	expect("SELECT count(*) FROM attempts WHERE slot = id - 1"
	       " AND path = iif(slot % 2, 'nat', 'direct')"
	       " AND endpoint = iif(slot % 3, 'a', 'b')",
	    20000);
	cr_expect_eq(troubles + recoveries, 0);
}

Test(recorder, attempts_point_to_their_resolution)
{
	struct recorder *r = open_recorder(0);
	int nat, direct, e, i;

	nat = add_run(r, "nat");
	direct = add_run(r, "direct");
	e = add_endpoint(r, "a");
	/* More than are remembered, and the same numbers in both runs. */
	for (i = 1; i <= 10000; i++) {
		put_resolution(r, nat, e, i, 1);
		put_resolution(r, direct, e, i, 1);
		put_attempt(r, nat, e, i, i);
		put_attempt(r, direct, e, i, i);
	}
	put_attempt(r, nat, e, 10001, 0);
	put_attempt(r, nat, e, 10002, 1); /* long forgotten */
	close_recorder(r);
	expect("SELECT count(*) FROM attempt a JOIN resolution s"
	       " ON s.id = a.resolution_id AND s.run_id = a.run_id"
	       " AND s.slot = a.slot",
	    20000);
	expect("SELECT count(*) FROM attempt WHERE resolution_id IS NULL", 2);
}

Test(recorder, rows_are_in_the_file_within_a_second)
{
	struct recorder *r = open_recorder(0);
	int run, e, i;

	run = add_run(r, "nat");
	e = add_endpoint(r, "a");
	for (i = 1; i <= 3; i++) {
		put_attempt(r, run, e, i, 0);
		usleep(700000);
		expect("SELECT count(*) FROM attempt", i);
	}
	close_recorder(r);
}

Test(recorder, a_killed_process_keeps_what_is_older_than_a_second)
{
	int run, e, i, ready[2];
	struct recorder *r;
	pid_t pid;
	char c;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		r = open_recorder(0);
		run = add_run(r, "nat");
		e = add_endpoint(r, "a");
		for (i = 0; i < 1000; i++)
			put_attempt(r, run, e, i, 0);
		usleep(800000);
		c = write(ready[1], "x", 1) == 1;
		for (;; i++) {
			put_attempt(r, run, e, i, 0);
			usleep(1000);
		}
	}
	cr_assert_eq(read(ready[0], &c, 1), 1);
	usleep(300000);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	cr_expect_geq(ask("SELECT count(*) FROM attempt"), 1000);
	expect("SELECT count(*) - max(slot) FROM attempt", 1);
	cr_expect_eq(ask("SELECT ended_at IS NULL FROM run"), 1);
}

Test(recorder, samples_are_taken_at_once_and_stored)
{
	struct recorder *r = open_recorder(0);
	int run = add_run(r, "nat");
	int64_t begun = walltime_now_us();
	int i;

	for (i = 1; i <= 5; i++)
		recorder_sample_host(r, run, i);
	close_recorder(r);
	expect("SELECT count(*) FROM host_sample WHERE load1_milli = 2 * slot"
	       " AND ports_in_use IS NULL",
	    5);
	expect("SELECT count(*) FROM census", 10);
	cr_expect_lt(ask("SELECT max(at) FROM host_sample") - begun, 250000);
}

Test(recorder, a_run_ends_with_its_own_lost_rows)
{
	struct run_end end = { .ended_at_us = 5,
		.planned = 6,
		.fired = 7,
		.lost_rows = 12345,
		.how = "finished" };
	struct recorder *r = open_recorder(0);
	int nat, direct, e;

	nat = add_run(r, "nat");
	direct = add_run(r, "direct");
	e = add_endpoint(r, "a");
	/* A row without its duration can never be stored. */
	put_resolution(r, nat, e, 1, 1);
	put_resolution(r, nat, e, 2, NOT_MEASURED);
	put_resolution(r, nat, e, 3, 1);
	put_attempt(r, nat, e, 1, 1);
	recorder_end_run(r, nat, &end);
	recorder_end_run(r, direct, &end);
	close_recorder(r);
	expect("SELECT lost_rows FROM run WHERE path = 'nat'"
	       " AND ended_how = 'finished' AND fired = 7",
	    1);
	expect("SELECT lost_rows FROM run WHERE path = 'direct'", 0);
	expect("SELECT count(*) FROM resolution", 2);
	expect("SELECT count(*) FROM attempt", 1);
	cr_expect_eq(troubles, 1);
	cr_expect_eq(recoveries, 1);
}

/* Another process holds the database for longer than the store waits. */
Test(recorder, rows_wait_while_the_database_is_locked, .timeout = 60)
{
	struct recorder *r = open_recorder(0);
	int run, e, i;
	sqlite3 *db;

	run = add_run(r, "nat");
	e = add_endpoint(r, "a");
	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	for (i = 0; i < 100; i++)
		put_attempt(r, run, e, i, 0);
	cr_expect(becomes(&troubles, 1, 20));
	cr_expect_eq(trouble.sys, EBUSY, "%s", trouble.msg);
	put_attempt(r, run, e, i, 0);
	sqlite3_close(db);
	cr_expect(becomes(&recoveries, 1, 20));
	close_recorder(r);
	expect("SELECT count(*) FROM attempt WHERE slot = id - 1", 101);
	cr_expect_eq(troubles, 1);
}

/* A file system of our own with room for very little. */
static bool
mount_small(void)
{
	if (unshare(CLONE_NEWNS) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
	return mount("tmpfs", folder, "tmpfs", 0, "size=2m") == 0;
}

/* Take all the room there is. */
static void
fill_up(const char *name)
{
	static const char zeroes[4096];
	int fd = open(name, O_CREAT | O_WRONLY | O_APPEND, 0600);

	while (write(fd, zeroes, sizeof(zeroes)) > 0)
		continue;
	while (write(fd, zeroes, 1) > 0)
		continue;
	close(fd);
}

Test(recorder, rows_wait_for_room_on_a_full_disk, .timeout = 60)
{
	struct recorder *r;
	int run, e, i;
	char *filler;

	if (!mount_small())
		cr_skip_test("no right to mount a file system");
	filler = x_asprintf("%s/filler", folder);
	r = open_recorder(0);
	run = add_run(r, "nat");
	e = add_endpoint(r, "a");
	put_attempt(r, run, e, 0, 0);
	usleep(600000);
	fill_up(filler);
	for (i = 1; i < 4000; i++)
		put_attempt(r, run, e, i, 0);
	cr_assert(becomes(&troubles, 1, 10));
	cr_expect_eq(trouble.sys, ENOSPC, "%s", trouble.msg);
	recorder_sample_host(r, run, 1);
	usleep(2500000);
	expect("SELECT count(*) FROM attempt", 1);
	cr_expect_eq(recoveries, 0);

	unlink(filler);
	cr_expect(becomes(&recoveries, 1, 10));
	expect("SELECT count(*) FROM attempt WHERE slot = id - 1", 4000);
	cr_expect_eq(recorder_lost(r), 0);
	close_recorder(r);
	expect("SELECT count(*) FROM host_sample", 1);
	cr_expect_eq(troubles, 1);
	free(filler);
}

Test(recorder, a_full_disk_is_named_at_the_start)
{
	struct recorder_options o = { .database = file };
	char *filler, *wanted;
	struct err e;
	int round;

	if (!mount_small())
		cr_skip_test("no right to mount a file system");
	filler = x_asprintf("%s/filler", folder);
	wanted =
	    x_asprintf("%s: no room to store: No space left on device", file);
	/* A file that is to be made, and one that is there. */
	for (round = 0; round < 2; round++) {
		fill_up(filler);
		cr_expect_null(recorder_open(&o, &e));
		cr_expect_str_eq(e.msg, wanted);
		cr_expect_eq(e.sys, ENOSPC);
		unlink(filler);
		close_recorder(open_recorder(0));
	}
	free(filler);
	free(wanted);
}

Test(recorder, what_finds_no_room_in_the_queue_is_counted, .timeout = 60)
{
	struct run_end end = { .how = "finished" };
	struct rlimit limit;
	struct recorder *r;
	int run, e, i;

	r = open_recorder(0);
	run = add_run(r, "nat");
	e = add_endpoint(r, "a");
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (i = 0; i < 100500; i++)
		put_attempt(r, run, e, i, 0);
	cr_expect(becomes(&troubles, 1, 10));
	cr_expect_eq(trouble.sys, ENOSPC, "%s", trouble.msg);
	cr_expect_eq(recorder_lost(r), 500);
	recorder_end_run(r, run, &end);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect(becomes(&recoveries, 1, 10));
	close_recorder(r);
	expect("SELECT count(*) FROM attempt WHERE slot = id - 1", 100000);
	expect("SELECT lost_rows FROM run", 500);
}

Test(recorder, closing_gives_up_where_nothing_can_be_stored, .timeout = 60)
{
	int64_t begun;
	struct rlimit limit;
	struct recorder *r;
	struct err err;
	int run, e, i;

	r = open_recorder(0);
	run = add_run(r, "nat");
	e = add_endpoint(r, "a");
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 4096;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (i = 0; i < 10; i++)
		put_attempt(r, run, e, i, 0);
	begun = monotonic_now_us();
	cr_expect_eq(recorder_close(r, &err), -1);
	cr_expect_not_null(strstr(err.msg, "no room to store"), "%s", err.msg);
	cr_expect_not_null(
	    strstr(err.msg, "; 10 rows are lost"), "%s", err.msg);
	cr_expect_eq(err.sys, ENOSPC);
	cr_expect_lt(monotonic_now_us() - begun, 15000000);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	expect("SELECT count(*) FROM attempt", 0);
}

/* n attempts of so many minutes ago. */
static void
store_old(int64_t minutes, int n)
{
	struct recorder *r = open_recorder(0);
	char *path = x_asprintf("%" PRId64, minutes);
	struct attempt_record a;
	int run = add_run(r, path), e = add_endpoint(r, "a"), i;

	for (i = 0; i < n; i++) {
		attempt_record_init(&a);
		a.run = run;
		a.endpoint = e;
		a.slot = i;
		a.started_at_us =
		    walltime_now_us() - minutes * INT64_C(60000000);
		recorder_put_attempt(r, &a);
	}
	close_recorder(r);
	free(path);
}

Test(recorder, a_clock_that_jumps_by_years_deletes_nothing)
{
	static const int64_t year = 365 * 24 * 60;
	struct recorder *r;
	int i;

	store_old(5 * year, 10);
	store_old(5 * year - 1, 10);
	/* Starts one after another, as from cron: each finds the rows before.
	 */
	for (i = 3; i > 0; i--) {
		store_old(i, 1);
		r = open_recorder(INT64_C(3600000000));
		usleep(300000);
		close_recorder(r);
	}
	expect("SELECT count(*) FROM attempt", 23);
	/* Until it has gone on for long. */
	store_old(40, 1);
	r = open_recorder(INT64_C(3600000000));
	usleep(1500000);
	close_recorder(r);
	expect("SELECT count(*) FROM attempt", 4);
}

Test(recorder, old_rows_go_at_the_start_while_new_ones_come)
{
	struct recorder *r;
	int run, e;

	store_old(120, 3000);
	store_old(50, 1);
	expect("SELECT count(*) FROM attempt", 3001);
	r = open_recorder(INT64_C(3600000000));
	run = add_run(r, "nat2");
	e = add_endpoint(r, "a");
	put_attempt(r, run, e, 5000, 0);
	usleep(1500000);
	expect("SELECT count(*) FROM attempt", 2);
	expect("SELECT sum(value) FROM counter WHERE name = 'attempts'", 3002);
	close_recorder(r);
}
