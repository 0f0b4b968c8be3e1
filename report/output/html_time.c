/*
 * Failures over time, an endpoint a lane, and below them what the gateway
 * refused and what the hosts held, all on one axis.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/html.h"
#include "report/output/sections.h"
#include "report/output/values.h"

#define WIDE         880
#define NARROW       350
#define LANE_HEIGHT  96
#define LEVEL_HEIGHT 66
#define LABELS       18 /* of the axis, under the last lane */
#define NOTES_MAX    200
#define EPISODES_MAX 500

/* Whether an episode is one of the lane's. */
static bool
is_of_lane(const struct episode_verdict *e, const struct chart_lane *lane)
{
	size_t i;

	for (i = 0; i < e->n_endpoints && lane != NULL; i++)
		if (e->endpoints[i] == lane->endpoint)
			return true;
	return lane == NULL;
}

/* What all lanes share; lane NULL: the episodes of any. */
static void
add_context(struct figure *f, const struct html_report *h,
    const struct chart_lane *lane)
{
	const struct verdict *v = &h->r->verdict;
	const struct dataset *d = h->r->d;
	int64_t us = report_interval_us(h->r);
	size_t i;

	figure_next_block(f);
	for (i = 0; i < v->n_episodes && i < EPISODES_MAX; i++) {
		if (us == NOT_MEASURED || !is_of_lane(&v->episodes[i], lane))
			continue;
		figure_time(f->data, v->episodes[i].episode.from_slot * us);
		figure_time(f->data, v->episodes[i].episode.to_slot * us);
		fputc('\n', f->data);
	}
	/* A block is there even when empty; nothing is drawn of this. */
	fputs("? ?\n", f->data);
	figure_next_block(f);
	for (i = 0; i < d->n_annotations && i < NOTES_MAX; i++) {
		figure_time(f->data, d->annotations[i].at_us);
		fputc('\n', f->data);
	}
	fputs("?\n", f->data);
}

static void
begin_lane(struct figure *f, const struct html_report *h,
    enum plot_script script, const char *title, bool last)
{
	const struct chart_axis *axis = &h->charts.axis;

	figure_begin(f, script, title);
	figure_set(f, "from", (double)axis->from_us / 1e6);
	figure_set(f, "to",
	    (double)(axis->from_us + axis->width_us * (int64_t)axis->n) / 1e6);
	figure_set(f, "labelled", last);
}

static void
add_bin_times(struct figure *f, const struct chart_axis *axis, size_t i)
{
	figure_time(f->data, axis->from_us + axis->width_us * (int64_t)i);
	figure_time(f->data, axis->from_us + axis->width_us * (int64_t)(i + 1));
}

/* ----------------------------------------------------------------- lanes */

static double
share(size_t part, const struct chart_count *c)
{
	return c->attempts > 0 ? (double)part / (double)c->attempts : NAN;
}

static void
lane_figure(struct html_report *h, const struct chart_lane *lane, bool last)
{
	const struct chart_count *c;
	struct figure f;
	size_t i;
	int role;

	begin_lane(&f, h, PLOT_FAILURES,
	    "Share of attempts that failed, over time", last);
	figure_set(&f, "top", h->charts.top);
	for (i = 0; i < h->charts.axis.n; i++) {
		add_bin_times(&f, &h->charts.axis, i);
		for (role = ROLE_NAT; role >= ROLE_DIRECT; role--) {
			c = &lane->bin[role][i];
			figure_number(f.data, share(c->failed, c));
			figure_number(f.data, share(c->troubled, c));
		}
		fputc('\n', f.data);
	}
	add_context(&f, h, lane);
	f.description = x_asprintf(
	    "Above the line the NAT path: %zu of %zu attempts failed. Below it "
	    "the direct path: %zu of %zu.",
	    lane->total[ROLE_NAT].failed, lane->total[ROLE_NAT].attempts,
	    lane->total[ROLE_DIRECT].failed, lane->total[ROLE_DIRECT].attempts);
	figure_write(h, &f, WIDE, NARROW, LANE_HEIGHT + (last ? LABELS : 0));
}

static void
lane_name(FILE *out, const struct dataset *d, const struct chart_lane *lane)
{
	const struct endpoint *ep;

	if (lane->endpoint == NO_ENDPOINT) {
		fprintf(out, "%zu more endpoints", lane->n_endpoints);
		return;
	}
	ep = &d->endpoints[lane->endpoint];
	fputs("<bdi>", out);
	html_words(out, ep->name);
	fputs("</bdi>", out);
	if (ep->control)
		fputs(" <span>control</span>", out);
}

static void
counts_words(
    FILE *out, const char *class, const char *path, const struct chart_count *c)
{
	fprintf(out, "<span class=\"%s\">%s %zu of %zu failed", class, path,
	    c->failed, c->attempts);
	if (c->troubled > c->failed)
		fprintf(out, ", %zu more needed a second SYN",
		    c->troubled - c->failed);
	fputs("</span> ", out);
}

static void
lane(struct html_report *h, const struct chart_lane *l, bool last)
{
	FILE *out = h->page.page.out;

	fputs("<div class=\"lane\"><h3>", out);
	lane_name(out, h->r->d, l);
	fputs("</h3><p class=\"sums\">", out);
	counts_words(out, "nat", "NAT", &l->total[ROLE_NAT]);
	counts_words(out, "direct", "direct", &l->total[ROLE_DIRECT]);
	fputs("</p>\n", out);
	lane_figure(h, l, last);
	fputs("</div>\n", out);
}

/* ---------------------------------------------------------------- levels */

/* A lane with one series; value is that of a bin, NaN where not known. */
static void
level(struct html_report *h, const char *name, const char *title,
    double (*value)(const struct charts *c, size_t i), const char *unit,
    bool last)
{
	const struct charts *c = &h->charts;
	FILE *out = h->page.page.out;
	double most = 0, x;
	struct figure f;
	size_t i;

	begin_lane(&f, h, PLOT_LEVEL, title, last);
	for (i = 0; i < c->axis.n; i++) {
		x = value(c, i);
		add_bin_times(&f, &c->axis, i);
		figure_number(f.data, x);
		fputc('\n', f.data);
		most = x > most ? x : most;
	}
	figure_set(&f, "most", most);
	add_context(&f, h, NULL);
	f.description = x_asprintf("%s: at most %.0f %s.", title, most, unit);
	fprintf(out,
	    "<div class=\"lane\"><h3>%s</h3><p class=\"sums\">at most %.0f "
	    "%s</p>\n",
	    name, most, unit);
	figure_write(h, &f, WIDE, NARROW, LEVEL_HEIGHT + (last ? LABELS : 0));
	fputs("</div>\n", out);
}

static double
refused_in(const struct charts *c, size_t i)
{
	return (double)c->refused[i];
}

static double
held_in(const struct charts *c, size_t i)
{
	return c->held[i];
}

/* ----------------------------------------------------------------- notes */

static void
annotations(struct html_report *h)
{
	const struct dataset *d = h->r->d;
	FILE *out = h->page.page.out;
	char at[WALLTIME_TEXT_SIZE];
	size_t i;

	if (d->n_annotations == 0)
		return;
	fputs("<ol class=\"marks\">\n", out);
	for (i = 0; i < d->n_annotations && i < NOTE_MAX; i++) {
		fprintf(out, "<li><b>%s</b> ",
		    walltime_format(d->annotations[i].at_us, 0, at));
		html_words(out, d->annotations[i].text);
		fputs("</li>\n", out);
	}
	fputs("</ol>\n", out);
}

static void
legend(struct html_report *h)
{
	char bar[WALLTIME_TEXT_SIZE];
	FILE *out = h->page.page.out;

	fputs(
	    "<p class=\"legend\"><span class=\"key k3\">NAT path failed, above "
	    "the line</span> <span class=\"key k5\">direct path failed, below "
	    "it</span> <span class=\"key k4\">pale: connected after its SYN "
	    "was sent again</span>",
	    out);
	if (h->r->verdict.n_episodes > 0)
		fputs(" <span class=\"key k7\">an episode</span>", out);
	if (h->r->d->n_annotations > 0)
		fputs(" <span class=\"key k9\">a note</span>", out);
	fprintf(out,
	    "<br>Share of the attempts in each %s, up to %.0f %%, UTC; any "
	    "failure shows, and no line at nought means that nothing was "
	    "measured.</p>\n",
	    duration_format(h->charts.axis.width_us, bar), 100 * h->charts.top);
}

void
html_time(struct html_report *h)
{
	const struct charts *c = &h->charts;
	size_t i;

	if (c->n_lanes == 0)
		return;
	page_heading(&h->page.page, "failures over time");
	legend(h);
	for (i = 0; i < c->n_lanes; i++)
		lane(h, &c->lane[i],
		    i + 1 == c->n_lanes && !c->has_gateway && !c->has_census);
	if (c->has_gateway)
		level(h, "refused by the gateway",
		    "Ports and packets that the gateway refused, over time",
		    refused_in, "in a bar", !c->has_census);
	if (c->has_census)
		level(h, "held by the hosts behind the NAT",
		    "Connections that others held to these destinations, over "
		    "time",
		    held_in, "connections of others", true);
	annotations(h);
}
