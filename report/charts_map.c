/*
 * The map of the hosts behind the NAT by time.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/charts_work.h"

#define MAP_BINS_MAX 120
#define MAP_BINS_MIN 12

static int
compare_hosts(const void *a, const void *b)
{
	const struct chart_host *x = a, *y = b;
	double p = (double)x->total.failed / (double)x->total.attempts;
	double q = (double)y->total.failed / (double)y->total.attempts;

	if (p != q)
		return p > q ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

/* The hosts behind the NAT; host_of has the number of each series. */
static size_t
find_hosts(const struct dataset *d, uint32_t *host_of, uint32_t *first)
{
	const struct series *s;
	size_t n = 0, i, k;

	for (i = 0; i < d->n_series; i++) {
		s = &d->series[i];
		host_of[i] = NO_ENDPOINT;
		if (d->paths[s->path].role != ROLE_NAT)
			continue;
		for (k = 0; k < n; k++)
			if (d->series[first[k]].host == s->host &&
			    d->series[first[k]].agent == s->agent)
				break;
		if (k == n)
			first[n++] = (uint32_t)i;
		host_of[i] = (uint32_t)k;
	}
	return n;
}

static void
map_add(struct charts *c, const struct dataset *d, const struct attempts *a,
    const uint32_t *host_of)
{
	struct chart_host *host;
	uint32_t k;
	size_t i;

	for (i = 0; i < a->n; i++) {
		k = host_of[attempt_series(d, a, i)];
		if (k == NO_ENDPOINT || !charts_counts(a, i))
			continue;
		host = &c->host[k];
		charts_add(&host->total, a, i);
		charts_add(
		    &host->bin[charts_bin(&c->map, charts_slot_us(d, a, i))], a,
		    i);
	}
}

/* Hosts without an attempt at a judged endpoint are not on the map. */
static void
drop_idle_hosts(struct charts *c)
{
	size_t n = 0, i;

	for (i = 0; i < c->n_hosts; i++) {
		if (c->host[i].total.attempts > 0)
			c->host[n++] = c->host[i];
		else
			free(c->host[i].bin);
	}
	c->n_hosts = n;
}

void
charts_map(struct charts *c, const struct dataset *d)
{
	uint32_t *host_of = x_calloc(d->n_series + 1, sizeof(*host_of));
	uint32_t *first = x_calloc(d->n_series + 1, sizeof(*first));
	size_t n = find_hosts(d, host_of, first), bins, i;

	if (n >= CHART_HOSTS) {
		bins = CHART_CELLS_MAX / n;
		bins = bins > MAP_BINS_MAX ? MAP_BINS_MAX
		    : bins < MAP_BINS_MIN  ? MAP_BINS_MIN
					   : bins;
		c->map = charts_axis(d, bins);
		c->host = x_calloc(n, sizeof(*c->host));
		c->n_hosts = n;
		for (i = 0; i < n; i++) {
			c->host[i].series = first[i];
			c->host[i].bin =
			    x_calloc(c->map.n, sizeof(*c->host[i].bin));
		}
		for (i = 0; i < d->n_endpoints; i++)
			if (endpoint_is_judged(&d->endpoints[i]))
				map_add(
				    c, d, &d->endpoints[i].attempts, host_of);
		drop_idle_hosts(c);
		if (c->n_hosts > 1)
			qsort(c->host, c->n_hosts, sizeof(*c->host),
			    compare_hosts);
	}
	free(host_of);
	free(first);
}
