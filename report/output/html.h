/*
 * Inside report/output: the blocks of the HTML report that only it has, each
 * in its file.  A block writes nothing where there is nothing to show.
 */
#ifndef NATDIFF_OUTPUT_HTML_H
#define NATDIFF_OUTPUT_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "natdiff/err.h"
#include "report/charts.h"
#include "report/output/page_html.h"
#include "report/plot/plot.h"
#include "report/report.h"

/* What the blocks share. */
struct html_report {
	struct html_page page;
	const struct report *r;
	struct charts charts;
	size_t n_plots;
	bool no_plots; /* one could not be drawn, and no further one is tried */
	struct err why;
};

/* html_verdict.c: what is read first. */
void html_verdict(struct html_report *h);

/* html_time.c: failures, gateway, census and notes on one axis. */
void html_time(struct html_report *h);

/* html_shape.c: connect times, hours. */
void html_shape(struct html_report *h);

/* html_hosts.c: the map of hosts by time. */
void html_hosts(struct html_report *h);

/* html_ports.c: what goes with where the paths leave; within its section. */
void html_ports(struct html_report *h);

/* html_gateway.c: what gateways said. */
void html_gateway(struct html_report *h);

/* --------------------------------------------------------- html_figure.c */

/* A plot in the making: its data, and the settings of its script. */
struct figure {
	struct plot plot;
	const char *title; /* a few words */
	char *description; /* a sentence with its numbers; owned */
	FILE *data;        /* the numbers go here */
	char *bytes;
	size_t size;
};

void figure_begin(struct figure *f, enum plot_script script, const char *title);
void figure_set(struct figure *f, const char *name, double value);

/* Further data are a block of their own for the script. */
void figure_next_block(struct figure *f);

/*
 * Draw it, for a wide page and for a narrow one, and write it; height is that
 * of both.  Clears f.
 */
void figure_write(
    struct html_report *h, struct figure *f, int wide, int narrow, int height);

/* Seconds with microseconds, as the scripts take times. */
void figure_time(FILE *data, int64_t at_us);

/* "?" for NaN. */
void figure_number(FILE *data, double value);

#endif
