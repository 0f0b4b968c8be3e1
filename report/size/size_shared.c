/*
 * Addresses whose ports all hosts share.
 */
#include "config.h"

#include <math.h>

#include "report/size/size_work.h"

/*
 * What one address holds to one destination.  A limit of connections next to
 * one of ports is about open ones; alone, it is not said whether closed ones
 * that are held down count, so they do.
 */
int
size_shared(struct work *w)
{
	const struct provider_item *ports =
	    size_find_limit(w, "ports-per-address");
	const struct provider_item *open =
	    size_find_limit(w, "connections-per-destination");
	const struct provider_item *total =
	    size_find_limit(w, "connections-total");
	const struct provider_item *pool =
	    provider_item(w->provider, ITEM_POOL, "per-address");
	double at_once = w->peak.open * w->room;
	double n = (double)w->m->destinations, all;

	if (ports == NULL)
		ports = size_find_limit(w, "sessions-per-address");
	if (ports == NULL && open == NULL)
		return size_need_limit(w, "ports-per-address") == NULL ? -1 : 0;
	size_ports_of_all(w);
	all = (double)w->a.ports;
	if (pool != NULL) {
		all *= n;
		size_add_step(w, "ports, of all destinations", all, "ports",
		    pool, "%lld x %.10g destinations, each as busy",
		    (long long)w->a.ports, n);
	}
	if (ports != NULL)
		size_addresses_for(w, all, ports, "");
	else
		size_addresses_for(w, all, open, "");
	if (ports != NULL && open != NULL)
		size_addresses_for(
		    w, ceil(at_once - 1e-6), open, "open ones, with room: ");
	size_gateways(w);
	if (total != NULL && at_once * n > (double)total->value)
		size_add_remark(w,
		    "%.0f connections to %.0f destinations are more than one "
		    "gateway's %lld in all.",
		    at_once * n, n, (long long)total->value);
	if (w->a.addresses == 1) {
		size_add_remark(
		    w, "One address holds that: there is nothing to set.");
	} else {
		size_add_command(w, "addresses", "ADDRESS", NULL, 0);
		size_add_command(w, "add-address", "ADDRESS", NULL, 0);
	}
	return 0;
}

/* ------------------------------------------------------------------- Linux */

int
size_linux(struct work *w)
{
	const struct provider_item *per =
	    size_need_limit(w, "ports-per-address");
	const struct provider_item *usable = size_find_limit(w, "pool-usable");
	const struct provider_item *table = size_need_limit(w, "table-entries");
	int64_t range, entries;

	if (per == NULL || table == NULL)
		return -1;
	size_ports_of_all(w);
	range = w->a.ports > 0 ? w->a.ports : 1;
	if (usable != NULL) {
		range = size_whole((double)range * 100 / (double)usable->value);
		size_add_step(w, "ports of the range", (double)range, "ports",
		    usable, "%lld / %.2f", (long long)w->a.ports,
		    (double)usable->value / 100);
	}
	size_addresses_for(w, (double)range, per, "");
	w->a.ports = range;
	size_gateways(w);
	if (w->a.addresses == 1)
		size_add_remark(w,
		    "snat to ADDRESS without a range gives %lld; with one, "
		    "ADDRESS:1024-%lld or more.",
		    (long long)per->value, (long long)(1023 + range));
	else
		size_add_remark(w,
		    "snat to ADDRESS-ADDRESS, %lld addresses, without a range "
		    "of ports.",
		    (long long)w->a.addresses);
	entries = size_whole(size_wanted(w->peak.open, w->peak.rate, w) *
	    (double)w->m->destinations);
	size_add_step(w, "entries of the table", (double)entries, "entries",
	    table, "%.10g x %zu destinations, each as busy; default %lld",
	    ceil(size_wanted(w->peak.open, w->peak.rate, w) - 1e-6),
	    w->m->destinations, (long long)table->value);
	size_add_command(w, "rules", "", NULL, 0);
	if (entries > table->value)
		size_add_command(w, "table", "ENTRIES", &entries, 1);
	return 0;
}
