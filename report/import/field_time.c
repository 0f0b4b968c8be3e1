/*
 * Times as logs write them.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "natdiff/walltime.h"
#include "report/import/fields.h"

#define DAY_US INT64_C(86400000000)

static bool
in_range(int64_t at_us)
{
	return at_us >= 0 && at_us <= FIELD_TIME_MAX_US;
}

/* Seconds with a fraction, or a whole number of smaller units. */
static bool
epoch_time(const char *s, int64_t *at_us)
{
	int64_t v = 0, fraction = 0, scale = 100000;
	const char *p = s;

	while (isdigit((unsigned char)*p) && p - s < 19)
		v = v * 10 + (*p++ - '0');
	if (p - s < 9)
		return false;
	if (*p == '.' && v < INT64_C(100000000000)) {
		for (p++; isdigit((unsigned char)*p); p++) {
			fraction += (*p - '0') * scale;
			scale /= 10;
		}
	}
	if (*p != '\0')
		return false;
	if (v < INT64_C(100000000000))
		*at_us = v * 1000000 + fraction;
	else if (v < INT64_C(100000000000000))
		*at_us = v * 1000;
	else if (v < INT64_C(100000000000000000))
		*at_us = v;
	else
		*at_us = v / 1000;
	return in_range(*at_us);
}

/* Two digits. */
static int
two(const char *s)
{
	return (s[0] - '0') * 10 + s[1] - '0';
}

/*
 * Days since 1970 of a date of the Gregorian calendar, by counting years from
 * March (H. Hinnant, chrono-Compatible Low-Level Date Algorithms).
 */
static int64_t
days_of(int year, int month, int day)
{
	int y = year - (month <= 2), era = y / 400, of_era = y - era * 400;
	int of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return (int64_t)era * 146097 + of_era * 365 + of_era / 4 -
	    of_era / 100 + of_year - 719468;
}

/*
 * 2026-03-10T12:00:05.123456789Z, as most logs have it, without the work of
 * strptime(); all else is for walltime_parse().
 */
static bool
common_time(const char *s, int64_t *at_us)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	int64_t fraction = 0, scale = 100000;
	int i, month, day;

	for (i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i])
				   : s[i] != form[i])
			return false;
	month = two(s + 5);
	day = two(s + 8);
	if (month < 1 || month > 12 || day < 1 || day > 28 || two(s) < 19 ||
	    two(s + 11) > 23 || two(s + 14) > 59 || two(s + 17) > 59)
		return false;
	s += i;
	if (*s == '.')
		for (s++; isdigit((unsigned char)*s); s++) {
			fraction += (*s - '0') * scale;
			scale /= 10;
		}
	if (*s != 'Z' || s[1] != '\0')
		return false;
	*at_us = fraction;
	return true;
}

/* Whether a time of day is followed by an offset or Z. */
static bool
has_zone(const char *s)
{
	return strlen(s) > 11 && strpbrk(s + 11, "Zz+-") != NULL;
}

static int
month_of(const char *s)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int i;

	for (i = 0; i < 12; i++)
		if (strncmp(s, names + (size_t)i * 3, 3) == 0)
			return i;
	return -1;
}

/* 10/Mar/2026:12:00:05 +0000, as a time that walltime_parse() knows. */
static bool
apache_time(const char *s, int64_t *at_us)
{
	char text[64], zone[8] = "";
	int day, year, hour, minute, second, month, n;

	n = sscanf(s, "%2d/%*3c/%4d:%2d:%2d:%2d %7s", &day, &year, &hour,
	    &minute, &second, zone);
	month = strlen(s) > 6 ? month_of(s + 3) : -1;
	if (n < 5 || month < 0)
		return false;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d%s", year,
	    month + 1, day, hour, minute, second, zone);
	return walltime_parse(text, at_us) == 0;
}

bool
field_time(const struct import_hints *h, const char *s, int64_t *at_us)
{
	const char *p = s;
	int64_t fraction;

	if (s == NULL || strlen(s) > 48)
		return false;
	if (common_time(s, &fraction)) {
		*at_us = fraction +
		    (days_of(
			 two(s) * 100 + two(s + 2), two(s + 5), two(s + 8)) *
			    86400 +
			two(s + 11) * 3600 + two(s + 14) * 60 + two(s + 17)) *
			1000000;
		return in_range(*at_us);
	}
	while (isdigit((unsigned char)*p) || *p == '.')
		p++;
	if (*p == '\0')
		return epoch_time(s, at_us);
	if (strchr(s, '/') != NULL)
		return apache_time(s, at_us) && in_range(*at_us);
	if (walltime_parse(s, at_us) != 0)
		return false;
	if (!has_zone(s))
		*at_us -= h->zone_us;
	return in_range(*at_us);
}

/* A year for a date without one. */
static bool
with_year(const struct import_hints *h, struct tm *tm, int64_t *at_us)
{
	int64_t latest = h->written_us + DAY_US;
	time_t written = (time_t)(h->written_us / 1000000);
	struct tm now, copy;
	int back;

	if (gmtime_r(&written, &now) == NULL)
		return false;
	/* A 29 February can be four, and once eight years ago. */
	for (back = -1; back <= 8; back++) {
		copy = *tm;
		copy.tm_year = now.tm_year - back;
		*at_us = (int64_t)timegm(&copy) * 1000000 - h->zone_us;
		if (copy.tm_mday == tm->tm_mday && *at_us <= latest)
			return true;
	}
	return false;
}

/* The year at p, if it is one; where it ends. */
static const char *
read_year(const char *p, int *year)
{
	int used = 0;

	if (sscanf(p, " %4d%n", year, &used) == 1 && *year >= 1970 &&
	    *year < 2200 && (p[used] == ' ' || p[used] == ':'))
		return p + used;
	*year = 0;
	return p;
}

bool
field_syslog_time(const struct import_hints *h, const char *s, int64_t *at_us,
    const char **rest)
{
	int64_t fraction = 0, scale = 100000;
	struct tm tm = { 0 };
	int used = 0, year;
	const char *p;

	while (*s == '*' || *s == '.' || *s == ' ')
		s++;
	tm.tm_mon = strlen(s) > 4 ? month_of(s) : -1;
	if (tm.tm_mon < 0 || sscanf(s + 3, " %2d%n", &tm.tm_mday, &used) != 1)
		return false;
	p = read_year(s + 3 + used, &year);
	if (sscanf(p, " %2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &tm.tm_sec,
		&used) != 3 ||
	    tm.tm_hour < 0 || tm.tm_hour > 23 || tm.tm_min < 0 ||
	    tm.tm_min > 59 || tm.tm_sec < 0 || tm.tm_sec > 60 ||
	    tm.tm_mday < 1 || tm.tm_mday > 31)
		return false;
	p += used;
	if (*p == '.')
		for (p++; isdigit((unsigned char)*p); p++) {
			fraction += (*p - '0') * scale;
			scale /= 10;
		}
	if (year == 0)
		p = read_year(p, &year);
	*rest = p;
	if (year == 0) {
		if (!with_year(h, &tm, at_us))
			return false;
	} else {
		tm.tm_year = year - 1900;
		*at_us = (int64_t)timegm(&tm) * 1000000 - h->zone_us;
	}
	*at_us += fraction;
	return in_range(*at_us);
}
