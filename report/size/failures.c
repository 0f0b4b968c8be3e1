/*
 * Failures against the fill of a known pool.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "report/size/failures.h"

/* Of all hosts in a stretch, or of one (agent). */
static double
wanted_then(const struct demand *m, enum size_pool pool, int64_t bucket,
    uint32_t agent, double hold_down_s)
{
	size_t lo = 0, hi = m->n, mid;
	double sum = 0;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (m->point[mid].bucket < bucket)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < m->n && m->point[lo].bucket == bucket; lo++)
		if (pool != POOL_OF_HOST || m->point[lo].host == agent)
			sum +=
			    m->point[lo].open + m->point[lo].rate * hold_down_s;
	return sum;
}

/* A connect to the target, on a nat path, that nobody answered. */
static bool
is_silent(const struct dataset *d, const struct attempts *a, size_t i,
    uint32_t target)
{
	return a->target[i] == target &&
	    a->failure[i] == FAILURE_CONNECT_TIMEOUT &&
	    d->paths[attempt_path(d, a, i)].role == ROLE_NAT;
}

/*
 * Count those for which wanted is from least up to most; *highest is the most
 * that was wanted at one of them.
 */
static size_t
count(const struct dataset *d, const struct demand *m, enum size_pool pool,
    double hold_down_s, double least, double most, double *highest)
{
	const struct attempts *a;
	size_t e, i, n = 0;
	double wanted;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++) {
			if (!is_silent(d, a, i, m->target))
				continue;
			wanted = wanted_then(m, pool,
			    attempt_started_us(d, a, i) / m->bucket_us,
			    d->series[attempt_series(d, a, i)].agent,
			    hold_down_s);
			if (wanted < least || wanted > most)
				continue;
			n++;
			if (wanted > *highest)
				*highest = wanted;
		}
	}
	return n;
}

int64_t
size_ceiling_measured(const struct dataset *d)
{
	int64_t ceiling = NOT_MEASURED, high;
	const struct measurement *m;
	size_t i;

	for (i = 0; i < d->n_measurements; i++) {
		m = &d->measurements[i];
		if (m->finding != RAMP_DESTINATION_LIMIT ||
		    d->paths[m->path].role != ROLE_NAT)
			continue;
		high = m->high != NOT_MEASURED ? m->high : m->best;
		if (high > ceiling)
			ceiling = high;
	}
	return ceiling;
}

#define EVERY 1e18 /* more than any demand */

void
size_failures(struct size_failures *f, const struct dataset *d,
    const struct demand *m, double hold_down_s, int64_t provider_ports)
{
	const struct gateway_conf *g = &d->gateway;
	double highest = 0;

	memset(f, 0, sizeof(*f));
	if (m->destination == NULL)
		return;
	f->seen = count(d, m, POOL_NOT_KNOWN, 0, 0, EVERY, &highest);
	f->pool_how = "configured";
	if (size_ceiling_measured(d) > 0) {
		f->pool = POOL_OF_HOST;
		f->pool_ports = size_ceiling_measured(d);
		f->pool_how = "measured";
	} else if (g->ports_per_host > 0) {
		f->pool = POOL_OF_HOST;
		f->pool_ports = g->ports_per_host;
	} else if (g->addresses > 0 && provider_ports > 0) {
		f->pool = POOL_OF_GATEWAY;
		f->pool_ports = g->addresses * provider_ports;
	} else {
		f->pool_how = NULL;
		return;
	}
	f->full = count(
	    d, m, f->pool, hold_down_s, (double)f->pool_ports, EVERY, &f->most);
}

size_t
size_failures_held(const struct size_failures *f, const struct dataset *d,
    const struct demand *m, double hold_down_s, int64_t ports)
{
	double highest = 0;

	if (f->full == 0)
		return 0;
	return count(d, m, f->pool, hold_down_s, (double)f->pool_ports,
	    (double)ports, &highest);
}
