/*
 * What a reader should know of the data: remarks, the user's own notes, and
 * the databases that all is from.
 */
#include "config.h"

#include <string.h>

#include "natdiff/walltime.h"
#include "report/output/sections.h"

void
section_notes(struct page *p, const struct report *r)
{
	char at[WALLTIME_TEXT_SIZE];
	const struct note *n;
	size_t i;

	if (r->notes.n > 0)
		page_heading(p, "notes");
	for (i = 0; i < r->notes.n && i < NOTE_MAX; i++) {
		n = &r->notes.note[i];
		if (strcmp(n->kind, "annotation") == 0)
			page_item(p, NULL, 0, "%s: %s",
			    walltime_format(n->at_us, 0, at), n->text);
		else
			page_item(p, NULL, 0, "%s", n->text);
	}
	if (r->notes.n > NOTE_MAX)
		page_item(p, NULL, 0, "and %zu more (--format json has all)",
		    r->notes.n - NOTE_MAX);
}

void
section_sources(struct page *p, const struct report *r)
{
	const struct dataset *d = r->d;
	const struct source *s;
	size_t i;

	if (r->sources.n > 0)
		page_heading(p, "databases");
	for (i = 0; i < r->sources.n && i < LIST_MAX; i++) {
		s = &r->sources.source[i];
		page_item(p, NULL, 0,
		    "%s: host %s, path %s (%s), %zu attempts in %zu run%s",
		    d->inputs[s->input].file,
		    d->hosts.text[d->series[s->series].host],
		    d->paths[d->series[s->series].path].name,
		    series_role(d, s->series) == ROLE_NAT ? "nat" : "direct",
		    s->attempts, s->runs, s->runs == 1 ? "" : "s");
	}
	if (r->sources.n > LIST_MAX)
		page_item(p, NULL, 0, "and %zu more", r->sources.n - LIST_MAX);
}
