/*
 * Grouping what far ends saw: some slots of all endpoints at a time, which is
 * nearly the order of time, so that of each attempt only its ports are kept.
 */
#include "config.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/egress.h"

/* An attempt that a far end saw. */
struct sighting {
	uint32_t series, address;
	int64_t at_us;
	struct port_seen port;
};

/* Those of some slots. */
struct sightings {
	struct sighting *s;
	size_t n, capacity;
};

/* What a host on a path shows of an address, as it is gathered. */
struct gathered {
	uint32_t series, address;
	size_t attempts;
	struct port_seen *ports; /* of the attempts whose port is known */
	size_t n_ports, capacity;
};

/* All of them, in a tree by series, then address. */
struct gathering {
	const struct dataset *d;
	uint32_t *first; /* by series: see find_firsts() */
	size_t *at;      /* by endpoint: its next attempt */
	struct sightings some;
	void *tree;
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

static int
compare_gathered(const void *a, const void *b)
{
	const struct gathered *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return (x->address > y->address) - (x->address < y->address);
}

static int
compare_sightings(const void *a, const void *b)
{
	const struct sighting *x = a, *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	return (int)x->port.seen - (int)y->port.seen;
}

static struct gathered *
find_gathered(struct gathering *all, const struct sighting *s)
{
	struct gathered key = { .series = s->series, .address = s->address };
	struct gathered **found = tsearch(&key, &all->tree, compare_gathered);

	if (found == NULL)
		x_no_memory();
	if (*found == &key) {
		*found = x_malloc(sizeof(key));
		**found = key;
	}
	return *found;
}

static void
gather(struct gathered *to, const struct sighting *s)
{
	to->attempts++;
	if (s->port.seen == NO_PORT)
		return;
	to->ports =
	    x_grow(to->ports, to->n_ports, &to->capacity, sizeof(*to->ports));
	to->ports[to->n_ports++] = s->port;
}

/* Those of some slots, in the order of time. */
static void
gather_some(struct gathering *all)
{
	const struct sighting *s = all->some.s;
	struct gathered *to = NULL;
	size_t i;

	if (all->some.n > 1)
		qsort(all->some.s, all->some.n, sizeof(*s), compare_sightings);
	for (i = 0; i < all->some.n; i++) {
		if (to == NULL || to->series != s[i].series ||
		    to->address != s[i].address)
			to = find_gathered(all, &s[i]);
		gather(to, &s[i]);
	}
	all->some.n = 0;
}

/* Take an endpoint's attempts up to a slot; the slot of the one behind. */
static int64_t
take_slots(struct gathering *all, size_t endpoint, int64_t last)
{
	const struct attempts *a = &all->d->endpoints[endpoint].attempts;
	struct sightings *to = &all->some;
	size_t i = all->at[endpoint];

	for (; i < a->n && attempt_slot(a, i) <= last; i++) {
		if (attempt_observed(a, i) == NO_INDEX)
			continue;
		to->s = x_grow(to->s, to->n, &to->capacity, sizeof(*to->s));
		to->s[to->n++] = (struct sighting){
			.series = all->first[attempt_series(all->d, a, i)],
			.address = attempt_observed(a, i),
			.at_us = attempt_started_us(all->d, a, i),
			.port = { .seen = attempt_observed_port(a, i),
			    .local = attempt_local_port(a, i) },
		};
	}
	all->at[endpoint] = i;
	return i < a->n ? attempt_slot(a, i) : INT64_MAX;
}

/* Whether far ends saw any of them. */
static bool
any_observed(const struct attempts *a)
{
	/* NO_INDEX is kept as 0 (ATTEMPT_FIELDS). */
	return packed_bits(&a->column[field_observed]) != 0;
}

/* Whether slots of the same number are at the same time, for each host. */
static bool
hosts_have_one_interval(const struct gathering *all)
{
	const struct series *series = all->d->series;
	size_t i;

	for (i = 0; i < all->d->n_series; i++)
		if (series[i].interval_us != series[all->first[i]].interval_us)
			return false;
	return true;
}

/*
 * How many slots to take at a time: so many that there is an attempt for each
 * endpoint, on average; all, where a host's are not in the order of time.
 */
static int64_t
slots_at_once(const struct gathering *all)
{
	const struct dataset *d = all->d;
	int64_t first = INT64_MAX, last = 0, slot;
	const struct attempts *a;
	size_t n = 0, i;

	if (!hosts_have_one_interval(all))
		return INT64_MAX;
	for (i = 0; i < d->n_endpoints; i++) {
		a = &d->endpoints[i].attempts;
		if (all->at[i] == a->n)
			continue;
		slot = attempt_slot(a, 0);
		first = slot < first ? slot : first;
		slot = attempt_slot(a, a->n - 1);
		last = slot > last ? slot : last;
		n += a->n;
	}
	if (n == 0)
		return 1;
	return (last - first) / (int64_t)(n / d->n_endpoints + 1) + 1;
}

static void
gather_all(struct gathering *all)
{
	const struct dataset *d = all->d;
	int64_t next = 0, last, at_once, behind;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++)
		if (!any_observed(&d->endpoints[i].attempts))
			all->at[i] = d->endpoints[i].attempts.n;
	at_once = slots_at_once(all);
	while (next != INT64_MAX) {
		last =
		    next > INT64_MAX - at_once ? INT64_MAX : next + at_once - 1;
		next = INT64_MAX;
		for (i = 0; i < d->n_endpoints; i++) {
			behind = take_slots(all, i, last);
			next = behind < next ? behind : next;
		}
		gather_some(all);
	}
}

static void
add_exit(const void *node, VISIT which, void *context)
{
	const struct gathered *from = *(struct gathered *const *)node;
	struct egress *g = context;
	struct exit_point *e;

	if (which != postorder && which != leaf) /* between its neighbours */
		return;
	g->exits = x_grow(g->exits, g->n, &g->capacity, sizeof(*g->exits));
	e = &g->exits[g->n++];
	e->series = from->series;
	e->address = from->address;
	e->attempts = from->attempts;
	ports_classify(&e->ports, from->ports, from->n_ports);
}

static void
free_gathered(void *node)
{
	struct gathered *g = node;

	free(g->ports);
	free(g);
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
	struct gathering all = { .d = d, .first = find_firsts(d) };

	memset(g, 0, sizeof(*g));
	all.at = x_calloc(d->n_endpoints + 1, sizeof(*all.at));
	gather_all(&all);
	twalk_r(all.tree, add_exit, g);
	g->apart = are_apart(g, d);
	tdestroy(all.tree, free_gathered);
	free(all.some.s);
	free(all.at);
	free(all.first);
}

void
egress_clear(struct egress *g)
{
	free(g->exits);
	memset(g, 0, sizeof(*g));
}
