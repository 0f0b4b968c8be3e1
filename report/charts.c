/*
 * Counting for the plots: the axis of time, what counts, and all of it.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/charts_work.h"

#define SECOND_US INT64_C(1000000)

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

/* ------------------------------------------------------------------ axes */

int64_t
charts_floor(int64_t x, int64_t unit)
{
	return x - ((x % unit) + unit) % unit;
}

size_t
charts_bin(const struct chart_axis *axis, int64_t at_us)
{
	int64_t bin;

	if (at_us < axis->from_us)
		return 0;
	bin = (at_us - axis->from_us) / axis->width_us;
	return bin < (int64_t)axis->n ? (size_t)bin : axis->n - 1;
}

bool
charts_on_axis(const struct chart_axis *axis, int64_t at_us)
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

struct chart_axis
charts_axis(const struct dataset *d, size_t most)
{
	struct chart_axis axis = { 0, 1, 0 };
	int64_t unit = 1, span;
	size_t i;

	if (d->first_us == NOT_MEASURED)
		return axis;
	for (i = 0; i < d->n_series; i++)
		if (d->series[i].interval_us > unit)
			unit = d->series[i].interval_us;
	span = d->last_us - charts_floor(d->first_us, unit) + 1;
	axis.width_us =
	    round_width((span + (int64_t)most - 1) / (int64_t)most, unit);
	axis.from_us = charts_floor(d->first_us, axis.width_us);
	span = d->last_us - axis.from_us + 1;
	axis.n = (size_t)((span + axis.width_us - 1) / axis.width_us);
	return axis;
}

/* --------------------------------------------------------------- attempts */

void
charts_add(struct chart_count *c, const struct attempts *a, size_t i)
{
	c->attempts++;
	c->failed += attempt_failed(a, i);
	c->troubled += attempt_failed(a, i) || attempt_resent(a, i);
}

/* -------------------------------------------------------------------- all */

void
charts_make(struct charts *c, const struct dataset *d)
{
	memset(c, 0, sizeof(*c));
	c->axis = charts_axis(d, CHART_BINS_MAX - 1);
	if (c->axis.n == 0)
		return;
	charts_lanes(c, d);
	charts_hours(c, d);
	charts_gateway(c, d);
	charts_census(c, d);
	charts_map(c, d);
	charts_ports(c, d);
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
