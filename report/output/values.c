/*
 * Numbers to text.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>

#include "report/output/values.h"

static const char *const units[] = { "us", "ms", "s" };

/* The unit that leaves at most three digits before the point. */
static int
unit_of(double us)
{
	int unit = 0;

	for (us = fabs(us); unit < 2 && us >= 999.5; us /= 1000)
		unit++;
	return unit;
}

/* Digits behind the point that make three in all; of us there are none. */
static int
digits_of(double us, int unit)
{
	double x = fabs(us) / pow(1000, unit);

	if (unit == 0 || x >= 99.95)
		return 0;
	return x >= 9.995 ? 1 : 2;
}

struct value
value_duration(double us)
{
	struct value v;
	int unit;

	if (isnan(us)) {
		snprintf(v.s, sizeof(v.s), "-");
		return v;
	}
	unit = unit_of(us);
	snprintf(v.s, sizeof(v.s), "%.*f %s", digits_of(us, unit),
	    us / pow(1000, unit), units[unit]);
	return v;
}

/* A share, in percent without the sign. */
static struct value
percent(double share)
{
	struct value v;

	share *= 100;
	snprintf(v.s, sizeof(v.s), "%.*f",
	    share == 0 || fabs(share) >= 9.995 ? 1 : 2, share);
	return v;
}

struct value
value_percent(double share)
{
	struct value v;

	if (isnan(share))
		snprintf(v.s, sizeof(v.s), "-");
	else
		snprintf(v.s, sizeof(v.s), "%.16s %%", percent(share).s);
	return v;
}

struct value
value_percents(struct interval ci)
{
	struct value v;

	if (isnan(ci.lo))
		snprintf(v.s, sizeof(v.s), "-");
	else
		snprintf(v.s, sizeof(v.s), "%.16s-%.16s %%", percent(ci.lo).s,
		    percent(ci.hi).s);
	return v;
}

struct value
value_points(double difference, struct interval ci)
{
	struct value v;

	if (isnan(difference))
		snprintf(v.s, sizeof(v.s), "-");
	else if (isnan(ci.lo))
		snprintf(v.s, sizeof(v.s), "%+.1f", 100 * difference);
	else
		snprintf(v.s, sizeof(v.s), "%+.1f (%.1f to %.1f)",
		    100 * difference, 100 * ci.lo, 100 * ci.hi);
	return v;
}

struct value
value_shift(double us, struct interval ci)
{
	struct value v;
	double scale;
	int unit, digits;

	if (isnan(us)) {
		snprintf(v.s, sizeof(v.s), "-");
		return v;
	}
	unit = unit_of(us);
	digits = digits_of(us, unit);
	scale = pow(1000, unit);
	if (unit_of(ci.lo) > unit || unit_of(ci.hi) > unit)
		/* Wide: the ends need units of their own. */
		snprintf(v.s, sizeof(v.s), "%+.*f %s (%.10s to %.10s)", digits,
		    us / scale, units[unit], value_duration(ci.lo).s,
		    value_duration(ci.hi).s);
	else if (isnan(ci.lo) || isnan(ci.hi))
		snprintf(v.s, sizeof(v.s), "%+.*f %s", digits, us / scale,
		    units[unit]);
	else
		snprintf(v.s, sizeof(v.s), "%+.*f %s (%.*f to %.*f)", digits,
		    us / scale, units[unit], digits, ci.lo / scale, digits,
		    ci.hi / scale);
	return v;
}

struct value
value_p(double p)
{
	struct value v;

	if (isnan(p))
		snprintf(v.s, sizeof(v.s), "-");
	else if (p < 0.001)
		snprintf(v.s, sizeof(v.s), "p<0.001");
	else
		snprintf(v.s, sizeof(v.s), "p=%.3f", p);
	return v;
}

struct value
value_factor(double log10_bf)
{
	double factor = pow(10, fabs(log10_bf));
	struct value v;

	snprintf(v.s, sizeof(v.s), "%c%.*f", log10_bf < 0 ? '/' : 'x',
	    factor < 9.95 ? 1 : 0, factor);
	return v;
}
