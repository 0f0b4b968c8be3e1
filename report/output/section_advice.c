/*
 * What to do next about the verdict's cause, at the gateway as configured.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/advice.h"
#include "report/output/sections.h"

#define STEP_WIDTH 7 /* "confirm" */

static void
how_lines(struct page *p, const char *how)
{
	char *lines = x_strdup(how), *line, *save = NULL;

	for (line = strtok_r(lines, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		page_detail(p, STEP_WIDTH, "%s", line);
	free(lines);
}

static void
advice_item(struct page *p, const struct advice *a)
{
	if (p->explain)
		page_item(p, advice_step_name(a->step), STEP_WIDTH, "%s. %s",
		    a->action, a->why);
	else
		page_item(
		    p, advice_step_name(a->step), STEP_WIDTH, "%s", a->action);
	how_lines(p, a->how);
	if (p->explain && a->source != NULL)
		page_detail(p, STEP_WIDTH, "Source: %s", a->source);
}

void
section_advice(struct page *p, const struct report *r)
{
	struct advice_list l;
	size_t i;

	advice_give_default(r->verdict.cause, r->d->provider, &l);
	if (l.n > 0)
		page_heading(p, "what to do next");
	for (i = 0; i < l.n; i++)
		advice_item(p, &l.advice[i]);
	if (l.n > 0)
		page_item(p, "read", STEP_WIDTH, ADVICE_RUNBOOK,
		    cause_name(r->verdict.cause));
	advice_list_clear(&l);
}
