/*
 * What gateways and hosts say of a stretch of time.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/evidence.h"

/* Counters that cover less of the stretch than this do not speak for it. */
#define COVERED_SHARE 0.8

/* Connections of others that are more than a stray one. */
#define HELD_LEAST 5

/* Events are matched to the stretch with this much room for clocks. */
#define EVENT_SLACK_US 2000000

static bool
is_kind(
    const struct dataset *d, const struct gateway_event *g, const char *kind)
{
	return strcmp(d->event_kinds.text[g->kind], kind) == 0;
}

static int64_t
overlap_us(const struct gateway_event *g, int64_t from_us, int64_t to_us)
{
	int64_t from = g->from_us > from_us ? g->from_us : from_us;
	int64_t to = g->to_us < to_us ? g->to_us : to_us;

	return to > from ? to - from : 0;
}

/* Whether it is in the stretch, if only with a part of it. */
static bool
is_near(const struct gateway_event *g, int64_t from_us, int64_t to_us)
{
	int64_t slack = EVENT_SLACK_US;

	/* A minute of a metric that only touches is of other minutes. */
	if (g->to_us - g->from_us > 2 * EVENT_SLACK_US)
		slack = 0;
	return g->to_us > from_us - slack - (slack > 0) &&
	    g->from_us < to_us + slack + (slack > 0);
}

bool
surroundings_tells_refusal(const char *kind)
{
	return strcmp(kind, "allocation_failed") == 0 ||
	    strcmp(kind, "host_limit_reached") == 0 ||
	    strcmp(kind, "slots_exhausted") == 0;
}

/* Counters and logs of a NAT. */
static void
find_gateway(struct surroundings *s, const struct dataset *d, int64_t from_us,
    int64_t to_us)
{
	const struct gateway_event *g;
	int64_t covered_us = 0, drop = 0;
	size_t i;

	for (i = 0; i < d->n_gateway_events; i++) {
		g = &d->gateway_events[i];
		if (!is_near(g, from_us, to_us))
			continue;
		if (is_kind(d, g, "insert_failed")) {
			covered_us += overlap_us(g, from_us, to_us);
			s->insert_failed += g->value;
		} else if (is_kind(d, g, "drop")) {
			drop += g->value;
		} else if (surroundings_tells_refusal(
			       d->event_kinds.text[g->kind])) {
			s->log_drops += g->value;
		} else if (is_kind(d, g, "table_full")) {
			s->log_full += g->value;
		} else if (!is_kind(d, g, "ports_refused")) {
			continue;
		}
		/* Nothing counted says nothing of how finely it is. */
		if (g->value > 0 && g->to_us - g->from_us > s->sample_us)
			s->sample_us = g->to_us - g->from_us;
	}
	/* A refused port counts in both. */
	s->table_drops = drop > s->insert_failed ? drop - s->insert_failed : 0;
	s->gateway_covered = to_us > from_us &&
	    (double)covered_us >= COVERED_SHARE * (double)(to_us - from_us);
}

/* One source of metrics: a gateway, or what it says of one host. */
struct metric {
	int64_t covered_us, refused;
	int64_t used, given;
};

/*
 * A provider's metrics, each source by itself: the same refusals may be
 * counted for the gateway and for its hosts.
 */
static void
find_metrics(struct surroundings *s, const struct dataset *d, int64_t from_us,
    int64_t to_us)
{
	struct metric *m = x_calloc(d->event_sources.n + 1, sizeof(*m)), *of;
	const struct gateway_event *g;
	double part;
	size_t i;

	for (i = 0; i < d->n_gateway_events; i++) {
		g = &d->gateway_events[i];
		if (!is_near(g, from_us, to_us))
			continue;
		of = &m[g->source];
		if (is_kind(d, g, "ports_refused")) {
			of->covered_us += overlap_us(g, from_us, to_us);
			of->refused += g->value;
		} else if (is_kind(d, g, "ports_used")) {
			of->used = g->value > of->used ? g->value : of->used;
		} else if (is_kind(d, g, "ports_allocated")) {
			of->given = g->value > of->given ? g->value : of->given;
		} else if (is_kind(d, g, "port_use_percent")) {
			s->ports_full_known = true;
			part = (double)g->value / 100;
			if (part > s->ports_full_share)
				s->ports_full_share = part;
		}
	}
	for (i = 0; i < d->event_sources.n; i++) {
		of = &m[i];
		if (to_us > from_us &&
		    (double)of->covered_us >=
			COVERED_SHARE * (double)(to_us - from_us)) {
			s->metric_covered = true;
			if (of->refused > s->metric_refused)
				s->metric_refused = of->refused;
		}
		if (of->given > 0) {
			s->ports_full_known = true;
			part = (double)of->used / (double)of->given;
			if (part > s->ports_full_share)
				s->ports_full_share = part;
		}
	}
	free(m);
}

static double
share(int64_t part, int64_t whole)
{
	return whole > 0 && part >= 0 ? (double)part / (double)whole : 0;
}

/* The increase of a counter between two samples of one series. */
static void
add_increase(int64_t now, int64_t before, int64_t *sum, bool *known)
{
	if (now == NOT_MEASURED || before == NOT_MEASURED)
		return;
	*known = true;
	if (now > before)
		*sum += now - before;
}

/* Whether a sample is of a host that counts. */
static bool
is_asked(const struct dataset *d, uint32_t series, uint32_t nat_series)
{
	const struct series *s = &d->series[series], *asked;

	if (nat_series == ALL_SERIES)
		return d->paths[s->path].role == ROLE_NAT;
	asked = &d->series[nat_series];
	return d->paths[s->path].role == ROLE_NAT && s->host == asked->host &&
	    s->agent == asked->agent;
}

static void
find_hosts(struct surroundings *s, const struct dataset *d, int64_t from_us,
    int64_t to_us, uint32_t nat_series)
{
	const struct host_sample *h, *before;
	double part;
	size_t i;

	for (i = 0; i < d->n_samples; i++) {
		h = &d->samples[i];
		if (!is_asked(d, h->series, nat_series) || h->at_us < from_us ||
		    h->at_us > to_us)
			continue;
		if (h->conntrack_max != NOT_MEASURED &&
		    h->conntrack_count != NOT_MEASURED) {
			s->conntrack_known = true;
			part = share(h->conntrack_count, h->conntrack_max);
			if (part > s->conntrack_share)
				s->conntrack_share = part;
		}
		if (h->ports_in_use != NOT_MEASURED && h->port_range > 0) {
			s->ports_known = true;
			part = share(h->ports_in_use, h->port_range);
			if (part > s->ports_share)
				s->ports_share = part;
		}
		if (h->held != NOT_MEASURED) {
			s->held_samples++;
			s->held_with += h->held >= HELD_LEAST;
			if (h->held > s->held_most)
				s->held_most = h->held;
		}
		/* Samples are by series, then time. */
		before = i > 0 && d->samples[i - 1].series == h->series
		    ? &d->samples[i - 1]
		    : NULL;
		if (before == NULL)
			continue;
		add_increase(h->conntrack_drops, before->conntrack_drops,
		    &s->host_drops, &s->drops_known);
		add_increase(h->allowance_exceeded, before->allowance_exceeded,
		    &s->allowance, &s->allowance_known);
	}
}

void
surroundings_find(struct surroundings *s, const struct dataset *d,
    int64_t from_us, int64_t to_us, uint32_t nat_series)
{
	memset(s, 0, sizeof(*s));
	find_gateway(s, d, from_us, to_us);
	find_metrics(s, d, from_us, to_us);
	find_hosts(s, d, from_us, to_us, nat_series);
}
