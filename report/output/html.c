/*
 * The report as one file that a browser shows without a network: no script,
 * no link to anything outside, which its own policy forbids besides.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/html.h"
#include "report/output/output.h"
#include "report/output/sections.h"

extern const char style_text[]; /* style.css */

static void
head(FILE *out, const struct report *r)
{
	const struct verdict *v = &r->verdict;

	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	      "<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "img-src data:\">\n"
	      "<meta name=\"viewport\" "
	      "content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>natdiff: ",
	    out);
	fputs(cause_name(v->cause), out);
	if (v->cause != CAUSE_INCONCLUSIVE)
		fprintf(out, ", %s evidence", strength_name(v->strength));
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n",
	    style_text);
}

/* Links to the sections. */
static void
contents(FILE *out, const struct html_page *page)
{
	size_t i;

	fputs("<nav aria-label=\"Sections\">", out);
	for (i = 0; i < page->n; i++) {
		fprintf(out, "<a href=\"#s%zu\">", i + 1);
		html_words(out, page->heading[i]);
		fputs("</a> ", out);
	}
	fputs("</nav>\n", out);
}

static void
sections(struct html_report *h)
{
	struct page *p = &h->page.page;
	const struct report *r = h->r;

	section_where(p, r);
	html_time(h);
	section_comparison(p, r);
	section_episodes(p, r);
	html_shape(h);
	html_hosts(h);
	section_compared(p, r);
	section_ledger(p, r);
	section_evidence(p, r);
	section_not_ruled_out(p, r);
	section_ruled_out(p, r);
	section_advice(p, r);
	html_gateway(h);
	section_notes(p, r);
	section_egress(p, r);
	html_ports(h);
	section_sources(p, r);
	section_counts(p, r);
	html_end_section(&h->page);
}

/* What write() writes, in new memory. */
static char *
written(struct html_report *h, void (*write)(struct html_report *h))
{
	char *text = NULL;
	size_t size;

	h->page.page.out = open_memstream(&text, &size);
	if (h->page.page.out == NULL)
		x_no_memory();
	write(h);
	fclose(h->page.page.out);
	return text;
}

void
output_html(
    const struct report *r, const struct output_options *options, FILE *out)
{
	struct html_report h = { .r = r };
	char *body;

	html_init(&h.page, NULL, options->explain);
	charts_make(&h.charts, r->d);
	body = written(&h, sections);
	h.page.page.out = out;
	head(out, r);
	html_verdict(&h);
	if (h.no_plots) {
		fputs("<p class=\"missing\" role=\"note\">There are no plots "
		      "in this report: ",
		    out);
		html_words(out, h.why.msg);
		fputs(".</p>\n", out);
	}
	contents(out, &h.page);
	fprintf(out, "<main>\n%s</main>\n</body>\n</html>\n", body);
	free(body);
	if (h.no_plots && options->remark != NULL)
		*options->remark = h.why;
	charts_clear(&h.charts);
	html_clear(&h.page);
}
