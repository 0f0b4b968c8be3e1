/*
 * Providers that reserve ports for each host.
 */
#include "config.h"

#include <stdio.h>

#include "report/size/size_work.h"

/* ------------------------------------------------------------------ Google */

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

/* How ports are lent: from min on, each VM up to max, doubling. */
static void
gcp_dynamic(struct work *w, const struct provider_item *per)
{
	const struct provider_item *least =
	    size_find_limit(w, "ports-per-vm-dynamic");
	int64_t values[2];
	double lent;

	if (least == NULL || !w->written)
		return;
	values[0] = least->value;
	values[1] = w->a.ports_per_host > least->value ? w->a.ports_per_host
						       : 2 * least->value;
	lent = demand_by_powers(w->m, w->hold_s, w->room, least->value);
	size_add_step(w, "dynamic: ports lent", lent, "ports", least,
	    "each VM its own peak's power of two, from %lld",
	    (long long)least->value);
	size_add_step(w, "dynamic: addresses",
	    (double)size_whole(lent / (double)per->value), "addresses", per,
	    "%.10g / %lld, rounded up", lent, (long long)per->value);
	size_add_command(w, "dynamic", "PORTS", values, 2);
}

int
size_gcp(struct work *w)
{
	const struct provider_item *per =
	    size_need_limit(w, "ports-per-address");
	const struct provider_item *least =
	    size_need_limit(w, "ports-per-vm-static");
	const struct provider_item *most =
	    size_find_limit(w, "ports-per-vm-dynamic-max");
	const struct provider_item *setting =
	    provider_item(w->provider, ITEM_SETTING, "minPortsPerVm");
	const struct provider_item *pods =
	    size_find_limit(w, "ports-per-pod-node");
	int64_t busiest;

	if (per == NULL || least == NULL)
		return -1;
	size_ports_of_all(w);
	busiest = size_ports_of_busiest(w);
	w->a.ports_per_host =
	    size_power_of_two(larger((double)busiest, (double)least->value));
	size_add_step(w, "ports per VM", (double)w->a.ports_per_host, "ports",
	    setting != NULL ? setting : least,
	    "%lld, up to a power of two, from %lld", (long long)busiest,
	    (long long)least->value);
	size_addresses_for(w, (double)w->m->hosts * (double)w->a.ports_per_host,
	    per, "VMs x ports per VM = ");
	size_gateways(w);
	size_add_command(w, "min-ports", "PORTS", &w->a.ports_per_host, 1);
	gcp_dynamic(w, per);
	if (w->a.addresses > 1)
		size_add_command(w, "add-address", "ADDRESS", NULL, 0);
	if (most != NULL && w->a.ports_per_host > most->value)
		size_add_remark(w,
		    "A VM gets at most %lld ports: share its connections out "
		    "among more VMs or destinations.",
		    (long long)most->value);
	if (pods != NULL && w->a.ports_per_host < pods->value)
		size_add_remark(w,
		    "GKE: a node with a range of Pods (/24) gets at least "
		    "%lld whatever this says; its Pods share them.",
		    (long long)pods->value);
	return 0;
}

/* ---------------------------------------------------- Azure load balancer */

/* The default for a pool of so many: "ports-per-instance-MOST", the next. */
static const struct provider_item *
default_share(const struct work *w)
{
	static const int most[] = { 50, 100, 200, 400, 800, 1000 };
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(most) / sizeof(most[0]); i++)
		if (w->m->hosts <= most[i]) {
			snprintf(name, sizeof(name), "ports-per-instance-%d",
			    most[i]);
			return size_find_limit(w, name);
		}
	return NULL;
}

int
size_azure_lb(struct work *w)
{
	const struct provider_item *per =
	    size_need_limit(w, "ports-per-address");
	const struct provider_item *block = size_find_limit(w, "port-block");
	const struct provider_item *share = default_share(w);
	int64_t size = block != NULL ? block->value : 1, busiest;

	if (per == NULL)
		return -1;
	size_ports_of_all(w);
	busiest = size_ports_of_busiest(w);
	w->a.ports_per_host = (busiest + size - 1) / size * size;
	size_add_step(w, "ports per instance", (double)w->a.ports_per_host,
	    "ports", block, "%lld, up to a multiple of %lld",
	    (long long)busiest, (long long)size);
	size_addresses_for(w, (double)w->m->hosts * (double)w->a.ports_per_host,
	    per, "instances x ports = ");
	size_gateways(w);
	if (share != NULL)
		size_add_remark(w,
		    "By default each of %lld instances has %lld: %s.",
		    (long long)w->m->hosts, (long long)share->value,
		    share->value < w->a.ports_per_host ? "too few" : "enough");
	size_add_command(w, "ports", "PORTS", &w->a.ports_per_host, 1);
	return 0;
}
