/*
 * The tables of a witness, as if an enemy had written them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/loader.h"
#include "report/load/witness.h"

#define WITNESS_SINCE 3 /* version of the schema */

/* Lives of a witness that begins a new one each minute, for two years. */
#define WITNESS_RUNS_MAX 1000000

/* l comes first: loader_each() gives it back. */
struct witness_file {
	struct loader l; /* runs: to indexes of ids */
	const struct witness_sink *sink;
	int64_t *ids;
	size_t n, capacity;
};

enum run_column {
	RUN_ID,
	RUN_HOST,
	RUN_VERSION,
	RUN_PID,
	RUN_LISTEN,
	RUN_STARTED,
	RUN_ALIVE,
	RUN_ENDED,
	RUN_LOST,
	RUN_SYNCHRONISED,
	RUN_CLOCK_ERROR,
	RUN_KERNEL,
	RUN_BOOT
};

static const char run_sql[] =
    "SELECT id, host_name, version, pid, listen, started_at, alive_at,"
    " ended_at, lost_rows, clock_synchronised, clock_max_error_us, kernel,"
    " boot_id FROM witness_run ORDER BY id";

enum arrival_column {
	ARRIVAL_ID,
	ARRIVAL_RUN,
	ARRIVAL_ATTEMPT,
	ARRIVAL_FROM,
	ARRIVAL_FROM_PORT,
	ARRIVAL_TO,
	ARRIVAL_TO_PORT,
	ARRIVAL_ACCEPTED,
	ARRIVAL_HELLO,
	ARRIVAL_HANDSHAKE,
	ARRIVAL_REQUEST,
	ARRIVAL_UPGRADE,
	ARRIVAL_ENDED,
	ARRIVAL_HOW,
	ARRIVAL_REQUESTS,
	ARRIVAL_STATUS
};

static const char arrival_sql[] =
    "SELECT id, witness_run_id, attempt_id, observed_address, observed_port,"
    " listen_address, listen_port, accepted_at, client_hello_at,"
    " handshake_at, request_at, upgrade_at, ended_at, ended_how, requests,"
    " http_status FROM witness_arrival ORDER BY id";

static int
bad_row(struct witness_file *f, const char *table, int64_t id)
{
	char what[64];

	snprintf(what, sizeof(what), "%s %" PRId64, table, id);
	f->sink->bad(f->sink->arg, what);
	return 0;
}

static bool
time_at(sqlite3_stmt *st, int column, bool nullable, int64_t *at_us)
{
	return loader_number(st, column, 0, TIME_MAX_US, nullable, at_us);
}

static int
add_run(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct witness_file *f = (struct witness_file *)l;
	char *host = loader_text(st, RUN_HOST),
	     *boot = loader_text(st, RUN_BOOT);
	char *version = loader_text(st, RUN_VERSION);
	char *listen = loader_text(st, RUN_LISTEN);
	char *kernel = loader_text(st, RUN_KERNEL);
	int64_t from = sqlite3_column_int64(st, RUN_ID), id;
	struct witness_run_record w = { host, version, 0, listen, 0, 0, 0,
		kernel, boot };
	struct witness_life life;
	int result = 0;

	if (host == NULL || version == NULL || listen == NULL ||
	    f->n == WITNESS_RUNS_MAX ||
	    !loader_number(st, RUN_PID, 0, INT32_MAX, true, &w.pid) ||
	    !time_at(st, RUN_STARTED, false, &w.started_at_us) ||
	    !time_at(st, RUN_ALIVE, false, &life.alive_at_us) ||
	    !time_at(st, RUN_ENDED, true, &life.ended_at_us) ||
	    !loader_number(st, RUN_LOST, 0, INT64_MAX, true, &life.lost_rows) ||
	    !loader_number(
		st, RUN_SYNCHRONISED, 0, 1, true, &w.clock_synchronised) ||
	    !loader_number(st, RUN_CLOCK_ERROR, 0, INT64_MAX, true,
		&w.clock_max_error_us)) {
		bad_row(f, "witness_run", from);
	} else {
		result = f->sink->run(f->sink->arg, &w, &life, &id, e);
		f->ids = x_grow(f->ids, f->n, &f->capacity, sizeof(*f->ids));
		f->ids[f->n] = id;
		idmap_add(&l->runs, from, (uint32_t)f->n++);
	}
	free(host);
	free(boot);
	free(version);
	free(listen);
	free(kernel);
	return result;
}

/* An address and its port; one that is NULL is none. */
static bool
read_address(
    sqlite3_stmt *st, int column, bool nullable, struct endpoint_address *a)
{
	char *text = loader_text(st, column);
	int64_t port;
	bool good = text != NULL && endpoint_address_parse(text, a) == 0 &&
	    loader_number(st, column + 1, 1, 65535, false, &port);

	if (good)
		a->port = (uint16_t)port;
	else
		a->family = 0;
	free(text);
	return good ||
	    (nullable && sqlite3_column_type(st, column) == SQLITE_NULL);
}

/* Its name, or none: NULL is a connection that is held. */
static bool
read_end(sqlite3_stmt *st, struct arrival_record *a)
{
	char *how = loader_text(st, ARRIVAL_HOW);
	bool good =
	    how != NULL || sqlite3_column_type(st, ARRIVAL_HOW) == SQLITE_NULL;

	a->ended = arrival_end_parse(how);
	good = good && (how == NULL || a->ended != ARRIVAL_OPEN);
	free(how);
	return good;
}

static bool
read_id(sqlite3_stmt *st, struct arrival_record *a)
{
	if (sqlite3_column_type(st, ARRIVAL_ATTEMPT) == SQLITE_NULL)
		return true;
	a->has_attempt_id =
	    sqlite3_column_type(st, ARRIVAL_ATTEMPT) == SQLITE_BLOB &&
	    sqlite3_column_bytes(st, ARRIVAL_ATTEMPT) == ATTEMPT_ID_SIZE;
	if (a->has_attempt_id)
		memcpy(a->attempt_id, sqlite3_column_blob(st, ARRIVAL_ATTEMPT),
		    ATTEMPT_ID_SIZE);
	return a->has_attempt_id;
}

static int
add_arrival(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct witness_file *f = (struct witness_file *)l;
	struct arrival_record a = { 0 };
	int64_t run = NOT_MEASURED, from;
	uint32_t i;

	if (!read_id(st, &a) || !read_end(st, &a) ||
	    !read_address(st, ARRIVAL_FROM, false, &a.observed) ||
	    !read_address(st, ARRIVAL_TO, true, &a.listen) ||
	    !time_at(st, ARRIVAL_ACCEPTED, false, &a.accepted_at_us) ||
	    !time_at(st, ARRIVAL_HELLO, true, &a.client_hello_at_us) ||
	    !time_at(st, ARRIVAL_HANDSHAKE, true, &a.handshake_at_us) ||
	    !time_at(st, ARRIVAL_REQUEST, true, &a.request_at_us) ||
	    !time_at(st, ARRIVAL_UPGRADE, true, &a.upgrade_at_us) ||
	    !time_at(st, ARRIVAL_ENDED, true, &a.ended_at_us) ||
	    !loader_number(
		st, ARRIVAL_REQUESTS, 0, INT64_MAX, true, &a.requests) ||
	    !loader_number(st, ARRIVAL_STATUS, 0, 999, true, &a.http_status))
		return bad_row(
		    f, "witness_arrival", sqlite3_column_int64(st, ARRIVAL_ID));
	if (loader_number(st, ARRIVAL_RUN, 0, INT64_MAX, false, &from)) {
		i = idmap_find(&l->runs, from);
		if (i != NOT_THERE)
			run = f->ids[i];
	}
	return f->sink->arrival(f->sink->arg, &a, run, e);
}

bool
witness_knows(const char *head, size_t size)
{
	static const char magic[] = "SQLite format 3";

	return size >= sizeof(magic) && memcmp(head, magic, sizeof(magic)) == 0;
}

int
witness_read(const char *file, const struct witness_sink *sink, struct err *e)
{
	struct witness_file f = { .l = { .file = file }, .sink = sink };
	int result = -1;

	f.l.db = database_open(file, e);
	if (f.l.db == NULL)
		return -1;
	f.l.rows_most = database_rows_most(f.l.db);
	if (database_version(f.l.db) < WITNESS_SINCE)
		err_set(e, "%s: older than witnesses' databases are", file);
	else if (loader_each(&f.l, run_sql, add_run, e) == 0)
		result = f.n > 0
		    ? loader_each(&f.l, arrival_sql, add_arrival, e)
		    : err_set(e, "%s: no witness wrote this database", file);
	idmap_clear(&f.l.runs);
	free(f.ids);
	database_close(f.l.db);
	return result;
}
