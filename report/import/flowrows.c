#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/flows.h"
#include "report/import/flowrows.h"

/* Flows whose times of SYN retransmits are kept. */
#define TIMES_MAX (512 * 1024)

void
flowrows_init(struct flowrows *r, const struct flows_sink *sink,
    const struct flowtable *table)
{
	memset(r, 0, sizeof(*r));
	r->sink = *sink;
	r->table = table;
	r->target_slot =
	    x_calloc(2 * FLOWS_TARGETS_MAX, sizeof(*r->target_slot));
	r->totals.from_at_us = r->totals.to_at_us = NOT_MEASURED;
}

void
flowrows_clear(struct flowrows *r)
{
	free(r->times);
	free(r->targets);
	free(r->target_slot);
	memset(r, 0, sizeof(*r));
}

/* ----------------------------------------------------------------- rows */

static void
set_address(const struct flowrows *r, struct endpoint_address *out, uint32_t id,
    uint16_t port, bool is_v6)
{
	uint8_t v4[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16),
		(uint8_t)(id >> 8), (uint8_t)id };

	memset(out, 0, sizeof(*out));
	out->family = is_v6 ? AF_INET6 : AF_INET;
	out->port = port;
	if (is_v6)
		memcpy(&out->ip.v6, r->table->v6[id], 16);
	else
		memcpy(&out->ip.v4, v4, 4);
}

static bool
is_late(const struct flow *c)
{
	return (c->bits & FLOW_SYN) != 0 && c->syn_ack_us != FLOW_NEVER &&
	    c->syn_ack_us >= FLOWS_LATE_US;
}

bool
flowrows_stands_out(const struct flow *c)
{
	return c->syn_retransmits > 0 || flow_is_missing(c) || is_late(c) ||
	    (c->bits & (FLOW_CHALLENGED | FLOW_ODD_RESET)) != 0 ||
	    c->reuse != CAPTURE_REUSE_NONE;
}

/* Times of the SYN retransmits, after the first SYN. */
static void
write_times(
    const struct flowrows *r, const struct flow *c, char *out, size_t size)
{
	size_t i, n = 0;

	*out = '\0';
	for (i = 0; i < c->syn_retransmits && i < FLOWROWS_TIMES; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%" PRIu32,
		    i > 0 ? " " : "", r->times[c->times].us[i]);
}

static enum capture_end
end_of(const struct flow *c)
{
	bool b = flow_client_is_b(c);

	if ((c->bits & FLOW_RESET) != 0)
		return ((c->bits & FLOW_RESET_BY_A) != 0) == b
		    ? CAPTURE_RESET_BY_SERVER
		    : CAPTURE_RESET_BY_CLIENT;
	if (!flow_is_closed(c))
		return CAPTURE_OPEN;
	return ((c->bits & FLOW_FIRST_FIN_B) != 0) == b
	    ? CAPTURE_CLOSED_BY_CLIENT
	    : CAPTURE_CLOSED_BY_SERVER;
}

void
flowrows_emit(struct flowrows *r, const struct flow *c)
{
	bool b = flow_client_is_b(c), v6 = (c->bits & FLOW_V6) != 0;
	struct capture_record *t = &r->totals;
	struct capture_flow_record row;
	char times[FLOWROWS_TIMES * 12];

	t->syn_acks_missing += flow_is_missing(c);
	t->syn_acks_late += is_late(c);
	if (!flowrows_stands_out(c) || r->failed)
		return;
	t->flows_kept++;
	memset(&row, 0, sizeof(row));
	set_address(
	    r, &row.client, b ? c->b : c->a, b ? c->port_b : c->port_a, v6);
	set_address(r, &row.destination, b ? c->a : c->b,
	    b ? c->port_a : c->port_b, v6);
	row.at_us = c->first_us;
	row.ended_at_us = c->last_us;
	row.has_syn = (c->bits & FLOW_SYN) != 0;
	row.syn_retransmits = c->syn_retransmits;
	if (c->times != FLOW_NO_TIMES) {
		write_times(r, c, times, sizeof(times));
		row.syn_times = times;
	}
	row.syn_ack_us =
	    c->syn_ack_us != FLOW_NEVER ? c->syn_ack_us : NOT_MEASURED;
	row.syn_acks = c->syn_acks;
	row.client_resets = b ? c->resets_b : c->resets_a;
	row.server_resets = b ? c->resets_a : c->resets_b;
	row.challenge_us =
	    (c->bits & FLOW_CHALLENGED) != 0 ? c->challenge_us : NOT_MEASURED;
	row.challenge_reset = (c->bits & FLOW_CHALLENGE_RESET) != 0;
	row.reuse = (enum capture_reuse)c->reuse;
	row.reuse_us =
	    c->reuse != CAPTURE_REUSE_NONE ? c->reuse_us : NOT_MEASURED;
	row.ended = end_of(c);
	r->failed = r->sink.flow(r->sink.arg, &row, r->e) != 0;
}

/* -------------------------------------------------------------- targets */

static struct capture_target_record *
target_of(struct flowrows *r, const struct flow *c)
{
	bool b = flow_client_is_b(c), v6 = (c->bits & FLOW_V6) != 0;
	struct flow_key k = { b ? c->b : c->a, b ? c->a : c->b, 0,
		b ? c->port_a : c->port_b, v6 };
	size_t mask = 2 * FLOWS_TARGETS_MAX - 1, i;
	struct capture_target_record *t;

	for (i = flowtable_hash(r->table, &k) & mask; r->target_slot[i] != 0;
	     i = (i + 1) & mask) {
		t = &r->targets[r->target_slot[i] - 1];
		if (t->key[0] == k.a && t->key[1] == k.b &&
		    t->destination.port == k.port_b &&
		    (t->destination.family == AF_INET6) == v6)
			return t;
	}
	if (r->n_targets == FLOWS_TARGETS_MAX) {
		r->totals.targets_left_out++;
		return NULL;
	}
	r->targets = x_grow(r->targets, r->n_targets, &r->targets_capacity,
	    sizeof(*r->targets));
	t = &r->targets[r->n_targets++];
	r->target_slot[i] = (uint32_t)r->n_targets;
	memset(t, 0, sizeof(*t));
	t->key[0] = k.a;
	t->key[1] = k.b;
	set_address(r, &t->client, k.a, 0, v6);
	set_address(r, &t->destination, k.b, k.port_b, v6);
	t->from_at_us = t->to_at_us = c->first_us;
	return t;
}

static void
target_time(struct capture_target_record *t, int64_t at_us)
{
	if (at_us < t->from_at_us)
		t->from_at_us = at_us;
	if (at_us > t->to_at_us)
		t->to_at_us = at_us;
}

void
flowrows_syn(struct flowrows *r, const struct flow *c)
{
	struct capture_target_record *t = target_of(r, c);

	r->totals.connections++;
	if (t == NULL)
		return;
	t->connections++;
	target_time(t, c->first_us);
}

void
flowrows_answer(struct flowrows *r, const struct flow *c)
{
	struct capture_target_record *t = target_of(r, c);

	r->totals.answered++;
	if (t != NULL)
		t->answered++;
}

void
flowrows_again(
    struct flowrows *r, struct flow *c, int64_t at_us, uint32_t since_us)
{
	struct capture_target_record *t = target_of(r, c);

	r->totals.syn_retransmits++;
	if (t != NULL) {
		t->syn_retransmits++;
		target_time(t, at_us);
	}
	if (c->times == FLOW_NO_TIMES && c->syn_retransmits == 0 &&
	    r->n_times < TIMES_MAX) {
		r->times = x_grow(r->times, r->n_times, &r->times_capacity,
		    sizeof(*r->times));
		c->times = (uint32_t)r->n_times++;
	}
	if (c->times != FLOW_NO_TIMES && c->syn_retransmits < FLOWROWS_TIMES)
		r->times[c->times].us[c->syn_retransmits] = since_us;
	if (c->syn_retransmits < UINT8_MAX)
		c->syn_retransmits++;
}

int
flowrows_end(struct flowrows *r)
{
	size_t i;

	for (i = 0; i < r->n_targets && !r->failed; i++)
		r->failed =
		    r->sink.target(r->sink.arg, &r->targets[i], r->e) != 0;
	return r->failed ? -1 : 0;
}
