/*
 * The store: a SQLite database in WAL mode, one a host.  Nothing else writes
 * it.  A store belongs to one thread.
 */
#ifndef NATDIFF_STORE_H
#define NATDIFF_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/capture.h"
#include "natdiff/err.h"
#include "natdiff/record.h"

struct store;

/*
 * Open the database for writing: created with mode 0600 if missing, migrated
 * if older.  NULL, and e says why in one line, if it cannot be opened, is
 * read-only, is no SQLite file, belongs to another program, or is newer than
 * this program.  Nothing was changed then.
 */
struct store *store_open(const char *file, struct err *e);

/* Close; NULL does nothing.  An open transaction is rolled back. */
void store_close(struct store *st);

/* The agent's random id, 32 hex digits, made at the first opening. */
const char *store_agent(const struct store *st);

/*
 * Everything below is done between store_begin() and store_commit(), by
 * -1 and e where SQLite refuses; store_rollback() then leaves the database
 * as it was before store_begin().  e->sys is ENOSPC where there is no room,
 * EBUSY where another process held the database for seconds, EINVAL where
 * the row itself cannot be stored.
 */
int store_begin(struct store *st, struct err *e);
int store_commit(struct store *st, struct err *e);
void store_rollback(struct store *st);

/* Each adds one row and gives its id. */
int store_add_run(
    struct store *st, const struct run_record *r, int64_t *id, struct err *e);
int store_end_run(
    struct store *st, int64_t id, const struct run_end *end, struct err *e);
/* An endpoint that is there already is found, not added. */
int store_add_endpoint(struct store *st, const struct endpoint_record *ep,
    int64_t *id, struct err *e);

/*
 * The ids in these are the store's own, not the record's run, endpoint and
 * resolution_serial fields: the recorder translates.  resolution_id 0 is
 * none.  Counters are kept here.
 */
struct store_keys {
	int64_t run_id;
	int64_t endpoint_id;
	int64_t resolution_id;
	const char *path;     /* for the counters */
	const char *endpoint; /* for the counters */
};
int store_add_resolution(struct store *st, const struct resolution_record *r,
    const struct store_keys *k, int64_t *id, struct err *e);
int store_add_attempt(struct store *st, const struct attempt_record *a,
    const struct store_keys *k, struct err *e);
int store_add_host_sample(struct store *st, const struct host_sample_record *s,
    int64_t run_id, struct err *e);

/* A remark of a person on the moment at_us; text is not empty. */
#define NOTE_BYTES_MAX 2000
int store_add_note(
    struct store *st, int64_t at_us, const char *text, struct err *e);

/*
 * *id is 0 where an event of the same identity is there already: nothing was
 * added then.
 */
int store_add_gateway_event(struct store *st,
    const struct gateway_event_record *ev, int64_t *id, struct err *e);

/* What an active command found; the agent is this store's. */
int store_add_measurement(
    struct store *st, const struct measurement_record *m, struct err *e);

/* Let an event end later: 1, or 0 where it is no longer there. */
int store_extend_gateway_event(
    struct store *st, int64_t id, int64_t to_at_us, struct err *e);

/*
 * A witness's life: its row, and from which id on it may number arrivals.
 * It is alive at at_us; or ended then, where lost_rows is not NOT_MEASURED.
 */
int store_add_witness_run(struct store *st, const struct witness_run_record *w,
    int64_t *id, int64_t *first_arrival, struct err *e);
int store_witness_alive(struct store *st, int64_t id, int64_t at_us,
    int64_t lost_rows, struct err *e);

/*
 * Arrivals that are kept, 3 GB: a stranger can make them, and must not fill
 * the disk.  store_expire() sees to it.
 */
#define STORE_ARRIVALS_MAX 20000000

/* Add the row of an arrival, or bring it up to date where it is there. */
int store_put_arrival(struct store *st, const struct arrival_record *a,
    int64_t witness_run_id, struct err *e);

/*
 * Rows of another database's witness: 1, or 0 where they are there already as
 * they are.  What went on since then is brought up to date.  A witness that
 * works on this database is not disturbed.
 */
int store_merge_witness_run(struct store *st,
    const struct witness_run_record *w, const struct witness_life *life,
    int64_t *id, struct err *e);
int store_merge_arrival(struct store *st, const struct arrival_record *a,
    int64_t witness_run_id, struct err *e);

/*
 * An import: a row that says where rows came from, before them and brought
 * up to date after them.  store_find_import() says when content of that
 * digest and kind was imported: 1, or 0 where it never was.
 */
int store_begin_import(struct store *st, const struct import_record *im,
    int64_t *id, struct err *e);
int store_end_import(struct store *st, int64_t id,
    const struct import_record *im, struct err *e);
int store_find_import(struct store *st, const char *kind, const char *sha256,
    int64_t *at_us, struct err *e);

/* 1, or 0 where a row of the same identity is there already. */
int store_add_edge_entry(
    struct store *st, const struct edge_entry_record *en, struct err *e);
int store_add_app_failure(
    struct store *st, const struct app_failure_record *f, struct err *e);

/*
 * A capture: a row that is filled when all is known, and what hangs on it.
 */
int store_begin_capture(
    struct store *st, int64_t import_id, int64_t *id, struct err *e);
int store_end_capture(struct store *st, int64_t id,
    const struct capture_record *c, struct err *e);
int store_add_capture_target(struct store *st, int64_t capture_id,
    const struct capture_target_record *t, struct err *e);
int store_add_capture_flow(struct store *st, int64_t capture_id,
    const struct capture_flow_record *f, struct err *e);

/*
 * Whether rows show that the time from from_us to now_us went by: 1 where
 * there are some of its first half, 0 where there are none, -1 and e.  Before
 * it is 1 nothing from before from_us is old: the clock may be wrong by years,
 * and all rows were gone at once.
 */
int store_time_passed(
    struct store *st, int64_t from_us, int64_t now_us, struct err *e);

/*
 * Delete at most limit rows from before the given time, and what hangs on
 * them: attempts, resolutions, samples of the host, measurements, arrivals,
 * runs that have none of these left.  *deleted says how many; 0: nothing is
 * left to delete.  Called again and again in short transactions, it never
 * holds the database long.
 */
int store_expire(struct store *st, int64_t before_us, int limit, int *deleted,
    struct err *e);

/* The same for gateway events, those that were not imported, and only them. */
int store_expire_gateway(struct store *st, int64_t before_us, int limit,
    int *deleted, struct err *e);

#endif
