/*
 * From ports to settings, provider by provider.
 */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/size/size.h"

#define TEXT_MAX 4096

/* One computation: with the steps written down, or for its result alone. */
struct work {
	struct size_plan *plan;
	const struct provider *provider;
	const struct demand *m;
	double hold_s; /* 0: connections are used again */
	double room;
	bool written;
	struct demand_peak peak;
	struct size_answer a;
	struct err *e;
};

const char *
size_origin_name(enum size_origin o)
{
	static const char *const names[ORIGINS] = {
		[ORIGIN_GIVEN] = "given",
		[ORIGIN_MEASURED] = "measured",
		[ORIGIN_CONFIGURED] = "configured",
		[ORIGIN_DOCUMENTED] = "documented",
		[ORIGIN_ASSUMED] = "assumed",
	};

	return names[o];
}

int64_t
size_power_of_two(double x)
{
	int64_t n = 1;

	while ((double)n < x)
		n *= 2;
	return n;
}

bool
size_ports_are_shared(const struct provider *provider)
{
	return strcmp(provider->name, "gcp") != 0 &&
	    strcmp(provider->name, "azure-lb") != 0;
}

int64_t
size_ports_per_address(const struct provider *provider)
{
	static const char *const limits[] = { "ports-per-address",
		"sessions-per-address", "connections-per-destination" };
	const struct provider_item *i;
	size_t k;

	for (k = 0; k < sizeof(limits) / sizeof(limits[0]); k++) {
		i = provider_item(provider, ITEM_LIMIT, limits[k]);
		if (i != NULL)
			return i->value;
	}
	return 0;
}

/* Whole ones: not one more because of a rounding error. */
static int64_t
whole(double x)
{
	return (int64_t)ceil(x - 1e-6);
}

static double
larger(double a, double b)
{
	return a > b ? a : b;
}

/* ------------------------------------------------------- what is written */

/* A step; limit may be NULL, and the sum is a printf. */
static void __attribute__((format(printf, 6, 7)))
step(struct work *w, const char *what, double value, const char *unit,
    const struct provider_item *limit, const char *fmt, ...)
{
	struct size_plan *plan = w->plan;
	char sum[256];
	struct size_step *s;
	va_list ap;

	if (!w->written)
		return;
	va_start(ap, fmt);
	vsnprintf(sum, sizeof(sum), fmt, ap);
	va_end(ap);
	plan->step = x_grow(plan->step, plan->n_steps, &plan->steps_capacity,
	    sizeof(*plan->step));
	s = &plan->step[plan->n_steps++];
	s->what = x_strdup(what);
	s->sum = x_strdup(sum);
	s->value = value;
	s->unit = unit;
	s->limit = limit;
}

static void __attribute__((format(printf, 2, 3)))
remark(struct work *w, const char *fmt, ...)
{
	struct size_plan *plan = w->plan;
	char line[512];
	va_list ap;

	if (!w->written)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	plan->remark = x_grow(plan->remark, plan->n_remarks,
	    &plan->remarks_capacity, sizeof(*plan->remark));
	plan->remark[plan->n_remarks++] = x_strdup(line);
}

/* A command of the provider's data with n numbers for a word, in order. */
static void
command(struct work *w, const char *name, const char *word,
    const int64_t values[], size_t n)
{
	const struct provider_item *i =
	    provider_item(w->provider, ITEM_COMMAND, name);
	struct size_plan *plan = w->plan;
	const char *at, *next;
	struct text t;
	size_t k;

	if (!w->written || i == NULL)
		return;
	text_init(&t, TEXT_MAX);
	at = i->text;
	for (k = 0; k < n; k++) {
		next = strstr(at, word);
		if (next == NULL)
			break;
		text_add(&t, at, (size_t)(next - at));
		text_addf(&t, "%lld", (long long)values[k]);
		at = next + strlen(word);
	}
	text_addf(&t, "%s", at);
	plan->command = x_grow(plan->command, plan->n_commands,
	    &plan->commands_capacity, sizeof(*plan->command));
	plan->command[plan->n_commands++] = t.s;
}

/* -------------------------------------------------------------- the parts */

static const struct provider_item *
find_limit(const struct work *w, const char *name)
{
	return provider_item(w->provider, ITEM_LIMIT, name);
}

/* NULL and e where it is not there. */
static const struct provider_item *
need_limit(struct work *w, const char *name)
{
	const struct provider_item *i = find_limit(w, name);

	if (i == NULL)
		err_set(w->e, "provider %s: no \"limit %s\" in the limits",
		    w->provider->name, name);
	return i;
}

static double
wanted(double open, double rate, const struct work *w)
{
	return (open + rate * w->hold_s) * w->room;
}

/* Ports to one destination, of all hosts. */
static void
ports_of_all(struct work *w)
{
	double ports = wanted(w->peak.open, w->peak.rate, w);

	w->a.ports = whole(ports);
	step(w, "ports to one destination", (double)w->a.ports, "ports", NULL,
	    "(%.6g open + %.4g/s x %.6g s) x %.4g", w->peak.open, w->peak.rate,
	    w->hold_s, w->room);
}

static int64_t
ports_of_busiest(struct work *w)
{
	int64_t ports = whole(wanted(w->peak.host_open, w->peak.host_rate, w));

	step(w, "ports of the busiest host", (double)ports, "ports", NULL,
	    "(%.6g open + %.4g/s x %.6g s) x %.4g", w->peak.host_open,
	    w->peak.host_rate, w->hold_s, w->room);
	return ports > 0 ? ports : 1;
}

/* Addresses, so that each holds what one can; at least what there was. */
static void
addresses_for(struct work *w, double ports, const struct provider_item *per,
    const char *how)
{
	int64_t n = whole(ports / (double)per->value);

	n = n > 0 ? n : 1;
	step(w, "addresses", (double)n, "addresses", per,
	    "%s%.10g / %lld, rounded up", how, ports, (long long)per->value);
	if (n > w->a.addresses)
		w->a.addresses = n;
}

/* Gateways, where one takes only so many addresses. */
static void
gateways(struct work *w)
{
	const struct provider_item *most = find_limit(w, "addresses");
	const struct provider_item *quota = find_limit(w, "addresses-quota");

	w->a.gateways = 1;
	if (most != NULL && w->a.addresses > most->value) {
		w->a.gateways =
		    whole((double)w->a.addresses / (double)most->value);
		step(w, "gateways", (double)w->a.gateways, "gateways", most,
		    "%lld / %lld, rounded up", (long long)w->a.addresses,
		    (long long)most->value);
		remark(w,
		    "One gateway takes %lld addresses: share the hosts "
		    "(subnets) out among %lld gateways.",
		    (long long)most->value, (long long)w->a.gateways);
	} else if (quota != NULL && w->a.addresses > quota->value) {
		remark(w,
		    "%lld addresses need a raised quota: without one it is "
		    "%lld.",
		    (long long)w->a.addresses, (long long)quota->value);
	}
}

/* ------------------------------------------------------------------ Google */

/* How ports are lent: from min on, each VM up to max, doubling. */
static void
gcp_dynamic(struct work *w, const struct provider_item *per)
{
	const struct provider_item *least =
	    find_limit(w, "ports-per-vm-dynamic");
	int64_t values[2];
	double lent;

	if (least == NULL || !w->written)
		return;
	values[0] = least->value;
	values[1] = w->a.ports_per_host > least->value ? w->a.ports_per_host
						       : 2 * least->value;
	lent = demand_by_powers(w->m, w->hold_s, w->room, least->value);
	step(w, "dynamic: ports lent", lent, "ports", least,
	    "each VM its own peak's power of two, from %lld",
	    (long long)least->value);
	step(w, "dynamic: addresses", (double)whole(lent / (double)per->value),
	    "addresses", per, "%.10g / %lld, rounded up", lent,
	    (long long)per->value);
	command(w, "dynamic", "PORTS", values, 2);
}

static int
size_gcp(struct work *w)
{
	const struct provider_item *per = need_limit(w, "ports-per-address");
	const struct provider_item *least =
	    need_limit(w, "ports-per-vm-static");
	const struct provider_item *most =
	    find_limit(w, "ports-per-vm-dynamic-max");
	const struct provider_item *setting =
	    provider_item(w->provider, ITEM_SETTING, "minPortsPerVm");
	const struct provider_item *pods = find_limit(w, "ports-per-pod-node");
	int64_t busiest;

	if (per == NULL || least == NULL)
		return -1;
	ports_of_all(w);
	busiest = ports_of_busiest(w);
	w->a.ports_per_host =
	    size_power_of_two(larger((double)busiest, (double)least->value));
	step(w, "ports per VM", (double)w->a.ports_per_host, "ports",
	    setting != NULL ? setting : least,
	    "%lld, up to a power of two, from %lld", (long long)busiest,
	    (long long)least->value);
	addresses_for(w, (double)w->m->hosts * (double)w->a.ports_per_host, per,
	    "VMs x ports per VM = ");
	gateways(w);
	command(w, "min-ports", "PORTS", &w->a.ports_per_host, 1);
	gcp_dynamic(w, per);
	if (w->a.addresses > 1)
		command(w, "add-address", "ADDRESS", NULL, 0);
	if (most != NULL && w->a.ports_per_host > most->value)
		remark(w,
		    "A VM gets at most %lld ports: share its connections out "
		    "among more VMs or destinations.",
		    (long long)most->value);
	if (pods != NULL && w->a.ports_per_host < pods->value)
		remark(w,
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
			return find_limit(w, name);
		}
	return NULL;
}

static int
size_azure_lb(struct work *w)
{
	const struct provider_item *per = need_limit(w, "ports-per-address");
	const struct provider_item *block = find_limit(w, "port-block");
	const struct provider_item *share = default_share(w);
	int64_t size = block != NULL ? block->value : 1, busiest;

	if (per == NULL)
		return -1;
	ports_of_all(w);
	busiest = ports_of_busiest(w);
	w->a.ports_per_host = (busiest + size - 1) / size * size;
	step(w, "ports per instance", (double)w->a.ports_per_host, "ports",
	    block, "%lld, up to a multiple of %lld", (long long)busiest,
	    (long long)size);
	addresses_for(w, (double)w->m->hosts * (double)w->a.ports_per_host, per,
	    "instances x ports = ");
	gateways(w);
	if (share != NULL)
		remark(w, "By default each of %lld instances has %lld: %s.",
		    (long long)w->m->hosts, (long long)share->value,
		    share->value < w->a.ports_per_host ? "too few" : "enough");
	command(w, "ports", "PORTS", &w->a.ports_per_host, 1);
	return 0;
}

/* ------------------------------------------- addresses that hosts share */

/*
 * What one address holds to one destination.  A limit of connections next to
 * one of ports is about open ones; alone, it is not said whether closed ones
 * that are held down count, so they do.
 */
static int
size_shared(struct work *w)
{
	const struct provider_item *ports = find_limit(w, "ports-per-address");
	const struct provider_item *open =
	    find_limit(w, "connections-per-destination");
	const struct provider_item *total = find_limit(w, "connections-total");
	const struct provider_item *pool =
	    provider_item(w->provider, ITEM_POOL, "per-address");
	double at_once = w->peak.open * w->room;
	double n = (double)w->m->destinations, all;

	if (ports == NULL)
		ports = find_limit(w, "sessions-per-address");
	if (ports == NULL && open == NULL)
		return need_limit(w, "ports-per-address") == NULL ? -1 : 0;
	ports_of_all(w);
	all = (double)w->a.ports;
	if (pool != NULL) {
		all *= n;
		step(w, "ports, of all destinations", all, "ports", pool,
		    "%lld x %.10g destinations, each as busy",
		    (long long)w->a.ports, n);
	}
	if (ports != NULL)
		addresses_for(w, all, ports, "");
	else
		addresses_for(w, all, open, "");
	if (ports != NULL && open != NULL)
		addresses_for(
		    w, ceil(at_once - 1e-6), open, "open ones, with room: ");
	gateways(w);
	if (total != NULL && at_once * n > (double)total->value)
		remark(w,
		    "%.0f connections to %.0f destinations are more than one "
		    "gateway's %lld in all.",
		    at_once * n, n, (long long)total->value);
	if (w->a.addresses == 1) {
		remark(w, "One address holds that: there is nothing to set.");
	} else {
		command(w, "addresses", "ADDRESS", NULL, 0);
		command(w, "add-address", "ADDRESS", NULL, 0);
	}
	return 0;
}

/* ------------------------------------------------------------------- Linux */

static int
size_linux(struct work *w)
{
	const struct provider_item *per = need_limit(w, "ports-per-address");
	const struct provider_item *usable = find_limit(w, "pool-usable");
	const struct provider_item *table = need_limit(w, "table-entries");
	int64_t range, entries;

	if (per == NULL || table == NULL)
		return -1;
	ports_of_all(w);
	range = w->a.ports > 0 ? w->a.ports : 1;
	if (usable != NULL) {
		range = whole((double)range * 100 / (double)usable->value);
		step(w, "ports of the range", (double)range, "ports", usable,
		    "%lld / %.2f", (long long)w->a.ports,
		    (double)usable->value / 100);
	}
	addresses_for(w, (double)range, per, "");
	w->a.ports = range;
	gateways(w);
	if (w->a.addresses == 1)
		remark(w,
		    "snat to ADDRESS without a range gives %lld; with one, "
		    "ADDRESS:1024-%lld or more.",
		    (long long)per->value, (long long)(1023 + range));
	else
		remark(w,
		    "snat to ADDRESS-ADDRESS, %lld addresses, without a range "
		    "of ports.",
		    (long long)w->a.addresses);
	entries = whole(
	    wanted(w->peak.open, w->peak.rate, w) * (double)w->m->destinations);
	step(w, "entries of the table", (double)entries, "entries", table,
	    "%.10g x %zu destinations, each as busy; default %lld",
	    ceil(wanted(w->peak.open, w->peak.rate, w) - 1e-6),
	    w->m->destinations, (long long)table->value);
	command(w, "rules", "", NULL, 0);
	if (entries > table->value)
		command(w, "table", "ENTRIES", &entries, 1);
	return 0;
}

/* ----------------------------------------------------------------- a plan */

static int
run(struct work *w)
{
	demand_peak(w->m, w->hold_s, &w->peak);
	memset(&w->a, 0, sizeof(w->a));
	if (strcmp(w->provider->name, "gcp") == 0)
		return size_gcp(w);
	if (strcmp(w->provider->name, "azure-lb") == 0)
		return size_azure_lb(w);
	if (strcmp(w->provider->name, "linux") == 0)
		return size_linux(w);
	return size_shared(w);
}

/* The hold-down to count with, and where it is from. */
static void
choose_hold_down(struct work *w, const struct size_hold_down *known)
{
	const struct provider_item *timer =
	    provider_item(w->provider, ITEM_TIMER, "time-wait");
	struct size_hold_down *h = &w->plan->hold_down;

	if (known->us != NOT_MEASURED) {
		*h = *known;
		h->source =
		    known->source != NULL ? x_strdup(known->source) : NULL;
	} else if (timer != NULL) {
		h->us = timer->value;
		h->origin = ORIGIN_DOCUMENTED;
		h->timer = timer;
	} else {
		h->us = SIZE_HOLD_DOWN_US;
		h->origin = ORIGIN_ASSUMED;
	}
}

void
size_hold_down_known(struct size_hold_down *h, const struct dataset *d)
{
	const struct measurement *m;
	char at[WALLTIME_TEXT_SIZE];
	int64_t us;
	size_t i;

	if (h->us != NOT_MEASURED)
		return;
	for (i = 0; i < d->n_measurements; i++) {
		m = &d->measurements[i];
		us = m->best != NOT_MEASURED ? m->best : m->high;
		if (m->finding != REUSE_AFTER_FIN || us <= h->us ||
		    d->paths[m->path].role != ROLE_NAT)
			continue;
		h->us = us;
		h->origin = ORIGIN_MEASURED;
		free(h->source);
		h->source = x_asprintf("natdiff-probe reuse, %s, host %s",
		    walltime_format(m->started_at_us, 0, at),
		    d->hosts.text[m->host]);
	}
	if (h->us == NOT_MEASURED && d->gateway.time_wait_us != NOT_MEASURED) {
		h->us = d->gateway.time_wait_us;
		h->origin = ORIGIN_CONFIGURED;
	}
}

/* What reuse, or a shorter hold-down, would make of it. */
static void
changes(struct work *w)
{
	struct size_plan *plan = w->plan;
	const struct provider_item *shorter =
	    provider_item(w->provider, ITEM_TIMER, "time-wait-new");
	struct work changed = *w;

	changed.written = false;
	changed.hold_s = 0;
	if (run(&changed) == 0)
		plan->changed[CHANGE_REUSE] = changed.a;
	if (shorter == NULL || shorter->value >= plan->hold_down.us)
		return;
	plan->changed_hold_down_us = shorter->value;
	changed.hold_s = (double)shorter->value / 1e6;
	if (run(&changed) == 0)
		plan->changed[CHANGE_HOLD_DOWN] = changed.a;
}

int
size_plan(struct size_plan *plan, const struct provider *provider,
    const struct demand *m, const struct size_hold_down *hold_down, double room,
    struct err *e)
{
	struct work w = {
		.plan = plan,
		.provider = provider,
		.m = m,
		.room = room,
		.written = true,
		.e = e,
	};

	memset(plan, 0, sizeof(*plan));
	plan->provider = provider;
	choose_hold_down(&w, hold_down);
	w.hold_s = (double)plan->hold_down.us / 1e6;
	if (run(&w) != 0) {
		size_plan_clear(plan);
		return -1;
	}
	plan->peak = w.peak;
	plan->answer = w.a;
	changes(&w);
	return 0;
}

void
size_plan_clear(struct size_plan *plan)
{
	size_t i;

	for (i = 0; i < plan->n_steps; i++) {
		free(plan->step[i].what);
		free(plan->step[i].sum);
	}
	for (i = 0; i < plan->n_commands; i++)
		free(plan->command[i]);
	for (i = 0; i < plan->n_remarks; i++)
		free(plan->remark[i]);
	free(plan->step);
	free(plan->command);
	free(plan->remark);
	free(plan->hold_down.source);
	memset(plan, 0, sizeof(*plan));
}
