/*
 * Cloud Monitoring time series of Cloud NAT, as timeSeries.list and gcloud
 * print them.  A gauge's point is a moment, a delta's a stretch.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"
#include "report/import/series.h"

static const struct series_kind kinds[] = {
	{ "dropped_sent_packets_count", "OUT_OF_RESOURCES", "ports_refused" },
	{ "dropped_sent_packets_count", "NAT_ALLOCATION_FAILED",
	    "ports_refused" },
	{ "dropped_sent_packets_count", "ENDPOINT_INDEPENDENCE_CONFLICT",
	    "mapping_conflicts" },
	{ "dropped_sent_packets_count", "ENDPOINT_INDEPENDENT_CONFLICT",
	    "mapping_conflicts" },
	{ "dropped_sent_packets_count", NULL, "packets_dropped" },
	{ "dropped_received_packets_count", NULL, "packets_dropped_received" },
	{ "nat_allocation_failed", NULL, "address_allocation_failed" },
	{ "port_usage", NULL, "ports_used" },
	{ "allocated_ports", NULL, "ports_allocated" },
	{ "open_connections", NULL, "connections_open" },
	{ "new_connections_count", NULL, "connections_new" },
	{ NULL, NULL, NULL },
};

/* "port_usage" of ".../nat/port_usage", else NULL. */
static const char *
metric_of(const struct jtree *t, const struct jnode *o)
{
	const char *type = jtree_string(t, jtree_get(t, o, "metric"), "type");
	const char *nat =
	    type != NULL ? strstr(type, "googleapis.com/nat/") : NULL;

	return nat != NULL ? strrchr(nat, '/') + 1 : NULL;
}

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	const char *type = jtree_string(t, jtree_get(t, o, "metric"), "type");

	return type != NULL && jtree_get(t, o, "points") != NULL;
}

static bool
value_of(const struct jtree *t, const struct jnode *value, int64_t *v)
{
	const struct jnode *b = jtree_get(t, value, "boolValue");
	const char *s = jtree_text(t, value, "int64Value");

	if (b != NULL && (b->type == J_TRUE || b->type == J_FALSE)) {
		*v = b->type == J_TRUE;
		return true;
	}
	if (s == NULL)
		s = jtree_text(t, value, "doubleValue");
	return field_number(s, 0, INT32_MAX, v);
}

/* "nat-gw-1", or of one of its hosts "nat-gw-1 vm 1111". */
static void
name_source(
    const struct jtree *t, const struct jnode *o, char *out, size_t size)
{
	const struct jnode *r =
	    jtree_get(t, jtree_get(t, o, "resource"), "labels");
	const struct jnode *m =
	    jtree_get(t, jtree_get(t, o, "metric"), "labels");
	const char *name = jtree_string(t, r, "gateway_name");
	const char *vm = jtree_string(t, r, "instance_id");

	if (name == NULL)
		name = jtree_string(t, m, "nat_gateway_name");
	snprintf(out, size, "%.120s%s%.60s", name != NULL ? name : "gcp nat",
	    vm != NULL ? " vm " : "", vm != NULL ? vm : "");
}

static enum piece_result
read_point(struct parse *p, const struct jnode *point,
    struct gateway_event_record *ev, const char *name)
{
	const struct jtree *t = &p->json;
	const struct jnode *i = jtree_get(t, point, "interval");
	const char *from = jtree_string(t, i, "startTime");
	const char *to = jtree_string(t, i, "endTime");

	if (!field_time(p->hints, to, &ev->to_at_us))
		return parse_bad(p, "a point without a good endTime");
	if (!field_time(p->hints, from, &ev->from_at_us) ||
	    ev->from_at_us > ev->to_at_us)
		ev->from_at_us = ev->to_at_us;
	if (!value_of(t, jtree_get(t, point, "value"), &ev->value))
		return parse_bad(p,
		    "a point without a good value, expected "
		    "a number or a boolean");
	return series_point(p, ev, name);
}

static enum piece_result
read_series(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const struct jnode *points = jtree_get(t, o, "points"), *n;
	const struct jnode *labels =
	    jtree_get(t, jtree_get(t, o, "metric"), "labels");
	const char *metric = metric_of(t, o);
	const char *reason = jtree_string(t, labels, "reason");
	const char *protocol = jtree_string(t, labels, "ip_protocol");
	const char *ip = jtree_string(t, labels, "nat_ip");
	char source[200], name[200];
	enum piece_result result = PIECE_SKIPPED;
	struct gateway_event_record ev;

	if (points == NULL || !knows(t, o))
		return parse_bad(p, "no points, expected a time series");
	gateway_event_record_init(&ev);
	if (metric == NULL || !series_find(kinds, metric, reason, &ev.kind))
		return PIECE_SKIPPED;
	name_source(t, o, source, sizeof(source));
	ev.source = source;
	ev.protocol = field_protocol(protocol);
	if (ip != NULL)
		field_address_port(ip, NULL, &ev.outside);
	snprintf(name, sizeof(name), "%.60s %.60s %.20s %.46s", metric,
	    reason != NULL ? reason : "", protocol != NULL ? protocol : "",
	    ip != NULL ? ip : "");
	ev.detail = reason != NULL ? reason : metric;
	for (n = jtree_first(t, points); n != NULL && result < PIECE_BAD;
	     n = jtree_next(t, points, n))
		result = read_point(p, n, &ev, name);
	return result;
}

const struct format format_gcp_metrics = {
	.name = "gcp-metrics",
	.does = "Google Cloud Monitoring time series of a Cloud NAT",
	.knows_json = knows,
	.json = read_series,
};
