#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/flows.h"
#include "report/import/flowrows.h"
#include "report/import/flowrules.h"
#include "report/import/flowtable.h"

/* Between two looks for silent flows in a full table. */
#define SWEEP_US INT64_C(60000000)

/* Packets between the question for an index's place and the look at it. */
#define AHEAD 16

/* A packet on its way into the table. */
struct pending {
	struct packet packet;
	struct flow_key key;
	uint64_t hash;
	struct flow *guess;
	bool from_b, left_out;
};

struct flows {
	struct flowtable table;
	struct flowrows rows;
	struct pending pending[2][FLOWS_BATCH]; /* the last batch and this */
	size_t n_pending;
	unsigned turn; /* which is the last */
	int64_t swept_us;
};

struct flows *
flows_new(const struct flows_sink *sink, const uint64_t seeds[2], struct err *e)
{
	struct flows *f = x_calloc(1, sizeof(*f));

	if (flowtable_init(&f->table, seeds, e) != 0) {
		free(f);
		return NULL;
	}
	flowrows_init(&f->rows, sink, &f->table);
	f->swept_us = INT64_MIN / 2;
	return f;
}

void
flows_free(struct flows *f)
{
	if (f == NULL)
		return;
	flowtable_clear(&f->table);
	flowrows_clear(&f->rows);
	free(f);
}

const struct capture_record *
flows_totals(const struct flows *f)
{
	return &f->rows.totals;
}

/* -------------------------------------------------------------- the table */

static bool
drop_silent(void *arg, const struct flow *c)
{
	struct flows *f = arg;

	if (c->last_us > f->swept_us - FLOWS_SILENT_US)
		return false;
	flowrows_emit(&f->rows, c);
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
		f->rows.totals.packets_left_out++;
		return;
	}
	flowrules_first(&f->rows, c, p, from_b);
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

/* Ask for a packet's place in the index. */
static void
prepare(struct flows *f, struct pending *w, const struct packet *p)
{
	struct capture_record *t = &f->rows.totals;

	w->packet = *p;
	w->left_out = p->is_v6 && !number_v6(f, &w->packet);
	w->from_b = key_of(&w->packet, &w->key);
	w->hash = flowtable_hash(&f->table, &w->key);
	flowtable_prefetch_index(&f->table, w->hash);
	if (p->at_us < t->from_at_us || t->from_at_us == NOT_MEASURED)
		t->from_at_us = p->at_us;
	if (p->at_us > t->to_at_us)
		t->to_at_us = p->at_us;
}

static void
finish(struct flows *f, const struct pending *w)
{
	struct flow *c = w->guess;

	if (w->left_out) {
		f->rows.totals.packets_left_out++;
		return;
	}
	/* Others may have come, and a sweep moved them, since the guess. */
	if (c == NULL || c >= f->table.flow + f->table.n ||
	    !flowtable_is_of(c, &w->key))
		c = flowtable_find(&f->table, &w->key, w->hash);
	if (c != NULL)
		flowrules_packet(&f->rows, c, &w->packet, w->from_b);
	else
		add_first(f, &w->packet, &w->key, w->hash, w->from_b);
}

/*
 * Memory takes its time: of this batch, places in the index are asked for,
 * then flows, while the last batch, whose flows have come by now, is counted.
 */
int
flows_add(struct flows *f, const struct packet *p, size_t n, struct err *e)
{
	struct pending *last = f->pending[f->turn];
	struct pending *this = f->pending[f->turn ^ 1];
	size_t i, most = n > f->n_pending ? n : f->n_pending;

	f->rows.e = e;
	for (i = 0; i < most + AHEAD; i++) {
		if (i < n)
			prepare(f, &this[i], &p[i]);
		if (i >= AHEAD && i - AHEAD < n)
			this[i - AHEAD].guess =
			    flowtable_guess(&f->table, this[i - AHEAD].hash);
		if (i < f->n_pending)
			finish(f, &last[i]);
	}
	f->n_pending = n;
	f->turn ^= 1;
	return f->rows.failed ? -1 : 0;
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

	flows_add(f, NULL, 0, e);
	for (i = 0; i < f->table.n; i++)
		n += flowrows_stands_out(&f->table.flow[i]);
	left = x_calloc(n + 1, sizeof(const struct flow *));
	for (n = i = 0; i < f->table.n; i++)
		if (flowrows_stands_out(&f->table.flow[i]))
			left[n++] = &f->table.flow[i];
	qsort(left, n, sizeof(const struct flow *), by_time);
	for (i = 0; i < n; i++)
		flowrows_emit(&f->rows, left[i]);
	free(left);
	flowrows_end(&f->rows);
	flowtable_clear(&f->table);
	return f->rows.failed ? -1 : 0;
}
