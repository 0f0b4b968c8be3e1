/*
 * What a witness adds: its own life, and the connections that arrived.
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
end_name(enum arrival_end end)
{
	static const char *const names[] = {
		[ARRIVAL_OPEN] = NULL,
		[ARRIVAL_CLOSED] = "closed",
		[ARRIVAL_RESET] = "reset",
		[ARRIVAL_BROKEN] = "broken",
		[ARRIVAL_TIMEOUT] = "timeout",
		[ARRIVAL_REFUSED] = "refused",
		[ARRIVAL_STOPPED] = "stopped",
	};

	return names[end];
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
	row_text(&r, end_name(a->ended));
	row_int(&r, a->requests);
	row_int(&r, a->http_status);
	row_text(&r, reached(a));
	return row_end(st, &r, e);
}
