/*
 * What the plots have beside the lanes: hours of the day, what the gateway
 * refused, what the hosts held.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/charts_work.h"

#define HOUR_US   INT64_C(3600000000)
#define HELD_BINS 4 /* from one sample of a host to its next */

static size_t
hour_of(int64_t at_us)
{
	return (size_t)(charts_floor(at_us, HOUR_US) / HOUR_US) % CHART_HOURS;
}

void
charts_hours(struct charts *c, const struct dataset *d)
{
	const struct attempts *a;
	size_t e, i, hour;
	enum role role;

	for (e = 0; e < d->n_endpoints; e++) {
		if (!endpoint_is_judged(&d->endpoints[e]))
			continue;
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++) {
			if (!charts_counts(a, i))
				continue;
			role = attempt_role(d, a, i);
			hour = hour_of(charts_slot_us(d, a, i));
			charts_add(&c->hour[hour][role], a, i);
			charts_add(&c->total[role], a, i);
		}
	}
	for (i = 0; i < CHART_HOURS; i++)
		c->n_hours += c->hour[i][ROLE_DIRECT].attempts +
			c->hour[i][ROLE_NAT].attempts >
		    0;
}

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
void
charts_gateway(struct charts *c, const struct dataset *d)
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
		if (!charts_on_axis(&c->axis, at_us))
			continue;
		bin = charts_bin(&c->axis, at_us);
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
	size_t bin = charts_bin(&c->axis, first->at_us), n = 0;
	double sum = 0;

	for (; i < d->n_samples; i++) {
		h = &d->samples[i];
		if (h->series != first->series ||
		    charts_bin(&c->axis, h->at_us) != bin)
			break;
		if (h->held != NOT_MEASURED &&
		    charts_on_axis(&c->axis, h->at_us)) {
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
void
charts_census(struct charts *c, const struct dataset *d)
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
		    series_role(d, d->samples[i].series) != ROLE_NAT)
			continue;
		bin = charts_bin(&c->axis, d->samples[i].at_us);
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
