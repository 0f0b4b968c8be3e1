/*
 * CloudWatch metrics of an AWS NAT gateway: get-metric-data with its parallel
 * arrays, and get-metric-statistics with its unsorted points.  Neither says
 * how long a period is, nor which gateway it is about.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"
#include "report/import/series.h"

static const struct series_kind kinds[] = {
	{ "ErrorPortAllocation", NULL, "ports_refused" },
	{ "ActiveConnectionCount", NULL, "connections_open" },
	{ "ConnectionAttemptCount", NULL, "connections_attempted" },
	{ "ConnectionEstablishedCount", NULL, "connections_established" },
	{ "IdleTimeoutCount", NULL, "idle_timeouts" },
	{ "PacketsDropCount", NULL, "packets_dropped" },
	{ NULL, NULL, NULL },
};

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	return (jtree_get(t, o, "Timestamps") != NULL &&
		   jtree_get(t, o, "Values") != NULL) ||
	    (jtree_get(t, o, "Datapoints") != NULL &&
		jtree_get(t, o, "Label") != NULL);
}

/* A label can be "nat-0123 ErrorPortAllocation": by any of its words. */
static bool
find_kind(const char *label, char *metric, char *gateway, const char **kind)
{
	char copy[FIELD_TEXT_SIZE], *rest = copy, *word;
	bool found = false;

	snprintf(copy, sizeof(copy), "%s", label);
	snprintf(gateway, FIELD_TEXT_SIZE, "aws nat gateway");
	for (word = field_token(&rest); word != NULL;
	     word = field_token(&rest)) {
		if (strncmp(word, "nat-", 4) == 0)
			snprintf(gateway, FIELD_TEXT_SIZE, "%s", word);
		if (!found && series_find(kinds, word, NULL, kind)) {
			snprintf(metric, FIELD_TEXT_SIZE, "%s", word);
			found = true;
		}
	}
	return found;
}

static const char *
value_of(const struct jtree *t, const struct jnode *point)
{
	static const char *const names[] = { "Sum", "Maximum", "Average",
		"Minimum", "SampleCount" };
	const char *s = NULL;
	size_t i;

	for (i = 0; s == NULL && i < 5; i++)
		s = jtree_text(t, point, names[i]);
	return s;
}

static enum piece_result
point(struct parse *p, struct gateway_event_record *ev, const char *at,
    const char *value, const char *metric)
{
	int64_t period_us = ev->to_at_us;
	enum piece_result result;

	if (!field_time(p->hints, at, &ev->from_at_us))
		return parse_bad(p, "a point without a good time");
	if (!field_number(value, 0, INT32_MAX, &ev->value))
		return parse_bad(p, "a point without a good value");
	ev->to_at_us = ev->from_at_us + period_us;
	result = series_point(p, ev, metric);
	ev->to_at_us = period_us;
	return result;
}

/* What separates the points; hostile times are refused later. */
static int64_t
period(const struct parse *p, const struct jnode *list, bool in_points)
{
	const struct jtree *t = &p->json;
	struct series_times times = { NULL, 0, 0 };
	const struct jnode *n;
	int64_t at, result;
	const char *s;

	for (n = jtree_first(t, list); n != NULL; n = jtree_next(t, list, n)) {
		s = in_points ? jtree_string(t, n, "Timestamp") : n->text;
		if (field_time(p->hints, s, &at))
			series_times_add(&times, at);
	}
	result = series_period_us(&times);
	series_times_clear(&times);
	return result;
}

static enum piece_result
read_statistics(struct parse *p, const struct jnode *o,
    struct gateway_event_record *ev, const char *metric)
{
	const struct jtree *t = &p->json;
	const struct jnode *list = jtree_get(t, o, "Datapoints"), *n;
	enum piece_result result = PIECE_SKIPPED;

	ev->to_at_us = period(p, list, true);
	for (n = jtree_first(t, list); n != NULL && result < PIECE_BAD;
	     n = jtree_next(t, list, n))
		result = point(p, ev, jtree_string(t, n, "Timestamp"),
		    value_of(t, n), metric);
	return result;
}

static enum piece_result
read_data(struct parse *p, const struct jnode *o,
    struct gateway_event_record *ev, const char *metric)
{
	const struct jtree *t = &p->json;
	const struct jnode *times = jtree_get(t, o, "Timestamps"), *at;
	const struct jnode *values = jtree_get(t, o, "Values"), *v;
	enum piece_result result = PIECE_SKIPPED;

	ev->to_at_us = period(p, times, false);
	v = jtree_first(t, values);
	for (at = jtree_first(t, times); at != NULL && result < PIECE_BAD;
	     at = jtree_next(t, times, at)) {
		if (v == NULL)
			return parse_bad(p, "fewer Values than Timestamps");
		result = point(p, ev, at->text, v->text, metric);
		v = jtree_next(t, values, v);
	}
	return result;
}

static enum piece_result
read_metric(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const char *label = jtree_string(t, o, "Label");
	char metric[FIELD_TEXT_SIZE], gateway[FIELD_TEXT_SIZE];
	struct gateway_event_record ev;

	if (!knows(t, o) || label == NULL)
		return parse_bad(p,
		    "no Label with Timestamps and Values, or "
		    "Datapoints");
	gateway_event_record_init(&ev);
	if (!find_kind(label, metric, gateway, &ev.kind))
		return PIECE_SKIPPED;
	ev.source = gateway;
	ev.detail = metric;
	if (jtree_get(t, o, "Datapoints") != NULL)
		return read_statistics(p, o, &ev, metric);
	return read_data(p, o, &ev, metric);
}

const struct format format_aws_metrics = {
	.name = "aws-metrics",
	.does = "CloudWatch metrics of an AWS NAT gateway",
	.knows_json = knows,
	.json = read_metric,
};
