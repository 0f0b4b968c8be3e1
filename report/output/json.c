/*
 * A report as JSON.  Lists are lists even when empty, a value that does not
 * exist is null, and keys are never removed: programs rely on it.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include "natdiff/walltime.h"
#include "report/output/json_parts.h"
#include "report/output/output.h"

#define JSON_VERSION 1

const char *
json_role(enum role role)
{
	return role == ROLE_DIRECT ? "direct" : "nat";
}

static json_t *
window(const struct report *r)
{
	const struct dataset *d = r->d;
	int64_t us = report_interval_us(r);

	return json_pack("{s:o, s:o, s:o}", "from",
	    json_moment(
		d->since_us != NOT_MEASURED ? d->since_us : d->first_us),
	    "to",
	    json_moment(d->until_us != NOT_MEASURED ? d->until_us : d->last_us),
	    "interval_s",
	    us == NOT_MEASURED ? json_null() : json_number((double)us / 1e6));
}

/* --------------------------------------------------------------- inputs */

static json_t *
source_json(const struct dataset *d, const struct source *s)
{
	const struct series *series = &d->series[s->series];
	const struct path *path = &d->paths[series->path];
	const struct input *in = &d->inputs[s->input];
	json_t *addresses = json_array(), *clock;
	size_t i;

	for (i = 0; i < s->n_addresses; i++)
		json_array_append_new(
		    addresses, json_string(d->addresses.text[s->addresses[i]]));
	clock = json_pack("{s:o, s:o, s:o}", "synchronised",
	    s->synchronised == NOT_MEASURED ? json_null()
					    : json_boolean(s->synchronised),
	    "max_error_us", json_measured(s->max_error_us), "step_us",
	    json_measured(s->step_us));
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
	    "file", in->file, "agent", d->agents.text[series->agent], "host",
	    d->hosts.text[series->host], "path", path->name, "role",
	    json_role(path->role), "runs", json_count(s->runs), "attempts",
	    json_count(s->attempts), "clock", clock, "public_addresses",
	    addresses);
}

static json_t *
inputs(const struct report *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->sources.n; i++)
		json_array_append_new(
		    list, source_json(r->d, &r->sources.source[i]));
	return list;
}

/* ---------------------------------------------------------------- paths */

/* What every count by path has. */
static json_t *
tally_json(const struct dataset *d, uint32_t path_index, const struct tally *t)
{
	const struct path *path = &d->paths[path_index];
	struct interval ci;
	double rate = tally_rate(t, &ci);

	return json_pack(
	    "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o}}",
	    "path", path->name, "role", json_role(path->role), "attempts",
	    json_count(t->ok + t->failed), "ok", json_count(t->ok), "failed",
	    json_count(t->failed), "failure_rate", json_number(rate),
	    "failure_rate_ci", json_interval(ci), "interrupted",
	    json_count(t->interrupted), "syn_retransmits", "attempts_with",
	    json_count(t->syn_with), "max",
	    t->syn_known > 0 ? json_count(t->syn_max) : json_null(), "known",
	    json_count(t->syn_known));
}

static json_t *
failures(const struct path_summary *p)
{
	json_t *list = json_array();
	int phase, failure;

	for (phase = 0; phase < PHASE_COUNT; phase++)
		for (failure = 1; failure < FAILURE_COUNT; failure++)
			if (p->failures[phase][failure] > 0)
				json_array_append_new(list,
				    json_pack("{s:s, s:s, s:o}", "phase",
					phase_name(phase), "failure",
					failure_name(failure), "count",
					json_count(
					    p->failures[phase][failure])));
	return list;
}

static json_t *
statuses(const struct path_summary *p)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < p->n_statuses; i++)
		json_array_append_new(list,
		    json_pack("{s:i, s:o}", "http_status",
			(int)p->statuses[i].status, "count",
			json_count(p->statuses[i].count)));
	return list;
}

static json_t *
phases(const struct path_summary *p)
{
	json_t *list = json_array();
	const struct duration_summary *s;
	int i;

	for (i = 0; i < DURATION_COUNT; i++) {
		s = &p->durations[i];
		json_array_append_new(list,
		    json_pack("{s:s, s:o, s:o, s:o, s:o}", "phase",
			duration_name(i), "n", json_count(s->n), "p50_us",
			json_number(s->p50_us), "p90_us",
			json_number(s->p90_us), "p99_us",
			json_number(s->p99_us)));
	}
	return list;
}

static json_t *
paths(const struct dataset *d, const struct part *part)
{
	json_t *list = json_array(), *path;
	const struct path_summary *p;
	size_t i;

	for (i = 0; i < part->n_paths; i++) {
		p = &part->paths[i];
		path = tally_json(d, p->path, &p->tally);
		json_object_set_new(path, "failures", failures(p));
		json_object_set_new(path, "statuses", statuses(p));
		json_object_set_new(path, "phases", phases(p));
		json_array_append_new(list, path);
	}
	return list;
}

/* ------------------------------------------------------------ endpoints */

static json_t *
pairs_json(const struct pairs *p)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:o}",
	    "both_ok", json_count(p->both_ok), "nat_only_failed",
	    json_count(p->nat_only), "direct_only_failed",
	    json_count(p->direct_only), "both_failed",
	    json_count(p->both_failed), "half",
	    json_count(p->half_nat + p->half_direct), "half_nat",
	    json_count(p->half_nat), "half_direct", json_count(p->half_direct),
	    "half_dns", json_count(p->half_dns), "apart", json_count(p->apart),
	    "spare", json_count(p->spare), "repeats", json_count(p->repeats));
}

/* Parts by a text: targets, addresses. */
static json_t *
named_parts(const struct dataset *d, const struct parts *parts,
    const struct names *names)
{
	json_t *list = json_array();
	const struct part *part;
	size_t i;

	for (i = 0; i < parts->n; i++) {
		part = &parts->part[i];
		json_array_append_new(list,
		    json_pack("{s:o, s:o}", "address",
			part->key == NO_INDEX
			    ? json_null()
			    : json_string(names->text[part->key]),
			"paths", paths(d, part)));
	}
	return list;
}

static json_t *
targets(const struct dataset *d, const struct parts *parts,
    const struct endpoint_verdict *v)
{
	json_t *list = named_parts(d, parts, &d->targets);
	size_t i;

	for (i = 0; i < parts->n; i++)
		json_add_target_tests(
		    json_array_get(list, i), v, parts->part[i].key);
	return list;
}

static json_t *
hosts(const struct dataset *d, const struct parts *parts,
    const struct endpoint_verdict *v)
{
	json_t *list = json_array(), *host;
	const struct series *s;
	size_t i;

	for (i = 0; i < parts->n; i++) {
		s = &d->series[parts->part[i].key];
		host = json_pack("{s:s, s:s, s:o}", "agent",
		    d->agents.text[s->agent], "host", d->hosts.text[s->host],
		    "paths", paths(d, &parts->part[i]));
		json_add_host_tests(host, d, v, parts->part[i].key);
		json_array_append_new(list, host);
	}
	return list;
}

static json_t *
hours(const struct dataset *d, const struct summary *s)
{
	json_t *list = json_array(), *of = NULL;
	const struct hour *h;
	size_t i;

	for (i = 0; i < s->n_hours; i++) {
		h = &s->hours[i];
		if (i == 0 || h->from_us != h[-1].from_us) {
			of = json_array();
			json_array_append_new(list,
			    json_pack("{s:o, s:o}", "from",
				json_moment(h->from_us), "paths", of));
		}
		json_array_append_new(of, tally_json(d, h->path, &h->tally));
	}
	return list;
}

static json_t *
endpoint_json(const struct report *r, const struct endpoint_report *e)
{
	const struct endpoint_verdict *v =
	    &r->verdict.endpoints[e - r->endpoints];
	const struct summary *s = &e->summary;
	const struct dataset *d = r->d;
	json_t *o;

	o = json_pack(
	    "{s:s, s:s?, s:b, s:s?, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
	    e->endpoint->name, "url", e->endpoint->url, "control",
	    (int)e->endpoint->control, "kind", e->endpoint->kind, "paths",
	    paths(d, &s->all), "pairs", pairs_json(&e->pairs), "failure_test",
	    json_contrast(v, OUTCOME_FAILED), "syn_test",
	    json_contrast(v, OUTCOME_SYN), "late_test",
	    json_contrast(v, OUTCOME_LATE), "status_test",
	    json_contrast(v, OUTCOME_STATUS), "latency", json_latency(v));
	json_object_set_new(o, "targets", targets(d, &s->targets, v));
	json_object_set_new(o, "hosts", hosts(d, &s->hosts, v));
	json_object_set_new(o, "hours", hours(d, s));
	json_object_set_new(o, "hours_of_day", json_hours_of_day(v));
	json_object_set_new(o, "change_point", json_change_point(v));
	json_object_set_new(o, "public_addresses",
	    named_parts(d, &s->addresses, &d->addresses));
	return o;
}

static json_t *
endpoints(const struct report *r)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < r->n_endpoints; i++)
		json_array_append_new(list, endpoint_json(r, &r->endpoints[i]));
	return list;
}

/* ------------------------------------------------------------------ all */

static json_t *
notes(const struct report *r)
{
	json_t *list = json_array();
	const struct note *n;
	size_t i;

	for (i = 0; i < r->notes.n; i++) {
		n = &r->notes.note[i];
		json_array_append_new(list,
		    json_pack("{s:s, s:o, s:s}", "kind", n->kind, "at",
			json_moment(n->at_us), "text", n->text));
	}
	return list;
}

void
output_json(
    const struct report *r, const struct output_options *options, FILE *out)
{
	json_t *o;

	(void)options; /* the queries are always there */
	o = json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
		      "s:o, s:o, s:o, s:o, s:o}",
	    "format", "natdiff-report", "version", JSON_VERSION, "generated_at",
	    json_moment(r->generated_at_us), "window", window(r), "inputs",
	    inputs(r), "endpoints", endpoints(r), "episodes", json_episodes(r),
	    "evidence", json_evidence(r), "verdict", json_verdict(r), "ledger",
	    json_ledger(r), "egress", json_egress(r), "gateway",
	    json_gateway(r), "notes", notes(r), "comparison",
	    json_comparison(r->comparison), "advice", json_advice(r));
	/* ASCII only: what was hostile in a name must not reach a terminal. */
	json_dumpf(o, out,
	    JSON_INDENT(2) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12));
	fputc('\n', out);
	json_decref(o);
}
