#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/captures.h"

void
captures_clear(struct captures *c)
{
	free(c->spans);
	free(c->clients);
	free(c->flows);
	names_clear(&c->addresses);
	names_clear(&c->targets);
	memset(c, 0, sizeof(*c));
}

uint32_t
captures_add(struct captures *c, const struct capture_span *s)
{
	size_t i;

	for (i = 0; i < c->n_spans; i++)
		if (c->spans[i].from_us == s->from_us &&
		    c->spans[i].to_us == s->to_us &&
		    c->spans[i].packets == s->packets)
			return UINT32_MAX;
	c->spans = x_grow(c->spans, c->n_spans, &c->spans_capacity, sizeof(*s));
	c->spans[c->n_spans] = *s;
	return (uint32_t)c->n_spans++;
}

void
captures_add_client(struct captures *c, const struct capture_client *k)
{
	c->clients =
	    x_grow(c->clients, c->n_clients, &c->clients_capacity, sizeof(*k));
	c->clients[c->n_clients++] = *k;
}

void
captures_add_flow(struct captures *c, const struct capture_flow *f)
{
	c->flows = x_grow(c->flows, c->n_flows, &c->flows_capacity, sizeof(*f));
	c->flows[c->n_flows++] = *f;
}

static int
by_target(const void *x, const void *y)
{
	const struct capture_flow *a = x, *b = y;

	if (a->target != b->target)
		return a->target < b->target ? -1 : 1;
	return a->at_us < b->at_us ? -1 : a->at_us > b->at_us;
}

void
captures_finish(struct captures *c)
{
	if (c->n_flows > 0)
		qsort(c->flows, c->n_flows, sizeof(*c->flows), by_target);
}

size_t
captures_find(const struct captures *c, uint32_t target, int64_t at_us)
{
	const struct capture_flow key = { .target = target, .at_us = at_us };
	size_t low = 0, high = c->n_flows, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (by_target(&c->flows[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
