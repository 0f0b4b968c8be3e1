/*
 * The verdict, what is missing for a better one, and what it rests on.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/sections.h"

static void
verdict_title(struct page *p, const struct verdict *v)
{
	char *title;

	title = v->cause == CAUSE_INCONCLUSIVE
	    ? x_asprintf("verdict: %s", cause_name(v->cause))
	    : x_asprintf("verdict: %s, %s evidence", cause_name(v->cause),
		  strength_name(v->strength));
	page_title(p, title);
	free(title);
}

/* What is missing, but for what the statement says already. */
void
section_missing(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	size_t begun = 0, i;

	for (i = 0; i < v->n_missing; i++) {
		if (strstr(v->statement, v->missing[i]) != NULL)
			continue;
		if (begun++ == 0)
			page_heading(p, "missing, or not proven");
		page_item(p, NULL, 0, "%s", v->missing[i]);
	}
}

/* Hosts, addresses, hours, since when. */
static void
where(struct page *p, const struct verdict *v)
{
	size_t i;

	if (v->n_where > 0)
		page_heading(p, "where and when");
	for (i = 0; i < v->n_where; i++)
		page_item(p, NULL, 0, "%s", v->where[i]);
}

/* When, how often, and from how much. */
static void
window(struct page *p, const struct report *r)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	char every[WALLTIME_TEXT_SIZE];
	const struct dataset *d = r->d;
	int64_t us = report_interval_us(r);

	if (d->first_us == NOT_MEASURED)
		return;
	walltime_format(
	    d->since_us != NOT_MEASURED ? d->since_us : d->first_us, 0, from);
	walltime_format(
	    d->until_us != NOT_MEASURED ? d->until_us : d->last_us, 0, to);
	duration_format(us == NOT_MEASURED ? 0 : us, every);
	page_paragraph(p, "%s to %s%s%s", from, to,
	    us == NOT_MEASURED ? "" : ", every ",
	    us == NOT_MEASURED ? "" : every);
}

void
section_verdict(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	char *counts = report_statement(r);

	verdict_title(p, v);
	page_paragraph(p, "%s", v->statement);
	page_paragraph(p, "%s", counts);
	window(p, r);
	free(counts);
	section_where(p, r);
}

void
section_where(struct page *p, const struct report *r)
{
	where(p, &r->verdict);
	section_missing(p, r);
}

/* -------------------------------------------------------- the other causes */

/* The names of all causes that the same text excludes, in new memory. */
static char *
names_of(const struct open_cause *list, size_t n, size_t first)
{
	char *names = NULL, *longer;
	size_t i;

	for (i = first; i < n; i++) {
		if (strcmp(list[i].text, list[first].text) != 0)
			continue;
		longer = x_asprintf("%s%s%s", names != NULL ? names : "",
		    names != NULL ? ", " : "", cause_name(list[i].cause));
		free(names);
		names = longer;
	}
	return names;
}

/* Each text once, with all causes that it is about. */
static bool
is_repeated(const struct open_cause *list, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (strcmp(list[k].text, list[i].text) == 0)
			return true;
	return false;
}

void
section_not_ruled_out(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	size_t width = 0, length, i;

	for (i = 0; i < v->n_not_ruled_out; i++) {
		length = strlen(cause_name(v->not_ruled_out[i].cause));
		width = length > width ? length : width;
	}
	if (v->n_not_ruled_out > 0)
		page_heading(p, "not ruled out, and what would tell");
	for (i = 0; i < v->n_not_ruled_out; i++)
		page_item(p, cause_name(v->not_ruled_out[i].cause), width, "%s",
		    v->not_ruled_out[i].text);
}

void
section_ruled_out(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	char *names;
	size_t i;

	if (v->n_ruled_out > 0)
		page_heading(p, "ruled out, and by what");
	for (i = 0; i < v->n_ruled_out; i++) {
		if (is_repeated(v->ruled_out, i))
			continue;
		names = names_of(v->ruled_out, v->n_ruled_out, i);
		page_item(p, NULL, 0, "%s by %s", names, v->ruled_out[i].text);
		free(names);
	}
}
