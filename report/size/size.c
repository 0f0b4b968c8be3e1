/*
 * From ports to settings, provider by provider.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/size/size_work.h"

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
