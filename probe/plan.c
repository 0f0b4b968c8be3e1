/*
 * Who fires what, when and at which address, and how many NAT ports that
 * holds.
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

/* The hold-down of a port after its connection, where nobody says. */
#define HOLD_DEFAULT_US INT64_C(120000000)

#define HOUR_US         INT64_C(3600000000)

/* What a hash is for, so that equal input gives unrelated values. */
enum hash_use { HASH_OFFSET = 'o', HASH_ADDRESS = 'a', HASH_TURN = 't' };

/* ---------------------------------------------------------------- hashes */

/*
 * FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv), and the finaliser
 * of SplitMix64 (Steele, Lea, Flood 2014; constants by Stafford, "Mix13"):
 * FNV alone mixes the last bytes badly into the high bits.  Both are fixed
 * for ever: two agents of different versions must agree.
 */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

static uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

/* A number as 8 bytes, the lowest first, whatever the machine. */
static uint64_t
hash_number(uint64_t h, int64_t number)
{
	unsigned char bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
	return hash_bytes(h, bytes, sizeof(bytes));
}

static uint64_t
hash_finish(uint64_t h)
{
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

/* The state after what is common: use, name with its NUL, slot, seq. */
static uint64_t
hash_shot(enum hash_use use, const char *endpoint, int64_t slot, int seq)
{
	unsigned char tag = (unsigned char)use;
	uint64_t h = hash_bytes(FNV_OFFSET, &tag, 1);

	h = hash_bytes(h, endpoint, strlen(endpoint) + 1);
	h = hash_number(h, slot);
	return hash_number(h, seq);
}

/* ----------------------------------------------------------------- slots */

/* a modulo b, never negative. */
static int64_t
modulo(int64_t a, int64_t b)
{
	int64_t m = a % b;

	return m < 0 ? m + b : m;
}

int64_t
plan_slot(int64_t at_us, int64_t interval_us)
{
	return (at_us - modulo(at_us, interval_us)) / interval_us;
}

static bool
is_whoami(const struct conf_endpoint *ep)
{
	return strcmp(ep->kind, "whoami") == 0;
}

/*
 * Attempts of one slot at an endpoint.  A control is used little, or its own
 * ports would run out with those it is compared with.
 */
static int
shots_of(const struct conf *c, const struct conf_endpoint *ep)
{
	return ep->control || is_whoami(ep) ? 1 : c->burst;
}

static void footprint_compute(
    const struct conf *c, struct footprint *f, struct err *e);

/* How many slots from an hour's begin on have a whoami. */
static int64_t
whoami_slots(const struct conf *c)
{
	struct footprint f;

	if (c->fleet == 1)
		return 1;
	footprint_compute(c, &f, NULL);
	return f.rotation;
}

/* Whether slot is one of those in which an hour begins, or follows soon. */
static bool
is_whoami_slot(const struct conf *c, int64_t slot)
{
	int64_t hour = plan_slot(slot * c->interval_us, HOUR_US);
	/* The first slot that begins within the hour. */
	int64_t first = plan_slot(hour * HOUR_US - 1, c->interval_us) + 1;

	return slot - first < whoami_slots(c);
}

static int
compare_shots(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	if (x->offset_us != y->offset_us)
		return x->offset_us < y->offset_us ? -1 : 1;
	if (x->endpoint != y->endpoint)
		return x->endpoint < y->endpoint ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

struct shot *
plan_slot_shots(const struct conf *c, int64_t slot, bool first, size_t *n)
{
	const struct conf_endpoint *ep;
	struct shot *shots, *s;
	size_t most = 0, i;
	int seq;

	for (i = 0; i < c->n_endpoints; i++)
		most += (size_t)shots_of(c, &c->endpoints[i]);
	shots = x_calloc(most, sizeof(*shots));
	*n = 0;
	for (i = 0; i < c->n_endpoints; i++) {
		ep = &c->endpoints[i];
		if (is_whoami(ep) && !first && !is_whoami_slot(c, slot))
			continue;
		for (seq = 0; seq < shots_of(c, ep); seq++) {
			uint64_t h = hash_finish(
			    hash_shot(HASH_OFFSET, ep->name, slot, seq));

			s = &shots[(*n)++];
			s->endpoint = (int)i;
			s->seq = seq;
			s->offset_us = (int64_t)(h % (uint64_t)c->interval_us);
			s->reversed = modulo(slot + seq, 2) == 1;
		}
	}
	if (*n > 1)
		qsort(shots, *n, sizeof(*shots), compare_shots);
	return shots;
}

/* The bytes of an address, for hashing and for an order. */
static const void *
address_bytes(const struct endpoint_address *a, size_t *n)
{
	*n = a->family == AF_INET ? sizeof(a->ip.v4) : sizeof(a->ip.v6);
	return a->family == AF_INET ? (const void *)&a->ip.v4
				    : (const void *)&a->ip.v6;
}

int
plan_pick_address(const char *endpoint, int64_t slot, int seq, int family,
    const struct endpoint_address *addresses, size_t n)
{
	uint64_t base = hash_shot(HASH_ADDRESS, endpoint, slot, seq);
	uint64_t best = 0, score;
	const void *bytes;
	int picked = -1;
	size_t i, size, best_size;

	for (i = 0; i < n; i++) {
		if (addresses[i].family != family)
			continue;
		bytes = address_bytes(&addresses[i], &size);
		score = hash_finish(hash_bytes(base, bytes, size));
		/* Equal scores must not let the order decide. */
		if (picked < 0 || score > best ||
		    (score == best &&
			memcmp(bytes,
			    address_bytes(&addresses[picked], &best_size),
			    size) < 0)) {
			picked = (int)i;
			best = score;
		}
	}
	return picked;
}

bool
plan_is_our_turn(const char *agent, int64_t slot, int64_t rotation)
{
	unsigned char tag = HASH_TURN;
	uint64_t h;

	if (rotation <= 1)
		return true;
	h = hash_bytes(FNV_OFFSET, &tag, 1);
	h = hash_finish(hash_bytes(h, agent, strlen(agent)));
	return modulo(
		   modulo(slot, rotation) + (int64_t)(h % (uint64_t)rotation),
		   rotation) == 0;
}

/* ------------------------------------------------------------- footprint */

#define DESTINATION_SIZE 300
#define ARITHMETIC_SIZE  200

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
	if (is_whoami(ep))
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
	for (i = 0; i < c->n_endpoints; i++) {
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

static int64_t
whoami_period(int64_t interval_us)
{
	return interval_us > HOUR_US ? interval_us : HOUR_US;
}

static double
ports_held(
    const struct load *l, int64_t burst, int64_t interval_us, int64_t window_us)
{
	double slot = (double)(l->bursting * burst + l->single);

	return ports_of(slot, window_us, interval_us) +
	    ports_of((double)l->hourly, window_us, whoami_period(interval_us));
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
	char interval[WALLTIME_TEXT_SIZE], ports[32], rate[32];

	duration_format(f->life_us, life);
	duration_format(f->hold_us, hold);
	format_ports(f->ports_one_host, ports);
	if (f->life_us + f->hold_us >= c->interval_us)
		snprintf(out, size,
		    "%s attempts/s x (%s life + %s "
		    "hold-down) = %s NAT ports",
		    format_ports(f->attempts_per_s, rate), life, hold, ports);
	else
		snprintf(out, size,
		    "all attempts of a slot together (%s "
		    "life + %s hold-down end within its %s) = %s NAT ports",
		    life, hold, duration_format(c->interval_us, interval),
		    ports);
}

/* Fill f; e, where not NULL, gets the refusal: its msg is empty otherwise. */
static void
footprint_compute(const struct conf *c, struct footprint *f, struct err *e)
{
	char arithmetic[ARITHMETIC_SIZE], fits[128];
	const struct load *busiest = NULL;
	struct load *loads;
	size_t n, i;
	double ports;
	int64_t window;

	memset(f, 0, sizeof(*f));
	f->rotation = 1;
	if (e != NULL)
		err_set(e, "%s", "");
	if (count_nat_paths(c) == 0)
		return;
	f->life_us = life_of(c);
	f->hold_us = hold_of(c);
	window = f->life_us + f->hold_us;
	loads = find_loads(c, &n);
	for (i = 0; i < n; i++) {
		ports = ports_held(&loads[i], c->burst, c->interval_us, window);
		if (busiest == NULL || ports > f->ports_one_host) {
			busiest = &loads[i];
			f->ports_one_host = ports;
		}
	}
	if (busiest == NULL)
		goto out;
	memcpy(f->destination, busiest->destination, sizeof(f->destination));
	f->attempts_per_s =
	    (double)(busiest->bursting * c->burst + busiest->single) * 1e6 /
		(double)c->interval_us +
	    (double)busiest->hourly * 1e6 /
		(double)whoami_period(c->interval_us);
	ports = f->ports_one_host * (double)c->fleet;
	f->ports_fleet = ports;
	if (f->ports_one_host > (double)c->port_budget) {
		if (e == NULL)
			goto out;
		describe_ports(c, f, arithmetic, sizeof(arithmetic));
		describe_fits(c, loads, n, f, fits, sizeof(fits));
		err_set(e,
		    "%s: %s, port-budget allows %" PRId64 "; %s would "
		    "fit",
		    f->destination, arithmetic, c->port_budget, fits);
		goto out;
	}
	f->rotation = (int64_t)ceil(ports / (double)c->port_budget);
	if (f->rotation < 1)
		f->rotation = 1;
	f->ports_fleet = ports / (double)f->rotation;
out:
	free(loads);
}

int
plan_footprint(const struct conf *c, struct footprint *f, struct err *e)
{
	struct err own;

	footprint_compute(c, f, &own);
	if (own.msg[0] == '\0')
		return 0;
	return err_set(e, "%s", own.msg);
}

/* ---------------------------------------------------------- description */

static void
describe_paths(const struct conf *c, struct text *out)
{
	const struct conf_path *p;
	char ip[INET6_ADDRSTRLEN];
	size_t i;

	text_addf(out, "Paths\n");
	for (i = 0; i < c->n_paths; i++) {
		p = &c->paths[i];
		text_addf(out, "  %-16s %s", p->name,
		    p->role == ROLE_NAT ? "behind the NAT" : "direct");
		if (p->interface != NULL)
			text_addf(out, ", by interface %s", p->interface);
		if (p->source.family != 0)
			text_addf(out, ", from %s",
			    endpoint_address_ip(&p->source, ip));
		if (p->has_mark)
			text_addf(out, ", with mark %" PRIu32, p->mark);
		text_addf(out, "\n");
	}
}

static void
describe_endpoints(const struct conf *c, struct text *out)
{
	const struct conf_endpoint *ep;
	size_t i;
	int shots;

	text_addf(out, "\nEndpoints\n");
	for (i = 0; i < c->n_endpoints; i++) {
		ep = &c->endpoints[i];
		shots = shots_of(c, ep);
		text_addf(out, "  %-16s %s\n  %16s ", ep->name, ep->url, "");
		if (is_whoami(ep))
			text_addf(out, "once an hour");
		else
			text_addf(out, "%d attempt%s a slot", shots,
			    shots == 1 ? "" : "s");
		if (ep->control)
			text_addf(out, ", control");
		if (!ep->verify)
			text_addf(out, ", certificate not checked");
		if (ep->n_headers > 0)
			text_addf(out, ", %zu header%s", ep->n_headers,
			    ep->n_headers == 1 ? "" : "s");
		if (ep->n_addresses > 0)
			text_addf(out, ", %zu pinned address%s",
			    ep->n_addresses, ep->n_addresses == 1 ? "" : "es");
		text_addf(out, "\n");
	}
}

static void
describe_schedule(const struct conf *c, struct text *out)
{
	char interval[WALLTIME_TEXT_SIZE];
	int64_t attempts = 0;
	size_t i;

	for (i = 0; i < c->n_endpoints; i++)
		if (!is_whoami(&c->endpoints[i]))
			attempts += shots_of(c, &c->endpoints[i]);
	attempts *= (int64_t)c->n_paths;
	text_addf(out,
	    "\nSchedule\n  a slot every %s of the wall clock, "
	    "%" PRId64 " attempt%s in each: %.0f a day\n",
	    duration_format(c->interval_us, interval), attempts,
	    attempts == 1 ? "" : "s",
	    (double)attempts * 86400e6 / (double)c->interval_us);
}

static void
describe_footprint(
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
	    f->ports_one_host > (double)c->port_budget ? ", refused" : "");
	if (c->fleet == 1 || f->ports_one_host > (double)c->port_budget)
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

void
plan_describe(const struct conf *c, const struct footprint *f, struct text *out)
{
	describe_paths(c, out);
	describe_endpoints(c, out);
	describe_schedule(c, out);
	describe_footprint(c, f, out);
}
