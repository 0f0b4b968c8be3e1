/*
 * What is read first: the verdict in a sentence, and the numbers under it.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/walltime.h"
#include "report/output/html.h"
#include "report/output/sections.h"
#include "report/output/values.h"

/* Which colour goes with a cause; the words say it, too. */
static const char *
mood(enum cause c)
{
	if (c == CAUSE_HEALTHY)
		return "good";
	if (c == CAUSE_INCONCLUSIVE)
		return "open";
	return cause_accuses_nat(c) ? "bad" : "other";
}

static void
tile(FILE *out, const char *class, const char *what, const char *value,
    const char *of)
{
	fprintf(out,
	    "<div class=\"tile %s\"><dt>%s</dt><dd>%s</dd><dd "
	    "class=\"of\">%s</dd></div>\n",
	    class, what, value, of);
}

static void
failed_tile(const struct html_report *h, enum role role, const char *class,
    const char *what)
{
	const struct chart_count *c = &h->charts.total[role];
	char of[64];

	snprintf(of, sizeof(of), "%zu of %zu attempts failed", c->failed,
	    c->attempts);
	tile(h->page.page.out, class, what,
	    c->attempts > 0
		? value_percent((double)c->failed / (double)c->attempts).s
		: "none",
	    of);
}

static void
tiles(const struct html_report *h)
{
	const struct report *r = h->r;
	FILE *out = h->page.page.out;
	char value[32], of[64];

	fputs("<dl class=\"tiles\">\n", out);
	failed_tile(h, ROLE_NAT, "nat", "NAT path");
	failed_tile(h, ROLE_DIRECT, "direct", "Direct path");
	snprintf(value, sizeof(value), "%zu", r->nat_only);
	snprintf(of, sizeof(of), "of %zu; direct only %zu, both %zu",
	    r->n_pairs, r->direct_only, r->both_failed);
	tile(out, "", "Pairs that failed on NAT only", value, of);
	snprintf(value, sizeof(value), "%zu", r->verdict.n_episodes);
	tile(out, "", "Episodes", value, "one path fails, the other works");
	fputs("</dl>\n", out);
}

static void
window(FILE *out, const struct report *r)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	char every[WALLTIME_TEXT_SIZE], made[WALLTIME_TEXT_SIZE];
	const struct dataset *d = r->d;
	int64_t us = report_interval_us(r);

	walltime_format(r->generated_at_us, 0, made);
	fputs("<p class=\"window\">", out);
	if (d->first_us != NOT_MEASURED) {
		walltime_format(
		    d->since_us != NOT_MEASURED ? d->since_us : d->first_us, 0,
		    from);
		walltime_format(
		    d->until_us != NOT_MEASURED ? d->until_us : d->last_us, 0,
		    to);
		fprintf(out, "<b>%s</b> to <b>%s</b>", from, to);
		if (us != NOT_MEASURED)
			fprintf(out, ", every %s", duration_format(us, every));
		fputs("; ", out);
	}
	fprintf(out, "report of %s</p>\n", made);
}

void
html_verdict(struct html_report *h)
{
	const struct verdict *v = &h->r->verdict;
	FILE *out = h->page.page.out;

	fprintf(out,
	    "<header class=\"verdict %s\">\n<p class=\"badge\"><b>%s</b>",
	    mood(v->cause), cause_name(v->cause));
	if (v->cause != CAUSE_INCONCLUSIVE)
		fprintf(out, " <span>%s evidence</span>",
		    strength_name(v->strength));
	fputs("</p>\n<h1>", out);
	html_words(out, v->statement);
	fputs("</h1>\n", out);
	window(out, h->r);
	tiles(h);
	fputs("</header>\n", out);
}
