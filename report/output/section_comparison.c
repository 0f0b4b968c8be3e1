/*
 * Did the fix work?  The answer, what it rests on, and what it cannot tell.
 */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "report/output/comparison_words.h"
#include "report/output/sections.h"
#include "report/output/values.h"

#define WORDS_MAX 4096

static const char *const results[] = {
	[RESULT_REFUSED] = "not compared",
	[RESULT_NOT_SHOWN] = "that the fix worked is not shown",
	[RESULT_WORKED] = "the fix worked",
	[RESULT_IN_PART] = "the fix helped, but a difference remains",
	[RESULT_WORSE] = "it is worse than before",
	[RESULT_DIRECT_CHANGED] =
	    "the difference changed by the direct path more than by the nat "
	    "path, which says nothing of the fix",
	[RESULT_NOTHING_TO_FIX] =
	    "the nat path was no worse than the direct one before, so there "
	    "was nothing to fix",
};

static const char *const things[] = {
	[MEASURE_FAILURES] = "failures",
	[MEASURE_SYN] = "attempts with a SYN sent again",
};

/* A share in percent, or in points, to a tenth where it is small. */
static struct value
percent(double share)
{
	double x = 100 * share, tenths = round(10 * x) / 10;
	bool whole = fabs(tenths) >= 10 || tenths == round(tenths);
	struct value v;

	if (isnan(x))
		snprintf(v.s, sizeof(v.s), "?");
	else /* + 0: no minus before a nought */
		snprintf(v.s, sizeof(v.s), "%.*f", whole ? 0 : 1,
		    (whole ? round(x) : tenths) + 0.0);
	return v;
}

/* "43 % -> 0 % more failures on the nat path than on the direct one". */
static void
add_change(struct text *t, const struct comparison_change *c,
    enum comparison_measure m)
{
	double before = c->part[BEFORE].test.est;
	double after = c->part[AFTER].test.est;

	if (before > -0.0005 && after > -0.0005)
		text_addf(t,
		    "%s %% -> %s %% more %s on the nat path than on the direct "
		    "one",
		    percent(before).s, percent(after).s, things[m]);
	else
		text_addf(t, "%s, nat minus direct, %s -> %s points", things[m],
		    percent(before).s, percent(after).s);
	text_addf(t, " (change %s points, 95 %% %s to %s",
	    percent(c->change.est).s, percent(c->change.ci.lo).s,
	    percent(c->change.ci.hi).s);
	if (!isnan(c->p_adjusted))
		text_addf(t, ", %s", value_p(c->p_adjusted).s);
	text_addf(t, ")");
}

/* What a change of an endpoint comes to; free what is in it. */
static struct text
change_words(const struct comparison_endpoint *e, enum comparison_measure m)
{
	const struct comparison_change *c = &e->change[m];
	char *why = comparison_refusal_words(e, m);
	struct text t;

	text_init(&t, WORDS_MAX);
	if (why != NULL) {
		text_addf(&t, "%s at %s: %s", results[c->result], e->name, why);
	} else {
		text_addf(&t, "%s: at %s ", results[c->result], e->name);
		add_change(&t, c, m);
	}
	free(why);
	return t;
}

static void
period(struct page *p, const struct comparison_endpoint *e,
    enum comparison_measure m, enum comparison_period which)
{
	const struct comparison_part *part = &e->change[m].part[which];
	char from[WALLTIME_TEXT_SIZE], end[WALLTIME_TEXT_SIZE];

	page_item(p, which == BEFORE ? "before" : "after", sizeof("before") - 1,
	    "%s to %s: %s on nat %s %%, on direct %s %%, of %zu slots with "
	    "pairs",
	    walltime_format(e->from_us[which], 0, from),
	    walltime_format(e->to_us[which], 0, end), things[m],
	    percent(part->nat).s, percent(part->direct).s, part->pairs);
}

/* What was held alike, and what could not be. */
static void
likeness(struct page *p, const struct comparison_endpoint *e)
{
	const char *unknown = isnan(e->load[BEFORE])
	    ? isnan(e->load[AFTER]) ? "of both" : "before"
	    : "after";

	page_item(p, "hours", sizeof("before") - 1,
	    "compared in %d of %d hours of the day (UTC), those that both "
	    "have",
	    e->hours_matched, e->hours_seen);
	if (isnan(e->load_ratio))
		page_item(p, "load", sizeof("before") - 1,
		    "that %s is not known, so less trouble may be less load "
		    "(natdiff-probe census counts it)",
		    unknown);
	else
		page_item(p, "load", sizeof("before") - 1,
		    "hosts behind the NAT held %.3g connections at the median "
		    "before, %.3g after",
		    e->load[BEFORE], e->load[AFTER]);
}

static void
change_item(struct page *p, const struct comparison_endpoint *e,
    enum comparison_measure m, const char *lead)
{
	struct text t = change_words(e, m);

	page_item(p, lead, sizeof("before") - 1, "%s", t.s);
	text_clear(&t);
}

/* The other measure, where there is anything of it to tell. */
static void
other_measure(struct page *p, const struct comparison_endpoint *e,
    enum comparison_measure leading)
{
	enum comparison_measure other =
	    leading == MEASURE_SYN ? MEASURE_FAILURES : MEASURE_SYN;
	const struct comparison_change *c = &e->change[other];

	if (c->result != RESULT_REFUSED &&
	    (c->part[BEFORE].nat > 0 || c->part[AFTER].nat > 0))
		change_item(p, e, other, "also");
}

/* The endpoints but the first one told. */
static void
others(struct page *p, const struct comparison *c)
{
	size_t i, told = 0;

	for (i = 0; i < c->n && told < LIST_MAX; i++)
		if (&c->endpoint[i] != c->leader) {
			change_item(
			    p, &c->endpoint[i], MEASURE_FAILURES, "also");
			told++;
		}
	if (c->n > 1 + told)
		page_item(p, NULL, 0,
		    "and %zu more endpoints (--format json has all)",
		    c->n - 1 - told);
}

void
section_comparison(struct page *p, const struct report *r)
{
	const struct comparison *c = r->comparison;
	const struct comparison_endpoint *e;
	struct text t;

	if (c == NULL)
		return;
	page_heading(p, "before and after: did the fix work?");
	e = c->leader;
	if (e == NULL) {
		page_paragraph(p, "not compared: there are no endpoints");
		return;
	}
	t = change_words(e, c->measure);
	page_paragraph(p, "%s", t.s);
	text_clear(&t);
	/* All are refused then, each for its reason. */
	if (e->change[c->measure].result == RESULT_REFUSED) {
		if (c->n > 1)
			page_paragraph(p,
			    "nor is any of %zu more endpoints compared "
			    "(--format json says why)",
			    c->n - 1);
		return;
	}
	page_paragraph(p,
	    "This says what changed between the two, not why: what else "
	    "changed then, these numbers cannot tell");
	period(p, e, c->measure, BEFORE);
	period(p, e, c->measure, AFTER);
	likeness(p, e);
	other_measure(p, e, c->measure);
	others(p, c);
}
