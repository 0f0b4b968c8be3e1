/*
 * Demand for ports, from censuses or from given numbers.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/size/demand.h"

bool
demand_given_suffices(const struct demand_given *g)
{
	return !isnan(g->open) + !isnan(g->rate) + !isnan(g->life_s) >= 2;
}

static void
set_hosts(struct demand *m, const struct demand_given *g)
{
	m->hosts = g->hosts != NOT_MEASURED ? g->hosts
	    : m->hosts_seen > 0             ? (int64_t)m->hosts_seen
					    : 1;
	if (m->hosts < (int64_t)m->hosts_seen)
		m->hosts = (int64_t)m->hosts_seen;
	if (g->destinations != NOT_MEASURED)
		m->destinations = (size_t)g->destinations;
}

/* One point: a host of the average, as all are alike. */
int
demand_from_given(struct demand *m, const struct demand_given *g, struct err *e)
{
	double open, rate;

	memset(m, 0, sizeof(*m));
	if (!demand_given_suffices(g))
		return err_set(e,
		    "two of --concurrent, --rate and --life are needed, "
		    "or databases with a census");
	if (!isnan(g->open) && !isnan(g->rate) && !isnan(g->life_s))
		return err_set(e,
		    "--concurrent, --rate and --life: two of them say the "
		    "third, leave one out");
	open = isnan(g->open) ? g->rate * g->life_s : g->open;
	rate = isnan(g->rate) ? g->open / g->life_s : g->rate;
	m->bucket_us = NOT_MEASURED;
	m->destinations = 1;
	m->rate_given = true;
	set_hosts(m, g);
	m->point = x_calloc(1, sizeof(*m->point));
	m->n = 1;
	m->point->open = open / (double)m->hosts;
	m->point->rate = rate / (double)m->hosts;
	return 0;
}

/* -------------------------------------------------------------- censuses */

static bool
counts(const struct dataset *d, const struct census_row *c)
{
	return series_role(d, c->series) == ROLE_NAT;
}

/* The longest interval: in so long every agent takes a census. */
static int64_t
bucket_us(const struct dataset *d)
{
	int64_t longest = 0;
	size_t i;

	for (i = 0; i < d->n_census; i++)
		if (counts(d, &d->census[i]) &&
		    d->series[d->census[i].series].interval_us > longest)
			longest = d->series[d->census[i].series].interval_us;
	return longest;
}

static int
compare_points(const void *a, const void *b)
{
	const struct demand_point *x = a, *y = b;

	if (x->bucket != y->bucket)
		return x->bucket < y->bucket ? -1 : 1;
	return x->host < y->host ? -1 : x->host > y->host;
}

/* Sockets, of whatever kind: what a census of a host is ranked by. */
static double
weight(const struct demand_point *p)
{
	return p->open + p->rate * CLIENT_TIME_WAIT_S;
}

/* The rows that count, target by target: of t from *first[t] on. */
static const struct census_row **
by_target(const struct dataset *d, size_t **first)
{
	const struct census_row **rows, *c;
	size_t *at, i;

	*first = x_calloc(d->targets.n + 1, sizeof(**first));
	at = x_calloc(d->targets.n + 1, sizeof(*at));
	rows = x_calloc(d->n_census + 1, sizeof(*rows));
	for (i = 0; i < d->n_census; i++)
		(*first)[d->census[i].target + 1] += counts(d, &d->census[i]);
	for (i = 0; i < d->targets.n; i++)
		(*first)[i + 1] += (*first)[i];
	memcpy(at, *first, (d->targets.n + 1) * sizeof(*at));
	for (i = 0; i < d->n_census; i++) {
		c = &d->census[i];
		if (counts(d, c))
			rows[at[c->target]++] = c;
	}
	free(at);
	return rows;
}

/* The points of n rows; several of a host and stretch are its largest. */
static void
collect(struct demand *m, const struct dataset *d,
    const struct census_row *const row[], size_t n)
{
	struct demand_point *p;
	size_t i, kept = 0;

	m->point = x_calloc(n + 1, sizeof(*m->point));
	for (i = 0; i < n; i++) {
		p = &m->point[m->n++];
		p->bucket = row[i]->at_us / m->bucket_us;
		p->host = d->series[row[i]->series].agent;
		p->open = (double)row[i]->open;
		p->rate = (double)row[i]->time_wait / CLIENT_TIME_WAIT_S;
	}
	if (m->n == 0)
		return;
	qsort(m->point, m->n, sizeof(*m->point), compare_points);
	for (i = 1; i < m->n; i++) {
		p = &m->point[kept];
		if (compare_points(p, &m->point[i]) != 0)
			m->point[++kept] = m->point[i];
		else if (weight(&m->point[i]) > weight(p))
			*p = m->point[i];
	}
	m->n = kept + 1;
}

/* The most sockets of all hosts together, at once. */
static double
most(const struct demand *m)
{
	struct demand_peak p;

	demand_peak(m, CLIENT_TIME_WAIT_S, &p);
	return p.open + p.rate * CLIENT_TIME_WAIT_S;
}

static size_t
hosts_seen(const struct dataset *d)
{
	bool *seen = x_calloc(d->agents.n + 1, sizeof(*seen));
	size_t n = 0, i;
	uint32_t agent;

	for (i = 0; i < d->n_census; i++) {
		agent = d->series[d->census[i].series].agent;
		if (counts(d, &d->census[i]) && !seen[agent]) {
			seen[agent] = true;
			n++;
		}
	}
	free(seen);
	return n;
}

/* The one number given replaces what was measured, at every point. */
static int
replace(struct demand *m, const struct demand_given *g, struct err *e)
{
	struct demand_peak p;
	double scale, life_s = g->life_s;
	size_t i;

	if (isnan(g->open) && isnan(g->rate) && isnan(life_s))
		return 0;
	demand_peak(m, 0, &p);
	if (p.open <= 0)
		return err_set(e,
		    "the census saw no open connection: give two of "
		    "--concurrent, --rate and --life");
	scale = isnan(g->open) ? 1 : g->open / p.open;
	if (!isnan(g->rate))
		life_s = p.open / g->rate;
	for (i = 0; i < m->n; i++) {
		m->point[i].open *= scale;
		if (!isnan(life_s))
			m->point[i].rate = m->point[i].open / life_s;
	}
	m->rate_given = !isnan(life_s);
	return 0;
}

int
demand_from_census(struct demand *m, const struct dataset *d,
    const struct demand_given *g, struct err *e)
{
	const struct census_row **rows;
	size_t n = 0, *first;
	struct demand one;
	uint32_t target;

	memset(m, 0, sizeof(*m));
	one = *m;
	one.bucket_us = bucket_us(d);
	one.hosts = one.hosts_seen = hosts_seen(d);
	rows = by_target(d, &first);
	for (target = 0; target < d->targets.n; target++) {
		one.point = NULL;
		one.n = 0;
		collect(&one, d, rows + first[target],
		    first[target + 1] - first[target]);
		if (one.n > 0 && most(&one) > 0)
			n++;
		if (one.n > 0 && (m->n == 0 || most(&one) > most(m))) {
			free(m->point);
			free(m->destination);
			*m = one;
			m->target = target;
			m->destination = x_strdup(d->targets.text[target]);
		} else {
			free(one.point);
		}
	}
	free(rows);
	free(first);
	if (n == 0) {
		demand_clear(m);
		return err_set(e,
		    "no census of a host on a nat path shows a connection: "
		    "give two of --concurrent, --rate and --life");
	}
	m->destinations = n;
	set_hosts(m, g);
	if (replace(m, g, e) == 0)
		return 0;
	demand_clear(m);
	return -1;
}

void
demand_clear(struct demand *m)
{
	free(m->destination);
	free(m->point);
	memset(m, 0, sizeof(*m));
}

/* --------------------------------------------------------------- the peak */

void
demand_peak(const struct demand *m, double hold_down_s, struct demand_peak *p)
{
	double open = 0, rate = 0, host, best = -1, best_host = -1;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->at_us = NOT_MEASURED;
	p->seen_share = m->hosts_seen > 0
	    ? (double)m->hosts / (double)m->hosts_seen
	    : (double)m->hosts;
	for (i = 0; i < m->n; i++) {
		const struct demand_point *q = &m->point[i];

		if (i == 0 || q->bucket != q[-1].bucket)
			open = rate = 0;
		open += q->open;
		rate += q->rate;
		if (open + rate * hold_down_s > best) {
			best = open + rate * hold_down_s;
			p->open = open * p->seen_share;
			p->rate = rate * p->seen_share;
			if (m->bucket_us != NOT_MEASURED)
				p->at_us = q->bucket * m->bucket_us;
		}
		host = q->open + q->rate * hold_down_s;
		if (host > best_host) {
			best_host = host;
			p->host_open = q->open;
			p->host_rate = q->rate;
		}
	}
}

static int
compare_hosts(const void *a, const void *b)
{
	const struct demand_point *x = a, *y = b;

	return x->host < y->host ? -1 : x->host > y->host;
}

double
demand_by_powers(
    const struct demand *m, double hold_down_s, double room, int64_t least)
{
	struct demand_point *by_host = x_calloc(m->n + 1, sizeof(*by_host));
	struct demand_peak peak;
	double sum = 0, want = 0, one;
	size_t i;

	memcpy(by_host, m->point, m->n * sizeof(*by_host));
	qsort(by_host, m->n, sizeof(*by_host), compare_hosts);
	for (i = 0; i < m->n; i++) {
		one = (by_host[i].open + by_host[i].rate * hold_down_s) * room;
		want = one > want ? one : want;
		if (i + 1 < m->n && by_host[i + 1].host == by_host[i].host)
			continue;
		for (one = (double)least; one < want; one *= 2)
			;
		sum += one;
		want = 0;
	}
	free(by_host);
	demand_peak(m, hold_down_s, &peak);
	return sum * peak.seen_share;
}
