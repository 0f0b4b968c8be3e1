/*
 * The steps of a computation that providers share, and how they are written
 * down.
 */
#include "config.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/size/size_work.h"

#define TEXT_MAX 4096

/* ------------------------------------------------------- what is written */

void
size_add_step(struct work *w, const char *what, double value, const char *unit,
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

void
size_add_remark(struct work *w, const char *fmt, ...)
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

void
size_add_command(struct work *w, const char *name, const char *word,
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

int64_t
size_whole(double x)
{
	return (int64_t)ceil(x - 1e-6);
}

const struct provider_item *
size_find_limit(const struct work *w, const char *name)
{
	return provider_item(w->provider, ITEM_LIMIT, name);
}

const struct provider_item *
size_need_limit(struct work *w, const char *name)
{
	const struct provider_item *i = size_find_limit(w, name);

	if (i == NULL)
		err_set(w->e, "provider %s: no \"limit %s\" in the limits",
		    w->provider->name, name);
	return i;
}

double
size_wanted(double open, double rate, const struct work *w)
{
	return (open + rate * w->hold_s) * w->room;
}

void
size_ports_of_all(struct work *w)
{
	double ports = size_wanted(w->peak.open, w->peak.rate, w);

	w->a.ports = size_whole(ports);
	size_add_step(w, "ports to one destination", (double)w->a.ports,
	    "ports", NULL, "(%.6g open + %.4g/s x %.6g s) x %.4g", w->peak.open,
	    w->peak.rate, w->hold_s, w->room);
}

int64_t
size_ports_of_busiest(struct work *w)
{
	int64_t ports =
	    size_whole(size_wanted(w->peak.host_open, w->peak.host_rate, w));

	size_add_step(w, "ports of the busiest host", (double)ports, "ports",
	    NULL, "(%.6g open + %.4g/s x %.6g s) x %.4g", w->peak.host_open,
	    w->peak.host_rate, w->hold_s, w->room);
	return ports > 0 ? ports : 1;
}

void
size_addresses_for(struct work *w, double ports,
    const struct provider_item *per, const char *how)
{
	int64_t n = size_whole(ports / (double)per->value);

	n = n > 0 ? n : 1;
	size_add_step(w, "addresses", (double)n, "addresses", per,
	    "%s%.10g / %lld, rounded up", how, ports, (long long)per->value);
	if (n > w->a.addresses)
		w->a.addresses = n;
}

void
size_gateways(struct work *w)
{
	const struct provider_item *most = size_find_limit(w, "addresses");
	const struct provider_item *quota =
	    size_find_limit(w, "addresses-quota");

	w->a.gateways = 1;
	if (most != NULL && w->a.addresses > most->value) {
		w->a.gateways =
		    size_whole((double)w->a.addresses / (double)most->value);
		size_add_step(w, "gateways", (double)w->a.gateways, "gateways",
		    most, "%lld / %lld, rounded up", (long long)w->a.addresses,
		    (long long)most->value);
		size_add_remark(w,
		    "One gateway takes %lld addresses: share the hosts "
		    "(subnets) out among %lld gateways.",
		    (long long)most->value, (long long)w->a.gateways);
	} else if (quota != NULL && w->a.addresses > quota->value) {
		size_add_remark(w,
		    "%lld addresses need a raised quota: without one it is "
		    "%lld.",
		    (long long)w->a.addresses, (long long)quota->value);
	}
}
