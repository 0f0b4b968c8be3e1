/*
 * What a witness adds: its own life, and the connections that arrived; and
 * what another database's witness did.
 */
#include "config.h"

#include "lib/store_internal.h"

int
store_add_witness_run(struct store *st, const struct witness_run_record *w,
    int64_t *id, int64_t *first_arrival, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_WITNESS_RUN);

	row_text(&r, w->host_name);
	row_text(&r, w->version);
	row_int(&r, w->pid);
	row_text(&r, w->listen);
	row_int(&r, w->started_at_us);
	row_int(&r, w->started_at_us);
	row_int(&r, w->clock_synchronised);
	row_int(&r, w->clock_max_error_us);
	row_text(&r, w->kernel);
	row_text(&r, w->boot_id);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	r = row_begin(st, STMT_NEXT_ARRIVAL);
	return row_find(st, &r, first_arrival, e) < 0 ? -1 : 0;
}

int
store_witness_alive(struct store *st, int64_t id, int64_t at_us,
    int64_t lost_rows, struct err *e)
{
	bool ended = lost_rows != NOT_MEASURED;
	struct row r =
	    row_begin(st, ended ? STMT_WITNESS_END : STMT_WITNESS_ALIVE);

	row_int(&r, at_us);
	if (ended)
		row_int(&r, lost_rows);
	row_int(&r, id);
	return row_end(st, &r, e);
}

static const char *
reached(const struct arrival_record *a)
{
	if (a->upgrade_at_us != NOT_MEASURED)
		return "upgrade";
	if (a->request_at_us != NOT_MEASURED)
		return "request";
	return a->client_hello_at_us != NOT_MEASURED ? "hello" : "accept";
}

int
store_put_arrival(struct store *st, const struct arrival_record *a,
    int64_t witness_run_id, struct err *e)
{
	char observed[INET6_ADDRSTRLEN], listen[INET6_ADDRSTRLEN];
	struct row r = row_begin(st, STMT_PUT_ARRIVAL);

	row_int(&r, a->id);
	row_int(&r, witness_run_id);
	row_blob(&r, a->has_attempt_id ? a->attempt_id : NULL,
	    a->has_attempt_id ? sizeof(a->attempt_id) : 0);
	row_address(&r, &a->observed, observed);
	row_address(&r, &a->listen, listen);
	row_int(&r, a->accepted_at_us);
	row_int(&r, a->client_hello_at_us);
	row_int(&r, a->handshake_at_us);
	row_int(&r, a->request_at_us);
	row_int(&r, a->upgrade_at_us);
	row_int(&r, a->ended_at_us);
	row_text(&r, arrival_end_name(a->ended));
	row_int(&r, a->requests);
	row_int(&r, a->http_status);
	row_text(&r, reached(a));
	return row_end(st, &r, e);
}

/* The row of a life that is there already, or a new one. */
static int
find_witness_run(struct store *st, const struct witness_run_record *w,
    int64_t *id, struct err *e)
{
	struct row r = row_begin(st, STMT_FIND_WITNESS_RUN);

	row_int(&r, w->started_at_us);
	row_text(&r, w->host_name);
	row_text(&r, w->listen);
	row_int(&r, w->pid);
	return row_find(st, &r, id, e);
}

int
store_merge_witness_run(struct store *st, const struct witness_run_record *w,
    const struct witness_life *life, int64_t *id, struct err *e)
{
	int found = find_witness_run(st, w, id, e);
	int64_t first;
	struct row r;

	if (found < 0 ||
	    (found == 0 && store_add_witness_run(st, w, id, &first, e) != 0))
		return -1;
	r = row_begin(st, STMT_WITNESS_WENT_ON);
	row_int(&r, life->alive_at_us);
	row_int(&r, life->ended_at_us);
	row_int(&r, life->lost_rows);
	row_int(&r, *id);
	if (row_end(st, &r, e) != 0)
		return -1;
	return found == 0 || sqlite3_changes(st->db) > 0;
}

/* Whether a row that is there knows less of the connection than a does. */
static int
arrival_went_on(
    struct store *st, int64_t id, const struct arrival_record *a, struct err *e)
{
	struct row r = row_begin(st, STMT_ARRIVAL_WENT_ON);
	int64_t yes;

	row_int(&r, id);
	row_int(&r, a->ended_at_us != NOT_MEASURED);
	row_int(&r, a->requests);
	return row_find(st, &r, &yes, e);
}

int
store_merge_arrival(struct store *st, const struct arrival_record *a,
    int64_t witness_run_id, struct err *e)
{
	struct row r = row_begin(st, STMT_FIND_ARRIVAL);
	struct arrival_record copy = *a;
	char observed[INET6_ADDRSTRLEN];
	int found, wanted = 1;

	row_int(&r, a->accepted_at_us);
	row_address(&r, &a->observed, observed);
	found = row_find(st, &r, &copy.id, e);
	if (found > 0) {
		wanted = arrival_went_on(st, copy.id, a, e);
	} else if (found == 0) {
		r = row_begin(st, STMT_NEXT_MERGED_ARRIVAL);
		found = row_find(st, &r, &copy.id, e);
	}
	if (found < 0 || wanted < 0)
		return -1;
	if (wanted == 0)
		return 0;
	return store_put_arrival(st, &copy, witness_run_id, e) == 0 ? 1 : -1;
}
