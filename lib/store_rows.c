/*
 * Adding rows: a function a record, its fields in the order of the statement
 * in store.c.
 */
#include "config.h"

#include <string.h>

#include "natdiff/walltime.h"
#include "lib/store_internal.h"

static const char *
role_name(enum role role)
{
	return role == ROLE_NAT ? "nat" : "direct";
}

/* A port of an address that is there. */
static int64_t
port_of(const struct endpoint_address *a)
{
	return a->family == 0 || a->port == 0 ? NOT_MEASURED : a->port;
}

int
store_add_run(
    struct store *st, const struct run_record *run, int64_t *id, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_RUN);

	row_text(&r, run->agent == NULL ? st->agent : run->agent);
	row_blob(&r, run->uuid, sizeof(run->uuid));
	row_text(&r, run->path);
	row_text(&r, role_name(run->role));
	row_text(&r, run->interface);
	row_text(&r, run->source);
	row_int(&r, run->mark);
	row_text(&r, run->host_name);
	row_text(&r, run->version);
	row_int(&r, run->pid);
	row_int(&r, run->interval_us);
	row_text(&r, run->config_digest);
	row_int(&r, run->started_at_us);
	row_int(&r, run->clock_synchronised);
	row_int(&r, run->clock_max_error_us);
	row_text(&r, run->kernel);
	row_text(&r, run->boot_id);
	row_int(&r, run->boot_at_us);
	row_text(&r, run->virtualisation);
	row_text(&r, run->facts_json);
	row_text(&r, run->gateway_json);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	return 0;
}

int
store_end_run(
    struct store *st, int64_t id, const struct run_end *end, struct err *e)
{
	struct row r = row_begin(st, STMT_END_RUN);

	row_int(&r, end->ended_at_us);
	row_text(&r, end->how);
	row_int(&r, end->planned);
	row_int(&r, end->fired);
	row_int(&r, end->lost_rows);
	row_int(&r, end->clock_step_us);
	row_int(&r, id);
	return row_end(st, &r, e);
}

static struct row
endpoint_row(
    struct store *st, enum statement which, const struct endpoint_record *ep)
{
	struct row r = row_begin(st, which);

	row_text(&r, ep->name);
	row_text(&r, ep->url);
	row_int(&r, ep->control);
	row_int(&r, ep->verify);
	row_text(&r, ep->kind);
	return r;
}

int
store_add_endpoint(struct store *st, const struct endpoint_record *ep,
    int64_t *id, struct err *e)
{
	struct row r = endpoint_row(st, STMT_FIND_ENDPOINT, ep);
	int found = row_find(st, &r, id, e);

	if (found != 0)
		return found < 0 ? -1 : 0;
	r = endpoint_row(st, STMT_ADD_ENDPOINT, ep);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	return 0;
}

int
store_add_resolution(struct store *st, const struct resolution_record *res,
    const struct store_keys *k, int64_t *id, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_RESOLUTION);

	row_int(&r, k->run_id);
	row_int(&r, k->endpoint_id);
	row_int(&r, res->slot);
	row_int(&r, res->started_at_us);
	row_int(&r, res->duration_us);
	row_text(&r, failure_name(res->failure));
	row_text(&r, res->failure_text);
	row_text(&r, res->addresses);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	return store_count_resolution(st, res, k, e);
}

/* Row ids of what an attempt shares with others. */
struct shared_ids {
	int64_t target;
	int64_t local;
	int64_t observed;
	int64_t tls_session;
};

static int
shared_ids(struct store *st, const struct attempt_record *a,
    struct shared_ids *ids, struct err *e)
{
	if (store_id_target(st, &a->target, &ids->target, e) != 0 ||
	    store_id_address(st, &a->local, &ids->local, e) != 0 ||
	    store_id_address(st, &a->observed, &ids->observed, e) != 0 ||
	    store_id_tls(st, a, &ids->tls_session, e) != 0)
		return -1;
	return 0;
}

static int
add_headers(
    struct store *st, const struct attempt_record *a, int64_t id, struct err *e)
{
	struct row r;
	size_t i;

	for (i = 0; i < a->n_headers; i++) {
		r = row_begin(st, STMT_ADD_HEADER);
		row_int(&r, id);
		row_text(&r, a->headers[i].name);
		row_text(&r, a->headers[i].value);
		if (row_end(st, &r, e) != 0)
			return -1;
	}
	return 0;
}

/* The columns that a comparison reads: the left part of the row. */
static void
compared_columns(struct row *r, const struct attempt_record *a,
    const struct store_keys *k, int64_t target_id)
{
	row_int(r, k->run_id);
	row_int(r, k->endpoint_id);
	row_int(r, target_id);
	row_int(r, a->slot);
	row_int(r, a->seq);
	row_text(r, failure_name(a->failure));
	row_text(
	    r, a->failure == FAILURE_NONE ? NULL : phase_name(a->failed_phase));
	row_int(r, a->syn_retransmits);
	row_int(r, a->connect_us);
	row_int(r, a->tls_us);
	row_int(r, a->request_us);
	row_int(r, a->total_us);
	row_int(r, a->http_status);
	row_int(r, a->started_at_us);
	row_int(r, a->loop_lag_us);
}

int
store_add_attempt(struct store *st, const struct attempt_record *a,
    const struct store_keys *k, struct err *e)
{
	struct shared_ids ids;
	struct row r;

	if (shared_ids(st, a, &ids, e) != 0)
		return -1;
	r = row_begin(st, STMT_ADD_ATTEMPT);
	compared_columns(&r, a, k, ids.target);
	row_int(&r, a->kernel_rtt_us);
	row_int(&r, a->connect_segs_in);
	row_int(&r, a->late_retransmits);
	row_int(&r, a->dsack_dups);
	row_int(&r, a->done_us);
	row_int(&r, a->other_us);
	row_int(&r, a->ws_ping_us);
	row_int(&r, ids.local);
	row_int(&r, port_of(&a->local));
	row_int(&r, ids.observed);
	row_int(&r, port_of(&a->observed));
	row_int(&r, k->resolution_id == 0 ? NOT_MEASURED : k->resolution_id);
	row_int(&r, ids.tls_session);
	row_int(&r, a->server_date_offset_us);
	row_int(&r, a->bytes_in);
	row_int(&r, a->bytes_out);
	row_int(&r, a->curl_code);
	row_int(&r, a->os_errno);
	row_int(&r, a->tls_alert);
	row_blob(&r, a->id, sizeof(a->id));
	row_text(&r, a->failure_text);
	if (row_end(st, &r, e) != 0 ||
	    add_headers(st, a, sqlite3_last_insert_rowid(st->db), e) != 0)
		return -1;
	return store_count_attempt(st, a, k, e);
}

static int
add_census(struct store *st, const struct census_record *c, int64_t sample_id,
    struct err *e)
{
	struct row r;
	int64_t target_id;

	if (store_id_target(st, &c->destination, &target_id, e) != 0)
		return -1;
	r = row_begin(st, STMT_ADD_CENSUS);
	row_int(&r, sample_id);
	row_int(&r, target_id);
	row_int(&r, c->established);
	row_int(&r, c->syn_sent);
	row_int(&r, c->time_wait);
	row_int(&r, c->closing);
	row_int(&r, c->close_wait);
	row_int(&r, c->local_ports);
	row_int(&r, c->own);
	return row_end(st, &r, e);
}

int
store_add_host_sample(struct store *st, const struct host_sample_record *s,
    int64_t run_id, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_SAMPLE);
	int64_t id;
	size_t i;

	row_int(&r, run_id);
	row_int(&r, s->slot);
	row_int(&r, s->at_us);
	row_int(&r, s->ports_in_use);
	row_int(&r, s->port_range_first);
	row_int(&r, s->port_range_last);
	row_int(&r, s->conntrack_count);
	row_int(&r, s->conntrack_max);
	row_int(&r, s->conntrack_drops);
	row_int(&r, s->allowance_exceeded);
	row_int(&r, s->cpu_stall_us);
	row_int(&r, s->load1_milli);
	if (row_end(st, &r, e) != 0)
		return -1;
	id = sqlite3_last_insert_rowid(st->db);
	for (i = 0; i < s->n_census; i++)
		if (add_census(st, &s->census[i], id, e) != 0)
			return -1;
	return 0;
}

void
row_address(struct row *r, const struct endpoint_address *a, char *ip)
{
	row_text(r, a->family == 0 ? NULL : endpoint_address_ip(a, ip));
	row_int(r, port_of(a));
}

int
store_add_gateway_event(struct store *st, const struct gateway_event_record *ev,
    int64_t *id, struct err *e)
{
	char inside[INET6_ADDRSTRLEN], outside[INET6_ADDRSTRLEN];
	char destination[INET6_ADDRSTRLEN];
	struct row r = row_begin(st, STMT_ADD_GATEWAY_EVENT);

	row_int(&r, ev->import_id);
	row_text(&r, ev->source);
	row_text(&r, ev->kind);
	row_int(&r, ev->from_at_us);
	row_int(&r, ev->to_at_us);
	row_int(&r, ev->value);
	row_int(&r, ev->protocol);
	row_address(&r, &ev->inside, inside);
	row_address(&r, &ev->outside, outside);
	row_address(&r, &ev->destination, destination);
	row_text(&r, ev->identity);
	row_text(&r, ev->detail);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_changes(st->db) == 0 ? 0
					   : sqlite3_last_insert_rowid(st->db);
	return 0;
}

int
store_extend_gateway_event(
    struct store *st, int64_t id, int64_t to_at_us, struct err *e)
{
	struct row r = row_begin(st, STMT_EXTEND_GATEWAY_EVENT);

	row_int(&r, to_at_us);
	row_int(&r, id);
	if (row_end(st, &r, e) != 0)
		return -1;
	return sqlite3_changes(st->db) > 0;
}

int
store_add_measurement(
    struct store *st, const struct measurement_record *m, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_MEASUREMENT);

	row_text(&r, measurement_kind_name(m->kind));
	row_text(&r, st->agent);
	row_text(&r, m->path);
	row_text(&r, role_name(m->role));
	row_text(&r, m->host_name);
	row_text(&r, m->version);
	row_text(&r, m->destination);
	row_int(&r, m->started_at_us);
	row_int(&r, m->ended_at_us);
	row_text(&r, measurement_end_name(m->ended_how));
	row_text(&r, measurement_finding_name(m->finding));
	row_int(&r, m->low);
	row_int(&r, m->best);
	row_int(&r, m->high);
	row_text(&r, m->detail_json);
	return row_end(st, &r, e);
}

int
store_add_note(struct store *st, int64_t at_us, const char *text, struct err *e)
{
	struct row r = row_begin(st, STMT_ADD_NOTE);

	row_int(&r, at_us);
	row_int(&r, walltime_now_us());
	row_text(&r, text);
	return row_end(st, &r, e);
}
