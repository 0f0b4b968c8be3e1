/*
 * Inside report/load: one file at work, and how its rows are read.
 */
#ifndef NATDIFF_LOAD_LOADER_H
#define NATDIFF_LOAD_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

#include "natdiff/err.h"
#include "report/dataset.h"
#include "report/load/load.h"

/* What an agent can write; beyond it a row is bad. */
#define INTERVAL_MIN_US 1000
#define INTERVAL_MAX_US INT64_C(31622400000000)   /* a leap year */
#define TIME_MAX_US     INT64_C(7258118400000000) /* the year 2200 */
#define NAME_BYTES_MAX  2048                      /* a url is the longest */

/*
 * Rows of attempts that the columns can number, and different targets and
 * addresses.
 */
#define ATTEMPTS_MAX UINT32_MAX
#define INDEXES_MAX  NO_INDEX
/* More than anybody configures, and few enough to count everything by them. */
#define ENDPOINTS_MAX 1000

#define LEFT_OUT      UINT32_MAX       /* in a map: the filter excludes it */
#define NOT_THERE     (UINT32_MAX - 1) /* in no map */

/* From the ids of a table, which come in ascending order, to indexes. */
struct idmap {
	int64_t *ids;
	uint32_t *to;
	size_t n, ids_capacity, to_capacity;
	size_t last; /* found last time: the next is often the same */
};

/* The servers' clocks against that of a run. */
struct clock {
	int64_t offset_sum_us;
	size_t offset_count;
};

/* One file at work. */
struct loader {
	struct dataset *d;
	const struct load_filter *filter;
	sqlite3 *db;
	const char *file;
	size_t input; /* index in d->inputs */
	struct idmap runs, endpoints, targets, addresses, certificates;
	struct idmap captures;
	char **urls; /* by row of endpoints; NULL once used */
	size_t urls_capacity;
	bool *used;           /* so, too: there are attempts */
	struct clock *clocks; /* by row of runs */
	int64_t rows_most;
	int64_t first_id, last_id; /* of attempts */
};

/*
 * What is asked of an attempt, in the order of the table: SQLite decodes a
 * row from its left.
 */
enum attempt_column {
	ATTEMPT_ID,
	ATTEMPT_RUN,
	ATTEMPT_ENDPOINT,
	ATTEMPT_TARGET,
	ATTEMPT_SLOT,
	ATTEMPT_SEQ,
	ATTEMPT_FAILURE,
	ATTEMPT_PHASE,
	ATTEMPT_SYN,
	ATTEMPT_CONNECT,
	ATTEMPT_TLS,
	ATTEMPT_REQUEST,
	ATTEMPT_TOTAL,
	ATTEMPT_STATUS,
	ATTEMPT_STARTED,
	ATTEMPT_SEGS_IN,
	ATTEMPT_LATE,
	ATTEMPT_DSACK,
	ATTEMPT_OBSERVED,
	ATTEMPT_TLS_SESSION,
	ATTEMPT_DATE_OFFSET,
	ATTEMPT_OBSERVED_PORT,
	ATTEMPT_LOCAL_PORT,
	ATTEMPT_LOCAL,
	ATTEMPT_UUID,
	ATTEMPT_COLUMN_COUNT
};

/* Ids come in ascending order. */
void idmap_add(struct idmap *m, int64_t id, uint32_t to);
uint32_t idmap_find(struct idmap *m, int64_t id); /* or NOT_THERE */
void idmap_clear(struct idmap *m);

/* Whether the filter lets this endpoint, or this path, in. */
bool load_wants_endpoint(const struct load_filter *f, const char *name);
bool load_wants_path(const struct load_filter *f, const char *path);

/* Count a bad row; the first is remembered.  Returns 0. */
int loader_bad_row(struct loader *l, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A text of a sane length as valid UTF-8 in new memory, else NULL. */
char *loader_text(sqlite3_stmt *st, int column);

/* An integer in [min, max], or NULL (NOT_MEASURED) where that is allowed. */
bool loader_number(sqlite3_stmt *st, int column, int64_t min, int64_t max,
    bool nullable, int64_t *value);

/* Whether any of a stretch of time is in the window asked for. */
bool loader_in_window(const struct loader *l, int64_t from_us, int64_t to_us);

/* A table has more rows than its file has room for: -1 and e. */
int loader_too_many(const struct loader *l, struct err *e);

/* Call row for each row of a statement; it returns -1 and e to end. */
int loader_each(struct loader *l, const char *sql,
    int (*row)(struct loader *l, sqlite3_stmt *st, struct err *e),
    struct err *e);

/* load_tables.c: the small tables, which attempts refer to. */
int load_tables(struct loader *l, struct err *e);

/* So, too, when the attempts are known: endpoints without any have a url. */
void loader_use_left_urls(struct loader *l);

/* Certificates, before the attempts (load_around.c). */
int load_certificates(struct loader *l, struct err *e);

/* load_arrivals.c: before the first attempt of any file. */
int load_arrivals(struct loader *l, struct err *e);

/* load_imports.c: so, too. */
int load_imports(struct loader *l, struct err *e);

/* load_captures.c: so, too. */
int load_captures(struct loader *l, struct err *e);

/*
 * load_attempts.c: one attempt, by its values, ATTEMPT_COLUMN_COUNT of them.
 * All it refers to is known.  -1 and e: there is no room for it.
 */
int loader_add_attempt(struct loader *l, sqlite3_value **v, struct err *e);

/* load_ranges.c: all of n files, which fill one dataset. */
int load_attempts(struct loader *loaders, size_t n, struct err *e);

/* What hosts and gateways say (load_around.c); the runs are known. */
int load_surroundings(struct loader *l, struct err *e);

#endif
