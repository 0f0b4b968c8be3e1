/*
 * A report that people read, in the order in which they ask: what is it, what
 * happened, how sure is that, what else could it be; the counts come last.
 */
#include "config.h"

#include "natdiff/xalloc.h"
#include "report/output/output.h"
#include "report/output/sections.h"

static int
rank_of(const struct endpoint *ep)
{
	if (endpoint_is_service(ep))
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
write_page(const struct page_style *style, const struct report *r,
    const struct output_options *options, FILE *out)
{
	struct page p = { out, style, options->explain, false, false };

	section_verdict(&p, r);
	section_comparison(&p, r);
	section_episodes(&p, r);
	section_compared(&p, r);
	section_ledger(&p, r);
	section_evidence(&p, r);
	section_not_ruled_out(&p, r);
	section_ruled_out(&p, r);
	section_advice(&p, r);
	section_notes(&p, r);
	section_egress(&p, r);
	section_sources(&p, r);
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
	section_not_ruled_out(&p, r);
	section_advice(&p, r);
	section_ruled_out(&p, r);
}
