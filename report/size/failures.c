/*
 * Failures against the fill of a known pool.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include "report/size/failures.h"
#include "report/size/size.h"

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
	return attempt_target(a, i) == target &&
	    attempt_failure(a, i) == FAILURE_CONNECT_TIMEOUT &&
	    attempt_role(d, a, i) == ROLE_NAT;
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

/* What is known of the pool that there is now. */
static void
find_pool(struct size_failures *f, const struct dataset *d,
    const struct provider *own)
{
	const struct gateway_conf *g = &d->gateway;
	int64_t measured = size_ceiling_measured(d);
	int64_t each = own != NULL ? size_ports_per_address(own) : 0;

	f->pool_how = "configured";
	if (measured > 0) {
		f->pool = own != NULL && size_ports_are_shared(own)
		    ? POOL_OF_GATEWAY
		    : POOL_OF_HOST;
		f->pool_ports = measured;
		f->pool_how = "measured";
	} else if (g->ports_per_host > 0) {
		f->pool = POOL_OF_HOST;
		f->pool_ports = g->ports_per_host;
	} else if (g->addresses > 0 && each > 0) {
		f->pool = POOL_OF_GATEWAY;
		f->pool_ports = g->addresses * each;
	} else {
		f->pool_how = NULL;
	}
}

void
size_failures(struct size_failures *f, const struct dataset *d,
    const struct demand *m, double hold_down_s, const struct provider *own)
{
	struct demand_peak peak;
	double highest = 0;

	memset(f, 0, sizeof(*f));
	if (m->destination == NULL)
		return;
	f->seen = count(d, m, POOL_NOT_KNOWN, 0, 0, EVERY, &highest);
	find_pool(f, d, own);
	if (f->pool == POOL_NOT_KNOWN)
		return;
	demand_peak(m, hold_down_s, &peak);
	f->peak = f->pool == POOL_OF_HOST
	    ? peak.host_open + peak.host_rate * hold_down_s
	    : peak.open + peak.rate * hold_down_s;
	f->full = count(
	    d, m, f->pool, hold_down_s, (double)f->pool_ports, EVERY, &f->most);
}

/* Hosts without a census take their part of a pool that all share. */
size_t
size_failures_held(const struct size_failures *f, const struct dataset *d,
    const struct demand *m, double hold_down_s, int64_t ports)
{
	double highest = 0, most = (double)ports;

	if (f->full == 0)
		return 0;
	if (f->pool == POOL_OF_GATEWAY)
		most = most * (double)m->hosts_seen / (double)m->hosts;
	return count(
	    d, m, f->pool, hold_down_s, (double)f->pool_ports, most, &highest);
}
