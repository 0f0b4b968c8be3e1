#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/schema.h"
#include "natdiff/store.h"
#include "natdiff/xalloc.h"

#include "lib/store_internal.h"

static char folder[] = "/tmp/natdiff-store.XXXXXX";
static char file[sizeof(folder) + 20];

/* How often a race is run: fewer times where each takes long. */
static int
rounds(int n)
{
	return getenv("TESTS_BRIEF") != NULL ? n / 10 : n;
}

/* A test of sizes, which need a great many rows. */
static void
needs_time(void)
{
	if (getenv("TESTS_BRIEF") != NULL)
		cr_skip_test("not where tests are to be brief");
}

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

	cr_expect_eq(system(command), 0);
	free(command);
}

TestSuite(store, .init = make_folder, .fini = remove_folder);

/* ------------------------------------------------------------- helpers */

/* The first column of the first row, as text; "" for NULL; free(). */
static char *
ask(const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	const char *text;
	char *answer;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
	cr_assert_eq(sqlite3_step(s), SQLITE_ROW, "%s", sql);
	text = (const char *)sqlite3_column_text(s, 0);
	answer = x_strdup(text == NULL ? "" : text);
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

/* Run SQL on a file, as another program would. */
static void
other_program(const char *name, const char *sql)
{
	char *message = NULL;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(name, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &message);
	cr_assert_null(message, "%s: %s", sql, message);
	sqlite3_close(db);
}

static struct store *
open_store(void)
{
	struct err e;
	struct store *st = store_open(file, &e);

	cr_assert_not_null(st, "%s", e.msg);
	return st;
}

/* Opening fails with this message after the file's name. */
static void
expect_refused(const char *wanted)
{
	char *message = x_asprintf("%s: %s", file, wanted);
	struct err e;

	cr_expect_null(store_open(file, &e));
	cr_expect_str_eq(e.msg, message);
	free(message);
}

static struct run_record
a_run(const char *path)
{
	struct run_record run = { .path = path,
		.role = ROLE_NAT,
		.host_name = "here",
		.version = "1",
		.mark = NOT_MEASURED,
		.config_digest = "0",
		.interval_us = 10000000,
		.started_at_us = 1000,
		.boot_at_us = NOT_MEASURED,
		.clock_synchronised = NOT_MEASURED,
		.clock_max_error_us = NOT_MEASURED };

	memcpy(run.uuid, path, strlen(path));
	return run;
}

/* A store with a run and an endpoint, in a transaction. */
static struct store *
filled_store(struct store_keys *k)
{
	struct endpoint_record ep = { .name = "api",
		.url = "https://api.example.com/",
		.verify = true,
		.kind = "endpoint" };
	struct run_record run = a_run("nat");
	struct store *st = open_store();
	struct err e;

	memset(k, 0, sizeof(*k));
	k->path = "nat";
	k->endpoint = "api";
	cr_assert_eq(store_begin(st, &e), 0, "%s", e.msg);
	cr_assert_eq(store_add_run(st, &run, &k->run_id, &e), 0, "%s", e.msg);
	cr_assert_eq(store_add_endpoint(st, &ep, &k->endpoint_id, &e), 0);
	return st;
}

static void
commit(struct store *st)
{
	struct err e;

	cr_assert_eq(store_commit(st, &e), 0, "%s", e.msg);
}

static void
add(struct store *st, const struct attempt_record *a,
    const struct store_keys *k)
{
	struct err e;

	cr_assert_eq(store_add_attempt(st, a, k, &e), 0, "%s", e.msg);
}

/* ------------------------------------------------------------- opening */

Test(store, a_new_file_is_private_whatever_the_umask)
{
	static const mode_t masks[] = { 0, 022, 0777 };
	struct stat sb;
	size_t i;

	for (i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		umask(masks[i]);
		store_close(open_store());
		umask(022);
		cr_assert_eq(stat(file, &sb), 0);
		cr_expect_eq(sb.st_mode & 07777, 0600, "umask %o: %o", masks[i],
		    sb.st_mode);
		unlink(file);
	}
}

Test(store, a_new_file_says_whose_it_is)
{
	store_close(open_store());
	expect("PRAGMA application_id", "1314145350");
	expect("PRAGMA user_version", "4");
	expect("PRAGMA journal_mode", "wal");
	expect("SELECT count(*) FROM agent", "1");
	expect("PRAGMA integrity_check", "ok");
}

Test(store, every_table_is_strict)
{
	store_close(open_store());
	expect("SELECT group_concat(name) FROM pragma_table_list"
	       " WHERE schema = 'main' AND type = 'table' AND NOT strict"
	       " AND name NOT LIKE 'sqlite_%'",
	    "");
}

Test(store, the_agent_stays_the_same)
{
	struct store *st = open_store();
	char agent[33];

	cr_expect_eq(strlen(store_agent(st)), 32);
	cr_expect_eq(strspn(store_agent(st), "0123456789abcdef"), 32);
	memcpy(agent, store_agent(st), sizeof(agent));
	store_close(st);
	st = open_store();
	cr_expect_str_eq(store_agent(st), agent);
	store_close(st);
}

Test(store, an_empty_file_is_filled)
{
	close(open(file, O_CREAT | O_WRONLY, 0644));
	store_close(open_store());
	expect("PRAGMA application_id", "1314145350");
}

Test(store, names_that_sqlite_reads_otherwise_are_plain_files)
{
	static const char *const names[] = { ":memory:", "file:x.db?mode=ro",
		"x y%20'.db" };
	struct stat sb;
	struct err e;
	size_t i;

	cr_assert_eq(chdir(folder), 0);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		store_close(store_open(names[i], &e));
		cr_expect_eq(stat(names[i], &sb), 0, "%s", names[i]);
		cr_expect_gt(sb.st_size, 0, "%s", names[i]);
	}
	cr_assert_eq(chdir("/"), 0);
}

Test(store, processes_that_open_a_new_file_at_once_all_succeed)
{
	int i, round, status, ready[2];
	struct err e;
	char c;

	for (round = 0; round < rounds(10); round++) {
		cr_assert_eq(pipe(ready), 0);
		for (i = 0; i < 4; i++) {
			if (fork() != 0)
				continue;
			close(ready[1]);
			/* All start when the parent closes its end. */
			if (read(ready[0], &c, 1) != 0)
				_exit(2);
			if (store_open(file, &e) != NULL)
				_exit(0);
			fprintf(stderr, "%s\n", e.msg);
			_exit(1);
		}
		close(ready[0]);
		close(ready[1]);
		for (i = 0; i < 4; i++) {
			wait(&status);
			cr_expect_eq(status, 0, "round %d", round);
		}
		expect("SELECT count(*) FROM agent", "1");
		expect("PRAGMA integrity_check", "ok");
		unlink(file);
	}
}

Test(store, a_process_killed_while_it_makes_the_file_leaves_no_ruin)
{
	int round, torn = 0;
	char *journal = x_asprintf("%s-journal", file);
	struct stat sb;
	struct err e;
	pid_t pid;

	for (round = 0; round < rounds(100); round++) {
		pid = fork();
		if (pid == 0) {
			store_open(file, &e);
			_exit(0);
		}
		usleep((unsigned)round * 60);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		torn += stat(journal, &sb) == 0;
		store_close(open_store());
		expect("PRAGMA integrity_check", "ok");
		expect("SELECT count(*) FROM agent", "1");
		unlink(file);
	}
	cr_log_info("%d times in the middle of a transaction", torn);
	free(journal);
}

/* ------------------------------------------------------------ refusals */

/* The bytes of a file; free(). */
static char *
bytes_of(const char *name, size_t *size)
{
	FILE *f = fopen(name, "r");
	char *bytes = x_malloc(1 << 20);

	cr_assert_not_null(f);
	*size = fread(bytes, 1, 1 << 20, f);
	fclose(f);
	return bytes;
}

/* Refused with that message, and neither it nor its folder has changed. */
static void
expect_refused_untouched(const char *wanted)
{
	char *command = x_asprintf("test $(ls -A '%s' | wc -l) -eq 1", folder);
	size_t before_size, after_size;
	char *before = bytes_of(file, &before_size);
	char *after;

	expect_refused(wanted);
	after = bytes_of(file, &after_size);
	cr_expect_eq(before_size, after_size, "%s", wanted);
	cr_expect_eq(memcmp(before, after, before_size), 0, "%s", wanted);
	cr_expect_eq(system(command), 0, "%s: files are left", wanted);
	free(before);
	free(after);
	free(command);
}

static void
write_file(const char *bytes, size_t size)
{
	FILE *f = fopen(file, "w");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(bytes, 1, size, f), size);
	fclose(f);
}

Test(store, a_file_that_is_no_database_is_refused)
{
	static const char zeroes[8192];

	write_file("hello\n", 6);
	expect_refused_untouched("is no SQLite database");
	write_file(zeroes, sizeof(zeroes));
	expect_refused_untouched("is no SQLite database");
}

Test(store, a_database_of_another_program_is_refused)
{
	static const char *const others[] = {
		"CREATE TABLE bookmarks (url TEXT)",
		"PRAGMA application_id = 252006675",
		"PRAGMA application_id = 252006675; CREATE TABLE x (y)",
		"PRAGMA user_version = 4",
		"PRAGMA journal_mode = WAL; CREATE TABLE x (y)",
	};
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		other_program(file, others[i]);
		expect_refused_untouched("belongs to another program");
		unlink(file);
	}
}

/* Its tables may still stand in a log that nobody copied. */
Test(store, another_programs_tables_in_its_log_are_seen)
{
	char *wal = x_asprintf("%s-wal", file);
	size_t size, size_after;
	char *bytes, *after;
	sqlite3 *db;
	pid_t pid = fork();

	if (pid == 0) {
		sqlite3_open(file, &db);
		sqlite3_exec(db,
		    "PRAGMA journal_mode = WAL; CREATE TABLE x (y)", NULL, NULL,
		    NULL);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	bytes = bytes_of(wal, &size);
	cr_assert_gt(size, 0);
	expect_refused("belongs to another program");
	after = bytes_of(wal, &size_after);
	cr_expect_eq(size, size_after);
	cr_expect_eq(memcmp(bytes, after, size), 0);
	free(bytes);
	free(after);
	free(wal);
}

Test(store, a_newer_schema_is_refused)
{
	store_close(open_store());
	other_program(file,
	    "PRAGMA journal_mode = DELETE;"
	    "PRAGMA user_version = 9");
	expect_refused_untouched(
	    "is of a newer natdiff (schema version 9, this program knows 4)");
}

Test(store, a_file_cut_short_is_refused)
{
	struct err e;

	store_close(open_store());
	cr_assert_eq(truncate(file, 5000), 0);
	cr_expect_null(store_open(file, &e));
	cr_expect_eq(strncmp(e.msg, file, strlen(file)), 0, "%s", e.msg);
	cr_expect_not_null(strstr(e.msg, "malformed"), "%s", e.msg);
}

Test(store, a_missing_folder_is_named)
{
	char *wanted = x_asprintf("folder %s/none does not exist", folder);

	snprintf(file, sizeof(file), "%s/none/x.db", folder);
	expect_refused(wanted);
	free(wanted);
}

Test(store, what_is_no_file_is_refused)
{
	struct err e;

	cr_assert_eq(mkdir(file, 0700), 0);
	expect_refused("is a directory");
	rmdir(file);
	cr_assert_eq(mkfifo(file, 0600), 0);
	expect_refused("is no regular file");
	unlink(file);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	strcat(file, "/x.db");
	expect_refused("cannot open: Not a directory");
	cr_expect_null(store_open("", &e));
	cr_expect_str_eq(e.msg, "database: no file name");
}

/* Root may write anywhere: give that up, for this process. */
static void
become_nobody(void)
{
	cr_assert_eq(chmod(folder, 0777), 0);
	if (geteuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
}

Test(store, a_read_only_file_is_refused)
{
	store_close(open_store());
	cr_assert_eq(chmod(file, 0444), 0);
	become_nobody();
	expect_refused_untouched("cannot be written: Permission denied");
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
}

Test(store, a_read_only_folder_is_refused)
{
	char *wanted = x_asprintf("cannot write to folder %s: Permission "
				  "denied",
	    folder);

	store_close(open_store());
	cr_assert_eq(chmod(file, 0666), 0);
	become_nobody();
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(folder, 0555), 0);
	if (getuid() == 0)
		cr_assert_eq(seteuid(65534), 0);
	expect_refused_untouched(wanted);
	strcat(file, "2");
	expect_refused(wanted);
	if (getuid() == 0)
		cr_assert_eq(seteuid(0), 0);
	cr_assert_eq(chmod(folder, 0755), 0);
	free(wanted);
}

/* ----------------------------------------------------------- migration */

static sqlite3 *
raw_open(void)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	return db;
}

Test(store, an_older_file_is_migrated_with_its_rows)
{
	const char *steps[] = { schema_steps[0], schema_steps[1],
		schema_steps[2], schema_steps[3],
		"ALTER TABLE note ADD COLUMN author TEXT",
		"CREATE TABLE extra (x INTEGER) STRICT" };
	struct err e;
	sqlite3 *db;

	store_close(open_store());
	other_program(
	    file, "INSERT INTO note (at, written_at, text) VALUES (1, 2, 'n')");
	db = raw_open();
	cr_assert_eq(
	    store_file_migrate(db, file, steps, 6, &e), 0, "%s", e.msg);
	/* A second time there is nothing left to do. */
	cr_assert_eq(store_file_migrate(db, file, steps, 6, &e), 0);
	sqlite3_close(db);
	expect("SELECT text || ifnull(author, '-') FROM note", "n-");
	expect("SELECT count(*) FROM extra", "0");
	expect("PRAGMA user_version", "6");
	expect_refused(
	    "is of a newer natdiff (schema version 6, this program knows 4)");
}

Test(store, a_migration_that_fails_changes_nothing)
{
	const char *steps[] = { schema_steps[0], schema_steps[1],
		schema_steps[2], schema_steps[3],
		"ALTER TABLE note ADD COLUMN author TEXT",
		"CREATE TABLE note (x)" };
	struct err e;
	sqlite3 *db;

	store_close(open_store());
	db = raw_open();
	cr_expect_eq(store_file_migrate(db, file, steps, 6, &e), -1);
	cr_expect_not_null(strstr(e.msg, "already exists"), "%s", e.msg);
	sqlite3_close(db);
	expect("PRAGMA user_version", "4");
	expect("SELECT count(*) FROM pragma_table_info('note')"
	       " WHERE name = 'author'",
	    "0");
	store_close(open_store());
}

/* ---------------------------------------------------------------- rows */

Test(store, what_was_not_measured_is_null)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);

	attempt_record_init(&a);
	a.slot = 7;
	a.started_at_us = 1;
	add(st, &a, &k);
	commit(st);
	store_close(st);
	/* All but id, run_id, endpoint_id, slot, seq, started_at, attempt_id.
	 */
	expect("SELECT count(*) FROM attempt WHERE coalesce(target_id, failure,"
	       " failed_phase, syn_retransmits, connect_us, tls_us,"
	       " request_us, total_us, http_status, loop_lag_us,"
	       " kernel_rtt_us, connect_segs_in, late_retransmits, dsack_dups,"
	       " done_us, other_us, ws_ping_us, local_address_id, local_port,"
	       " observed_address_id, observed_port, resolution_id,"
	       " tls_session_id, server_date_offset_us, bytes_in, bytes_out,"
	       " curl_code, os_errno, tls_alert, failure_text) IS NULL",
	    "1");
	expect("SELECT count(*) FROM pragma_table_info('attempt')", "37");
	expect("SELECT mark IS NULL AND boot_at IS NULL AND ended_at IS NULL"
	       " AND kernel IS NULL FROM run",
	    "1");
}

/* An attempt in which every field differs from every other. */
static void
full_attempt(struct attempt_record *a)
{
	attempt_record_init(a);
	memset(a->id, 0xab, sizeof(a->id));
	endpoint_address_parse("203.0.113.10", &a->target);
	a->target.port = 443;
	a->slot = 101;
	a->seq = 102;
	a->started_at_us = 1700000000123456;
	a->connect_us = 103;
	a->tls_us = 104;
	a->request_us = 105;
	a->done_us = 106;
	a->other_us = 107;
	a->total_us = 108;
	a->ws_ping_us = 109;
	a->kernel_rtt_us = 110;
	a->loop_lag_us = 111;
	a->failure = FAILURE_TLS_RESET;
	a->failed_phase = PHASE_TLS;
	a->failure_text = x_strdup("text");
	a->curl_code = 112;
	a->os_errno = 113;
	a->tls_alert = 114;
	a->http_status = 115;
	endpoint_address_parse("10.0.0.5", &a->local);
	a->local.port = 116;
	endpoint_address_parse("2001:db8::1", &a->observed);
	a->observed.port = 117;
	a->syn_retransmits = 118;
	a->connect_segs_in = 119;
	a->late_retransmits = 120;
	a->dsack_dups = 121;
	a->server_date_offset_us = -122;
	a->bytes_in = 123;
	a->bytes_out = 124;
	a->tls_version = x_strdup("TLSv1.3");
	a->tls_cipher = x_strdup("CIPHER");
	a->cert_issuer = x_strdup("CN=CA");
	a->has_cert = true;
	memset(a->cert_sha256, 0xcd, sizeof(a->cert_sha256));
	a->cert_verify = 20;
	a->n_headers = 1;
	a->headers = x_calloc(1, sizeof(*a->headers));
	a->headers[0].name = x_strdup("x-request-id");
	a->headers[0].value = x_strdup("42");
}

Test(store, every_field_of_an_attempt_finds_its_column)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);

	full_attempt(&a);
	k.resolution_id = 125;
	add(st, &a, &k);
	commit(st);
	store_close(st);
	attempt_record_clear(&a);
	expect("SELECT attempt_id || path || role || host || endpoint"
	       " FROM attempts",
	    "abababababababababababababababab"
	    "natnathereapi");
	expect("SELECT concat FROM (SELECT target_address || ' ' ||"
	       " target_port || ' ' || slot || ' ' || seq || ' ' ||"
	       " started_at || ' ' || failure || ' ' || failed_phase || ' ' ||"
	       " http_status || ' ' || connect_us || ' ' || tls_us || ' ' ||"
	       " request_us || ' ' || done_us || ' ' || other_us || ' ' ||"
	       " total_us || ' ' || ws_ping_us || ' ' || kernel_rtt_us"
	       " || ' ' || loop_lag_us || ' ' || syn_retransmits || ' ' ||"
	       " connect_segs_in || ' ' || late_retransmits || ' ' ||"
	       " dsack_dups AS concat FROM attempts)",
	    "203.0.113.10 443 101 102 2023-11-14T22:13:20.123456Z tls_reset "
	    "tls 115 103 104 105 106 107 108 109 110 111 118 119 120 121");
	expect("SELECT local_address || ' ' || local_port || ' ' ||"
	       " observed_address || ' ' || observed_port || ' ' ||"
	       " tls_version || ' ' || tls_cipher || ' ' || cert_issuer"
	       " || ' ' || cert_verify || ' ' || server_date_offset_us"
	       " || ' ' || bytes_in || ' ' || bytes_out || ' ' || curl_code"
	       " || ' ' || os_errno || ' ' || tls_alert || ' ' ||"
	       " failure_text || ' ' || resolution_id FROM attempts",
	    "10.0.0.5 116 2001:db8::1 117 TLSv1.3 CIPHER CN=CA 20 -122 123 "
	    "124 112 113 114 text 125");
	expect("SELECT cert_sha256 FROM attempts",
	    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"
	    "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd");
	expect("SELECT name || value FROM response_header h"
	       " JOIN attempt a ON a.id = h.attempt_id",
	    "x-request-id42");
}

Test(store, texts_that_repeat_are_stored_once)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	int i;

	full_attempt(&a);
	for (i = 0; i < 3; i++) {
		add(st, &a, &k);
		commit(st);
		/* With an empty cache the rows are found in the tables. */
		store_close(st);
		st = open_store();
		cr_assert_eq(store_begin(st, NULL), 0);
		add(st, &a, &k);
	}
	free(a.tls_version);
	free(a.tls_cipher);
	a.tls_version = a.tls_cipher = NULL;
	add(st, &a, &k);
	add(st, &a, &k);
	commit(st);
	store_close(st);
	attempt_record_clear(&a);
	expect("SELECT count(*) FROM attempt", "8");
	expect("SELECT count(*) FROM target", "1");
	expect("SELECT count(*) FROM address", "2");
	expect("SELECT count(*) FROM tls_session", "2");
}

Test(store, more_addresses_than_the_cache_holds_keep_their_ids)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	int i;

	attempt_record_init(&a);
	a.target.family = AF_INET;
	for (i = 0; i < 6 * ID_CACHE_SLOTS; i++) {
		a.target.ip.v4.s_addr = htonl((uint32_t)(i % 3000));
		a.target.port = (uint16_t)(i % 3000);
		a.connect_us = i % 3000;
		add(st, &a, &k);
	}
	commit(st);
	store_close(st);
	expect("SELECT count(*) FROM target", "3000");
	expect("SELECT count(*) FROM attempts WHERE target_port <> connect_us",
	    "0");
}

Test(store, an_endpoint_is_found_again_and_a_changed_one_is_new)
{
	struct endpoint_record ep = { .name = "api",
		.url = "https://api.example.com/",
		.verify = true,
		.kind = "endpoint" };
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int64_t id;

	cr_expect_eq(store_add_endpoint(st, &ep, &id, &e), 0);
	cr_expect_eq(id, k.endpoint_id);
	ep.verify = false;
	cr_expect_eq(store_add_endpoint(st, &ep, &id, &e), 0);
	cr_expect_neq(id, k.endpoint_id);
	commit(st);
	store_close(st);
}

Test(store, a_sample_keeps_its_census)
{
	struct census_record census[2] = {
		{ .established = 1,
		    .syn_sent = 2,
		    .time_wait = 3,
		    .closing = 4,
		    .close_wait = 5,
		    .local_ports = 6,
		    .own = 7 },
	};
	struct host_sample_record s = { .slot = 9,
		.at_us = 10,
		.ports_in_use = 11,
		.port_range_first = 12,
		.port_range_last = 13,
		.conntrack_count = 14,
		.conntrack_max = 15,
		.conntrack_drops = NOT_MEASURED,
		.allowance_exceeded = 16,
		.cpu_stall_us = 17,
		.load1_milli = 18,
		.census = census,
		.n_census = 2 };
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;

	endpoint_address_parse("192.0.2.1", &census[1].destination);
	census[1].destination.port = 443;
	cr_assert_eq(
	    store_add_host_sample(st, &s, k.run_id, &e), 0, "%s", e.msg);
	commit(st);
	store_close(st);
	expect("SELECT slot || ' ' || at || ' ' || ports_in_use || ' ' ||"
	       " port_range_first || ' ' || port_range_last || ' ' ||"
	       " conntrack_count || ' ' || conntrack_max || ' ' ||"
	       " ifnull(conntrack_drops, '-') || ' ' || allowance_exceeded"
	       " || ' ' || cpu_stall_us || ' ' || load1_milli"
	       " FROM host_sample",
	    "9 10 11 12 13 14 15 - 16 17 18");
	expect("SELECT established || syn_sent || time_wait || closing ||"
	       " close_wait || local_ports || own FROM census"
	       " WHERE target_id IS NULL",
	    "1234567");
	expect("SELECT address FROM census JOIN target t ON t.id = target_id",
	    "192.0.2.1");
}

Test(store, a_run_is_ended)
{
	struct run_end end = { .ended_at_us = 1,
		.planned = 2,
		.fired = 3,
		.lost_rows = 4,
		.clock_step_us = -5,
		.how = "interrupted" };
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;

	cr_assert_eq(store_end_run(st, k.run_id, &end, &e), 0);
	commit(st);
	store_close(st);
	expect("SELECT ended_at || planned || fired || lost_rows ||"
	       " clock_step_us || ended_how FROM run",
	    "1234-5interrupted");
}

/* ------------------------------------------------- counters, rollback */

static void
expect_counter(const char *name, const char *label, const char *wanted)
{
	char *query = x_asprintf("SELECT value FROM counter WHERE name = '%s'"
				 " AND path = 'nat' AND endpoint = 'api'"
				 " AND label = '%s'",
	    name, label);

	expect(query, wanted);
	free(query);
}

Test(store, counters_sum_over_transactions)
{
	struct resolution_record res = { .duration_us = 5,
		.failure = FAILURE_DNS_TIMEOUT };
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int64_t id;
	int i;

	for (i = 0; i < 3; i++) {
		attempt_record_init(&a);
		a.connect_us = 100;
		a.syn_retransmits = 2;
		add(st, &a, &k);
		a.failure = FAILURE_CONNECT_TIMEOUT;
		a.failed_phase = PHASE_CONNECT;
		add(st, &a, &k);
		cr_assert_eq(store_add_resolution(st, &res, &k, &id, &e), 0);
		commit(st);
		cr_assert_eq(store_begin(st, &e), 0);
	}
	commit(st);
	store_close(st);
	expect_counter("attempts", "", "3");
	expect_counter("attempts", "connect_timeout", "3");
	expect_counter("resolutions", "dns_timeout", "3");
	expect_counter("syn_retransmits", "", "12");
	expect_counter("phase_us", "connect", "600");
	expect_counter("phase_count", "connect", "6");
	expect_counter("phase_us", "dns", "15");
	expect("SELECT count(*) FROM counter", "8");
}

Test(store, more_endpoints_than_counters_are_summed_at_once_all_count)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	char name[20];
	int i;

	attempt_record_init(&a);
	k.endpoint = name;
	for (i = 0; i < 5 * COUNTS_MAX; i++) {
		snprintf(name, sizeof(name), "e%d", i % 100);
		add(st, &a, &k);
	}
	commit(st);
	store_close(st);
	expect("SELECT sum(value) || ' ' || count(*) FROM counter"
	       " WHERE name = 'attempts'",
	    "320 100");
}

Test(store, a_rollback_takes_rows_counters_and_ids_back)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;

	commit(st);
	full_attempt(&a);
	cr_assert_eq(store_begin(st, &e), 0);
	add(st, &a, &k);
	store_rollback(st);
	cr_assert_eq(store_begin(st, &e), 0);
	add(st, &a, &k);
	commit(st);
	store_close(st);
	attempt_record_clear(&a);
	expect("SELECT count(*) FROM attempts WHERE target_address IS NOT NULL"
	       " AND local_address IS NOT NULL AND tls_version IS NOT NULL",
	    "1");
	expect_counter("attempts", "tls_reset", "1");
}

Test(store, a_row_that_cannot_be_stored_is_told_from_a_store_that_cannot)
{
	struct resolution_record res = { .duration_us = NOT_MEASURED };
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int64_t id;

	cr_expect_eq(store_add_resolution(st, &res, &k, &id, &e), -1);
	cr_expect_eq(e.sys, EINVAL, "%s", e.msg);
	store_rollback(st);
	store_close(st);
}

Test(store, no_room_is_told_and_works_again_with_room)
{
	struct rlimit limit;
	struct attempt_record a;
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int i, rc = 0;

	commit(st);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 300000;
	setrlimit(RLIMIT_FSIZE, &limit);
	attempt_record_init(&a);
	cr_assert_eq(store_begin(st, &e), 0);
	for (i = 0; i < 20000 && rc == 0; i++)
		rc = store_add_attempt(st, &a, &k, &e);
	if (rc == 0)
		rc = store_commit(st, &e);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	cr_expect_eq(rc, -1);
	cr_expect_eq(e.sys, ENOSPC, "%s", e.msg);
	cr_expect_eq(strncmp(e.msg, file, strlen(file)), 0, "%s", e.msg);

	store_rollback(st);
	cr_assert_eq(store_begin(st, &e), 0, "%s", e.msg);
	add(st, &a, &k);
	commit(st);
	store_close(st);
	expect("SELECT count(*) FROM attempt", "1");
	expect("PRAGMA integrity_check", "ok");
}

Test(store, a_file_removed_while_in_use_is_told)
{
	struct store *st = open_store();
	struct err e;

	unlink(file);
	cr_expect_eq(store_begin(st, &e), -1);
	cr_expect_not_null(strstr(e.msg, "was moved or deleted"), "%s", e.msg);
	store_close(st);
}

Test(store, the_log_stays_short)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st;
	struct stat sb;
	struct err e;
	char *wal;
	int i, n;

	needs_time();
	wal = x_asprintf("%s-wal", file);
	st = filled_store(&k);
	full_attempt(&a);
	for (i = 0; i < 100; i++) {
		for (n = 0; n < 2000; n++)
			add(st, &a, &k);
		commit(st);
		cr_assert_eq(store_begin(st, &e), 0);
	}
	commit(st);
	cr_assert_eq(stat(file, &sb), 0);
	cr_expect_gt(sb.st_size, 20000000, "%lld", (long long)sb.st_size);
	cr_assert_eq(stat(wal, &sb), 0);
	cr_expect_lt(sb.st_size, 9000000, "%lld", (long long)sb.st_size);
	store_close(st);
	attempt_record_clear(&a);
	free(wal);
}

/* A reader in the way makes the log grow; once it is gone, it is cut. */
Test(store, the_log_is_cut_when_a_long_reader_is_gone)
{
	struct attempt_record a;
	struct store_keys k;
	struct store *st;
	sqlite3 *reader;
	struct stat sb;
	struct err e;
	char *wal;
	int i, n;

	needs_time();
	wal = x_asprintf("%s-wal", file);
	st = filled_store(&k);
	reader = raw_open();
	commit(st);
	cr_assert_eq(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM attempt",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	full_attempt(&a);
	for (i = 0; i < 55; i++) {
		cr_assert_eq(store_begin(st, &e), 0);
		/* In between, the reader ends. */
		if (i == 50)
			sqlite3_close(reader);
		for (n = 0; n < (i < 50 ? 4000 : 1); n++)
			add(st, &a, &k);
		commit(st);
		if (i == 49) {
			cr_assert_eq(stat(wal, &sb), 0);
			cr_expect_gt(sb.st_size, 20000000);
		}
	}
	cr_assert_eq(stat(wal, &sb), 0);
	cr_expect_leq(sb.st_size, 8388608, "%lld", (long long)sb.st_size);
	store_close(st);
	expect("SELECT count(*) FROM attempt", "200005");
	attempt_record_clear(&a);
	free(wal);
}

/* -------------------------------------------------------------- expiry */

/* One of everything at each of the given seconds. */
static void
fill_times(struct store *st, struct store_keys *k, const int *seconds, size_t n)
{
	struct census_record census = { .established = 1 };
	struct host_sample_record s = { .census = &census, .n_census = 1 };
	struct resolution_record res = { .duration_us = 5 };
	struct attempt_record a;
	struct err e;
	size_t i;

	for (i = 0; i < n; i++) {
		full_attempt(&a);
		res.started_at_us = s.at_us = seconds[i] * INT64_C(1000000);
		a.started_at_us = res.started_at_us + 100;
		cr_assert_eq(
		    store_add_resolution(st, &res, k, &k->resolution_id, &e),
		    0);
		add(st, &a, k);
		cr_assert_eq(store_add_host_sample(st, &s, k->run_id, &e), 0);
		attempt_record_clear(&a);
	}
}

static int
expire_all(struct store *st, int64_t before_us, int limit)
{
	int deleted, total = 0;
	struct err e;

	do {
		cr_assert_eq(store_begin(st, &e), 0);
		cr_assert_eq(store_expire(st, before_us, limit, &deleted, &e),
		    0, "%s", e.msg);
		cr_expect_leq(deleted, limit);
		commit(st);
		total += deleted;
	} while (deleted > 0);
	return total;
}

Test(store, old_rows_expire_and_counters_stay)
{
	/* The clock was wrong for a while. */
	static const int seconds[] = { 4000, 5, 10, 900, 1000, 1100, 20 };
	struct store_keys k;
	struct store *st = filled_store(&k);

	fill_times(st, &k, seconds, 7);
	commit(st);
	cr_expect_eq(expire_all(st, 1000 * INT64_C(1000000), 2), 12);
	store_close(st);
	expect("SELECT group_concat(started_at / 1000000) FROM (SELECT * FROM"
	       " attempt ORDER BY started_at)",
	    "1000,1100,4000");
	expect("SELECT count(*) FROM response_header h JOIN attempt a"
	       " ON a.id = h.attempt_id",
	    "3");
	expect("SELECT count(*) FROM response_header", "3");
	expect("SELECT count(*) FROM resolution", "3");
	expect("SELECT group_concat(at / 1000000) FROM (SELECT * FROM"
	       " host_sample ORDER BY at)",
	    "1000,1100,4000");
	expect("SELECT count(*) FROM census", "3");
	expect_counter("attempts", "tls_reset", "7");
	expect("SELECT count(*) FROM run", "1");
}

/* from_us and now_us in seconds */
static int
time_passed(struct store *st, int from, int now)
{
	struct err e;

	return store_time_passed(
	    st, from * INT64_C(1000000), now * INT64_C(1000000), &e);
}

Test(store, time_passed_where_rows_are_of_its_first_half)
{
	static const int seconds[] = { 100, 200, 4000 };
	struct gateway_event_record ev;
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int64_t id;

	fill_times(st, &k, seconds, 3);
	cr_expect_eq(time_passed(st, 150, 260), 1);
	cr_expect_eq(time_passed(st, 150, 240), 0, "of its second half only");
	cr_expect_eq(time_passed(st, 210, 4010), 0);
	cr_expect_eq(time_passed(st, -900, -100), 0);
	gateway_event_record_init(&ev);
	ev.source = "gw";
	ev.kind = "drop";
	ev.from_at_us = ev.to_at_us = 300 * INT64_C(1000000);
	ev.import_id = 1;
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0, "%s", e.msg);
	cr_expect_eq(time_passed(st, 210, 4010), 0, "of a log of others");
	ev.import_id = NOT_MEASURED;
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0, "%s", e.msg);
	cr_expect_eq(time_passed(st, 210, 4010), 1);
	store_close(st);
}

/* Attempts begin up to a slot after the resolution they use. */
Test(store, a_resolution_outlives_its_attempts)
{
	static const int seconds[] = { 995, 970 };
	struct store_keys k;
	struct store *st = filled_store(&k);

	fill_times(st, &k, seconds, 2);
	commit(st);
	expire_all(st, 1000 * INT64_C(1000000), 100);
	store_close(st);
	expect("SELECT count(*) FROM attempt", "0");
	expect(
	    "SELECT group_concat(started_at / 1000000) FROM resolution", "995");
}

Test(store, a_run_goes_with_its_last_row)
{
	static const int seconds[] = { 5, 10 };
	struct run_end end = { .ended_at_us = 11000000, .how = "finished" };
	struct run_record other = a_run("other");
	struct store_keys k;
	struct store *st = filled_store(&k);
	struct err e;
	int64_t id;

	/* One that was killed has no end, and stays. */
	cr_assert_eq(store_add_run(st, &other, &id, &e), 0);
	fill_times(st, &k, seconds, 2);
	cr_assert_eq(store_end_run(st, k.run_id, &end, &e), 0);
	commit(st);
	expire_all(st, 8000000, 3);
	expect("SELECT count(*) FROM run", "2");
	expire_all(st, 60000000, 3);
	expect("SELECT group_concat(path) FROM run", "other");
	expect("SELECT count(*) FROM resolution", "0");
	store_close(st);
}

Test(store, the_file_keeps_its_size_under_retention)
{
	char *wal = x_asprintf("%s-wal", file);
	int seconds[500], day, i;
	struct store_keys k;
	struct store *st = filled_store(&k);
	int64_t early = 0, late;
	struct stat sb;
	struct err e;

	commit(st);
	for (day = 0; day < 40; day++) {
		cr_assert_eq(store_begin(st, &e), 0);
		for (i = 0; i < 500; i++)
			seconds[i] = day * 86400 + i * 100;
		fill_times(st, &k, seconds, 500);
		commit(st);
		expire_all(st, (day - 3) * INT64_C(86400000000), 500);
		cr_assert_eq(stat(file, &sb), 0);
		if (day == 10)
			early = sb.st_size;
	}
	store_close(st);
	cr_assert_eq(stat(file, &sb), 0);
	late = sb.st_size;
	cr_expect_lt(late, early + early / 10, "%lld, then %lld",
	    (long long)early, (long long)late);
	free(wal);
}

/* -------------------------------------------------------- measurements */

static struct measurement_record
a_measurement(int64_t started_at_us)
{
	struct measurement_record m = {
		.kind = MEASUREMENT_RAMP,
		.path = "nat",
		.role = ROLE_NAT,
		.host_name = "host",
		.version = "1",
		.destination = "203.0.113.10:443",
		.started_at_us = started_at_us,
		.ended_at_us = started_at_us + 1000000,
		.ended_how = MEASUREMENT_FINISHED,
		.finding = RAMP_HOST_LIMIT,
		.low = 100,
		.best = NOT_MEASURED,
		.high = NOT_MEASURED,
		.detail_json = "{}",
	};

	return m;
}

static void
add_measurement(struct store *st, int64_t started_at_us)
{
	struct measurement_record m = a_measurement(started_at_us);
	struct err e;

	cr_assert_eq(store_add_measurement(st, &m, &e), 0, "%s", e.msg);
}

Test(store, a_measurement_is_kept_with_its_agent_and_its_gaps)
{
	struct store *st = open_store();
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0);
	add_measurement(st, 5);
	commit(st);
	store_close(st);
	expect(
	    "SELECT m.kind || ' ' || (g.agent = (SELECT agent FROM agent))"
	    " || ' ' || path || ' ' || role || ' ' || destination || ' ' ||"
	    " started_at || ' ' || ended_at || ' ' || ended_how || ' ' ||"
	    " finding || ' ' || low || ' ' || (best IS NULL) || (high IS NULL)"
	    " || detail FROM measurement m JOIN agent g ON g.id = m.agent_id",
	    "ramp 1 nat nat 203.0.113.10:443 5 1000005 finished host_limit 100"
	    " 11{}");
}

Test(store, old_measurements_expire)
{
	struct store *st = open_store();
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0);
	add_measurement(st, 2000);
	add_measurement(st, 10);
	add_measurement(st, 20);
	commit(st);
	cr_expect_eq(expire_all(st, 1000, 1), 2);
	store_close(st);
	expect("SELECT group_concat(started_at) FROM measurement", "2000");
}

/* ------------------------------------------------------ gateway events */

static struct gateway_event_record
an_event(const char *kind, int64_t value)
{
	struct gateway_event_record ev;

	gateway_event_record_init(&ev);
	ev.source = "conntrack gw";
	ev.kind = kind;
	ev.from_at_us = 1000;
	ev.to_at_us = 2000;
	ev.value = value;
	return ev;
}

Test(store, a_gateway_event_keeps_all_it_is_told_and_no_more)
{
	struct gateway_event_record ev = an_event("drop", 0);
	struct store *st = open_store();
	struct err e;
	int64_t id;

	cr_assert_eq(store_begin(st, &e), 0);
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0, "%s", e.msg);
	cr_expect_eq(id, 1);
	ev.protocol = 6;
	ev.import_id = 7;
	ev.identity = "x";
	ev.detail = "{}";
	cr_assert_eq(endpoint_address_parse("10.0.0.5", &ev.inside), 0);
	cr_assert_eq(endpoint_address_parse("203.0.113.2", &ev.outside), 0);
	cr_assert_eq(endpoint_address_parse("2001:db8::1", &ev.destination), 0);
	ev.inside.port = 40000;
	ev.destination.port = 443;
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0, "%s", e.msg);
	commit(st);
	store_close(st);
	expect(
	    "SELECT source || kind || from_at || ' ' || to_at || ' ' || value"
	    " FROM gateway_event WHERE id = 1",
	    "conntrack gwdrop1000 2000 0");
	expect("SELECT coalesce(import_id, protocol, inside_address,"
	       " inside_port, outside_address, outside_port,"
	       " destination_address, destination_port, identity, detail,"
	       " 'nothing') FROM gateway_event WHERE id = 1",
	    "nothing");
	expect("SELECT printf('%d %d %s %d %s %s %s %d %s %s', import_id,"
	       " protocol, inside_address, inside_port, outside_address,"
	       " outside_port IS NULL, destination_address,"
	       " destination_port, identity, detail)"
	       " FROM gateway_event WHERE id = 2",
	    "7 6 10.0.0.5 40000 203.0.113.2 1 2001:db8::1 443 x {}");
}

Test(store, a_gateway_event_with_an_identity_is_stored_once)
{
	struct gateway_event_record ev = an_event("DROPPED", NOT_MEASURED);
	struct store *st = open_store();
	struct err e;
	int64_t id;

	cr_assert_eq(store_begin(st, &e), 0);
	ev.identity = "a line";
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0);
	cr_expect_eq(id, 1);
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0, "%s", e.msg);
	cr_expect_eq(id, 0);
	commit(st);
	store_close(st);
	expect("SELECT count(*) FROM gateway_event", "1");
}

Test(store, a_gateway_event_grows_while_it_is_there)
{
	struct gateway_event_record ev = an_event("drop", 0);
	struct store *st = open_store();
	struct err e;
	int64_t id;

	cr_assert_eq(store_begin(st, &e), 0);
	cr_assert_eq(store_add_gateway_event(st, &ev, &id, &e), 0);
	cr_expect_eq(store_extend_gateway_event(st, id, 9000, &e), 1);
	cr_expect_eq(store_extend_gateway_event(st, id + 1, 9000, &e), 0);
	commit(st);
	store_close(st);
	expect(
	    "SELECT from_at || ' ' || to_at FROM gateway_event", "1000 9000");
}

/* ---------------------------------------------------------------- arrivals */

static void
arrival_init(struct arrival_record *a, int64_t id, int64_t at_us)
{
	memset(a, 0, sizeof(*a));
	a->id = id;
	endpoint_address_parse("203.0.113.7", &a->observed);
	a->observed.port = 4711;
	endpoint_address_parse("2001:db8::1", &a->listen);
	a->listen.port = 8443;
	a->accepted_at_us = at_us;
	a->client_hello_at_us = a->handshake_at_us = NOT_MEASURED;
	a->request_at_us = a->upgrade_at_us = a->ended_at_us = NOT_MEASURED;
	a->requests = a->http_status = NOT_MEASURED;
}

static void
put_arrival(struct store *st, const struct arrival_record *a)
{
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0, "%s", e.msg);
	cr_assert_eq(store_put_arrival(st, a, 1, &e), 0, "%s", e.msg);
	cr_assert_eq(store_commit(st, &e), 0, "%s", e.msg);
}

Test(store, an_arrival_is_one_row_that_grows)
{
	struct store *st = open_store();
	struct arrival_record a;

	arrival_init(&a, 5, 1000);
	put_arrival(st, &a);
	expect("SELECT json_array(id, attempt_id IS NULL, observed_address,"
	       " observed_port, listen_address, listen_port, accepted_at,"
	       " client_hello_at IS NULL, ended_how IS NULL, reached)"
	       " FROM witness_arrival",
	    "[5,1,\"203.0.113.7\",4711,\"2001:db8::1\",8443,1000,1,1,\"accept\"]");
	a.client_hello_at_us = 1100;
	put_arrival(st, &a);
	expect("SELECT count(*) || reached FROM witness_arrival", "1hello");
	a.request_at_us = 1200;
	a.requests = 1;
	a.http_status = 101;
	a.has_attempt_id = true;
	memset(a.attempt_id, 0xab, sizeof(a.attempt_id));
	put_arrival(st, &a);
	expect("SELECT count(*) || reached FROM witness_arrival", "1request");
	a.upgrade_at_us = 1200;
	a.ended_at_us = 1300;
	a.ended = ARRIVAL_TIMEOUT;
	put_arrival(st, &a);
	expect(
	    "SELECT json_array(count(*), hex(attempt_id), reached, ended_how,"
	    " ended_at, http_status) FROM witness_arrival",
	    "[1,\"ABABABABABABABABABABABABABABABAB\",\"upgrade\",\"timeout\","
	    "1300,101]");
	store_close(st);
}

Test(store, a_witness_counts_on_where_another_left_off)
{
	struct witness_run_record w = { .host_name = "h",
		.version = "1",
		.listen = "203.0.113.5:443",
		.started_at_us = 50,
		.clock_synchronised = 1,
		.clock_max_error_us = NOT_MEASURED };
	struct store *st = open_store();
	struct arrival_record a;
	int64_t id, first;
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0);
	cr_assert_eq(store_add_witness_run(st, &w, &id, &first, &e), 0);
	cr_assert_eq(store_commit(st, &e), 0);
	cr_expect_eq(first, 1);
	expect("SELECT alive_at FROM witness_run WHERE ended_at IS NULL", "50");
	arrival_init(&a, 7, 60);
	put_arrival(st, &a);
	cr_assert_eq(store_begin(st, &e), 0);
	cr_assert_eq(store_witness_alive(st, id, 70, NOT_MEASURED, &e), 0);
	cr_assert_eq(store_add_witness_run(st, &w, &id, &first, &e), 0);
	cr_assert_eq(store_witness_alive(st, id, 80, 3, &e), 0);
	cr_assert_eq(store_commit(st, &e), 0);
	cr_expect_eq(first, 8);
	expect("SELECT group_concat(alive_at || ':' || ifnull(ended_at, '')"
	       " || ':' || ifnull(lost_rows, '')) FROM witness_run",
	    "70::,80:80:3");
	store_close(st);
}

/* Merge an arrival; what the store says of it. */
static int
merge_arrival(struct store *st, const struct arrival_record *a)
{
	struct err e;
	int result;

	cr_assert_eq(store_begin(st, &e), 0);
	result = store_merge_arrival(st, a, 1, &e);
	cr_assert_eq(store_commit(st, &e), 0, "%s", e.msg);
	return result;
}

Test(store, arrivals_of_another_witness_are_merged_once_and_go_on)
{
	struct store *st = open_store();
	struct arrival_record a;

	arrival_init(&a, 5, 1000);
	put_arrival(st, &a);
	cr_expect_eq(merge_arrival(st, &a), 0);
	/* Another one of that id: ids of the witness are its own. */
	arrival_init(&a, 5, 2000);
	a.ended_at_us = NOT_MEASURED;
	a.ended = ARRIVAL_OPEN;
	cr_expect_eq(merge_arrival(st, &a), 1);
	cr_expect_eq(merge_arrival(st, &a), 0);
	expect("SELECT min(id) || ',' || max(id) FROM witness_arrival", "-1,5");
	a.ended_at_us = 2500;
	a.ended = ARRIVAL_CLOSED;
	cr_expect_eq(merge_arrival(st, &a), 1);
	/* An older copy, later. */
	a.ended_at_us = NOT_MEASURED;
	a.ended = ARRIVAL_OPEN;
	cr_expect_eq(merge_arrival(st, &a), 0);
	expect("SELECT id || ':' || ended_at || ended_how FROM witness_arrival"
	       " WHERE accepted_at = 2000",
	    "-1:2500closed");
	store_close(st);
}

Test(store, the_life_of_another_witness_goes_on)
{
	struct witness_run_record w = { .host_name = "h",
		.version = "1",
		.pid = NOT_MEASURED,
		.listen = "203.0.113.5:443",
		.started_at_us = 50 };
	struct witness_life life = { 60, NOT_MEASURED, NOT_MEASURED };
	struct store *st = open_store();
	int64_t id, again;
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0);
	cr_expect_eq(store_merge_witness_run(st, &w, &life, &id, &e), 1);
	cr_expect_eq(store_merge_witness_run(st, &w, &life, &again, &e), 0);
	cr_expect_eq(id, again);
	life.alive_at_us = life.ended_at_us = 90;
	life.lost_rows = 2;
	cr_expect_eq(store_merge_witness_run(st, &w, &life, &again, &e), 1);
	life.alive_at_us = 60;
	life.ended_at_us = NOT_MEASURED;
	cr_expect_eq(store_merge_witness_run(st, &w, &life, &again, &e), 0);
	cr_assert_eq(store_commit(st, &e), 0);
	expect("SELECT alive_at || ':' || ended_at || ':' || lost_rows"
	       " FROM witness_run",
	    "90:90:2");
	store_close(st);
}

Test(store, old_arrivals_expire_and_so_do_too_many)
{
	struct witness_run_record w = { .host_name = "h",
		.version = "1",
		.listen = "",
		.started_at_us = 500 };
	struct store *st = open_store();
	struct arrival_record a;
	int64_t id, first;
	struct err e;

	cr_assert_eq(store_begin(st, &e), 0);
	cr_assert_eq(store_add_witness_run(st, &w, &id, &first, &e), 0);
	cr_assert_eq(store_commit(st, &e), 0);
	for (id = 1; id <= 3; id++) {
		arrival_init(&a, id, 500 * id);
		put_arrival(st, &a);
	}
	cr_expect_eq(expire_all(st, 1000, 1), 2);
	expect("SELECT group_concat(id) FROM witness_arrival", "2,3");
	expect("SELECT count(*) FROM witness_run", "0");
	arrival_init(&a, STORE_ARRIVALS_MAX + 2, 2000);
	put_arrival(st, &a);
	cr_expect_eq(expire_all(st, 1000, 1), 1);
	expect("SELECT group_concat(id) FROM witness_arrival", "3,20000002");
	store_close(st);
}
