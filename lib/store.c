/*
 * The store: opening, transactions, and the statements that it keeps.
 *
 * WAL and synchronous NORMAL: a killed process loses nothing that was
 * committed, a lost machine the last moments.  The log is checkpointed here,
 * after a commit, so that a checkpoint that fails (no room, a reader in the
 * way) never makes a commit look failed.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"

#include "lib/store_internal.h"

/*
 * Pages in the log (4 KiB each) at which a commit copies them to the
 * database, and at which it also waits shortly for readers to step aside, so
 * that the log can begin anew.  Without the second, readers that overlap
 * without end would let the log grow without end.
 */
#define WAL_PAGES_CHECKPOINT 1000
#define WAL_PAGES_RESTART    8000
#define WAL_RESTART_MS       50

static const char *const sql[STMT_TOTAL] = {
	[STMT_BEGIN] = "BEGIN IMMEDIATE",
	[STMT_COMMIT] = "COMMIT",
	[STMT_ROLLBACK] = "ROLLBACK",

	[STMT_ADD_RUN] =
	    "INSERT INTO run (agent_id, uuid, path, role, interface, source,"
	    " mark, host_name, version, pid, interval_us, config_digest,"
	    " started_at, clock_synchronised, clock_max_error_us, kernel,"
	    " boot_id, boot_at, virtualisation, facts, gateway)"
	    " VALUES ((SELECT id FROM agent WHERE agent = ?),"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_END_RUN] =
	    "UPDATE run SET ended_at = ?, ended_how = ?, planned = ?,"
	    " fired = ?, lost_rows = ?, clock_step_us = ? WHERE id = ?",

	[STMT_FIND_ENDPOINT] =
	    "SELECT id FROM endpoint WHERE name = ? AND url = ?"
	    " AND control = ? AND verify = ? AND kind = ?",
	[STMT_ADD_ENDPOINT] =
	    "INSERT INTO endpoint (name, url, control, verify, kind)"
	    " VALUES (?, ?, ?, ?, ?)",
	[STMT_FIND_TARGET] =
	    "SELECT id FROM target WHERE address = ? AND port = ?",
	[STMT_ADD_TARGET] =
	    "INSERT INTO target (address, port, family) VALUES (?, ?, ?)",
	[STMT_FIND_ADDRESS] = "SELECT id FROM address WHERE address = ?",
	[STMT_ADD_ADDRESS] = "INSERT INTO address (address) VALUES (?)",
	/* IS, for a NULL is equal to a NULL here. */
	[STMT_FIND_TLS] =
	    "SELECT id FROM tls_session WHERE version IS ? AND cipher IS ?"
	    " AND cert_sha256 IS ? AND cert_issuer IS ? AND cert_verify IS ?",
	[STMT_ADD_TLS] =
	    "INSERT INTO tls_session (version, cipher, cert_sha256,"
	    " cert_issuer, cert_verify) VALUES (?, ?, ?, ?, ?)",

	[STMT_ADD_RESOLUTION] =
	    "INSERT INTO resolution (run_id, endpoint_id, slot, started_at,"
	    " duration_us, failure, failure_text, addresses)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ADD_ATTEMPT] =
	    "INSERT INTO attempt (run_id, endpoint_id, target_id, slot, seq,"
	    " failure, failed_phase, syn_retransmits, connect_us, tls_us,"
	    " request_us, total_us, http_status, started_at, loop_lag_us,"
	    " kernel_rtt_us, connect_segs_in, late_retransmits, dsack_dups,"
	    " done_us, other_us, ws_ping_us, local_address_id, local_port,"
	    " observed_address_id, observed_port, resolution_id,"
	    " tls_session_id, server_date_offset_us, bytes_in, bytes_out,"
	    " curl_code, os_errno, tls_alert, attempt_id, failure_text)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ADD_HEADER] =
	    "INSERT INTO response_header (attempt_id, name, value)"
	    " VALUES (?, ?, ?)",
	[STMT_ADD_SAMPLE] =
	    "INSERT INTO host_sample (run_id, slot, at, ports_in_use,"
	    " port_range_first, port_range_last, conntrack_count,"
	    " conntrack_max, conntrack_drops, allowance_exceeded,"
	    " cpu_stall_us, load1_milli)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ADD_CENSUS] =
	    "INSERT INTO census (sample_id, target_id, established, syn_sent,"
	    " time_wait, closing, close_wait, local_ports, own)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",

	[STMT_ADD_GATEWAY_EVENT] =
	    "INSERT INTO gateway_event (import_id, source, kind, from_at,"
	    " to_at, value, protocol, inside_address, inside_port,"
	    " outside_address, outside_port, destination_address,"
	    " destination_port, identity, detail)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (identity) DO NOTHING",
	[STMT_EXTEND_GATEWAY_EVENT] =
	    "UPDATE gateway_event SET to_at = ? WHERE id = ?",

	[STMT_BEGIN_IMPORT] =
	    "INSERT INTO import (kind, file, imported_at, rows, duplicates,"
	    " bad_lines) VALUES (?, ?, ?, 0, 0, 0)",
	[STMT_END_IMPORT] =
	    "UPDATE import SET sha256 = ?, rows = ?, duplicates = ?,"
	    " bad_lines = ?, first_bad = ? WHERE id = ?",
	[STMT_FIND_IMPORT] = "SELECT imported_at FROM import"
			     " WHERE kind = ? AND sha256 = ? LIMIT 1",
	[STMT_ADD_EDGE_ENTRY] =
	    "INSERT INTO edge_entry (import_id, attempt_id, at,"
	    " client_address, client_port, status, request_id, identity,"
	    " detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (identity) DO NOTHING",
	[STMT_ADD_APP_FAILURE] =
	    "INSERT INTO app_failure (import_id, at, source_address,"
	    " source_port, destination_address, destination_port, error,"
	    " identity) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (identity) DO NOTHING",

	[STMT_BEGIN_CAPTURE] = "INSERT INTO capture (import_id) VALUES (?)",
	[STMT_END_CAPTURE] =
	    "UPDATE capture SET from_at = ?, to_at = ?, packets = ?,"
	    " tcp_packets = ?, cut_packets = ?, flows = ?, connections = ?,"
	    " answered = ?, syn_retransmits = ?, syn_acks_missing = ?,"
	    " syn_acks_late = ?, client_resets = ?, server_resets = ?,"
	    " challenges = ?, challenge_resets = ?, reused_alive = ?,"
	    " reused_time_wait = ?, reused_after = ?, reused_unanswered = ?,"
	    " packets_left_out = ?, targets_left_out = ?, rows_left_out = ?"
	    " WHERE id = ?",
	[STMT_ADD_CAPTURE_TARGET] =
	    "INSERT INTO capture_target (capture_id, client_address,"
	    " destination_address, destination_port, from_at, to_at,"
	    " connections, answered, syn_retransmits)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ADD_CAPTURE_FLOW] =
	    "INSERT INTO capture_flow (capture_id, client_address,"
	    " client_port, destination_address, destination_port, at, ended_at,"
	    " has_syn, syn_retransmits, syn_times, syn_ack_us, syn_acks,"
	    " client_resets, server_resets, challenge_us, challenge_reset,"
	    " reuse, reuse_us, ended_how) VALUES"
	    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",

	[STMT_ADD_NOTE] =
	    "INSERT INTO note (at, written_at, text) VALUES (?, ?, ?)",

	[STMT_ADD_MEASUREMENT] =
	    "INSERT INTO measurement (kind, agent_id, path, role, host_name,"
	    " version, destination, started_at, ended_at, ended_how, finding,"
	    " low, best, high, detail)"
	    " VALUES (?, (SELECT id FROM agent WHERE agent = ?),"
	    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_ADD_WITNESS_RUN] =
	    "INSERT INTO witness_run (host_name, version, pid, listen,"
	    " started_at, alive_at, clock_synchronised, clock_max_error_us,"
	    " kernel, boot_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[STMT_FIND_WITNESS_RUN] =
	    "SELECT id FROM witness_run WHERE started_at = ?"
	    " AND host_name = ? AND listen = ? AND pid IS ?",
	[STMT_NEXT_ARRIVAL] =
	    "SELECT max(coalesce(max(id), 0), 0) + 1 FROM witness_arrival",
	/* Below those that a witness gives, which may be at work here. */
	[STMT_NEXT_MERGED_ARRIVAL] =
	    "SELECT min(coalesce(min(id), 0), 0) - 1 FROM witness_arrival",
	[STMT_FIND_ARRIVAL] =
	    "SELECT id FROM witness_arrival WHERE accepted_at = ?"
	    " AND observed_address = ? AND observed_port = ?",
	[STMT_ARRIVAL_WENT_ON] =
	    "SELECT 1 FROM witness_arrival WHERE id = ?1 AND ended_at IS NULL"
	    " AND (?2 OR ?3 > coalesce(requests, 0))",
	[STMT_WITNESS_ALIVE] =
	    "UPDATE witness_run SET alive_at = ? WHERE id = ?",
	[STMT_WITNESS_END] =
	    "UPDATE witness_run SET alive_at = ?1, ended_at = ?1,"
	    " lost_rows = ?2 WHERE id = ?3",
	[STMT_WITNESS_WENT_ON] =
	    "UPDATE witness_run SET alive_at = ?1, ended_at = ?2,"
	    " lost_rows = ?3 WHERE id = ?4 AND (alive_at < ?1"
	    " OR (ended_at IS NULL AND ?2 IS NOT NULL))",
	[STMT_PUT_ARRIVAL] =
	    "INSERT OR REPLACE INTO witness_arrival (id, witness_run_id,"
	    " attempt_id, observed_address, observed_port, listen_address,"
	    " listen_port, accepted_at, client_hello_at, handshake_at,"
	    " request_at, upgrade_at, ended_at, ended_how, requests,"
	    " http_status, reached)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",

	[STMT_COUNT_UP] =
	    "INSERT INTO counter (name, path, endpoint, label, value)"
	    " VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT DO UPDATE SET value = value + excluded.value",

	[STMT_ANY_ROW] =
	    "SELECT 1 WHERE EXISTS (SELECT 1 FROM attempt"
	    "  WHERE started_at >= ?1 AND started_at < ?2)"
	    " OR EXISTS (SELECT 1 FROM witness_arrival"
	    "  WHERE accepted_at >= ?1 AND accepted_at < ?2)"
	    " OR EXISTS (SELECT 1 FROM gateway_event WHERE from_at >= ?1"
	    "  AND from_at < ?2 AND import_id IS NULL)",
	[STMT_OLD_ATTEMPT] = "SELECT id FROM attempt WHERE started_at < ?"
			     " ORDER BY started_at LIMIT 1",
	[STMT_DROP_HEADERS] =
	    "DELETE FROM response_header WHERE attempt_id = ?",
	[STMT_DROP_ATTEMPT] = "DELETE FROM attempt WHERE id = ?",
	/* Attempts of its slot may have begun later than the resolution. */
	[STMT_DROP_RESOLUTIONS] =
	    "DELETE FROM resolution WHERE id IN (SELECT s.id"
	    " FROM resolution s LEFT JOIN run r ON r.id = s.run_id"
	    " WHERE s.started_at < ?1"
	    " AND s.started_at + 2 * coalesce(r.interval_us, 0) < ?1"
	    " ORDER BY s.started_at LIMIT ?2)",
	[STMT_OLD_SAMPLE] =
	    "SELECT id FROM host_sample WHERE at < ? ORDER BY at LIMIT 1",
	[STMT_DROP_CENSUS] = "DELETE FROM census WHERE sample_id = ?",
	[STMT_DROP_SAMPLE] = "DELETE FROM host_sample WHERE id = ?",
	[STMT_DROP_MEASUREMENTS] =
	    "DELETE FROM measurement WHERE id IN (SELECT id FROM measurement"
	    " WHERE started_at < ? ORDER BY started_at LIMIT ?)",
	/* One that reaches into the time that is kept is kept whole. */
	[STMT_DROP_GATEWAY_EVENTS] =
	    "DELETE FROM gateway_event WHERE id IN (SELECT id"
	    " FROM gateway_event WHERE from_at < ?1 AND to_at < ?1"
	    " AND import_id IS NULL ORDER BY from_at LIMIT ?2)",
	[STMT_DROP_ARRIVALS] =
	    "DELETE FROM witness_arrival WHERE id IN (SELECT id"
	    " FROM witness_arrival WHERE accepted_at < ?1"
	    " ORDER BY accepted_at LIMIT ?2)",
	/* Ids are given in the order of arrival, without a gap. */
	[STMT_DROP_MOST_ARRIVALS] =
	    "DELETE FROM witness_arrival WHERE id IN (SELECT id"
	    " FROM witness_arrival WHERE id <= (SELECT max(id)"
	    " FROM witness_arrival) - ?1 ORDER BY id LIMIT ?2)",
	[STMT_DROP_WITNESS_RUNS] =
	    "DELETE FROM witness_run WHERE id IN (SELECT id"
	    " FROM witness_run WHERE alive_at < ?1 LIMIT ?2)",
	/*
	 * A run whose rows are all gone: they lie between its begin and its
	 * end, as far as the clock did not step.
	 */
	[STMT_DROP_RUNS] =
	    "DELETE FROM run WHERE id IN (SELECT id FROM run"
	    " WHERE started_at < ?1 AND ended_at + 3 * interval_us"
	    " + abs(coalesce(clock_step_us, 0)) < ?1 LIMIT ?2)",
};

/*
 * Whether there is no room, as SQLite and the system say it.  The shared
 * memory beside the log is a file too, whose errno nobody keeps; writing the
 * last byte of a new piece of it fails for no other reason.
 */
static bool
is_full(int extended, int sys)
{
	return (extended & 0xff) == SQLITE_FULL ||
	    extended == SQLITE_IOERR_SHMSIZE ||
	    ((extended & 0xff) == SQLITE_IOERR &&
		(sys == ENOSPC || sys == EDQUOT || sys == EFBIG));
}

/*
 * The errno behind an I/O error, of the log or else of the database file:
 * sqlite3_system_errno() is what errno was a few calls later.
 */
static int
io_errno(sqlite3 *db)
{
	static const int files[] = { SQLITE_FCNTL_JOURNAL_POINTER,
		SQLITE_FCNTL_FILE_POINTER };
	sqlite3_file *f;
	size_t i;
	int sys;

	for (i = 0; i < 2; i++) {
		f = NULL;
		sys = 0;
		sqlite3_file_control(db, "main", files[i], &f);
		if (f != NULL && f->pMethods != NULL &&
		    f->pMethods->xFileControl(
			f, SQLITE_FCNTL_LAST_ERRNO, &sys) == SQLITE_OK &&
		    sys != 0)
			return sys;
	}
	return 0;
}

int
store_fail(sqlite3 *db, const char *file, struct err *e)
{
	int extended = sqlite3_extended_errcode(db);
	int code = extended & 0xff;
	int sys =
	    code == SQLITE_IOERR ? io_errno(db) : sqlite3_system_errno(db);
	int saved = sys;

	if (is_full(extended, sys)) {
		saved = ENOSPC;
		err_set(e, "%s: no room to store: %s", file,
		    strerror(sys != 0 ? sys : ENOSPC));
	} else if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
		saved = EBUSY;
		err_set(e, "%s: is locked by another process", file);
	} else if (code == SQLITE_NOTADB) {
		err_set(e, "%s: is no SQLite database", file);
	} else if (code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH ||
	    code == SQLITE_TOOBIG) {
		saved = EINVAL;
		err_set(e, "%s: %s", file, sqlite3_errmsg(db));
	} else if (sys != 0) {
		err_set(
		    e, "%s: %s: %s", file, sqlite3_errmsg(db), strerror(sys));
	} else {
		err_set(e, "%s: %s", file, sqlite3_errmsg(db));
	}
	if (e != NULL)
		e->sys = saved;
	return -1;
}

/* Called after each commit with the size of the log; see store_commit(). */
static int
on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct store *st = arg;

	(void)db;
	(void)name;
	st->wal_pages = pages;
	return SQLITE_OK;
}

static int
prepare_all(struct store *st, struct err *e)
{
	int i;

	for (i = 0; i < STMT_TOTAL; i++)
		if (sqlite3_prepare_v3(st->db, sql[i], -1,
			SQLITE_PREPARE_PERSISTENT, &st->statements[i],
			NULL) != SQLITE_OK)
			return store_fail(st->db, st->file, e);
	return 0;
}

struct store *
store_open(const char *file, struct err *e)
{
	struct store *st = x_calloc(1, sizeof(*st));

	st->file = x_strdup(file);
	st->db = store_file_open(file, e);
	if (st->db == NULL || prepare_all(st, e) != 0 ||
	    store_file_agent(st->db, file, st->agent, e) != 0) {
		store_close(st);
		return NULL;
	}
	sqlite3_wal_hook(st->db, on_commit, st);
	return st;
}

void
store_close(struct store *st)
{
	int i;

	if (st == NULL)
		return;
	for (i = 0; i < STMT_TOTAL; i++)
		sqlite3_finalize(st->statements[i]);
	sqlite3_close(st->db);
	store_ids_clear(st);
	store_counts_clear(st);
	free(st->file);
	free(st);
}

const char *
store_agent(const struct store *st)
{
	return st->agent;
}

int
store_begin(struct store *st, struct err *e)
{
	struct row r = row_begin(st, STMT_BEGIN);
	int moved = 0;

	/* Rows written to a deleted file would be lost without a word. */
	sqlite3_file_control(st->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (moved)
		return err_set(
		    e, "%s: was moved or deleted while in use", st->file);
	return row_end(st, &r, e);
}

/* Keep the log short; where that does not work now, the next commit tries. */
static void
checkpoint(struct store *st)
{
	if (st->wal_pages < WAL_PAGES_CHECKPOINT)
		return;
	if (st->wal_pages < WAL_PAGES_RESTART) {
		sqlite3_wal_checkpoint_v2(
		    st->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
		return;
	}
	sqlite3_busy_timeout(st->db, WAL_RESTART_MS);
	sqlite3_wal_checkpoint_v2(
	    st->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
	sqlite3_busy_timeout(st->db, STORE_BUSY_MS);
}

int
store_commit(struct store *st, struct err *e)
{
	struct row r;

	if (store_counts_flush(st, e) != 0)
		return -1;
	r = row_begin(st, STMT_COMMIT);
	if (row_end(st, &r, e) != 0)
		return -1;
	checkpoint(st);
	return 0;
}

void
store_rollback(struct store *st)
{
	struct row r = row_begin(st, STMT_ROLLBACK);

	/* SQLite may have rolled back by itself: not an error then. */
	row_end(st, &r, NULL);
	store_ids_clear(st);
	store_counts_clear(st);
}

struct row
row_begin(struct store *st, enum statement which)
{
	struct row r = { st->statements[which], 0, SQLITE_OK };

	return r;
}

/* A binding that failed, for want of memory: row_find() tells. */
static void
bound(struct row *r, int rc)
{
	if (rc != SQLITE_OK)
		r->rc = rc;
}

void
row_int(struct row *r, int64_t v)
{
	r->n++;
	if (v == NOT_MEASURED)
		bound(r, sqlite3_bind_null(r->s, r->n));
	else
		bound(r, sqlite3_bind_int64(r->s, r->n, v));
}

void
row_text(struct row *r, const char *s)
{
	r->n++;
	bound(r, sqlite3_bind_text(r->s, r->n, s, -1, SQLITE_STATIC));
}

void
row_blob(struct row *r, const void *b, size_t size)
{
	r->n++;
	bound(r, sqlite3_bind_blob64(r->s, r->n, b, size, SQLITE_STATIC));
}

int
row_end(struct store *st, struct row *r, struct err *e)
{
	int64_t unused;

	return row_find(st, r, &unused, e) < 0 ? -1 : 0;
}

int
row_find(struct store *st, struct row *r, int64_t *found, struct err *e)
{
	int rc = r->rc != SQLITE_OK ? r->rc : sqlite3_step(r->s);
	int result = 0;

	if (rc == SQLITE_ROW) {
		*found = sqlite3_column_int64(r->s, 0);
		result = 1;
	} else if (rc != SQLITE_DONE) {
		result = store_fail(st->db, st->file, e);
	}
	sqlite3_reset(r->s);
	sqlite3_clear_bindings(r->s);
	return result;
}
