/*
 * What the files of the store share, and nobody else sees.
 *
 *	store.c         opening, transactions, the statements
 *	store_file.c    whose file it is, creation, migration
 *	store_rows.c    adding rows
 *	store_witness.c what a witness adds
 *	store_imports.c what was imported, from logs of others
 *	store_captures.c what captures say
 *	store_ids.c     texts that repeat, by number
 *	store_counts.c  the counters
 *	store_expire.c  retention
 */
#ifndef NATDIFF_STORE_INTERNAL_H
#define NATDIFF_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "natdiff/store.h"

/*
 * How long a call waits for another process that writes.  An import may hold
 * the database longer: the rows of a probe wait in its queue then.
 */
#define STORE_BUSY_MS 5000

/* Kept for the life of the store; the SQL stands in store.c. */
enum statement {
	STMT_BEGIN,
	STMT_COMMIT,
	STMT_ROLLBACK,
	STMT_ADD_RUN,
	STMT_END_RUN,
	STMT_FIND_ENDPOINT,
	STMT_ADD_ENDPOINT,
	STMT_FIND_TARGET,
	STMT_ADD_TARGET,
	STMT_FIND_ADDRESS,
	STMT_ADD_ADDRESS,
	STMT_FIND_TLS,
	STMT_ADD_TLS,
	STMT_ADD_RESOLUTION,
	STMT_ADD_ATTEMPT,
	STMT_ADD_HEADER,
	STMT_ADD_SAMPLE,
	STMT_ADD_CENSUS,
	STMT_ADD_GATEWAY_EVENT,
	STMT_EXTEND_GATEWAY_EVENT,
	STMT_BEGIN_IMPORT,
	STMT_END_IMPORT,
	STMT_FIND_IMPORT,
	STMT_ADD_EDGE_ENTRY,
	STMT_ADD_APP_FAILURE,
	STMT_BEGIN_CAPTURE,
	STMT_END_CAPTURE,
	STMT_ADD_CAPTURE_TARGET,
	STMT_ADD_CAPTURE_FLOW,
	STMT_ADD_NOTE,
	STMT_ADD_MEASUREMENT,
	STMT_ADD_WITNESS_RUN,
	STMT_FIND_WITNESS_RUN,
	STMT_NEXT_ARRIVAL,
	STMT_NEXT_MERGED_ARRIVAL,
	STMT_FIND_ARRIVAL,
	STMT_ARRIVAL_WENT_ON,
	STMT_WITNESS_ALIVE,
	STMT_WITNESS_END,
	STMT_WITNESS_WENT_ON,
	STMT_PUT_ARRIVAL,
	STMT_COUNT_UP,
	STMT_ANY_ROW,
	STMT_OLD_ATTEMPT,
	STMT_DROP_HEADERS,
	STMT_DROP_ATTEMPT,
	STMT_DROP_RESOLUTIONS,
	STMT_OLD_SAMPLE,
	STMT_DROP_CENSUS,
	STMT_DROP_SAMPLE,
	STMT_DROP_MEASUREMENTS,
	STMT_DROP_GATEWAY_EVENTS,
	STMT_DROP_ARRIVALS,
	STMT_DROP_MOST_ARRIVALS,
	STMT_DROP_RUNS,
	STMT_DROP_WITNESS_RUNS,
	STMT_TOTAL
};

/*
 * Row ids by what the row holds: direct-mapped, so that it never grows; what
 * is not here is looked up in the database.
 */
#define ID_CACHE_SLOTS 1024
struct id_cache {
	struct id_entry {
		void *key;
		size_t size;
		int64_t id;
	} slots[ID_CACHE_SLOTS];
};

/*
 * Counts of one path and endpoint since the last flush.  64 of them are more
 * than a probe has; with more, the counters are written more often.
 */
#define COUNTS_MAX 64
struct counts {
	char *path;
	char *endpoint;
	int64_t attempts[FAILURE_COUNT];
	int64_t resolutions[FAILURE_COUNT];
	int64_t syn_retransmits;
	int64_t phase_us[PHASE_COUNT];
	int64_t phase_count[PHASE_COUNT];
};

struct store {
	char *file;
	sqlite3 *db;
	sqlite3_stmt *statements[STMT_TOTAL];
	char agent[33];
	struct id_cache targets;
	struct id_cache addresses;
	struct id_cache tls_sessions;
	struct counts counts[COUNTS_MAX];
	size_t n_counts;
	int wal_pages; /* as the last commit left them */
};

/*
 * Fill e from the last error of db, the file's name first; -1.  e->sys:
 * ENOSPC no room, EBUSY locked by somebody else, EINVAL the row itself
 * cannot be stored, else what the system said.
 */
int store_fail(sqlite3 *db, const char *file, struct err *e);

/* store_file.c: open the file and bring it to the newest version. */
sqlite3 *store_file_open(const char *file, struct err *e);
int store_file_migrate(sqlite3 *db, const char *file, const char *const *steps,
    int known, struct err *e);
int store_file_agent(
    sqlite3 *db, const char *file, char agent[33], struct err *e);

/* A statement whose parameters are filled from the left. */
struct row {
	sqlite3_stmt *s;
	int n;
	int rc; /* of the binding that failed */
};

struct row row_begin(struct store *st, enum statement which);
void row_int(struct row *r, int64_t v);      /* NOT_MEASURED is NULL */
void row_text(struct row *r, const char *s); /* NULL is NULL */
void row_blob(struct row *r, const void *b, size_t size);

/* Run a statement that gives no rows. */
int row_end(struct store *st, struct row *r, struct err *e);

/*
 * Run a statement that gives at most one row with one number: 1 and the
 * number, 0 where there is no row, -1 and e.
 */
int row_find(struct store *st, struct row *r, int64_t *found, struct err *e);

/* An address as two columns; ip, of INET6_ADDRSTRLEN bytes, is used. */
void row_address(struct row *r, const struct endpoint_address *a, char *ip);

/* store_ids.c: the id of a row, added if it is new; NOT_MEASURED: none. */
int store_id_target(struct store *st, const struct endpoint_address *a,
    int64_t *id, struct err *e);
int store_id_address(struct store *st, const struct endpoint_address *a,
    int64_t *id, struct err *e);
int store_id_tls(struct store *st, const struct attempt_record *a, int64_t *id,
    struct err *e);

/* Forget everything: what was added may have been rolled back. */
void store_ids_clear(struct store *st);

/* store_counts.c: count a row, write what was counted, forget it. */
int store_count_attempt(struct store *st, const struct attempt_record *a,
    const struct store_keys *k, struct err *e);
int store_count_resolution(struct store *st, const struct resolution_record *r,
    const struct store_keys *k, struct err *e);
int store_counts_flush(struct store *st, struct err *e);
void store_counts_clear(struct store *st);

#endif
