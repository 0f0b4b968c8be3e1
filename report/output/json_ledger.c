/*
 * What a far end of ours saw, for the JSON report.
 */
#include "config.h"

#include <jansson.h>

#include "report/output/json_parts.h"

static void
put_counts(json_t *o, const struct ledger_counts *c)
{
	json_object_set_new(o, "sent", json_count(c->sent));
	json_object_set_new(o, "accepted", json_count(c->accepted));
	json_object_set_new(o, "requested", json_count(c->requested));
	json_object_set_new(o, "failed", json_count(c->failed));
	json_object_set_new(
	    o, "failed_seen_at_edge", json_count(c->failed_seen));
	json_object_set_new(
	    o, "connected_unseen", json_count(c->connected_unseen));
}

static json_t *
clock_json(const struct dataset *d, const struct ledger_clock *c)
{
	return json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I}", "agent",
	    d->agents.text[c->agent], "host", d->hosts.text[c->host], "witness",
	    d->inputs[c->witness].file, "attempts", json_count(c->attempts),
	    "ahead_least_us", (json_int_t)c->least_us, "ahead_most_us",
	    (json_int_t)c->most_us, "drift_us", (json_int_t)c->drift_us);
}

json_t *
json_ledger(const struct report *r)
{
	const struct ledger *l = &r->verdict.ledger;
	json_t *o, *paths = json_array(), *clocks = json_array(), *path;
	const struct ledger_path *p;
	size_t i;

	if (l->n_paths == 0) {
		json_decref(paths);
		json_decref(clocks);
		return json_null();
	}
	o = json_object();
	put_counts(o, &l->all);
	json_object_set_new(o, "lost_arrivals", json_integer(l->lost));
	for (i = 0; i < l->n_paths; i++) {
		p = &l->paths[i];
		path =
		    json_pack("{s:s, s:s}", "path", r->d->paths[p->path].name,
			"role", json_role(r->d->paths[p->path].role));
		put_counts(path, &p->counts);
		json_object_set_new(path, "outside", json_count(p->outside));
		json_object_set_new(
		    path, "address_known", json_boolean(p->unnamed_known));
		json_array_append_new(paths, path);
	}
	for (i = 0; i < l->n_clocks; i++)
		json_array_append_new(clocks, clock_json(r->d, &l->clocks[i]));
	json_object_set_new(o, "paths", paths);
	json_object_set_new(o, "clocks", clocks);
	return o;
}

static json_t *
exit_json(const struct dataset *d, const struct exit_point *e)
{
	const struct series *s = &d->series[e->series];
	const struct ports *p = &e->ports;
	json_t *ports;

	ports = p->n == 0
	    ? json_null()
	    : json_pack("{s:o, s:o, s:i, s:i, s:o, s:s, s:o, s:i}", "n",
		  json_count(p->n), "distinct", json_count(p->distinct),
		  "lowest", (int)p->lowest, "highest", (int)p->highest,
		  "preserved", json_count(p->preserved), "order",
		  port_order_name(p->order), "blocks", json_count(p->blocks),
		  "block_width", (int)p->block_width);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "agent",
	    d->agents.text[s->agent], "host", d->hosts.text[s->host], "path",
	    d->paths[s->path].name, "role", json_role(d->paths[s->path].role),
	    "address", d->addresses.text[e->address], "attempts",
	    json_count(e->attempts), "ports", ports);
}

json_t *
json_egress(const struct report *r)
{
	const struct egress *g = &r->egress;
	json_t *exits = json_array();
	size_t i;

	for (i = 0; i < g->n; i++)
		json_array_append_new(exits, exit_json(r->d, &g->exits[i]));
	return json_pack("{s:o, s:o}", "apart",
	    g->apart == APART_UNKNOWN ? json_null()
				      : json_boolean(g->apart == APART_YES),
	    "exits", exits);
}
