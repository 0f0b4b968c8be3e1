/*
 * How a gateway is set, as its provider describes it: gcloud compute routers
 * nats describe, az network nat gateway show, az network lb outbound-rule
 * show, aws ec2 describe-nat-gateways, as JSON.  What becomes of them is one
 * event of kind "settings" whose detail has the keys of a run's gateway.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "natdiff/xalloc.h"
#include "report/import/fields.h"
#include "report/import/formats.h"

enum provider { GCP, AWS, AZURE, AZURE_LB, NO_PROVIDER };

static enum provider
provider_of(const struct jtree *t, const struct jnode *o)
{
	const struct jnode *outbound =
	    jtree_get(t, o, "allocatedOutboundPorts");

	if (jtree_get(t, o, "natIpAllocateOption") != NULL ||
	    jtree_get(t, o, "sourceSubnetworkIpRangesToNat") != NULL)
		return GCP;
	if (jtree_get(t, o, "NatGatewayId") != NULL)
		return AWS;
	if (outbound != NULL)
		return AZURE_LB;
	if (jtree_get(t, o, "idleTimeoutInMinutes") != NULL &&
	    (jtree_get(t, o, "publicIpAddresses") != NULL ||
		jtree_get(t, o, "publicIpPrefixes") != NULL))
		return AZURE;
	return NO_PROVIDER;
}

static bool
knows(const struct jtree *t, const struct jnode *o)
{
	const struct jnode *nats = jtree_get(t, o, "nats");

	return provider_of(t, o) != NO_PROVIDER ||
	    (nats != NULL &&
		provider_of(t, jtree_first(t, nats)) != NO_PROVIDER);
}

static int64_t
count_of(const struct jtree *t, const struct jnode *o, const char *key)
{
	const struct jnode *list = jtree_get(t, o, key), *n;
	int64_t count = 0;

	if (list == NULL || list->type != J_ARRAY)
		return 0;
	for (n = jtree_first(t, list); n != NULL; n = jtree_next(t, list, n))
		count++;
	return count;
}

/* A member that is a number in range, times unit, under a name of ours. */
static void
put_number(json_t *facts, const char *name, const struct jtree *t,
    const struct jnode *o, const char *key, int64_t unit)
{
	int64_t v;

	if (field_number(jtree_text(t, o, key), 1, INT32_MAX, &v))
		json_object_set_new(facts, name, json_integer(v * unit));
}

static void
put_flag(json_t *facts, const char *name, const struct jtree *t,
    const struct jnode *o, const char *key)
{
	const struct jnode *n = jtree_get(t, o, key);

	if (n != NULL && (n->type == J_TRUE || n->type == J_FALSE))
		json_object_set_new(
		    facts, name, json_boolean(n->type == J_TRUE));
}

static void
put_addresses(json_t *facts, int64_t n)
{
	if (n > 0)
		json_object_set_new(facts, "addresses", json_integer(n));
}

static void
read_gcp(const struct jtree *t, const struct jnode *o, json_t *facts)
{
	const struct jnode *dynamic =
	    jtree_get(t, o, "enableDynamicPortAllocation");
	bool grows = dynamic != NULL && dynamic->type == J_TRUE;

	put_addresses(facts, count_of(t, o, "natIps"));
	put_number(facts, "ports_per_host", t, o,
	    grows ? "maxPortsPerVm" : "minPortsPerVm", 1);
	put_number(
	    facts, "time_wait_us", t, o, "tcpTimeWaitTimeoutSec", 1000000);
	put_number(
	    facts, "idle_us", t, o, "tcpEstablishedIdleTimeoutSec", 1000000);
	put_flag(facts, "dynamic_ports", t, o, "enableDynamicPortAllocation");
	put_flag(facts, "endpoint_independent_mapping", t, o,
	    "enableEndpointIndependentMapping");
	put_number(facts, "least_ports_per_host", t, o, "minPortsPerVm", 1);
	put_flag(facts, "log", t, jtree_get(t, o, "logConfig"), "enable");
}

/* A prefix of /30 has four addresses, but does not say so here. */
static void
read_azure(const struct jtree *t, const struct jnode *o, json_t *facts)
{
	if (count_of(t, o, "publicIpPrefixes") == 0)
		put_addresses(facts, count_of(t, o, "publicIpAddresses"));
	put_number(facts, "idle_us", t, o, "idleTimeoutInMinutes", 60000000);
}

static void
read_azure_lb(const struct jtree *t, const struct jnode *o, json_t *facts)
{
	put_addresses(facts, count_of(t, o, "frontendIPConfigurations"));
	put_addresses(facts, count_of(t, o, "frontendIpConfigurations"));
	put_number(facts, "ports_per_host", t, o, "allocatedOutboundPorts", 1);
	put_number(facts, "idle_us", t, o, "idleTimeoutInMinutes", 60000000);
}

static json_t *
read_facts(const struct jtree *t, const struct jnode *o, enum provider provider)
{
	static const char *const names[] = { "gcp", "aws", "azure",
		"azure-lb" };
	json_t *facts = json_object();

	json_object_set_new(facts, "provider", json_string(names[provider]));
	json_object_set_new(facts, "pool", json_string("per-destination"));
	switch (provider) {
	case GCP:
		read_gcp(t, o, facts);
		break;
	case AWS:
		put_addresses(facts, count_of(t, o, "NatGatewayAddresses"));
		break;
	case AZURE:
		read_azure(t, o, facts);
		break;
	case AZURE_LB:
		read_azure_lb(t, o, facts);
		break;
	case NO_PROVIDER:
		break;
	}
	return facts;
}

static enum piece_result
read_gateway(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	enum provider provider = provider_of(t, o);
	const char *name = jtree_string(t, o, "NatGatewayId");
	char identity[LINE_IDENTITY_SIZE + 16];
	struct gateway_event_record ev;
	enum piece_result result;
	json_t *facts;
	char *detail;

	if (provider == NO_PROVIDER)
		return parse_bad(p,
		    "expected the JSON of gcloud compute "
		    "routers nats describe, az network nat "
		    "gateway show or aws ec2 "
		    "describe-nat-gateways");
	facts = read_facts(t, o, provider);
	detail = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(facts);
	if (detail == NULL)
		x_no_memory();
	if (name == NULL)
		name = jtree_string(t, o, "name");
	gateway_event_record_init(&ev);
	ev.source = name != NULL ? name : "gateway";
	ev.kind = "settings";
	ev.from_at_us = p->hints->at_us != NOT_MEASURED ? p->hints->at_us
							: p->hints->written_us;
	ev.to_at_us = ev.from_at_us;
	ev.detail = detail;
	memcpy(identity, "settings ", 9);
	field_line_identity(p, detail, identity + 9);
	ev.identity = identity;
	result = parse_gateway_event(p, &ev);
	free(detail);
	return result;
}

/* One gateway, or the list of a whole Cloud Router. */
static enum piece_result
read_settings(struct parse *p, const struct jnode *o)
{
	const struct jtree *t = &p->json;
	const struct jnode *nats = jtree_get(t, o, "nats"), *n;
	enum piece_result result = PIECE_SKIPPED;

	if (nats == NULL)
		return read_gateway(p, o);
	for (n = jtree_first(t, nats); n != NULL && result < PIECE_BAD;
	     n = jtree_next(t, nats, n))
		result = read_gateway(p, n);
	return result;
}

const struct format format_settings = {
	.name = "settings",
	.does = "how a gateway is set: JSON of gcloud, az or aws describe",
	.knows_json = knows,
	.json = read_settings,
};
