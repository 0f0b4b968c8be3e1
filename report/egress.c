/*
 * Grouping what far ends saw.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/egress.h"

struct sighting {
	int64_t at_us;
	uint32_t series;
	uint16_t address, port, local;
};

struct sightings {
	struct sighting *s;
	size_t n, capacity;
};

/* The first series of the same agent, host and path. */
static uint32_t *
find_firsts(const struct dataset *d)
{
	uint32_t *first = x_calloc(d->n_series + 1, sizeof(*first));
	const struct series *a, *b;
	size_t i;

	for (i = 0; i < d->n_series; i++) {
		a = &d->series[i];
		b = i > 0 ? &d->series[i - 1] : NULL;
		first[i] = b != NULL && a->agent == b->agent &&
			a->host == b->host && a->path == b->path
		    ? first[i - 1]
		    : (uint32_t)i;
	}
	return first;
}

static void
collect(struct sightings *all, const struct dataset *d,
    const struct attempts *a, const uint32_t *first)
{
	struct sighting *s;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (attempt_observed(a, i) == NO_INDEX)
			continue;
		all->s = x_grow(all->s, all->n, &all->capacity, sizeof(*s));
		s = &all->s[all->n++];
		s->at_us = attempt_started_us(d, a, i);
		s->series = first[attempt_series(d, a, i)];
		s->address = attempt_observed(a, i);
		s->port = attempt_observed_port(a, i);
		s->local = attempt_local_port(a, i);
	}
}

static int
compare(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return (int)x->port - (int)y->port;
}

static void
add_exit(struct egress *g, const struct sighting *s, size_t n)
{
	uint16_t *seen = x_calloc(n, sizeof(*seen));
	uint16_t *local = x_calloc(n, sizeof(*local));
	struct exit_point *e;
	size_t i, m = 0;

	for (i = 0; i < n; i++) {
		if (s[i].port == NO_PORT)
			continue;
		seen[m] = s[i].port;
		local[m++] = s[i].local;
	}
	g->exits = x_reallocarray(g->exits, g->n + 1, sizeof(*g->exits));
	e = &g->exits[g->n++];
	e->series = s->series;
	e->address = s->address;
	e->attempts = n;
	ports_classify(&e->ports, seen, local, m);
	free(seen);
	free(local);
}

static enum apart
are_apart(const struct egress *g, const struct dataset *d)
{
	uint8_t *roles = x_calloc(d->addresses.n + 1, 1), all = 0;
	enum apart apart = APART_YES;
	size_t i;

	for (i = 0; i < g->n; i++) {
		roles[g->exits[i].address] |=
		    (uint8_t)(1u << series_role(d, g->exits[i].series));
		all |= roles[g->exits[i].address];
		if (roles[g->exits[i].address] == 3)
			apart = APART_NO;
	}
	free(roles);
	return all == 3 ? apart : APART_UNKNOWN;
}

void
egress_find(struct egress *g, const struct dataset *d)
{
	uint32_t *first = find_firsts(d);
	struct sightings all = { 0 };
	size_t i, from = 0;

	memset(g, 0, sizeof(*g));
	for (i = 0; i < d->n_endpoints; i++)
		collect(&all, d, &d->endpoints[i].attempts, first);
	if (all.n > 0)
		qsort(all.s, all.n, sizeof(*all.s), compare);
	for (i = 1; i <= all.n; i++) {
		if (i < all.n && all.s[i].series == all.s[from].series &&
		    all.s[i].address == all.s[from].address)
			continue;
		add_exit(g, &all.s[from], i - from);
		from = i;
	}
	g->apart = are_apart(g, d);
	free(all.s);
	free(first);
}

void
egress_clear(struct egress *g)
{
	free(g->exits);
	memset(g, 0, sizeof(*g));
}
