/*
 * Reading ranges.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/monitor/range.h"

/* A finite number up to end, which is where the text goes on. */
static int
parse_number(const char *text, const char *end, double *value)
{
	char *stop;

	if (text == end || strspn(text, "-.0123456789") < (size_t)(end - text))
		return -1;
	*value = strtod(text, &stop);
	return stop == end && isfinite(*value) ? 0 : -1;
}

int
range_parse(const char *text, struct range *r)
{
	const char *colon, *end = text + strlen(text);

	r->inside = *text == '@';
	text += r->inside;
	r->from = 0;
	r->to = INFINITY;
	colon = strchr(text, ':');
	if (colon == NULL) {
		if (parse_number(text, end, &r->to) != 0)
			return -1;
	} else {
		if (colon == text + 1 && *text == '~')
			r->from = -INFINITY;
		else if (parse_number(text, colon, &r->from) != 0)
			return -1;
		if (colon + 1 != end &&
		    parse_number(colon + 1, end, &r->to) != 0)
			return -1;
	}
	return r->from <= r->to ? 0 : -1;
}

bool
range_alerts(const struct range *r, double value)
{
	bool within = value >= r->from && value <= r->to;

	return !isnan(value) && within == r->inside;
}
