/*
 * Plots, drawn by gnuplot as SVG.  What reaches gnuplot are the scripts that
 * ship with the program, and numbers: no text that came from outside.  What
 * comes back is read as if it were hostile, too: of it, shapes and plain words
 * are kept and nothing else, with classes for colours, so that a style sheet
 * can say what they are in light and in dark.
 */
#ifndef NATDIFF_PLOT_PLOT_H
#define NATDIFF_PLOT_PLOT_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"

#define PLOT_SETTINGS_MAX 16
#define PLOT_TIMEOUT_MS   20000

enum plot_script {
	PLOT_FAILURES, /* over time, both paths */
	PLOT_LEVEL,    /* one series over time */
	PLOT_TIMES,    /* distribution of connect times */
	PLOT_HOURS,    /* failures by hour of the day */
	PLOT_MAP,      /* hosts by time */
	PLOT_PORTS     /* public ports over time */
};

/* A variable of the script. */
struct plot_setting {
	const char *name; /* a word of ours */
	double value;
};

struct plot {
	enum plot_script script;
	struct plot_setting setting[PLOT_SETTINGS_MAX];
	size_t n_settings;
	int width, height; /* of the drawing, in CSS pixels */
	const char *data;  /* lines of numbers; blocks by two blank lines */
	size_t data_size;
	int timeout_ms;
};

/*
 * Draw p: the elements within its <svg>, in new memory; NULL and e where
 * gnuplot is not there, fails, or takes too long.  Waits for it in any case.
 */
char *plot_draw(const struct plot *p, struct err *e);

/*
 * What is kept of an SVG by gnuplot, in new memory (svg.c).
 */
char *plot_clean(const char *svg, size_t size);

#endif
