/*
 * How long connects take, and at which hours they fail.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/output/html.h"
#include "report/output/values.h"

#define WIDE            430
#define NARROW          350
#define HEIGHT          230
#define TIMES_MAX       4 /* endpoints whose connect times are shown */
#define SECOND_US       1e6
#define DAY_HOURS_LEAST 2 /* of the day, or there is nothing to compare */

/* ----------------------------------------------------------- connect times */

/* The share that had connected by the end of each bin. */
static void
add_distribution(struct figure *f, const struct connect_times *t)
{
	double n = (double)t->attempts;
	size_t sum = 0, i;

	for (i = 0; i < TIMES_BINS && t->connected > 0; i++) {
		if (t->count[i] == 0)
			continue;
		if (sum == 0)
			fprintf(f->data, "%.6g 0\n",
			    time_bin_from_us(i) / SECOND_US);
		sum += t->count[i];
		fprintf(f->data, "%.6g %.6g\n",
		    time_bin_from_us(i + 1) / SECOND_US, (double)sum / n);
	}
	if (t->attempts > 0)
		/* Up to the right end of the plot, whatever it is. */
		fprintf(f->data, "1e9 %.6g\n", (double)sum / n);
	fputs("? ?\n", f->data);
	figure_next_block(f);
}

/* The decades that hold all of it. */
static void
set_range(struct figure *f, const struct chart_lane *lane)
{
	const struct connect_times *t;
	double least = INFINITY, most = 1;
	int role;

	for (role = 0; role < CHART_ROLES; role++) {
		t = &lane->times[role];
		if (t->connected == 0)
			continue;
		least = fmin(least, (double)t->least_us);
		most = fmax(most, (double)t->most_us);
	}
	least = pow(10, floor(log10(fmax(fmin(least, most), 1))));
	/* Room for the steps, at which a lost SYN is sent again. */
	most = fmax(most * 1.1, 1.5 * SECOND_US);
	figure_set(f, "least", least / SECOND_US);
	figure_set(f, "most", most / SECOND_US);
}

static size_t
add_steps(struct figure *f, const struct chart_lane *lane)
{
	size_t n = 0, i;

	for (i = 1; i <= CHART_STEPS_MAX; i++)
		if (lane->step[i].n > 0) {
			fprintf(f->data, "%.6g %zu\n",
			    lane->step[i].median_us / SECOND_US, i);
			n++;
		}
	fputs("? ?\n", f->data);
	return n;
}

static void
times(struct html_report *h, const struct chart_lane *lane)
{
	const struct connect_times *nat = &lane->times[ROLE_NAT];
	const struct connect_times *direct = &lane->times[ROLE_DIRECT];
	FILE *out = h->page.page.out;
	struct figure f;
	size_t steps;

	figure_begin(&f, PLOT_TIMES, "Connect times as a distribution");
	add_distribution(&f, nat);
	add_distribution(&f, direct);
	set_range(&f, lane);
	steps = add_steps(&f, lane);
	f.description = x_asprintf(
	    "On the NAT path %zu of %zu attempts connected, on the direct path "
	    "%zu of %zu.",
	    nat->connected, nat->attempts, direct->connected, direct->attempts);
	fputs("<figure><h3>connect times, <bdi>", out);
	html_words(out, h->r->d->endpoints[lane->endpoint].name);
	fputs("</bdi></h3>\n", out);
	figure_write(h, &f, WIDE, NARROW, HEIGHT);
	fprintf(out,
	    "<figcaption><span class=\"nat\">NAT: %zu of %zu connected</span> "
	    "<span class=\"direct\">direct: %zu of %zu</span>%s</figcaption>"
	    "</figure>\n",
	    nat->connected, nat->attempts, direct->connected, direct->attempts,
	    steps > 0 ? "" : " none after a second SYN");
}

/* ----------------------------------------------------------------- hours */

static double
share(const struct chart_count *c)
{
	return c->attempts > 0 ? (double)c->failed / (double)c->attempts : NAN;
}

static void
hours(struct html_report *h)
{
	const struct charts *c = &h->charts;
	FILE *out = h->page.page.out;
	double nat, direct, most = 0;
	struct figure f;
	size_t i;

	if (c->n_hours < DAY_HOURS_LEAST)
		return;
	figure_begin(&f, PLOT_HOURS, "Failures by hour of the day");
	for (i = 0; i < CHART_HOURS; i++) {
		nat = share(&c->hour[i][ROLE_NAT]);
		direct = share(&c->hour[i][ROLE_DIRECT]);
		fprintf(f.data, "%zu ", i);
		figure_number(f.data, nat);
		figure_number(f.data, direct);
		fputc('\n', f.data);
		most = fmax(most, fmax(nat, direct));
	}
	figure_set(&f, "top", chart_top(most));
	f.description = x_asprintf("Share of attempts that failed in each hour "
				   "of the day, UTC; at most %s.",
	    value_percent(most).s);
	fputs("<figure><h3>failures by hour of the day</h3>\n", out);
	figure_write(h, &f, WIDE, NARROW, HEIGHT);
	fprintf(out,
	    "<figcaption><span class=\"nat\">NAT</span> <span "
	    "class=\"direct\">direct</span> share of attempts that failed in "
	    "each hour, UTC, over all days; at most %s</figcaption>"
	    "</figure>\n",
	    value_percent(most).s);
}

void
html_shape(struct html_report *h)
{
	const struct charts *c = &h->charts;
	size_t shown = 0, i;

	if (c->n_lanes == 0)
		return;
	page_heading(&h->page.page, "connect times%s",
	    c->n_hours < DAY_HOURS_LEAST ? "" : " and hours");
	fputs("<p class=\"legend\">Share of all attempts that had connected by "
	      "then, on a logarithmic axis; what is missing to 100 % never "
	      "connected. <span class=\"key k9\">where those connects ended "
	      "whose 2nd, 3rd, ... SYN was the one that was answered</span>"
	      "</p>\n<div class=\"figures\">\n",
	    h->page.page.out);
	for (i = 0; i < c->n_lanes && shown < TIMES_MAX; i++)
		if (c->lane[i].endpoint != NO_ENDPOINT) {
			times(h, &c->lane[i]);
			shown++;
		}
	hours(h);
	fputs("</div>\n", h->page.page.out);
}
