/*
 * The verdict, its evidence and its tests as JSON.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/advice.h"
#include "report/gateway_sums.h"
#include "report/output/json_parts.h"

/* Weights below this say nothing worth a line. */
#define WEIGHT_LEAST 0.1

json_t *
json_contrast(const struct endpoint_verdict *v, enum outcome o)
{
	return json_test(&v->facts.contrast[o], v->p_adjusted[o]);
}

static json_t *
json_bursts(const struct bursts *b)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "count", json_count(b->count),
	    "longest", json_count(b->longest), "runs_z", json_number(b->runs_z),
	    "acf1", json_number(b->acf1));
}

json_t *
json_test(const struct contrast *c, double p_adjusted)
{
	if (c->pairs == 0)
		return json_null();
	return json_pack("{s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o,"
			 " s:{s:o, s:o}}",
	    "method", "block", "blocks", json_count(c->test.blocks), "gate",
	    (int)c->test.gate, "difference", json_number(c->test.est),
	    "difference_ci", json_interval(c->ci), "p",
	    json_number(c->test.robust_p), "p_adjusted",
	    json_number(p_adjusted), "pairs", json_count(c->pairs), "tau",
	    json_number(c->test.tau), "deff", json_number(c->test.deff),
	    "bursts", "nat", json_bursts(&c->nat_bursts), "direct",
	    json_bursts(&c->direct_bursts));
}

json_t *
json_latency(const struct endpoint_verdict *v)
{
	json_t *list = json_array();
	const struct latency_shift *s;
	int p;

	for (p = 0; p < DURATION_COUNT; p++) {
		s = &v->latency[p];
		if (s->rank.n + s->rank.n_zero == 0)
			continue;
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:b}", "phase",
			duration_name((enum duration)p), "method",
			"hodges-lehmann, signed ranks by block", "shift_us",
			json_number(s->hl), "shift_ci", json_interval(s->shown),
			"p", json_number(latency_p(s)), "p_adjusted",
			json_number(v->latency_p_adjusted[p]), "gate",
			(int)s->rank.block.gate));
	}
	return list;
}

/* "e3-https-syn_retrans_excess_nat": unique within a report. */
static char *
evidence_id(const struct evidence *e)
{
	if (e->host != NULL)
		return x_asprintf(
		    "host:%s:%s:%s", e->host, e->endpoint, e->name);
	if (e->episode > 0)
		return x_asprintf(
		    "episode%zu:%s:%s", e->episode, e->endpoint, e->name);
	return x_asprintf("%s:%s", e->endpoint, e->name);
}

static json_t *
weights(const struct evidence *e, bool supports)
{
	json_t *list = json_array();
	int c;

	for (c = 0; c < CAUSE_COUNT; c++)
		if (supports ? e->weight[c] >= WEIGHT_LEAST
			     : e->weight[c] <= -WEIGHT_LEAST)
			json_array_append_new(list,
			    json_pack("{s:s, s:f}", "cause",
				cause_name((enum cause)c), "log10_bf",
				e->weight[c]));
	return list;
}

json_t *
json_evidence(const struct report *r)
{
	json_t *list = json_array(), *observed;
	const struct evidence *e;
	size_t i, k;
	char *id;

	for (i = 0; i < r->verdict.evidence.n; i++) {
		e = &r->verdict.evidence.item[i];
		observed = json_object();
		for (k = 0; k < e->n_numbers; k++)
			json_object_set_new(observed, e->number[k].key,
			    json_number(e->number[k].value));
		id = evidence_id(e);
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:s?}", "id",
			id, "endpoint", e->endpoint, "seen",
			e->state == STATE_YES, "says", e->says, "observed",
			observed, "supports", weights(e, true), "against",
			weights(e, false), "query", e->query));
		free(id);
	}
	return list;
}

/* The hosts with trouble in an episode, by name. */
static json_t *
episode_hosts(const struct report *r, const struct episode *ep)
{
	json_t *list = json_array();
	size_t n, i;
	char **hosts = report_episode_hosts(r, ep, &n);

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(hosts[i]));
	free(hosts);
	return list;
}

static json_t *
evidence_ids(const struct report *r, size_t episode)
{
	json_t *list = json_array();
	size_t i;
	char *id;

	for (i = 0; i < r->verdict.evidence.n; i++) {
		if (r->verdict.evidence.item[i].episode != episode)
			continue;
		id = evidence_id(&r->verdict.evidence.item[i]);
		json_array_append_new(list, json_string(id));
		free(id);
	}
	return list;
}

json_t *
json_episodes(const struct report *r)
{
	int64_t interval_us = report_interval_us(r);
	json_t *list = json_array(), *names;
	const struct episode_verdict *e;
	size_t i, k;

	for (i = 0; i < r->verdict.n_episodes; i++) {
		e = &r->verdict.episodes[i];
		names = json_array();
		for (k = 0; k < e->n_endpoints; k++)
			json_array_append_new(names,
			    json_string(r->d->endpoints[e->endpoints[k]].name));
		json_array_append_new(list,
		    json_pack("{s:o, s:o, s:s, s:o, s:o, s:{s:o, s:o}, "
			      "s:{s:o, s:o}, s:s, s:s, s:o}",
			"from",
			interval_us == NOT_MEASURED
			    ? json_null()
			    : json_moment(e->episode.from_slot * interval_us),
			"to",
			interval_us == NOT_MEASURED
			    ? json_null()
			    : json_moment(e->episode.to_slot * interval_us),
			"path", e->episode.role == ROLE_NAT ? "nat" : "direct",
			"endpoints", names, "hosts",
			episode_hosts(r, &e->episode), "nat", "attempts",
			json_count(e->episode.nat_attempts), "failed",
			json_count(e->episode.nat_failed), "direct", "attempts",
			json_count(e->episode.direct_attempts), "failed",
			json_count(e->episode.direct_failed), "cause",
			cause_name(e->judgement.cause), "strength",
			strength_name(e->judgement.strength), "evidence",
			evidence_ids(r, i + 1)));
	}
	return list;
}

static json_t *
open_causes(const struct open_cause *list, size_t n, const char *key)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(array,
		    json_pack("{s:s, s:s}", "cause", cause_name(list[i].cause),
			key, list[i].text));
	return array;
}

/* Every cause against the best one: log10 of the Bayes factor, 0 and down. */
static json_t *
ranking(const struct judgement *j)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < j->n_ranked; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:f}", "cause", cause_name(j->ranked[i]),
			"log10_bf", j->total[i] - j->total[0]));
	return list;
}

json_t *
json_verdict(const struct report *r)
{
	const struct verdict *v = &r->verdict;
	json_t *missing = json_array(), *how_often = json_null();
	json_t *hosts = json_array();
	const char *cause = cause_name(v->cause);
	size_t i;

	for (i = 0; i < v->n_missing; i++)
		json_array_append_new(missing, json_string(v->missing[i]));
	for (i = 0; i < v->n_hosts; i++)
		json_array_append_new(hosts, json_string(v->hosts[i]));
	if (v->how_often != NULL)
		how_often = json_pack("{s:s, s:o, s:o}", "says", v->how_often,
		    "difference", json_number(v->difference), "difference_ci",
		    json_interval(v->difference_ci));
	return json_pack(
	    "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s?, s:o, s:o}",
	    "cause", cause, "strength", strength_name(v->strength), "statement",
	    v->statement, "not_ruled_out",
	    open_causes(v->not_ruled_out, v->n_not_ruled_out, "ask"),
	    "ruled_out", open_causes(v->ruled_out, v->n_ruled_out, "by"),
	    "missing", missing, "how_often", how_often, "ranking",
	    ranking(&v->judgement), "where", json_where(v), "host", v->host,
	    "hosts", hosts, "runbook", json_sprintf(ADVICE_RUNBOOK, cause));
}

/* What a gateway reads off at a moment, and which must not be added up. */
json_t *
json_gateway(const struct report *r)
{
	json_t *list = json_array();
	struct gateway_sums sums;
	size_t i;

	gateway_sums_find(&sums, r->d);
	for (i = 0; i < sums.n; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I, s:o}", "source",
			sums.sum[i].source, "kind", sums.sum[i].kind, "count",
			(json_int_t)sums.sum[i].value, "joined",
			sums.sum[i].lines > 0
			    ? json_integer((json_int_t)sums.sum[i].joined)
			    : json_null()));
	gateway_sums_clear(&sums);
	return list;
}

/* What to do about the verdict's cause, at the gateway as configured. */
json_t *
json_advice(const struct report *r)
{
	json_t *list = json_array();
	struct advice_list l;
	size_t i;

	advice_give_default(r->verdict.cause, r->d->provider, &l);
	for (i = 0; i < l.n; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "step",
			advice_step_name(l.advice[i].step), "action",
			l.advice[i].action, "why", l.advice[i].why, "how",
			l.advice[i].how, "provider",
			json_text(l.advice[i].provider), "source",
			json_text(l.advice[i].source)));
	advice_list_clear(&l);
	return list;
}
