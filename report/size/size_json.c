/*
 * A sizing as JSON.  Keys are added to, never changed.
 */
#include "config.h"

#include <math.h>

#include <jansson.h>

#include "natdiff/text.h"
#include "report/output/json_parts.h"
#include "report/size/size_report.h"

#define SOURCE_MAX 4096

/* 0 stands for "has no such setting". */
static json_t *
count_or_null(int64_t n)
{
	return n > 0 ? json_integer(n) : json_null();
}

static json_t *
answer(const struct size_answer *a)
{
	return json_pack("{s:I, s:o, s:I, s:I}", "ports", (json_int_t)a->ports,
	    "ports_per_host", count_or_null(a->ports_per_host), "addresses",
	    (json_int_t)a->addresses, "gateways", (json_int_t)a->gateways);
}

static json_t *
traffic(const struct size_report *r)
{
	const struct demand *m = &r->demand;
	const struct demand_peak *p = &r->peak;

	return json_pack("{s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:b, s:o, s:o, "
			 "s:o, s:o}",
	    "destination", json_text(m->destination), "peak_at",
	    json_moment(p->at_us), "destinations", (json_int_t)m->destinations,
	    "hosts", (json_int_t)m->hosts, "hosts_measured",
	    json_count(m->hosts_seen), "connections", json_number(p->open),
	    "new_per_second", json_number(p->rate), "new_per_second_is_least",
	    !m->rate_given, "life_s",
	    json_number(p->rate > 0 ? p->open / p->rate : NAN),
	    "busiest_host_connections", json_number(p->host_open),
	    "busiest_host_new_per_second", json_number(p->host_rate),
	    "head_room", json_number(r->room - 1));
}

/* Name, source and date of a limit; null where there is none. */
static json_t *
limit(const struct providers *p, const struct provider_item *i)
{
	struct text t;
	json_t *o;

	if (i == NULL)
		return json_null();
	text_init(&t, SOURCE_MAX);
	provider_item_cite(p, i, &t);
	o = json_pack("{s:s, s:s, s:o, s:s}", "kind", item_kind_name(i->kind),
	    "name", i->name, "says", json_text(i->text), "source", t.s);
	text_clear(&t);
	return o;
}

static json_t *
steps(const struct providers *p, const struct size_plan *plan)
{
	json_t *list = json_array();
	const struct size_step *s;
	size_t i;

	for (i = 0; i < plan->n_steps; i++) {
		s = &plan->step[i];
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:o, s:s, s:o}", "what", s->what,
			"sum", s->sum, "result", json_number(s->value), "unit",
			s->unit, "limit", limit(p, s->limit)));
	}
	return list;
}

static json_t *
texts(char *const *text, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(text[i]));
	return list;
}

static json_t *
changes(const struct size_plan *plan)
{
	static const char *const names[CHANGES] = {
		[CHANGE_REUSE] = "reuse",
		[CHANGE_HOLD_DOWN] = "shorter_hold_down",
	};
	json_t *list = json_array(), *o;
	int i;

	for (i = 0; i < CHANGES; i++) {
		if (plan->changed[i].gateways == 0)
			continue;
		o = answer(&plan->changed[i]);
		json_object_set_new(o, "change", json_string(names[i]));
		json_object_set_new(o, "hold_down_us",
		    i == CHANGE_HOLD_DOWN
			? json_integer(plan->changed_hold_down_us)
			: json_null());
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
provider_plan(const struct size_report *r, const struct size_plan *plan)
{
	const struct size_hold_down *h = &plan->hold_down;
	const struct size_failures *f = &r->failures;
	int64_t pool = size_report_pool(r, plan);
	json_t *o = answer(&plan->answer);

	json_object_set_new(o, "provider", json_string(plan->provider->name));
	json_object_set_new(o, "title", json_string(plan->provider->title));
	json_object_set_new(o, "hold_down",
	    json_pack("{s:I, s:s, s:o, s:o}", "us", (json_int_t)h->us, "origin",
		size_origin_name(h->origin), "measured", json_text(h->source),
		"limit", limit(r->providers, h->timer)));
	json_object_set_new(o, "steps", steps(r->providers, plan));
	json_object_set_new(o, "changes", changes(plan));
	json_object_set_new(
	    o, "commands", texts(plan->command, plan->n_commands));
	json_object_set_new(o, "remarks", texts(plan->remark, plan->n_remarks));
	json_object_set_new(o, "failures_prevented",
	    f->full > 0 && pool > f->pool_ports
		? json_count(size_failures_held(
		      f, r->d, &r->demand, r->failures_hold_s, pool))
		: json_null());
	return o;
}

static json_t *
failures(const struct size_report *r)
{
	static const char *const pools[] = {
		[POOL_OF_HOST] = "host",
		[POOL_OF_GATEWAY] = "gateway",
	};
	const struct size_failures *f = &r->failures;
	bool known = f->pool != POOL_NOT_KNOWN;

	if (r->demand.destination == NULL)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "seen",
	    json_count(f->seen), "pool_of",
	    known ? json_string(pools[f->pool]) : json_null(), "pool_ports",
	    count_or_null(f->pool_ports), "pool_origin", json_text(f->pool_how),
	    "ports_wanted_at_peak", known ? json_number(f->peak) : json_null(),
	    "at_full_pool", known ? json_count(f->full) : json_null());
}

void
size_json(const struct size_report *r, FILE *out)
{
	json_t *list = json_array(), *o;
	size_t i;

	for (i = 0; i < r->n; i++)
		json_array_append_new(list, provider_plan(r, &r->plan[i]));
	o = json_pack("{s:s, s:i, s:o, s:o, s:o}", "format", "natdiff-size",
	    "version", 1, "traffic", traffic(r), "failures", failures(r),
	    "providers", list);
	json_dumpf(o, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(o);
}
