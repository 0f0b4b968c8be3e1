/*
 * A report that people read, in the order in which they ask: what is it, what
 * happened, how sure is that, what else could it be; the counts come last.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/output.h"
#include "report/output/sections.h"

static int
rank_of(const struct endpoint *ep)
{
	if (ep->kind != NULL && strcmp(ep->kind, "endpoint") != 0)
		return 2;
	return ep->control;
}

size_t *
sections_order(const struct report *r)
{
	size_t *order = x_calloc(r->n_endpoints + 1, sizeof(*order)), n = 0, i;
	int rank;

	for (rank = 0; rank <= 2; rank++)
		for (i = 0; i < r->n_endpoints; i++)
			if (rank_of(r->endpoints[i].endpoint) == rank)
				order[n++] = i;
	return order;
}

static void
notes(struct page *p, const struct report *r)
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

static void
sources(struct page *p, const struct report *r)
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
		    d->paths[d->series[s->series].path].role == ROLE_NAT
			? "nat"
			: "direct",
		    s->attempts, s->runs, s->runs == 1 ? "" : "s");
	}
	if (r->sources.n > LIST_MAX)
		page_item(p, NULL, 0, "and %zu more", r->sources.n - LIST_MAX);
}

static void
write_page(const struct page_style *style, const struct report *r,
    const struct output_options *options, FILE *out)
{
	struct page p = { out, style, options->explain, false, false };

	section_verdict(&p, r);
	section_comparison(&p, r);
	section_episodes(&p, r);
	section_compared(&p, r);
	section_evidence(&p, r);
	section_rivals(&p, r);
	section_advice(&p, r);
	notes(&p, r);
	sources(&p, r);
	section_counts(&p, r);
}

void
output_text(
    const struct report *r, const struct output_options *options, FILE *out)
{
	write_page(&page_text, r, options, out);
}

void
output_markdown(
    const struct report *r, const struct output_options *options, FILE *out)
{
	write_page(&page_markdown, r, options, out);
}

void
output_watch(const struct report *r, FILE *out)
{
	struct page p = { out, &page_text, false, false, false };

	section_verdict(&p, r);
	section_rivals(&p, r);
	section_advice(&p, r);
}
