/*
 * Flow logs of an Azure NAT gateway (NatGatewayFlowlogsV1): minutes, and only
 * what was dropped of connections that stood; ports that were refused are not
 * in them.
 */
#include "config.h"

#include <stdio.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

#define MINUTE_US INT64_C(60000000)

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	return jtree_get(t, o, "PacketsSentDropped") != NULL &&
	    jtree_get(t, o, "TimeGenerated") != NULL;
}

static enum piece_result
read_flow(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const char *at = jtree_string(t, o, "TimeGenerated");
	const char *from = jtree_string(t, o, "SourceIp");
	const char *to = jtree_string(t, o, "DestinationIp");
	const char *nat = jtree_string(t, o, "NatGatewayIp");
	const char *id = jtree_string(t, o, "_resourceId"), *s;
	struct gateway_event_record ev;
	char identity[240];

	gateway_event_record_init(&ev);
	if (!field_time(p->hints, at, &ev.from_at_us))
		return parse_bad(p, "no good TimeGenerated");
	if (!field_address_port(from, NULL, &ev.inside) ||
	    !field_address_port(to, NULL, &ev.destination))
		return parse_bad(p, "no good SourceIp and DestinationIp");
	if (nat != NULL)
		field_address_port(nat, NULL, &ev.outside);
	if (!field_number(jtree_text(t, o, "PacketsSentDropped"), 0, INT32_MAX,
		&ev.value))
		return parse_bad(p, "no good PacketsSentDropped");
	ev.to_at_us = ev.from_at_us + MINUTE_US;
	ev.kind = "established_packets_dropped";
	ev.source = "azure nat gateway";
	for (s = id; s != NULL && *s != '\0'; s++)
		if (*s == '/')
			ev.source = s + 1;
	snprintf(identity, sizeof(identity),
	    "azure-flow %.40s %.46s %.46s "
	    "%.46s",
	    at, from, to, nat != NULL ? nat : "");
	ev.identity = identity;
	return parse_gateway_event(p, &ev);
}

const struct format format_azure_flow = {
	.name = "azure-flow",
	.does = "flow logs of an Azure NAT gateway",
	.knows_json = knows,
	.json = read_flow,
};
