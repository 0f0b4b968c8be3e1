/*
 * az monitor metrics list of an Azure NAT gateway, load balancer or firewall,
 * as the old and the new command line print it: the old one has every
 * aggregation, null where it was not asked for; a point may lack its value.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "report/import/fields.h"
#include "report/import/formats.h"
#include "report/import/series.h"

static const struct series_kind kinds[] = {
	/* Two names, told apart by one letter's case, of one meaning. */
	{ "SNATConnectionCount", "Failed", "ports_refused" },
	{ "SNATConnectionCount", "Attempted", "connections_attempted" },
	{ "SNATConnectionCount", "Established", "connections_established" },
	{ "SNATConnectionCount", "Successful", "connections_established" },
	{ "SNATConnectionCount", NULL, NULL },
	{ "TotalConnectionCount", NULL, "connections_open" },
	{ "PacketDropCount", NULL, "packets_dropped" },
	{ "UsedSnatPorts", NULL, "ports_used" },
	{ "AllocatedSnatPorts", NULL, "ports_allocated" },
	{ "SNATPortUtilization", NULL, "port_use_percent" },
	{ "DatapathAvailability", NULL, "availability_percent" },
	{ NULL, NULL, NULL },
};

/* What the dimensions of a time series say. */
struct dimensions {
	const char *state;
	const char *backend;
	const char *protocol;
	char all[160]; /* tells it from the metric's others */
};

static const char *
metric_of(const struct jtree *t, const struct jnode *o)
{
	return jtree_string(t, jtree_get(t, o, "name"), "value");
}

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	return metric_of(t, o) != NULL && jtree_get(t, o, "timeseries") != NULL;
}

static void
read_dimensions(
    const struct jtree *t, const struct jnode *series, struct dimensions *d)
{
	const struct jnode *list = jtree_get(t, series, "metadatavalues"), *n;
	const char *name, *value;
	size_t used = 0;

	memset(d, 0, sizeof(*d));
	for (n = jtree_first(t, list); n != NULL; n = jtree_next(t, list, n)) {
		name = jtree_string(t, jtree_get(t, n, "name"), "value");
		value = jtree_text(t, n, "value");
		if (name == NULL || value == NULL)
			continue;
		if (field_same(name, "connectionstate"))
			d->state = value;
		else if (field_same(name, "backendipaddress"))
			d->backend = value;
		else if (field_same(name, "protocol") ||
		    field_same(name, "protocoltype"))
			d->protocol = value;
		snprintf(d->all + used, sizeof(d->all) - used, " %.46s", value);
		used = strlen(d->all);
	}
}

/* "natgw-1" of ".../natGateways/natgw-1/providers/Microsoft.Insights/...". */
static void
name_source(
    const struct jtree *t, const struct jnode *o, char *out, size_t size)
{
	const char *id = jtree_string(t, o, "id"), *end, *from;

	snprintf(out, size, "azure nat gateway");
	end = id != NULL ? strstr(id, "/providers/Microsoft.Insights") : NULL;
	if (end == NULL)
		return;
	for (from = end; from > id && from[-1] != '/'; from--)
		;
	if (end > from)
		snprintf(out, size, "%.*s",
		    (int)(end - from < 120 ? end - from : 120), from);
}

static const char *
value_of(const struct jtree *t, const struct jnode *point)
{
	static const char *const names[] = { "total", "average", "maximum",
		"minimum", "count" };
	const char *s = NULL;
	size_t i;

	for (i = 0; s == NULL && i < 5; i++)
		s = jtree_text(t, point, names[i]);
	return s;
}

static int64_t
period(const struct parse *p, const struct jnode *data)
{
	const struct jtree *t = &p->json;
	struct series_times times = { NULL, 0, 0 };
	const struct jnode *n;
	int64_t at, result;

	for (n = jtree_first(t, data); n != NULL; n = jtree_next(t, data, n))
		if (field_time(p->hints, jtree_string(t, n, "timeStamp"), &at))
			series_times_add(&times, at);
	result = series_period_us(&times);
	series_times_clear(&times);
	return result;
}

static enum piece_result
read_series(struct parse *p, const struct jnode *series, const char *metric,
    struct gateway_event_record *ev)
{
	const struct jtree *t = &p->json;
	const struct jnode *data = jtree_get(t, series, "data"), *n;
	enum piece_result result = PIECE_SKIPPED;
	struct dimensions d;
	int64_t period_us = period(p, data);
	char name[240];
	const char *value;

	read_dimensions(t, series, &d);
	if (!series_find(kinds, metric, d.state, &ev->kind) || ev->kind == NULL)
		return PIECE_SKIPPED;
	ev->inside.family = 0;
	if (d.backend != NULL)
		field_address_port(d.backend, NULL, &ev->inside);
	ev->protocol = field_protocol(d.protocol);
	snprintf(name, sizeof(name), "%.60s%s", metric, d.all);
	for (n = jtree_first(t, data); n != NULL && result < PIECE_BAD;
	     n = jtree_next(t, data, n)) {
		value = value_of(t, n);
		if (value == NULL)
			continue;
		if (!field_time(p->hints, jtree_string(t, n, "timeStamp"),
			&ev->from_at_us))
			return parse_bad(p, "a point without a good time");
		if (!field_number(value, 0, INT32_MAX, &ev->value))
			return parse_bad(p, "a point without a good value");
		ev->to_at_us = ev->from_at_us + period_us;
		result = series_point(p, ev, name);
	}
	return result;
}

static enum piece_result
read_metric(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const struct jnode *list = jtree_get(t, o, "timeseries"), *n;
	const char *metric = metric_of(t, o), *kind;
	enum piece_result result = PIECE_SKIPPED;
	struct gateway_event_record ev;
	char source[128];

	if (!knows(t, o))
		return parse_bad(p,
		    "no name and timeseries, expected a "
		    "metric of az monitor metrics list");
	if (!series_find(kinds, metric, "Failed", &kind))
		return PIECE_SKIPPED;
	gateway_event_record_init(&ev);
	name_source(t, o, source, sizeof(source));
	ev.source = source;
	ev.detail = metric;
	for (n = jtree_first(t, list); n != NULL && result < PIECE_BAD;
	     n = jtree_next(t, list, n))
		result = read_series(p, n, metric, &ev);
	return result;
}

const struct format format_azure_metrics = {
	.name = "azure-metrics",
	.does = "metrics of an Azure NAT gateway, load balancer or firewall",
	.knows_json = knows,
	.json = read_metric,
};
