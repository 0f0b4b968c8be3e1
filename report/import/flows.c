#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/flows.h"
#include "report/import/flowtable.h"

#define NEVER UINT32_MAX

/* Flows whose times of SYN retransmits are kept, and how many of each. */
#define TIMES_MAX (512 * 1024)
#define TIMES     8

/* Between two looks for silent flows in a full table. */
#define SWEEP_US INT64_C(60000000)

struct times {
	uint32_t us[TIMES];
};

struct flows {
	struct flows_sink sink;
	struct flowtable table;
	struct times *times;
	size_t n_times, times_capacity;
	struct capture_target_record *targets;
	uint32_t *target_slot; /* 1 + index in targets */
	size_t n_targets, targets_capacity;
	struct capture_record totals;
	int64_t swept_us;
	bool failed;
	struct err *e; /* of the call at work */
};

struct flows *
flows_new(const struct flows_sink *sink, const uint64_t seeds[2], struct err *e)
{
	struct flows *f = x_calloc(1, sizeof(*f));

	f->sink = *sink;
	if (flowtable_init(&f->table, seeds, e) != 0) {
		free(f);
		return NULL;
	}
	f->target_slot =
	    x_calloc(2 * FLOWS_TARGETS_MAX, sizeof(*f->target_slot));
	f->swept_us = INT64_MIN / 2;
	f->totals.from_at_us = f->totals.to_at_us = NOT_MEASURED;
	return f;
}

void
flows_free(struct flows *f)
{
	if (f == NULL)
		return;
	flowtable_clear(&f->table);
	free(f->times);
	free(f->targets);
	free(f->target_slot);
	free(f);
}

const struct capture_record *
flows_totals(const struct flows *f)
{
	return &f->totals;
}

/* ----------------------------------------------------------------- rows */

static void
set_address(const struct flows *f, struct endpoint_address *out, uint32_t id,
    uint16_t port, bool is_v6)
{
	uint8_t v4[4] = { (uint8_t)(id >> 24), (uint8_t)(id >> 16),
		(uint8_t)(id >> 8), (uint8_t)id };

	memset(out, 0, sizeof(*out));
	out->family = is_v6 ? AF_INET6 : AF_INET;
	out->port = port;
	if (is_v6)
		memcpy(&out->ip.v6, f->table.v6[id], 16);
	else
		memcpy(&out->ip.v4, v4, 4);
}

/* Of a connection whose beginning was not seen, the larger port. */
static bool
client_is_b(const struct flow *c)
{
	return (c->bits & FLOW_CLIENT_KNOWN) != 0
	    ? (c->bits & FLOW_CLIENT_B) != 0
	    : c->port_b > c->port_a;
}

static bool
is_closed(const struct flow *c)
{
	return (c->bits & FLOW_FIN_A) != 0 && (c->bits & FLOW_FIN_B) != 0;
}

static bool
is_missing(const struct flow *c)
{
	return (c->bits & (FLOW_SYN | FLOW_ANSWERED)) == FLOW_SYN;
}

static bool
is_late(const struct flow *c)
{
	return (c->bits & FLOW_SYN) != 0 && c->syn_ack_us != NEVER &&
	    c->syn_ack_us >= FLOWS_LATE_US;
}

/* Whether it has something that is worth a row. */
static bool
stands_out(const struct flow *c)
{
	return c->syn_retransmits > 0 || is_missing(c) || is_late(c) ||
	    (c->bits & (FLOW_CHALLENGED | FLOW_ODD_RESET)) != 0 ||
	    c->reuse != CAPTURE_REUSE_NONE;
}

/* Times of the SYN retransmits, after the first SYN. */
static void
write_times(const struct flows *f, const struct flow *c, char *out, size_t size)
{
	size_t i, n = 0;

	*out = '\0';
	for (i = 0; i < c->syn_retransmits && i < TIMES; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%" PRIu32,
		    i > 0 ? " " : "", f->times[c->times].us[i]);
}

static enum capture_end
end_of(const struct flow *c)
{
	bool b = client_is_b(c);

	if ((c->bits & FLOW_RESET) != 0)
		return ((c->bits & FLOW_RESET_BY_A) != 0) == b
		    ? CAPTURE_RESET_BY_SERVER
		    : CAPTURE_RESET_BY_CLIENT;
	if (!is_closed(c))
		return CAPTURE_OPEN;
	return ((c->bits & FLOW_FIRST_FIN_B) != 0) == b
	    ? CAPTURE_CLOSED_BY_CLIENT
	    : CAPTURE_CLOSED_BY_SERVER;
}

/* A connection is over, or its tuple is used again: its row, if any. */
static void
emit(struct flows *f, const struct flow *c)
{
	bool b = client_is_b(c), v6 = (c->bits & FLOW_V6) != 0;
	struct capture_record *t = &f->totals;
	struct capture_flow_record r;
	char times[TIMES * 12];

	t->syn_acks_missing += is_missing(c);
	t->syn_acks_late += is_late(c);
	if (!stands_out(c) || f->failed)
		return;
	t->flows_kept++;
	memset(&r, 0, sizeof(r));
	set_address(
	    f, &r.client, b ? c->b : c->a, b ? c->port_b : c->port_a, v6);
	set_address(
	    f, &r.destination, b ? c->a : c->b, b ? c->port_a : c->port_b, v6);
	r.at_us = c->first_us;
	r.ended_at_us = c->last_us;
	r.has_syn = (c->bits & FLOW_SYN) != 0;
	r.syn_retransmits = c->syn_retransmits;
	if (c->times != FLOW_NO_TIMES) {
		write_times(f, c, times, sizeof(times));
		r.syn_times = times;
	}
	r.syn_ack_us = c->syn_ack_us != NEVER ? c->syn_ack_us : NOT_MEASURED;
	r.syn_acks = c->syn_acks;
	r.client_resets = b ? c->resets_b : c->resets_a;
	r.server_resets = b ? c->resets_a : c->resets_b;
	r.challenge_us =
	    (c->bits & FLOW_CHALLENGED) != 0 ? c->challenge_us : NOT_MEASURED;
	r.challenge_reset = (c->bits & FLOW_CHALLENGE_RESET) != 0;
	r.reuse = (enum capture_reuse)c->reuse;
	r.reuse_us =
	    c->reuse != CAPTURE_REUSE_NONE ? c->reuse_us : NOT_MEASURED;
	r.ended = end_of(c);
	f->failed = f->sink.flow(f->sink.arg, &r, f->e) != 0;
}

/* -------------------------------------------------------------- targets */

/* What client and destination of a connection have together; or NULL. */
static struct capture_target_record *
target_of(struct flows *f, const struct flow *c)
{
	bool b = client_is_b(c), v6 = (c->bits & FLOW_V6) != 0;
	struct flow_key k = { b ? c->b : c->a, b ? c->a : c->b, 0,
		b ? c->port_a : c->port_b, v6 };
	size_t mask = 2 * FLOWS_TARGETS_MAX - 1, i;
	struct capture_target_record *t;

	for (i = flowtable_hash(&f->table, &k) & mask; f->target_slot[i] != 0;
	     i = (i + 1) & mask) {
		t = &f->targets[f->target_slot[i] - 1];
		if (t->key[0] == k.a && t->key[1] == k.b &&
		    t->destination.port == k.port_b &&
		    (t->destination.family == AF_INET6) == v6)
			return t;
	}
	if (f->n_targets == FLOWS_TARGETS_MAX) {
		f->totals.targets_left_out++;
		return NULL;
	}
	f->targets = x_grow(f->targets, f->n_targets, &f->targets_capacity,
	    sizeof(*f->targets));
	t = &f->targets[f->n_targets++];
	f->target_slot[i] = (uint32_t)f->n_targets;
	memset(t, 0, sizeof(*t));
	t->key[0] = k.a;
	t->key[1] = k.b;
	set_address(f, &t->client, k.a, 0, v6);
	set_address(f, &t->destination, k.b, k.port_b, v6);
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

/* -------------------------------------------------------------- packets */

static uint32_t
since(const struct flow *c, int64_t at_us)
{
	int64_t us = at_us - c->first_us;

	return us <= 0 ? 0 : us >= NEVER ? NEVER - 1 : (uint32_t)us;
}

/* A slot for another connection of the same tuple. */
static void
begin_flow(struct flow *c, const struct packet *p, bool from_b)
{
	c->bits = p->is_v6 ? FLOW_V6 : 0;
	c->syn_retransmits = c->resets_a = c->resets_b = c->syn_acks = 0;
	c->reuse = CAPTURE_REUSE_NONE;
	c->reuse_us = 0;
	c->first_us = c->last_us = p->at_us;
	c->syn_ack_us = c->challenge_us = NEVER;
	c->times = FLOW_NO_TIMES;
	c->isn = 0;
	if ((p->tcp_flags & TCP_SYN) == 0)
		return;
	/* A SYN is the client's, a SYN-ACK the server's. */
	c->bits |= FLOW_CLIENT_KNOWN;
	if (from_b == ((p->tcp_flags & TCP_ACK) == 0))
		c->bits |= FLOW_CLIENT_B;
	if ((p->tcp_flags & TCP_ACK) != 0) {
		c->bits |= FLOW_ANSWERED;
		c->syn_acks = 1;
		c->isn = p->ack - 1;
		return;
	}
	c->bits |= FLOW_SYN;
	c->isn = p->seq;
}

static void
count_syn(struct flows *f, const struct flow *c)
{
	struct capture_target_record *t = target_of(f, c);

	f->totals.connections++;
	if (t == NULL)
		return;
	t->connections++;
	target_time(t, c->first_us);
}

/* The first SYN-ACK of a connection whose SYN was seen. */
static void
count_answer(struct flows *f, struct flow *c, uint32_t us)
{
	struct capture_target_record *t = target_of(f, c);

	c->syn_ack_us = us;
	f->totals.answered++;
	if (t != NULL)
		t->answered++;
}

/* Up to what a byte holds. */
static void
count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		++*n;
}

static void
on_retransmit(struct flows *f, struct flow *c, const struct packet *p)
{
	struct capture_target_record *t = target_of(f, c);

	f->totals.syn_retransmits++;
	if (t != NULL) {
		t->syn_retransmits++;
		target_time(t, p->at_us);
	}
	if (c->times == FLOW_NO_TIMES && c->syn_retransmits == 0 &&
	    f->n_times < TIMES_MAX) {
		f->times = x_grow(f->times, f->n_times, &f->times_capacity,
		    sizeof(*f->times));
		c->times = (uint32_t)f->n_times++;
	}
	if (c->times != FLOW_NO_TIMES && c->syn_retransmits < TIMES)
		f->times[c->times].us[c->syn_retransmits] = since(c, p->at_us);
	count(&c->syn_retransmits);
	c->last_us = p->at_us;
}

/* What a new connection on the tuple of this one means. */
static enum capture_reuse
reuse_of(const struct flow *c, int64_t us)
{
	if (is_missing(c) && (c->bits & FLOW_RESET) == 0)
		return CAPTURE_REUSE_UNANSWERED;
	if ((c->bits & FLOW_RESET) != 0)
		return CAPTURE_REUSE_AFTER;
	if (!is_closed(c))
		return CAPTURE_REUSE_ALIVE;
	return us < FLOWS_TIME_WAIT_US ? CAPTURE_REUSE_TIME_WAIT
				       : CAPTURE_REUSE_AFTER;
}

/* Its SYN-ACK began the flow: it stands behind it in the capture. */
static void
join_syn(struct flows *f, struct flow *c, const struct packet *p)
{
	int64_t us = c->first_us - p->at_us;

	if (us > 0)
		c->first_us = p->at_us;
	c->bits |= FLOW_SYN;
	count_syn(f, c);
	count_answer(f, c, us > 0 && us < NEVER ? (uint32_t)us : 0);
}

static void
on_syn(struct flows *f, struct flow *c, const struct packet *p, bool from_b)
{
	bool answered = (c->bits & FLOW_EARLY) != 0 && c->odd_ack == p->seq + 1;
	int64_t us = p->at_us - c->last_us;
	bool same_side = (c->bits & FLOW_CLIENT_KNOWN) == 0 ||
	    ((c->bits & FLOW_CLIENT_B) != 0) == from_b;
	enum capture_reuse reuse = CAPTURE_REUSE_NONE;

	if ((c->bits & FLOW_SYN) != 0 && same_side && c->isn == p->seq) {
		if (us >= FLOWS_SAME_US)
			on_retransmit(f, c, p);
		else
			f->totals.seen_twice++;
		return;
	}
	if ((c->bits & (FLOW_SYN | FLOW_ANSWERED)) == FLOW_ANSWERED &&
	    same_side && c->isn == p->seq) {
		join_syn(f, c, p);
		return;
	}
	us = us > 0 ? us : 0;
	if (same_side) {
		reuse = reuse_of(c, us);
		f->totals.reuses[reuse]++;
	}
	emit(f, c);
	begin_flow(c, p, from_b);
	c->reuse = (uint8_t)reuse;
	c->reuse_us = us;
	count_syn(f, c);
	if (!answered)
		return;
	c->bits |= FLOW_ANSWERED;
	c->syn_acks = 1;
	count_answer(f, c, 0);
}

/*
 * A SYN-ACK that is none of this connection's: of an older one, or of a SYN
 * that stands behind it.
 */
static bool
is_stray(const struct flow *c, const struct packet *p)
{
	return (c->bits & (FLOW_SYN | FLOW_ANSWERED)) == 0 ||
	    p->ack != c->isn + 1;
}

static void
on_stray(struct flow *c, const struct packet *p)
{
	if ((c->bits & FLOW_CHALLENGED) != 0)
		return;
	c->bits |= FLOW_EARLY;
	c->odd_ack = p->ack;
}

static void
on_syn_ack(struct flows *f, struct flow *c, const struct packet *p)
{
	if (c->syn_acks > 0 && p->at_us - c->last_us < FLOWS_SAME_US)
		return;
	count(&c->syn_acks);
	if ((c->bits & FLOW_ANSWERED) != 0)
		return;
	c->bits |= FLOW_ANSWERED;
	count_answer(f, c, since(c, p->at_us));
}

static void
on_reset(struct flows *f, struct flow *c, const struct packet *p, bool from_b)
{
	bool by_client = from_b == client_is_b(c);

	if (from_b)
		count(&c->resets_b);
	else
		count(&c->resets_a);
	if (by_client)
		f->totals.client_resets++;
	else
		f->totals.server_resets++;
	/* It answers what an old connection said, and ends that one. */
	if (by_client && is_missing(c) && (c->bits & FLOW_CHALLENGED) != 0 &&
	    p->seq == c->odd_ack) {
		f->totals.challenge_resets +=
		    (c->bits & FLOW_CHALLENGE_RESET) == 0;
		c->bits |= FLOW_CHALLENGE_RESET;
		return;
	}
	if (!is_closed(c))
		c->bits |= FLOW_ODD_RESET;
	if ((c->bits & FLOW_RESET) == 0)
		c->bits |=
		    (uint16_t)(FLOW_RESET | (from_b ? 0 : FLOW_RESET_BY_A));
}

/* An ACK where a SYN-ACK belongs: RFC 5961, section 4. */
static void
on_challenge(struct flows *f, struct flow *c, const struct packet *p)
{
	if ((c->bits & FLOW_CHALLENGED) == 0) {
		f->totals.challenges++;
		c->challenge_us = since(c, p->at_us);
	}
	c->bits = (uint16_t)((c->bits & ~FLOW_EARLY) | FLOW_CHALLENGED);
	c->odd_ack = p->ack;
}

static void
on_packet(struct flows *f, struct flow *c, const struct packet *p, bool from_b)
{
	bool of_client = (c->bits & FLOW_CLIENT_KNOWN) != 0 &&
	    ((c->bits & FLOW_CLIENT_B) != 0) == from_b;
	unsigned flags = p->tcp_flags;

	if ((flags & TCP_SYN) != 0 && (flags & (TCP_ACK | TCP_RST)) == 0) {
		on_syn(f, c, p, from_b);
		return;
	}
	if ((flags & TCP_RST) != 0)
		on_reset(f, c, p, from_b);
	else if ((flags & TCP_SYN) != 0 && !of_client) {
		if (is_stray(c, p)) {
			on_stray(c, p);
			return;
		}
		on_syn_ack(f, c, p);
	} else if ((flags & (TCP_SYN | TCP_ACK)) == TCP_ACK && is_missing(c) &&
	    !of_client && p->ack != c->isn + 1)
		on_challenge(f, c, p);
	if ((flags & TCP_FIN) != 0) {
		if ((c->bits & (FLOW_FIN_A | FLOW_FIN_B)) == 0 && from_b)
			c->bits |= FLOW_FIRST_FIN_B;
		c->bits |= from_b ? FLOW_FIN_B : FLOW_FIN_A;
	}
	if (p->at_us > c->last_us)
		c->last_us = p->at_us;
}

/* -------------------------------------------------------------- the table */

static bool
drop_silent(void *arg, const struct flow *c)
{
	struct flows *f = arg;

	if (c->last_us > f->swept_us - FLOWS_SILENT_US)
		return false;
	emit(f, c);
	return true;
}

/* A place for a new tuple, or NULL; a full table is swept now and then. */
static struct flow *
make_room(struct flows *f, const struct packet *p, const struct flow_key *k,
    uint64_t hash)
{
	struct flow *c = flowtable_add(&f->table, k, hash);

	if (c != NULL || p->at_us - SWEEP_US < f->swept_us)
		return c;
	f->swept_us = p->at_us;
	flowtable_sweep(&f->table, drop_silent, f);
	return flowtable_add(&f->table, k, hash);
}

/* The first packet of a tuple. */
static void
add_first(struct flows *f, const struct packet *p, const struct flow_key *k,
    uint64_t hash, bool from_b)
{
	struct flow *c;

	/* Nothing begins with an RST, and nothing stands out by it. */
	if ((p->tcp_flags & TCP_RST) != 0)
		return;
	c = make_room(f, p, k, hash);
	if (c == NULL) {
		f->totals.packets_left_out++;
		return;
	}
	begin_flow(c, p, from_b);
	if ((p->tcp_flags & TCP_FIN) != 0)
		c->bits |= from_b ? FLOW_FIN_B | FLOW_FIRST_FIN_B : FLOW_FIN_A;
	f->totals.flows++;
	if ((c->bits & FLOW_SYN) != 0)
		count_syn(f, c);
}

/* The key of a packet; whether it is from the key's side b. */
static bool
key_of(const struct packet *p, struct flow_key *k)
{
	uint64_t from = (uint64_t)p->source << 16 | p->source_port;
	uint64_t to = (uint64_t)p->destination << 16 | p->destination_port;
	bool from_b = from > to;

	k->a = from_b ? p->destination : p->source;
	k->b = from_b ? p->source : p->destination;
	k->port_a = from_b ? p->destination_port : p->source_port;
	k->port_b = from_b ? p->source_port : p->destination_port;
	k->is_v6 = p->is_v6;
	return from_b;
}

/* Addresses as numbers; false: there are too many. */
static bool
number_v6(struct flows *f, struct packet *p)
{
	p->source = flowtable_v6(&f->table, p->v6);
	p->destination = flowtable_v6(&f->table, p->v6 + 16);
	return p->source != UINT32_MAX && p->destination != UINT32_MAX;
}

int
flows_add(struct flows *f, struct packet *p, size_t n, struct err *e)
{
	struct capture_record *t = &f->totals;
	uint64_t hash[FLOWS_BATCH];
	struct flow_key key[FLOWS_BATCH];
	bool from_b[FLOWS_BATCH], left_out[FLOWS_BATCH];
	struct flow *c;
	size_t i;

	f->e = e;
	for (i = 0; i < n; i++) {
		left_out[i] = p[i].is_v6 && !number_v6(f, &p[i]);
		from_b[i] = key_of(&p[i], &key[i]);
		hash[i] = flowtable_hash(&f->table, &key[i]);
		flowtable_prefetch_index(&f->table, hash[i]);
		if (p[i].at_us < t->from_at_us || t->from_at_us == NOT_MEASURED)
			t->from_at_us = p[i].at_us;
		if (p[i].at_us > t->to_at_us)
			t->to_at_us = p[i].at_us;
	}
	for (i = 0; i < n; i++)
		flowtable_prefetch_flow(&f->table, hash[i]);
	for (i = 0; i < n; i++) {
		if (left_out[i]) {
			t->packets_left_out++;
			continue;
		}
		c = flowtable_find(&f->table, &key[i], hash[i]);
		if (c != NULL)
			on_packet(f, c, &p[i], from_b[i]);
		else
			add_first(f, &p[i], &key[i], hash[i], from_b[i]);
	}
	return f->failed ? -1 : 0;
}

/* -------------------------------------------------------------- the end */

static int
by_time(const void *x, const void *y)
{
	const struct flow *a = *(const struct flow *const *)x;
	const struct flow *b = *(const struct flow *const *)y;

	if (a->first_us != b->first_us)
		return a->first_us < b->first_us ? -1 : 1;
	if (a->a != b->a)
		return a->a < b->a ? -1 : 1;
	if (a->b != b->b)
		return a->b < b->b ? -1 : 1;
	if (a->port_a != b->port_a)
		return a->port_a < b->port_a ? -1 : 1;
	return a->port_b < b->port_b ? -1 : a->port_b > b->port_b;
}

int
flows_end(struct flows *f, struct err *e)
{
	const struct flow **left;
	size_t i, n = 0;

	f->e = e;
	for (i = 0; i < f->table.n; i++)
		n += stands_out(&f->table.flow[i]);
	left = x_calloc(n + 1, sizeof(const struct flow *));
	for (n = i = 0; i < f->table.n; i++)
		if (stands_out(&f->table.flow[i]))
			left[n++] = &f->table.flow[i];
	qsort(left, n, sizeof(const struct flow *), by_time);
	for (i = 0; i < n; i++)
		emit(f, left[i]);
	free(left);
	for (i = 0; i < f->n_targets && !f->failed; i++)
		f->failed = f->sink.target(f->sink.arg, &f->targets[i], e) != 0;
	flowtable_clear(&f->table);
	return f->failed ? -1 : 0;
}
