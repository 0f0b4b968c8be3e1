/*
 * Before and after as JSON.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "report/output/comparison_words.h"
#include "report/output/json_parts.h"

static json_t *
part_json(const struct comparison_endpoint *e, enum comparison_measure m,
    enum comparison_period which)
{
	const struct comparison_part *part = &e->change[m].part[which];

	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}",
	    "from", json_moment(e->from_us[which]), "to",
	    json_moment(e->to_us[which]), "pairs", json_count(e->pairs[which]),
	    "slots", json_count(part->pairs), "nat_rate",
	    json_number(part->nat), "direct_rate", json_number(part->direct),
	    "difference", json_number(part->test.est), "difference_ci",
	    json_interval(part->ci), "gate", (int)part->test.gate, "load",
	    json_number(e->load[which]));
}

static json_t *
hour_list(const struct comparison_endpoint *e)
{
	json_t *list = json_array();
	int h;

	for (h = 0; h < DIDIFF_HOURS; h++)
		if (e->hours[BEFORE][h] > 0 && e->hours[AFTER][h] > 0)
			json_array_append_new(list, json_integer(h));
	return list;
}

/* null, or a word for programs and a sentence for people. */
static json_t *
refused_json(const struct comparison_endpoint *e, enum comparison_measure m)
{
	char *words = comparison_refusal_words(e, m);
	json_t *o = json_null();

	if (words != NULL)
		o = json_pack("{s:s, s:s}", "reason",
		    comparison_refusal_name(e->change[m].refused), "text",
		    words);
	free(words);
	return o;
}

/* One measure at one endpoint. */
static json_t *
change_json(const struct comparison_endpoint *e, enum comparison_measure m)
{
	const struct comparison_change *c = &e->change[m];
	bool refused = c->refused != REFUSAL_NONE;

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, "
			 "s:i, s:i, s:o, s:o}",
	    "endpoint", e->name, "measure", comparison_measure_name(m),
	    "result", comparison_result_name(c->result), "before",
	    part_json(e, m, BEFORE), "after", part_json(e, m, AFTER), "change",
	    json_number(refused ? NAN : c->change.est), "change_ci",
	    refused ? json_null() : json_interval(c->change.ci), "p",
	    json_number(refused ? NAN : c->change.p), "p_adjusted",
	    json_number(refused ? NAN : c->p_adjusted), "hours", hour_list(e),
	    "hours_matched", e->hours_matched, "hours_seen", e->hours_seen,
	    "load_ratio", json_number(e->load_ratio), "refused",
	    refused_json(e, m));
}

json_t *
json_comparison(const struct comparison *c)
{
	json_t *o, *list;
	size_t i;
	int m;

	if (c == NULL)
		return json_null();
	if (c->leader == NULL) {
		o = json_pack("{s:s, s:{s:s, s:s}}", "result", "refused",
		    "refused", "reason", "no_pairs", "text",
		    "there are no endpoints");
	} else {
		o = change_json(c->leader, c->measure);
	}
	json_object_set_new(o, "method",
	    json_string("difference in differences, blocks, Welch"));
	list = json_array();
	for (i = 0; i < c->n; i++)
		for (m = 0; m < COMPARISON_MEASURES; m++)
			json_array_append_new(list,
			    change_json(
				&c->endpoint[i], (enum comparison_measure)m));
	json_object_set_new(o, "endpoints", list);
	return o;
}
