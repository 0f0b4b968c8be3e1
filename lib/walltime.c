/*
 * Reading and writing times.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "natdiff/walltime.h"

static const struct unit {
	const char *name;
	int64_t us;
} units[] = {
	{ "d", INT64_C(86400000000) },
	{ "h", INT64_C(3600000000) },
	{ "m", 60000000 },
	{ "s", 1000000 },
	{ "ms", 1000 },
	{ "us", 1 },
};

#define N_UNITS (sizeof(units) / sizeof(units[0]))

static int64_t
clock_us(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
walltime_now_us(void)
{
	return clock_us(CLOCK_REALTIME);
}

int64_t
monotonic_now_us(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

char *
walltime_format(int64_t at_us, int digits, char out[WALLTIME_TEXT_SIZE])
{
	int64_t fraction = at_us % 1000000;
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;
	size_t used;

	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099) {
		snprintf(out, WALLTIME_TEXT_SIZE, "?");
		return out;
	}
	used = strftime(out, WALLTIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	if (digits == 3)
		snprintf(out + used, WALLTIME_TEXT_SIZE - used,
		    ".%03" PRId64 "Z", fraction / 1000);
	else if (digits == 6)
		snprintf(out + used, WALLTIME_TEXT_SIZE - used,
		    ".%06" PRId64 "Z", fraction);
	else
		snprintf(out + used, WALLTIME_TEXT_SIZE - used, "Z");
	return out;
}

/* Digits of a fraction of a second, to microseconds; the rest is dropped. */
static const char *
parse_fraction(const char *p, int64_t *us)
{
	int64_t scale = 100000;

	*us = 0;
	while (isdigit((unsigned char)*p)) {
		*us += (*p - '0') * scale;
		scale /= 10;
		p++;
	}
	return p;
}

/* "Z", "+01:00", "-0530" or nothing. */
static int
parse_offset(const char *p, int64_t *offset_s)
{
	int hours, minutes, used = 0;

	*offset_s = 0;
	if (*p == '\0' || strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
		return 0;
	if (*p != '+' && *p != '-')
		return -1;
	if (sscanf(p + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 &&
	    sscanf(p + 1, "%2d%2d%n", &hours, &minutes, &used) != 2)
		return -1;
	if (p[1 + used] != '\0' || hours < 0 || hours > 23 || minutes < 0 ||
	    minutes > 59)
		return -1;
	*offset_s = (hours * 60 + minutes) * 60;
	if (*p == '-')
		*offset_s = -*offset_s;
	return 0;
}

int
walltime_parse(const char *text, int64_t *at_us)
{
	struct tm tm = { 0 }, check;
	int64_t fraction_us = 0, offset_s;
	time_t seconds;
	const char *p;

	p = strptime(text, "%Y-%m-%d", &tm);
	if (p == NULL)
		return -1;
	if (*p == 'T' || *p == 't' || *p == ' ') {
		p = strptime(p + 1, "%H:%M:%S", &tm);
		if (p == NULL)
			return -1;
		if (*p == '.' || *p == ',')
			p = parse_fraction(p + 1, &fraction_us);
	}
	while (*p == ' ')
		p++;
	if (parse_offset(p, &offset_s) != 0)
		return -1;
	check = tm;
	seconds = timegm(&check);
	if (check.tm_mday != tm.tm_mday) /* 31 June and the like */
		return -1;
	*at_us = ((int64_t)seconds - offset_s) * 1000000 + fraction_us;
	return 0;
}

int
duration_parse(const char *text, int64_t *us)
{
	int64_t factor = 1000000, whole;
	double fraction = 0, scale = 0.1, value;
	size_t digits = strspn(text, "0123456789"), i;
	const char *unit = text + digits;

	/* Digits alone: strtod() would take 1e3, 0x1p4 and the locale. */
	if (digits == 0 || digits > 17)
		return -1;
	whole = strtoll(text, NULL, 10);
	if (*unit == '.') {
		if (!isdigit((unsigned char)*++unit))
			return -1;
		for (; isdigit((unsigned char)*unit); unit++) {
			fraction += (*unit - '0') * scale;
			scale /= 10;
		}
	}
	if (*unit != '\0') {
		for (i = 0; i < N_UNITS; i++)
			if (strcmp(unit, units[i].name) == 0)
				break;
		if (i == N_UNITS)
			return -1;
		factor = units[i].us;
	}
	value = ((double)whole + fraction) * (double)factor;
	if (value > 1e17)
		return -1;
	*us = whole * factor + (int64_t)(fraction * (double)factor + 0.5);
	return 0;
}

char *
duration_format(int64_t us, char out[WALLTIME_TEXT_SIZE])
{
	size_t i;

	for (i = 0; i < N_UNITS - 1; i++)
		if (us >= units[i].us && us % units[i].us == 0)
			break;
	snprintf(out, WALLTIME_TEXT_SIZE, "%" PRId64 "%s", us / units[i].us,
	    us == 0 ? "s" : units[i].name);
	return out;
}
