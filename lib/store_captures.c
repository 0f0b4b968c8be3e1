/*
 * Rows of captures: the whole, what each client had with each destination,
 * and connections that stand out.
 */
#include "config.h"

#include "natdiff/capture.h"

#include "lib/store_internal.h"

int
store_begin_capture(
    struct store *st, int64_t import_id, int64_t *id, struct err *e)
{
	struct row r = row_begin(st, STMT_BEGIN_CAPTURE);

	row_int(&r, import_id);
	if (row_end(st, &r, e) != 0)
		return -1;
	*id = sqlite3_last_insert_rowid(st->db);
	return 0;
}

int
store_end_capture(
    struct store *st, int64_t id, const struct capture_record *c, struct err *e)
{
	struct row r = row_begin(st, STMT_END_CAPTURE);

	row_int(&r, c->from_at_us);
	row_int(&r, c->to_at_us);
	row_int(&r, c->packets);
	row_int(&r, c->tcp_packets);
	row_int(&r, c->cut_packets);
	row_int(&r, c->flows);
	row_int(&r, c->connections);
	row_int(&r, c->answered);
	row_int(&r, c->syn_retransmits);
	row_int(&r, c->syn_acks_missing);
	row_int(&r, c->syn_acks_late);
	row_int(&r, c->client_resets);
	row_int(&r, c->server_resets);
	row_int(&r, c->challenges);
	row_int(&r, c->challenge_resets);
	row_int(&r, c->reuses[CAPTURE_REUSE_ALIVE]);
	row_int(&r, c->reuses[CAPTURE_REUSE_TIME_WAIT]);
	row_int(&r, c->reuses[CAPTURE_REUSE_AFTER]);
	row_int(&r, c->reuses[CAPTURE_REUSE_UNANSWERED]);
	row_int(&r, c->packets_left_out);
	row_int(&r, c->targets_left_out);
	row_int(&r, c->rows_left_out);
	row_int(&r, id);
	return row_end(st, &r, e);
}

int
store_add_capture_target(struct store *st, int64_t capture_id,
    const struct capture_target_record *t, struct err *e)
{
	char client[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	struct row r = row_begin(st, STMT_ADD_CAPTURE_TARGET);

	row_int(&r, capture_id);
	row_text(&r, endpoint_address_ip(&t->client, client));
	row_address(&r, &t->destination, destination);
	row_int(&r, t->from_at_us);
	row_int(&r, t->to_at_us);
	row_int(&r, t->connections);
	row_int(&r, t->answered);
	row_int(&r, t->syn_retransmits);
	return row_end(st, &r, e);
}

int
store_add_capture_flow(struct store *st, int64_t capture_id,
    const struct capture_flow_record *f, struct err *e)
{
	char client[INET6_ADDRSTRLEN], destination[INET6_ADDRSTRLEN];
	struct row r = row_begin(st, STMT_ADD_CAPTURE_FLOW);

	row_int(&r, capture_id);
	row_address(&r, &f->client, client);
	row_address(&r, &f->destination, destination);
	row_int(&r, f->at_us);
	row_int(&r, f->ended_at_us);
	row_int(&r, f->has_syn);
	row_int(&r, f->syn_retransmits);
	row_text(&r, f->syn_times);
	row_int(&r, f->syn_ack_us);
	row_int(&r, f->syn_acks);
	row_int(&r, f->client_resets);
	row_int(&r, f->server_resets);
	row_int(&r, f->challenge_us);
	row_int(&r, f->challenge_reset);
	row_text(&r, capture_reuse_name(f->reuse));
	row_int(&r, f->reuse_us);
	row_text(&r, capture_end_name(f->ended));
	return row_end(st, &r, e);
}
