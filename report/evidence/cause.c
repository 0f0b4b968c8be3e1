/*
 * Names of causes and strengths.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "report/evidence/cause.h"

static const struct {
	const char *name;
	const char *words;
	bool accuses_nat;
} causes[CAUSE_COUNT] = {
	[CAUSE_HEALTHY] = { "healthy",
	    "both paths are healthy for this host's share", false },
	[CAUSE_NAT_PORT_EXHAUSTION] = { "nat_port_exhaustion",
	    "the NAT has no free port for this destination", true },
	[CAUSE_NAT_PORT_REUSE] = { "nat_port_reuse",
	    "the NAT hands ports out again while the far end still holds the "
	    "old connection",
	    true },
	[CAUSE_NAT_TABLE_FULL] = { "nat_table_full",
	    "the NAT's connection table is full", true },
	[CAUSE_NAT_IDLE_TIMEOUT] = { "nat_idle_timeout",
	    "the NAT forgets silent connections", true },
	[CAUSE_NAT_PATH_LOSS] = { "nat_path_loss",
	    "the path through the NAT loses packets", true },
	[CAUSE_NAT_PATH_BLOCKED] = { "nat_path_blocked",
	    "something on the NAT path blocks this destination", true },
	[CAUSE_NAT_PATH_INTERFERENCE] = { "nat_path_interference",
	    "something on the NAT path cuts into connections", true },
	[CAUSE_EDGE_ADDRESS_LIMIT] = { "edge_address_limit",
	    "the far end refuses or throttles the NAT's address", false },
	[CAUSE_HOST_LIMIT] = { "host_limit",
	    "the probing host itself is at a limit", false },
	[CAUSE_ENDPOINT_DOWN] = { "endpoint_down",
	    "the endpoint fails on both paths", false },
	[CAUSE_DNS_TROUBLE] = { "dns_trouble", "names do not resolve", false },
	[CAUSE_LATENCY_ONLY] = { "latency_only",
	    "the NAT path is slower, and does not fail more", false },
	[CAUSE_INCONCLUSIVE] = { "inconclusive", "no cause can be named",
	    false },
};

static const char *const strengths[] = { "none", "weak", "moderate", "strong" };

const char *
cause_name(enum cause c)
{
	return causes[c].name;
}

enum cause
cause_parse(const char *name)
{
	int c;

	for (c = 0; c < CAUSE_COUNT; c++)
		if (strcmp(causes[c].name, name) == 0)
			break;
	return (enum cause)c;
}

const char *
cause_words(enum cause c)
{
	return causes[c].words;
}

bool
cause_accuses_nat(enum cause c)
{
	return causes[c].accuses_nat;
}

const char *
strength_name(enum strength s)
{
	return strengths[s];
}

enum strength
strength_of(double log10_bf)
{
	/* A factor of exactly 10 may come out as 0.99999. */
	double bf = log10_bf + 1e-9;

	if (bf >= log10(30))
		return STRENGTH_STRONG;
	if (bf >= 1)
		return STRENGTH_MODERATE;
	if (bf >= log10(3))
		return STRENGTH_WEAK;
	return STRENGTH_NONE;
}
