/*
 * Google Cloud NAT logs (compute.googleapis.com/nat_flows): the array that
 * gcloud logging read prints, and the lines of a sink.  Their fields are
 * spelled in both manners, and the protocol is a number or a name.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

static const struct jnode *
either(
    const struct jtree *t, const struct jnode *o, const char *a, const char *b)
{
	const struct jnode *n = jtree_get(t, o, a);

	return n != NULL ? n : jtree_get(t, o, b);
}

static const char *
text(const struct jtree *t, const struct jnode *o, const char *a, const char *b)
{
	const char *s = jtree_text(t, o, a);

	return s != NULL ? s : jtree_text(t, o, b);
}

static const struct jnode *
payload(const struct jtree *t, const struct jnode *o)
{
	return either(t, o, "jsonPayload", "json_payload");
}

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	return text(t, payload(t, o), "allocation_status",
		   "allocationStatus") != NULL;
}

/* The gateway's name, wherever it stands. */
static const char *
gateway_name(const struct jtree *t, const struct jnode *o)
{
	const struct jnode *ids = either(
	    t, payload(t, o), "gateway_identifiers", "gatewayIdentifiers");
	const char *s = text(t, ids, "gateway_name", "gatewayName");

	if (s == NULL)
		s = text(t, jtree_get(t, jtree_get(t, o, "resource"), "labels"),
		    "gateway_name", "gatewayName");
	if (s == NULL)
		s = text(t, ids, "router_name", "cloud_router");
	return s != NULL ? s : "gcp nat";
}

static bool
read_connection(const struct jtree *t, const struct jnode *c,
    struct gateway_event_record *ev)
{
	const char *nat = text(t, c, "nat_ip", "natIp");
	const char *to = text(t, c, "dest_ip", "destIp");
	const char *port = text(t, c, "dest_port", "destPort");

	if (to == NULL) {
		to = text(t, c, "dst_ip", "dstIp");
		port = text(t, c, "dst_port", "dstPort");
	}
	ev->protocol = field_protocol(jtree_text(t, c, "protocol"));
	if (nat != NULL && *nat != '\0' &&
	    !field_address_port(
		nat, text(t, c, "nat_port", "natPort"), &ev->outside))
		return false;
	return field_address_port(text(t, c, "src_ip", "srcIp"),
		   text(t, c, "src_port", "srcPort"), &ev->inside) &&
	    field_address_port(to, port, &ev->destination);
}

static enum piece_result
read_entry(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const struct jnode *load = payload(t, o);
	const char *at = jtree_string(t, o, "timestamp");
	const char *insert = text(t, o, "insertId", "insert_id");
	const char *status =
	    text(t, load, "allocation_status", "allocationStatus");
	char identity[160], detail[FIELD_TEXT_SIZE];
	const char *vm =
	    text(t, jtree_get(t, load, "endpoint"), "vm_name", "vmName");
	struct gateway_event_record ev;

	if (status == NULL)
		return load != NULL
		    ? PIECE_SKIPPED
		    : parse_bad(p,
			  "no allocation_status, expected an entry "
			  "of a Cloud NAT log");
	gateway_event_record_init(&ev);
	if (!field_time(p->hints, at, &ev.from_at_us))
		return parse_bad(p, "no good timestamp, expected RFC 3339");
	if (strcmp(status, "OK") != 0 && strcmp(status, "DROPPED") != 0)
		return parse_bad(p,
		    "unknown allocation_status, expected OK "
		    "or DROPPED");
	if (!read_connection(t, jtree_get(t, load, "connection"), &ev))
		return parse_bad(
		    p, "no good connection, expected src_ip and dest_ip");
	ev.to_at_us = ev.from_at_us;
	ev.kind = *status == 'O' ? "allocation_ok" : "allocation_failed";
	ev.source = gateway_name(t, o);
	if (insert != NULL) {
		/* The time first: rows that come in order are stored so. */
		snprintf(
		    identity, sizeof(identity), "gcp %.40s %.100s", at, insert);
		ev.identity = identity;
	}
	if (vm != NULL) {
		snprintf(detail, sizeof(detail), "vm %.200s", vm);
		ev.detail = detail;
	}
	return parse_gateway_event(p, &ev);
}

const struct format format_gcp_nat = {
	.name = "gcp-nat",
	.does = "Google Cloud NAT logs, from gcloud or a sink",
	.knows_json = knows,
	.json = read_entry,
};
