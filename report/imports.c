/*
 * Sorted tables and binary search.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/imports.h"

void
imports_clear(struct imports *im)
{
	size_t i;

	for (i = 0; i < im->n_lines; i++) {
		free(im->lines[i].source);
		free(im->lines[i].kind);
	}
	free(im->edge);
	free(im->ports);
	free(im->lines);
	free(im->app);
	names_clear(&im->addresses);
	names_clear(&im->targets);
	memset(im, 0, sizeof(*im));
}

void
imports_add_edge(struct imports *im, const struct edge_seen *e)
{
	im->edge = x_grow(im->edge, im->n_edge, &im->edge_capacity, sizeof(*e));
	im->edge[im->n_edge++] = *e;
	if (e->port == 0)
		return;
	im->ports =
	    x_grow(im->ports, im->n_ports, &im->ports_capacity, sizeof(*e));
	im->ports[im->n_ports++] = *e;
}

void
imports_add_line(struct imports *im, const struct nat_line *l,
    const char *source, const char *kind)
{
	struct nat_line *line;

	im->lines =
	    x_grow(im->lines, im->n_lines, &im->lines_capacity, sizeof(*l));
	line = &im->lines[im->n_lines++];
	*line = *l;
	line->joined = false;
	line->source = x_strdup(source);
	line->kind = x_strdup(kind);
}

void
imports_add_app(struct imports *im, const struct app_seen *a)
{
	im->app = x_grow(im->app, im->n_app, &im->app_capacity, sizeof(*a));
	im->app[im->n_app++] = *a;
}

/* -1, 0, 1 */
static int
order(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_ids(const void *a, const void *b)
{
	const struct edge_seen *x = a, *y = b;

	if (x->named != y->named)
		return x->named ? -1 : 1;
	return memcmp(x->id, y->id, sizeof(x->id));
}

static int
compare_ports(const void *a, const void *b)
{
	const struct edge_seen *x = a, *y = b;
	int r = order(x->address, y->address);

	if (r == 0)
		r = order(x->port, y->port);
	return r != 0 ? r : order(x->at_us, y->at_us);
}

static int
compare_lines(const void *a, const void *b)
{
	const struct nat_line *x = a, *y = b;
	int r = order(x->address, y->address);

	if (r == 0)
		r = order(x->port, y->port);
	return r != 0 ? r : order(x->from_us, y->from_us);
}

static int
compare_app(const void *a, const void *b)
{
	const struct app_seen *x = a, *y = b;

	return order(x->at_us, y->at_us);
}

static void
sort(void *table, size_t n, size_t size,
    int (*compare)(const void *, const void *))
{
	if (n > 1)
		qsort(table, n, size, compare);
}

void
imports_finish(struct imports *im)
{
	size_t i;

	sort(im->edge, im->n_edge, sizeof(*im->edge), compare_ids);
	sort(im->ports, im->n_ports, sizeof(*im->ports), compare_ports);
	sort(im->lines, im->n_lines, sizeof(*im->lines), compare_lines);
	sort(im->app, im->n_app, sizeof(*im->app), compare_app);
	for (i = 0; i < im->n_edge; i++) {
		im->n_named += im->edge[i].named;
		if (i == 0 || im->edge[i].at_us < im->edge_from_us)
			im->edge_from_us = im->edge[i].at_us;
		if (i == 0 || im->edge[i].at_us > im->edge_to_us)
			im->edge_to_us = im->edge[i].at_us;
	}
}

bool
imports_any(const struct imports *im)
{
	return im->n_edge > 0 || im->n_lines > 0;
}

static bool
has_id(const struct imports *im, const uint8_t *id)
{
	struct edge_seen key = { .named = true };

	if (id == NULL || im->n_named == 0)
		return false;
	memcpy(key.id, id, sizeof(key.id));
	return bsearch(&key, im->edge, im->n_named, sizeof(key), compare_ids) !=
	    NULL;
}

/* A request from the address and port that it had outside. */
static bool
has_address(const struct imports *im, const struct join_key *k)
{
	struct edge_seen key = { .port = k->observed_port };
	size_t low = 0, high = im->n_ports, middle;

	if (k->observed == NULL || k->observed_port == 0 || high == 0)
		return false;
	key.address = names_find(&im->addresses, k->observed);
	key.at_us = k->from_us - JOIN_SLACK_US;
	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_ports(&im->ports[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < im->n_ports && im->ports[low].address == key.address &&
	    im->ports[low].port == key.port &&
	    im->ports[low].at_us <= k->to_us + JOIN_SLACK_US;
}

/* The first line of an address and port. */
static size_t
first_line(const struct imports *im, uint32_t address, uint16_t port)
{
	struct nat_line key = {
		.address = address, .port = port, .from_us = INT64_MIN
	};
	size_t low = 0, high = im->n_lines, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (compare_lines(&im->lines[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The bits of the lines about one connection in a stretch of time.  A port is
 * used again at most some hundred times in a log, which are walked.
 */
static uint8_t
find_lines(const struct imports *im, uint32_t address, uint16_t port,
    uint32_t target, int64_t from_us, int64_t to_us, bool mark)
{
	struct nat_line *l;
	uint8_t bits = 0;
	size_t i;

	for (i = first_line(im, address, port); i < im->n_lines; i++) {
		l = &im->lines[i];
		if (l->address != address || l->port != port ||
		    l->from_us > to_us + JOIN_SLACK_US)
			break;
		if (l->target != target || l->to_us < from_us - JOIN_SLACK_US)
			continue;
		bits |= l->bit;
		l->joined |= mark;
	}
	return bits;
}

uint8_t
imports_join(struct imports *im, const struct join_key *k)
{
	uint32_t address, target;
	uint8_t bits = 0;

	if (has_id(im, k->id))
		bits |= SEEN_EDGE;
	if (has_address(im, k))
		bits |= SEEN_ADDRESS;
	if (im->n_lines == 0 || k->local == NULL || k->target == NULL ||
	    k->local_port == 0)
		return bits;
	address = names_find(&im->addresses, k->local);
	target = names_find(&im->targets, k->target);
	if (address == UINT32_MAX || target == UINT32_MAX)
		return bits;
	return (uint8_t)(bits |
	    find_lines(im, address, k->local_port, target, k->from_us, k->to_us,
		true));
}

size_t
imports_app_refused(const struct imports *im)
{
	const struct app_seen *a;
	size_t n = 0, i;

	for (i = 0; i < im->n_app; i++) {
		a = &im->app[i];
		/* Its time is that of its end: a connect's limit before. */
		if (a->port > 0 && a->target != UINT32_MAX &&
		    (find_lines(im, a->address, a->port, a->target,
			 a->at_us - 60 * INT64_C(1000000), a->at_us, false) &
			SEEN_REFUSED) != 0)
			n++;
	}
	return n;
}
