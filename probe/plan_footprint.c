/*
 * How many NAT ports a plan holds at the busiest destination, and what would
 * fit where that is too many.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/plan.h"
#include "probe/plan_footprint.h"

/* The hold-down of a port after its connection, where nobody says. */
#define HOLD_DEFAULT_US  INT64_C(120000000)

#define HOUR_US          INT64_C(3600000000)

#define DESTINATION_SIZE sizeof(((struct footprint *)NULL)->destination)
#define ARITHMETIC_SIZE  300

/* One host's attempts at one destination, all nat paths together. */
struct load {
	char destination[DESTINATION_SIZE];
	int64_t bursting; /* endpoints that fire burst times a slot */
	int64_t single;   /* those that fire once a slot */
	int64_t hourly;   /* those that fire once an hour */
};

static int64_t
count_nat_paths(const struct conf *c)
{
	int64_t n = 0;
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		n += c->paths[i].role == ROLE_NAT;
	return n;
}

/* "host:port", "[v6]:port". */
static void
name_destination(char out[DESTINATION_SIZE], const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;

	snprintf(out, DESTINATION_SIZE, "%s%.260s%s:%u", v6 ? "[" : "", host,
	    v6 ? "]" : "", (unsigned)port);
}

static void
set_load(struct load *l, const struct conf_endpoint *ep, const char *host,
    int64_t nat_paths)
{
	memset(l, 0, sizeof(*l));
	name_destination(l->destination, host, ep->port);
	if (conf_endpoint_is_whoami(ep))
		l->hourly = nat_paths;
	else if (ep->control)
		l->single = nat_paths;
	else
		l->bursting = nat_paths;
}

static int
compare_loads(const void *a, const void *b)
{
	const struct load *x = a, *y = b;

	return strcmp(x->destination, y->destination);
}

/* Merge the loads of equal destinations; returns how many are left. */
static size_t
merge_loads(struct load *loads, size_t n)
{
	size_t kept = 0, i;

	if (n > 1)
		qsort(loads, n, sizeof(*loads), compare_loads);
	for (i = 0; i < n; i++) {
		if (kept > 0 &&
		    compare_loads(&loads[kept - 1], &loads[i]) == 0) {
			loads[kept - 1].bursting += loads[i].bursting;
			loads[kept - 1].single += loads[i].single;
			loads[kept - 1].hourly += loads[i].hourly;
		} else
			loads[kept++] = loads[i];
	}
	return kept;
}

/*
 * The loads of all destinations, new memory.  An endpoint counts in full at
 * each of its pinned addresses: hashing may pick one of them many times in a
 * row, and picks it for the whole fleet.  Where the NAT has one pool for all
 * destinations, so have we.
 */
static struct load *
find_loads(const struct conf *c, size_t *n)
{
	int64_t nat_paths = count_nat_paths(c);
	bool shared = c->gateway.present && c->gateway.pool == POOL_PER_ADDRESS;
	const struct conf_endpoint *ep;
	char ip[INET6_ADDRSTRLEN];
	struct load *loads = NULL;
	size_t capacity = 0, i, j;

	*n = 0;
	for (i = 0; i < c->n_endpoints && nat_paths > 0; i++) {
		ep = &c->endpoints[i];
		j = 0;
		do {
			const char *host = ep->host;

			loads = x_grow(loads, *n, &capacity, sizeof(*loads));
			if (j < ep->n_addresses)
				host =
				    endpoint_address_ip(&ep->addresses[j], ip);
			set_load(&loads[*n], ep, host, nat_paths);
			if (shared)
				snprintf(loads[*n].destination,
				    DESTINATION_SIZE,
				    "all destinations "
				    "(pool: per-address)");
			(*n)++;
			j++;
		} while (j < ep->n_addresses && !shared);
	}
	*n = merge_loads(loads, *n);
	return loads;
}

/*
 * Ports that attempts fired once every period hold: their rate times the
 * window for which each holds one, and one at least.
 */
static double
ports_of(double attempts, int64_t window_us, int64_t period_us)
{
	return window_us <= period_us
	    ? attempts
	    : attempts * (double)window_us / (double)period_us;
}

/* The same for whoami, which fires once an hour. */
static double
whoami_ports(const struct load *l, int64_t interval_us, int64_t window_us)
{
	return ports_of((double)l->hourly, window_us,
	    interval_us > HOUR_US ? interval_us : HOUR_US);
}

static double
ports_held(
    const struct load *l, int64_t burst, int64_t interval_us, int64_t window_us)
{
	return ports_of((double)(l->bursting * burst + l->single), window_us,
		   interval_us) +
	    whoami_ports(l, interval_us, window_us);
}

static int64_t
life_of(const struct conf *c)
{
	return c->timeout_us[PHASE_CONNECT] + c->timeout_us[PHASE_TLS] +
	    c->timeout_us[PHASE_REQUEST] + c->timeout_us[PHASE_DONE];
}

static int64_t
hold_of(const struct conf *c)
{
	return c->gateway.present && c->gateway.time_wait_us != NOT_MEASURED
	    ? c->gateway.time_wait_us
	    : HOLD_DEFAULT_US;
}

/* The most ports that any destination holds with another burst, interval. */
static double
most_ports(const struct load *loads, size_t n, int64_t burst,
    int64_t interval_us, int64_t window_us)
{
	double most = 0, ports;
	size_t i;

	for (i = 0; i < n; i++) {
		ports = ports_held(&loads[i], burst, interval_us, window_us);
		most = ports > most ? ports : most;
	}
	return most;
}

/* The shortest interval of whole seconds that fits, 0 for none. */
static int64_t
interval_that_fits(
    const struct conf *c, const struct load *loads, size_t n, int64_t window_us)
{
	int64_t low = c->interval_us / 1000000, high, middle;

	high = CONF_INTERVAL_MAX_US / 1000000;
	if (most_ports(loads, n, c->burst, high * 1000000, window_us) >
	    (double)c->port_budget)
		return 0;
	/* More seconds never hold more ports: halve. */
	while (low + 1 < high) {
		middle = low + (high - low) / 2;
		if (most_ports(loads, n, c->burst, middle * 1000000,
			window_us) > (double)c->port_budget)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* The largest burst that fits, 0 for none. */
static int64_t
burst_that_fits(
    const struct conf *c, const struct load *loads, size_t n, int64_t window_us)
{
	int64_t burst = c->burst - 1;

	while (burst > 0 &&
	    most_ports(loads, n, burst, c->interval_us, window_us) >
		(double)c->port_budget)
		burst--;
	return burst;
}

static void
describe_fits(const struct conf *c, const struct load *loads, size_t n,
    const struct footprint *f, char *out, size_t size)
{
	int64_t window = f->life_us + f->hold_us;
	int64_t interval = interval_that_fits(c, loads, n, window);
	int64_t burst = burst_that_fits(c, loads, n, window);
	size_t used = 0;

	if (interval > 0)
		used += (size_t)snprintf(
		    out, size, "interval: %" PRId64 "s or ", interval);
	if (burst > 0)
		used += (size_t)snprintf(
		    out + used, size - used, "burst: %" PRId64 " or ", burst);
	snprintf(out + used, size - used, "port-budget: %.0f",
	    ceil(f->ports_one_host));
}

/* A count of ports as people read it: no exponent, no idle digits. */
static char *
format_ports(double ports, char out[32])
{
	if (ports >= 1000)
		snprintf(out, 32, "%.0f", ports);
	else
		snprintf(out, 32, "%.4g", ports);
	return out;
}

/* The arithmetic of one host, for the message and the plan. */
static void
describe_ports(
    const struct conf *c, const struct footprint *f, char *out, size_t size)
{
	char life[WALLTIME_TEXT_SIZE], hold[WALLTIME_TEXT_SIZE];
	char interval[WALLTIME_TEXT_SIZE], ports[32], rate[32], more[64];

	duration_format(f->life_us, life);
	duration_format(f->hold_us, hold);
	duration_format(c->interval_us, interval);
	more[0] = '\0';
	if (f->whoami_ports > 0)
		snprintf(more, sizeof(more), " + %s for whoami",
		    format_ports(f->whoami_ports, ports));
	format_ports(f->ports_one_host, ports);
	if (f->life_us + f->hold_us >= c->interval_us)
		snprintf(out, size,
		    "%s attempts/s x (%s life + %s hold-down)%s = %s NAT ports",
		    format_ports(f->attempts_per_s, rate), life, hold, more,
		    ports);
	else
		snprintf(out, size,
		    "all attempts of a slot at once (%s life + %s hold-down "
		    "end within its %s)%s = %s NAT ports",
		    life, hold, interval, more, ports);
}

/* Attempts of one slot, those of whoami left out. */
static int64_t
attempts_of(const struct conf *c, const struct load *l)
{
	return l->bursting * c->burst + l->single;
}

/* The destination that holds the most ports, NULL where there is none. */
static const struct load *
find_busiest(
    const struct conf *c, const struct load *loads, size_t n, int64_t window_us)
{
	const struct load *busiest = NULL;
	double most = 0, ports;
	size_t i;

	for (i = 0; i < n; i++) {
		ports =
		    ports_held(&loads[i], c->burst, c->interval_us, window_us);
		if (busiest == NULL || ports > most ||
		    (ports == most &&
			attempts_of(c, &loads[i]) > attempts_of(c, busiest))) {
			busiest = &loads[i];
			most = ports;
		}
	}
	return busiest;
}

static bool
is_over_budget(const struct conf *c, const struct footprint *f)
{
	return f->ports_one_host > (double)c->port_budget;
}

static void
fill_footprint(const struct conf *c, const struct load *loads, size_t n,
    struct footprint *f)
{
	const struct load *busiest;
	int64_t window_us;

	memset(f, 0, sizeof(*f));
	f->rotation = 1;
	f->life_us = life_of(c);
	f->hold_us = hold_of(c);
	window_us = f->life_us + f->hold_us;
	busiest = find_busiest(c, loads, n, window_us);
	if (busiest == NULL)
		return;
	memcpy(f->destination, busiest->destination, sizeof(f->destination));
	f->attempts_per_s =
	    (double)attempts_of(c, busiest) * 1e6 / (double)c->interval_us;
	f->whoami_ports = whoami_ports(busiest, c->interval_us, window_us);
	f->ports_one_host =
	    ports_held(busiest, c->burst, c->interval_us, window_us);
	f->ports_fleet = f->ports_one_host * (double)c->fleet;
	if (is_over_budget(c, f))
		return;
	if (f->ports_fleet > (double)c->port_budget)
		f->rotation =
		    (int64_t)ceil(f->ports_fleet / (double)c->port_budget);
	f->ports_fleet /= (double)f->rotation;
}

int
plan_footprint(const struct conf *c, struct footprint *f, struct err *e)
{
	char arithmetic[ARITHMETIC_SIZE], fits[128];
	struct load *loads;
	int result = 0;
	size_t n;

	loads = find_loads(c, &n);
	fill_footprint(c, loads, n, f);
	if (is_over_budget(c, f)) {
		describe_ports(c, f, arithmetic, sizeof(arithmetic));
		describe_fits(c, loads, n, f, fits, sizeof(fits));
		result = err_set(e,
		    "%s: %s, port-budget allows %" PRId64 "; %s would fit",
		    f->destination, arithmetic, c->port_budget, fits);
	}
	free(loads);
	return result;
}

void
plan_describe_footprint(
    const struct conf *c, const struct footprint *f, struct text *out)
{
	char arithmetic[ARITHMETIC_SIZE], one[32], all[32], kept[32];

	text_addf(out, "\nNAT ports\n");
	if (f->destination[0] == '\0') {
		text_addf(out, "  no path is behind a NAT: none are held\n");
		return;
	}
	describe_ports(c, f, arithmetic, sizeof(arithmetic));
	text_addf(out, "  busiest destination: %s\n  %s\n", f->destination,
	    arithmetic);
	text_addf(out, "  port-budget: %" PRId64 "%s\n", c->port_budget,
	    is_over_budget(c, f) ? ", refused" : "");
	if (c->fleet == 1 || is_over_budget(c, f))
		return;
	format_ports(f->ports_one_host, one);
	format_ports(f->ports_one_host * (double)c->fleet, all);
	text_addf(out, "  fleet: %" PRId64 " hosts x %s ports = %s\n", c->fleet,
	    one, all);
	if (f->rotation > 1)
		text_addf(out,
		    "  too many at once: on its nat path each host "
		    "fires in one of %" PRId64 "\n  slots, so the fleet holds "
		    "%s\n",
		    f->rotation, format_ports(f->ports_fleet, kept));
}
