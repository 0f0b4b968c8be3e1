/*
 * Retention: what is older than a point in time goes, a few rows at a time.
 * Counters, endpoints, targets, addresses and TLS sessions stay: they do not
 * grow with time.  Runs go once all of their rows are gone, since an agent
 * started from cron makes one a minute.  What a gateway samples goes by its
 * own retention, and what was imported stays: its time is not ours.
 *
 * Rows are found by their time, not by their id: after a step of the clock
 * the two differ, and a row from the future must not stop the rest.
 *
 * A clock that is ahead by years makes every row old.  So nothing is, until
 * rows reach half as far back as rows are kept: by then somebody has seen to
 * the clock, or it is right and the host was off.
 */
#include "config.h"

#include "lib/store_internal.h"

int
store_time_passed(
    struct store *st, int64_t from_us, int64_t now_us, struct err *e)
{
	struct row r = row_begin(st, STMT_ANY_ROW);
	int64_t unused;

	row_int(&r, from_us);
	row_int(&r, from_us + (now_us - from_us) / 2);
	return row_find(st, &r, &unused, e);
}

static int
drop(struct store *st, enum statement which, int64_t id, struct err *e)
{
	struct row r = row_begin(st, which);

	row_int(&r, id);
	return row_end(st, &r, e);
}

/* A table whose rows have others hanging on them. */
struct kind {
	enum statement find;
	enum statement drop_children;
	enum statement drop_row;
};

/* Delete old rows one by one until *n reaches limit. */
static int
drop_rows(struct store *st, const struct kind *kind, int64_t before_us,
    int limit, int *n, struct err *e)
{
	struct row r;
	int64_t id;
	int found;

	while (*n < limit) {
		r = row_begin(st, kind->find);
		row_int(&r, before_us);
		found = row_find(st, &r, &id, e);
		if (found == 0)
			break;
		if (found < 0 || drop(st, kind->drop_children, id, e) != 0 ||
		    drop(st, kind->drop_row, id, e) != 0)
			return -1;
		++*n;
	}
	return 0;
}

/* The same where one statement finds by a bound, and deletes. */
static int
drop_all(struct store *st, enum statement which, int64_t bound, int limit,
    int *n, struct err *e)
{
	struct row r;

	if (*n >= limit)
		return 0;
	r = row_begin(st, which);
	row_int(&r, bound);
	row_int(&r, limit - *n);
	if (row_end(st, &r, e) != 0)
		return -1;
	*n += sqlite3_changes(st->db);
	return 0;
}

/*
 * The order matters: a run goes only when there was nothing else left to
 * delete, so that no row is ever without its run.
 */
int
store_expire(
    struct store *st, int64_t before_us, int limit, int *deleted, struct err *e)
{
	static const struct kind attempts = { STMT_OLD_ATTEMPT,
		STMT_DROP_HEADERS, STMT_DROP_ATTEMPT };
	static const struct kind samples = { STMT_OLD_SAMPLE, STMT_DROP_CENSUS,
		STMT_DROP_SAMPLE };

	*deleted = 0;
	if (drop_rows(st, &attempts, before_us, limit, deleted, e) != 0 ||
	    drop_all(st, STMT_DROP_RESOLUTIONS, before_us, limit, deleted, e) !=
		0 ||
	    drop_rows(st, &samples, before_us, limit, deleted, e) != 0 ||
	    drop_all(st, STMT_DROP_MEASUREMENTS, before_us, limit, deleted,
		e) != 0 ||
	    drop_all(st, STMT_DROP_ARRIVALS, before_us, limit, deleted, e) !=
		0 ||
	    drop_all(st, STMT_DROP_MOST_ARRIVALS, STORE_ARRIVALS_MAX, limit,
		deleted, e) != 0 ||
	    drop_all(st, STMT_DROP_RUNS, before_us, limit, deleted, e) != 0 ||
	    drop_all(
		st, STMT_DROP_WITNESS_RUNS, before_us, limit, deleted, e) != 0)
		return -1;
	return 0;
}

int
store_expire_gateway(
    struct store *st, int64_t before_us, int limit, int *deleted, struct err *e)
{
	*deleted = 0;
	return drop_all(
	    st, STMT_DROP_GATEWAY_EVENTS, before_us, limit, deleted, e);
}
