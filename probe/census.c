/*
 * The census: the kernel's sockets counted by destination, for those that
 * are watched and for all.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/census.h"
#include "probe/census_tally.h"

int64_t
census_sockets(const struct census_record *r)
{
	return r->established + r->syn_sent + r->time_wait + r->closing +
	    r->close_wait;
}

int
census_count(const struct endpoint_address *wanted, size_t n_wanted,
    int64_t first, int64_t last, struct census_record **records,
    int64_t *ports_in_use, struct err *e)
{
	struct census_record *r;
	struct endpoint_address a;
	struct tally t;
	size_t i;

	*records = NULL;
	if (census_dump(&t, wanted, n_wanted, true, false, e) == -1)
		return -1;
	r = x_calloc(n_wanted + 1, sizeof(*r));
	for (i = 0; i < n_wanted; i++) {
		a = wanted[i];
		census_unmap(&a);
		r[i] = t.counts[address_table_find(&t.destinations, &a)];
		r[i].destination = wanted[i];
	}
	r[n_wanted] = t.total;
	if (ports_in_use != NULL)
		*ports_in_use = tally_ports(&t, first, last);
	tally_clear(&t);
	*records = r;
	return 0;
}

struct rank {
	int64_t sockets;
	uint32_t destination;
};

static int
by_sockets(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->sockets != y->sockets)
		return x->sockets > y->sockets ? -1 : 1;
	return (x->destination > y->destination) -
	    (x->destination < y->destination);
}

/* The busiest destinations as lines; line_of[number] finds each again. */
static void
choose_lines(struct census *c, size_t max, const struct tally *t,
    struct census_line **line_of)
{
	size_t n = t->destinations.n, i;
	struct rank *ranks = x_calloc(n, sizeof(*ranks));

	for (i = 0; i < n; i++) {
		ranks[i].sockets = census_sockets(&t->counts[i]);
		ranks[i].destination = (uint32_t)i;
	}
	qsort(ranks, n, sizeof(*ranks), by_sockets);
	c->n_destinations = n;
	c->n_lines = n < max ? n : max;
	c->lines = x_calloc(c->n_lines, sizeof(*c->lines));
	for (i = 0; i < c->n_lines; i++) {
		c->lines[i].counts = t->counts[ranks[i].destination];
		line_of[ranks[i].destination] = &c->lines[i];
	}
	free(ranks);
}

int
census_take(struct census *c, size_t max, int64_t first, int64_t last,
    bool owners, struct err *e)
{
	struct census_line **line_of;
	struct tally t;
	size_t i;

	memset(c, 0, sizeof(*c));
	if (census_dump(&t, NULL, 0, false, owners, e) == -1)
		return -1;
	line_of = x_calloc(t.destinations.n, sizeof(struct census_line *));
	choose_lines(c, max, &t, line_of);
	c->total = t.total;
	c->ports_in_use = tally_ports(&t, first, last);
	if (owners) {
		census_name_owners(&t, line_of);
		for (i = 0; i < t.n_inodes; i++)
			c->unnamed_sockets += !t.inodes[i].held;
	}
	free(line_of);
	tally_clear(&t);
	return 0;
}

void
census_clear(struct census *c)
{
	free(c->lines);
	memset(c, 0, sizeof(*c));
}
