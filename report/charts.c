/*
 * Counting for the plots.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/charts.h"

#define SECOND_US    INT64_C(1000000)
#define HOUR_US      (3600 * SECOND_US)
#define MAP_BINS_MAX 120
#define MAP_BINS_MIN 12
#define HELD_BINS    4 /* from one sample of a host to its next */

size_t
time_bin(uint32_t us)
{
	double bin = us > 0 ? TIMES_OCTAVE * log2((double)us) : 0;

	return bin < TIMES_BINS - 1 ? (size_t)bin : TIMES_BINS - 1;
}

double
time_bin_from_us(size_t bin)
{
	return exp2((double)bin / TIMES_OCTAVE);
}

/* ------------------------------------------------------------------ axes */

static int64_t
floor_to(int64_t x, int64_t unit)
{
	return x - ((x % unit) + unit) % unit;
}

static size_t
bin_of(const struct chart_axis *axis, int64_t at_us)
{
	int64_t bin;

	if (at_us < axis->from_us)
		return 0;
	bin = (at_us - axis->from_us) / axis->width_us;
	return bin < (int64_t)axis->n ? (size_t)bin : axis->n - 1;
}

/* Whether a time is on the axis at all: gateways and censuses go on longer. */
static bool
is_on(const struct chart_axis *axis, int64_t at_us)
{
	return at_us >= axis->from_us &&
	    at_us < axis->from_us + axis->width_us * (int64_t)axis->n;
}

/*
 * The first width of at least so much that people count in and that is whole
 * units; else just enough units.
 */
static int64_t
round_width(int64_t least_us, int64_t unit_us)
{
	static const int64_t widths_s[] = { 1, 2, 5, 10, 15, 20, 30, 60, 120,
		300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600,
		43200, 86400, 172800, 432000, 864000 };
	size_t i;

	for (i = 0; i < sizeof(widths_s) / sizeof(widths_s[0]); i++)
		if (widths_s[i] * SECOND_US >= least_us &&
		    widths_s[i] * SECOND_US % unit_us == 0)
			return widths_s[i] * SECOND_US;
	return (least_us + unit_us - 1) / unit_us * unit_us;
}

/* At most most bins, and one for where they begin, over all attempts. */
static struct chart_axis
find_axis(const struct dataset *d, size_t most)
{
	struct chart_axis axis = { 0, 1, 0 };
	int64_t unit = 1, span;
	size_t i;

	if (d->first_us == NOT_MEASURED)
		return axis;
	for (i = 0; i < d->n_series; i++)
		if (d->series[i].interval_us > unit)
			unit = d->series[i].interval_us;
	span = d->last_us - floor_to(d->first_us, unit) + 1;
	axis.width_us =
	    round_width((span + (int64_t)most - 1) / (int64_t)most, unit);
	axis.from_us = floor_to(d->first_us, axis.width_us);
	span = d->last_us - axis.from_us + 1;
	axis.n = (size_t)((span + axis.width_us - 1) / axis.width_us);
	return axis;
}

/* --------------------------------------------------------------- attempts */

static bool
counts(const struct attempts *a, size_t i)
{
	return a->failure[i] != FAILURE_INTERRUPTED;
}

static bool
resent(const struct attempts *a, size_t i)
{
	return a->syn_retransmits[i] != NO_COUNT && a->syn_retransmits[i] > 0;
}

static void
count_add(struct chart_count *c, const struct attempts *a, size_t i)
{
	c->attempts++;
	c->failed += a->failure[i] != FAILURE_NONE;
	c->troubled += a->failure[i] != FAILURE_NONE || resent(a, i);
}

/* When its slot began. */
static int64_t
slot_us(const struct dataset *d, const struct attempts *a, size_t i)
{
	return a->slot[i] * d->series[attempt_series(d, a, i)].interval_us;
}

static enum role
role_of(const struct dataset *d, const struct attempts *a, size_t i)
{
	return d->paths[attempt_path(d, a, i)].role;
}

static bool
is_service(const struct endpoint *ep)
{
	return ep->kind != NULL && strcmp(ep->kind, "endpoint") != 0;
}

static bool
is_judged(const struct endpoint *ep)
{
	return !ep->control && !is_service(ep);
}

/* ------------------------------------------------------------------ lanes */

/* An endpoint that may have a lane. */
struct candidate {
	uint32_t endpoint;
	int rank; /* 0: judged, 1: control, 2: of service only */
	size_t attempts, troubled;
};

static int
compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->troubled != y->troubled)
		return x->troubled > y->troubled ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

/* As they stand in the report, which is not by trouble. */
static int
compare_places(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

static struct candidate
candidate_of(const struct dataset *d, uint32_t endpoint)
{
	const struct endpoint *ep = &d->endpoints[endpoint];
	const struct attempts *a = &ep->attempts;
	struct candidate c = { .endpoint = endpoint };
	size_t i;

	c.rank = is_service(ep) ? 2 : ep->control;
	for (i = 0; i < a->n; i++) {
		if (!counts(a, i))
			continue;
		c.attempts++;
		c.troubled += a->failure[i] != FAILURE_NONE || resent(a, i);
	}
	return c;
}

/* Count a connect, where one was tried that was the path's business. */
static void
times_add(struct connect_times *t, const struct attempts *a, size_t i)
{
	uint32_t us = a->duration_us[DURATION_CONNECT][i];
	bool failed = a->failure[i] != FAILURE_NONE;

	if (failed &&
	    (a->phase[i] == PHASE_DNS ||
		failure_is_local((enum failure)a->failure[i])))
		return;
	if (failed && a->phase[i] == PHASE_CONNECT) {
		t->attempts++;
		return;
	}
	if (us == NO_DURATION)
		return;
	if (t->connected == 0 || us < t->least_us)
		t->least_us = us;
	if (us > t->most_us)
		t->most_us = us;
	t->attempts++;
	t->connected++;
	t->count[time_bin(us)]++;
}

static void
lane_add(struct chart_lane *lane, const struct charts *c,
    const struct dataset *d, const struct attempts *a)
{
	enum role role;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (!counts(a, i))
			continue;
		role = role_of(d, a, i);
		count_add(&lane->total[role], a, i);
		count_add(
		    &lane->bin[role][bin_of(&c->axis, slot_us(d, a, i))], a, i);
		times_add(&lane->times[role], a, i);
	}
}

/* The middle of the bin in which the half of n is reached. */
static double
median_us(const size_t count[TIMES_BINS], size_t n)
{
	size_t sum = 0, i;

	for (i = 0; i < TIMES_BINS; i++) {
		sum += count[i];
		if (2 * sum >= n)
			break;
	}
	return sqrt(time_bin_from_us(i) * time_bin_from_us(i + 1));
}

/* When connects ended, by how often their SYN was sent again. */
static void
steps_find(struct chart_lane *lane, const struct attempts *a)
{
	size_t(*count)[TIMES_BINS], i, k;

	count = x_calloc(CHART_STEPS_MAX + 1, sizeof(*count));
	for (i = 0; i < a->n; i++) {
		k = a->syn_retransmits[i];
		if (k == 0 || k > CHART_STEPS_MAX || !counts(a, i) ||
		    a->duration_us[DURATION_CONNECT][i] == NO_DURATION ||
		    (a->failure[i] != FAILURE_NONE &&
			a->phase[i] == PHASE_CONNECT))
			continue;
		lane->step[k].n++;
		count[k][time_bin(a->duration_us[DURATION_CONNECT][i])]++;
	}
	for (k = 1; k <= CHART_STEPS_MAX; k++)
		if (lane->step[k].n > 0)
			lane->step[k].median_us =
			    median_us(count[k], lane->step[k].n);
	free(count);
}

static struct chart_lane *
lane_new(struct charts *c, uint32_t endpoint)
{
	struct chart_lane *lane = &c->lane[c->n_lanes++];
	int role;

	memset(lane, 0, sizeof(*lane));
	lane->endpoint = endpoint;
	for (role = 0; role < CHART_ROLES; role++)
		lane->bin[role] = x_calloc(c->axis.n, sizeof(*lane->bin[role]));
	return lane;
}

/*
 * A lane for each of the foremost endpoints and one for all others together.
 * What only serves the measurement has none while it is well.
 */
static void
lanes_make(struct charts *c, const struct dataset *d)
{
	struct candidate *order;
	struct chart_lane *lane = NULL;
	const struct endpoint *ep;
	size_t n = 0, own, i;

	order = x_calloc(d->n_endpoints + 1, sizeof(*order));
	for (i = 0; i < d->n_endpoints; i++) {
		order[n] = candidate_of(d, (uint32_t)i);
		n += order[n].attempts > 0 &&
		    (order[n].rank < 2 || order[n].troubled > 0);
	}
	if (n > 1)
		qsort(order, n, sizeof(*order), compare_candidates);
	own = n > CHART_LANES_MAX ? CHART_LANES_MAX - 1 : n;
	if (own > 1)
		qsort(order, own, sizeof(*order), compare_places);
	c->lane = x_calloc(CHART_LANES_MAX, sizeof(*c->lane));
	for (i = 0; i < n; i++) {
		ep = &d->endpoints[order[i].endpoint];
		if (i < own) {
			lane = lane_new(c, order[i].endpoint);
			lane->judged = is_judged(ep);
			steps_find(lane, &ep->attempts);
		} else if (i == own) {
			lane = lane_new(c, NO_ENDPOINT);
		}
		lane->n_endpoints++;
		lane_add(lane, c, d, &ep->attempts);
	}
	free(order);
}

double
chart_top(double most)
{
	static const double tops[] = { 0.02, 0.05, 0.1, 0.2, 0.5 };
	size_t i;

	for (i = 0; i < sizeof(tops) / sizeof(tops[0]); i++)
		if (most > 0 && most <= tops[i])
			return tops[i];
	return 1;
}

/* The same for all lanes, so that they compare. */
static double
find_top(const struct charts *c)
{
	const struct chart_count *bin;
	double most = 0;
	size_t l, i;
	int role;

	for (l = 0; l < c->n_lanes; l++)
		for (role = 0; role < CHART_ROLES; role++)
			for (i = 0; i < c->axis.n; i++) {
				bin = &c->lane[l].bin[role][i];
				if (bin->troubled > 0)
					most = fmax(most,
					    (double)bin->troubled /
						(double)bin->attempts);
			}
	return chart_top(most);
}

/* ------------------------------------------------------------------ hours */

static void
hours_make(struct charts *c, const struct dataset *d)
{
	const struct attempts *a;
	size_t e, i, hour;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n && is_judged(&d->endpoints[e]); i++) {
			if (!counts(a, i))
				continue;
			hour = (size_t)(floor_to(slot_us(d, a, i), HOUR_US) /
				   HOUR_US) %
			    CHART_HOURS;
			count_add(&c->hour[hour][role_of(d, a, i)], a, i);
			count_add(&c->total[role_of(d, a, i)], a, i);
		}
	}
	for (i = 0; i < CHART_HOURS; i++)
		c->n_hours += c->hour[i][ROLE_DIRECT].attempts +
			c->hour[i][ROLE_NAT].attempts >
		    0;
}

/* ------------------------------------------------------- gateway, census */

static bool
is_kind(
    const struct dataset *d, const struct gateway_event *g, const char *kind)
{
	return strcmp(d->event_kinds.text[g->kind], kind) == 0;
}

/*
 * What the gateway refused, by bin: a refused port counts in insert_failed
 * and in drop, so the larger of the two; and what its log says.
 */
static void
gateway_make(struct charts *c, const struct dataset *d)
{
	int64_t *drop = x_calloc(c->axis.n, sizeof(*drop));
	const struct gateway_event *g;
	int64_t *logged = x_calloc(c->axis.n, sizeof(*logged));
	int64_t at_us;
	size_t i, bin;

	c->refused = x_calloc(c->axis.n, sizeof(*c->refused));
	for (i = 0; i < d->n_gateway_events; i++) {
		g = &d->gateway_events[i];
		at_us = g->from_us + (g->to_us - g->from_us) / 2;
		if (!is_on(&c->axis, at_us))
			continue;
		bin = bin_of(&c->axis, at_us);
		c->has_gateway = true;
		if (is_kind(d, g, "insert_failed"))
			c->refused[bin] += g->value;
		else if (is_kind(d, g, "drop"))
			drop[bin] += g->value;
		else if (is_kind(d, g, "allocation_failed"))
			logged[bin] += g->value;
	}
	for (i = 0; i < c->axis.n; i++) {
		if (drop[i] > c->refused[i])
			c->refused[i] = drop[i];
		c->refused[i] += logged[i];
	}
	free(drop);
	free(logged);
}

/*
 * What the samples from i on say that are of one host in one bin: their mean,
 * NaN where none knows; *next is the first one behind them.
 */
static double
mean_held(
    const struct charts *c, const struct dataset *d, size_t i, size_t *next)
{
	const struct host_sample *first = &d->samples[i], *h;
	size_t bin = bin_of(&c->axis, first->at_us), n = 0;
	double sum = 0;

	for (; i < d->n_samples; i++) {
		h = &d->samples[i];
		if (h->series != first->series ||
		    bin_of(&c->axis, h->at_us) != bin)
			break;
		if (h->held != NOT_MEASURED && is_on(&c->axis, h->at_us)) {
			sum += (double)h->held;
			n++;
		}
	}
	*next = i;
	return n > 0 ? sum / (double)n : NAN;
}

static void
add_held(struct charts *c, size_t bin, double held)
{
	c->held[bin] = held + (isnan(c->held[bin]) ? 0 : c->held[bin]);
	c->has_census = true;
}

/*
 * The mean of each host behind the NAT in a bin, summed over the hosts.  A
 * host is sampled about once a slot: what it held holds for some bins more.
 */
static void
census_make(struct charts *c, const struct dataset *d)
{
	size_t i, next, bin, last = 0, k;
	double held, before = NAN;

	c->held = x_calloc(c->axis.n, sizeof(*c->held));
	for (i = 0; i < c->axis.n; i++)
		c->held[i] = NAN;
	/* Samples are by series, then time. */
	for (i = 0; i < d->n_samples; i = next) {
		held = mean_held(c, d, i, &next);
		if (isnan(held) ||
		    d->paths[d->series[d->samples[i].series].path].role !=
			ROLE_NAT)
			continue;
		bin = bin_of(&c->axis, d->samples[i].at_us);
		if (i > 0 && d->samples[i - 1].series != d->samples[i].series)
			before = NAN;
		for (k = last + 1;
		     !isnan(before) && k < bin && bin - last <= HELD_BINS; k++)
			add_held(c, k, before);
		add_held(c, bin, held);
		before = held;
		last = bin;
	}
}

/* -------------------------------------------------------------------- map */

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
		if (k == NO_ENDPOINT || !counts(a, i))
			continue;
		host = &c->host[k];
		count_add(&host->total, a, i);
		count_add(&host->bin[bin_of(&c->map, slot_us(d, a, i))], a, i);
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

static void
map_make(struct charts *c, const struct dataset *d)
{
	uint32_t *host_of = x_calloc(d->n_series + 1, sizeof(*host_of));
	uint32_t *first = x_calloc(d->n_series + 1, sizeof(*first));
	size_t n = find_hosts(d, host_of, first), bins, i;

	if (n >= CHART_HOSTS) {
		bins = CHART_CELLS_MAX / n;
		bins = bins > MAP_BINS_MAX ? MAP_BINS_MAX
		    : bins < MAP_BINS_MIN  ? MAP_BINS_MIN
					   : bins;
		c->map = find_axis(d, bins);
		c->host = x_calloc(n, sizeof(*c->host));
		c->n_hosts = n;
		for (i = 0; i < n; i++) {
			c->host[i].series = first[i];
			c->host[i].bin =
			    x_calloc(c->map.n, sizeof(*c->host[i].bin));
		}
		for (i = 0; i < d->n_endpoints; i++)
			if (is_judged(&d->endpoints[i]))
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

/* ------------------------------------------------------------------ ports */

double
chart_ports_step(const struct chart_ports *p)
{
	return (double)(p->highest - p->lowest + 1) / CHART_PORT_ROWS;
}

/* Call each() for every attempt of the NAT path whose public port was seen. */
static void
each_port(struct chart_ports *p, const struct dataset *d,
    void (*each)(struct chart_ports *p, int64_t at_us, uint16_t port))
{
	const struct attempts *a;
	size_t e, i;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++)
			if (a->observed_port[i] != NO_PORT &&
			    role_of(d, a, i) == ROLE_NAT)
				each(p, slot_us(d, a, i), a->observed_port[i]);
	}
}

static void
widen(struct chart_ports *p, int64_t at_us, uint16_t port)
{
	(void)at_us;
	if (p->seen == 0 || port < p->lowest)
		p->lowest = port;
	if (port > p->highest)
		p->highest = port;
	p->seen++;
}

static void
mark(struct chart_ports *p, int64_t at_us, uint16_t port)
{
	size_t row = (size_t)((port - p->lowest) / chart_ports_step(p));

	if (row >= CHART_PORT_ROWS)
		row = CHART_PORT_ROWS - 1;
	p->cell[row * p->axis.n + bin_of(&p->axis, at_us)] = 1;
}

static void
ports_make(struct charts *c, const struct dataset *d)
{
	struct chart_ports *p = &c->ports;

	each_port(p, d, widen);
	if (p->seen < CHART_PORTS) {
		p->seen = 0;
		return;
	}
	p->axis = find_axis(d, CHART_PORT_BINS);
	p->cell = x_calloc(CHART_PORT_ROWS * p->axis.n, sizeof(*p->cell));
	each_port(p, d, mark);
}

/* -------------------------------------------------------------------- all */

void
charts_make(struct charts *c, const struct dataset *d)
{
	memset(c, 0, sizeof(*c));
	c->axis = find_axis(d, CHART_BINS_MAX - 1);
	if (c->axis.n == 0)
		return;
	lanes_make(c, d);
	c->top = find_top(c);
	hours_make(c, d);
	gateway_make(c, d);
	census_make(c, d);
	map_make(c, d);
	ports_make(c, d);
}

void
charts_clear(struct charts *c)
{
	size_t i;

	for (i = 0; i < c->n_lanes; i++) {
		free(c->lane[i].bin[ROLE_DIRECT]);
		free(c->lane[i].bin[ROLE_NAT]);
	}
	for (i = 0; i < c->n_hosts; i++)
		free(c->host[i].bin);
	free(c->lane);
	free(c->refused);
	free(c->held);
	free(c->host);
	free(c->ports.cell);
	memset(c, 0, sizeof(*c));
}
