/*
 * One figure: its numbers to gnuplot, its drawing into the page.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/html.h"

void
figure_begin(struct figure *f, enum plot_script script, const char *title)
{
	memset(f, 0, sizeof(*f));
	f->plot.script = script;
	f->plot.timeout_ms = PLOT_TIMEOUT_MS;
	f->title = title;
	f->data = open_memstream(&f->bytes, &f->size);
	if (f->data == NULL)
		x_no_memory();
}

void
figure_set(struct figure *f, const char *name, double value)
{
	if (f->plot.n_settings < PLOT_SETTINGS_MAX)
		f->plot.setting[f->plot.n_settings++] =
		    (struct plot_setting){ name, value };
}

void
figure_next_block(struct figure *f)
{
	fputs("\n\n", f->data);
}

void
figure_time(FILE *data, int64_t at_us)
{
	fprintf(data, "%" PRId64 ".%06" PRId64 " ", at_us / 1000000,
	    at_us % 1000000);
}

void
figure_number(FILE *data, double value)
{
	if (isnan(value))
		fputs("? ", data);
	else
		fprintf(data, "%.6g ", value);
}

/* One drawing; false where there is none. */
static bool
draw(struct html_report *h, struct figure *f, int width, const char *class)
{
	FILE *out = h->page.page.out;
	size_t id;
	char *svg;

	f->plot.width = width;
	svg = h->no_plots ? NULL : plot_draw(&f->plot, &h->why);
	if (svg == NULL) {
		h->no_plots = true;
		return false;
	}
	id = ++h->n_plots;
	fprintf(out,
	    "<svg class=\"plot %s\" viewBox=\"0 0 %d %d\" role=\"img\" "
	    "aria-labelledby=\"t%zu d%zu\"><title id=\"t%zu\">",
	    class, width, f->plot.height, id, id, id);
	html_plain(out, f->title);
	fprintf(out, "</title><desc id=\"d%zu\">", id);
	html_plain(out, f->description != NULL ? f->description : "");
	fprintf(out, "</desc>%s</svg>\n", svg);
	free(svg);
	return true;
}

void
figure_write(
    struct html_report *h, struct figure *f, int wide, int narrow, int height)
{
	fclose(f->data);
	f->plot.data = f->bytes;
	f->plot.data_size = f->size;
	f->plot.height = height;
	if (draw(h, f, wide, "wide"))
		draw(h, f, narrow, "narrow");
	free(f->bytes);
	free(f->description);
	memset(f, 0, sizeof(*f));
}
