/*
 * Where the trouble is as JSON: tests of single hosts and addresses, hours of
 * the day, the change point, and the sentences.
 */
#include "config.h"

#include <math.h>

#include "report/output/json_parts.h"

json_t *
json_where(const struct verdict *v)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < v->n_where; i++)
		json_array_append_new(list, json_string(v->where[i]));
	return list;
}

/* The hours of the day that were measured. */
json_t *
json_hours_of_day(const struct endpoint_verdict *v)
{
	json_t *list = json_array();
	const struct hour_of_day *h;
	int i;

	for (i = 0; i < DAY_HOURS; i++) {
		h = &v->where.hour[i];
		if (h->pairs == 0)
			continue;
		json_array_append_new(list,
		    json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "hour", i,
			"of",
			v->where.outcome == OUTCOME_SILENT ? "silent"
							   : "failed",
			"pairs", json_count(h->pairs), "nat",
			json_count(h->nat), "direct", json_count(h->direct),
			"nat_rate",
			json_number((double)h->nat / (double)h->pairs),
			"direct_rate",
			json_number((double)h->direct / (double)h->pairs)));
	}
	return list;
}

json_t *
json_change_point(const struct endpoint_verdict *v)
{
	const struct change *c = &v->where.change;

	if (!c->shown)
		return json_null();
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "at",
	    json_moment(c->at_us), "from", json_moment(c->from_us), "to",
	    json_moment(c->to_us), "before", json_number(c->before), "after",
	    json_number(c->after), "p", json_number(c->p), "of",
	    v->where.outcome == OUTCOME_SILENT ? "silent" : "failed");
}

static void
add_tests(json_t *part, const struct place *p)
{
	json_object_set_new(part, "failure_test",
	    p != NULL ? json_test(&p->failed, p->failed_p) : json_null());
	json_object_set_new(part, "silence_test",
	    p != NULL ? json_test(&p->silent, p->silent_p) : json_null());
	json_object_set_new(part, "shown", json_boolean(p != NULL && p->shown));
}

static double
least_p(const struct place *p)
{
	return fmin(p->failed_p, p->silent_p);
}

/* A host with several ways through the NAT is shown by the worst of them. */
void
json_add_host_tests(json_t *part, const struct dataset *d,
    const struct endpoint_verdict *v, uint32_t series)
{
	const struct places *hosts = &v->where.hosts;
	const struct place *worst = NULL, *p;
	const struct series *s;
	size_t i;

	for (i = 0; i < hosts->n; i++) {
		p = &hosts->place[i];
		s = &d->series[p->key];
		if (s->host == d->series[series].host &&
		    s->agent == d->series[series].agent &&
		    (worst == NULL || least_p(p) < least_p(worst)))
			worst = p;
	}
	add_tests(part, worst);
}

void
json_add_target_tests(
    json_t *part, const struct endpoint_verdict *v, uint32_t target)
{
	const struct places *targets = &v->where.targets;
	size_t i;

	for (i = 0; i < targets->n && targets->place[i].key != target; i++)
		;
	add_tests(part, i < targets->n ? &targets->place[i] : NULL);
}
