/*
 * The map of hosts by time, and the starved ones by name.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/output/html.h"
#include "report/output/sections.h"
#include "report/output/values.h"

#define WIDE      880
#define NARROW    350
#define ROW_MOST  18 /* pixels */
#define ROWS_MOST 560
#define NAMED_MAX 30
#define WELL_MAX  5 /* rows of hosts without a failure */
#define LEVELS    4

/* Of what a host tried in a bin: none failed, some, a tenth, half. */
static int
level(const struct chart_count *c)
{
	if (c->failed == 0)
		return 0;
	if (c->failed * 2 >= c->attempts)
		return 3;
	return c->failed * 10 >= c->attempts ? 2 : 1;
}

/* The cells of one level in a row: runs of its bins. */
static void
add_row(struct figure *f, const struct charts *c, size_t row, int of)
{
	const struct chart_host *host = &c->host[row];
	const struct chart_axis *axis = &c->map;
	size_t i, k;

	for (i = 0; i < axis->n; i = k) {
		k = i + 1;
		if (host->bin[i].attempts == 0 || level(&host->bin[i]) != of)
			continue;
		while (k < axis->n && host->bin[k].attempts > 0 &&
		    level(&host->bin[k]) == of)
			k++;
		figure_time(
		    f->data, axis->from_us + axis->width_us * (int64_t)i);
		figure_time(
		    f->data, axis->from_us + axis->width_us * (int64_t)k);
		fprintf(f->data, "%zu\n", row + 1);
	}
}

/*
 * The hosts that have a row: those with failures, and some of the well ones
 * beside them.
 */
static size_t
rows_of(const struct charts *c)
{
	size_t n = 0;

	while (n < c->n_hosts && c->host[n].total.failed > 0)
		n++;
	return n + WELL_MAX < c->n_hosts ? n + WELL_MAX : c->n_hosts;
}

static void
map(struct html_report *h)
{
	const struct charts *c = &h->charts;
	const struct chart_axis *axis = &c->map;
	size_t rows = rows_of(c);
	int height = (int)rows * ROW_MOST;
	struct figure f;
	size_t i;
	int of;

	figure_begin(&f, PLOT_MAP, "Hosts by time");
	for (of = 0; of < LEVELS; of++) {
		for (i = 0; i < rows; i++)
			add_row(&f, c, i, of);
		fputs("? ? ?\n", f.data);
		figure_next_block(&f);
	}
	figure_set(&f, "from", (double)axis->from_us / 1e6);
	figure_set(&f, "to",
	    (double)(axis->from_us + axis->width_us * (int64_t)axis->n) / 1e6);
	figure_set(&f, "rows", (double)rows);
	f.description = x_asprintf(
	    "A row for each of %zu hosts behind the NAT, worst first: how many "
	    "of its attempts failed, over time.",
	    c->n_hosts);
	figure_write(h, &f, WIDE, NARROW,
	    (height < ROWS_MOST ? height : ROWS_MOST) + 34);
}

/* Whether a test showed the host to be in trouble of its own. */
static bool
is_shown(const struct html_report *h, const struct chart_host *host)
{
	const struct dataset *d = h->r->d;
	const struct series *x = &d->series[host->series], *y;
	const struct places *places;
	size_t e, i;

	for (e = 0; e < h->r->verdict.n_endpoints; e++) {
		places = &h->r->verdict.endpoints[e].where.hosts;
		for (i = 0; i < places->n; i++) {
			y = &d->series[places->place[i].key];
			if (places->place[i].shown && x->host == y->host &&
			    x->agent == y->agent)
				return true;
		}
	}
	return false;
}

/* The hosts that are in trouble, by their number on the map. */
static void
named(struct html_report *h)
{
	const struct charts *c = &h->charts;
	FILE *out = h->page.page.out;
	const struct chart_host *host;
	size_t n = 0, i;
	char *name;

	for (i = 0; i < c->n_hosts && c->host[i].total.failed > 0; i++)
		n++;
	if (n == 0)
		return;
	fputs("<ol class=\"hosts\">\n", out);
	for (i = 0; i < n && i < NAMED_MAX; i++) {
		host = &c->host[i];
		name = where_host_name(h->r->d, host->series);
		fputs("<li><bdi>", out);
		html_words(out, name);
		fprintf(out,
		    "</bdi> <span>%zu of %zu failed, %s%s</span></li>\n",
		    host->total.failed, host->total.attempts,
		    value_percent((double)host->total.failed /
			(double)host->total.attempts)
			.s,
		    is_shown(h, host) ? "; <b>shown by a test of its own</b>"
				      : "");
		free(name);
	}
	fputs("</ol>\n", out);
	if (n > NAMED_MAX)
		fprintf(
		    out, "<p>and %zu more with failures</p>\n", n - NAMED_MAX);
}

void
html_hosts(struct html_report *h)
{
	FILE *out = h->page.page.out;

	if (h->charts.n_hosts < CHART_HOSTS)
		return;
	page_heading(&h->page.page, "hosts by time");
	fprintf(out,
	    "<p class=\"legend\">%zu hosts behind the NAT, worst first%s; of "
	    "what each tried: <span class=\"key k10\">none failed</span> <span "
	    "class=\"key k11\">below a tenth</span> <span class=\"key "
	    "k12\">below half</span> <span class=\"key k13\">half and "
	    "more</span></p>\n",
	    h->charts.n_hosts,
	    rows_of(&h->charts) < h->charts.n_hosts
		? ", most of those without a failure left out"
		: "");
	map(h);
	named(h);
}
