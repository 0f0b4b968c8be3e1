/*
 * The public ports that the NAT used, over time: how large its pool is, in
 * blocks or not, in order or at random.
 */
#include "config.h"

#include <math.h>

#include "natdiff/xalloc.h"
#include "report/output/html.h"

#define WIDE   880
#define NARROW 350
#define HEIGHT 170

static void
add_cells(struct figure *f, const struct chart_ports *p)
{
	const struct chart_axis *axis = &p->axis;
	double step = chart_ports_step(p);
	size_t row, i, k;

	for (row = 0; row < CHART_PORT_ROWS; row++)
		for (i = 0; i < axis->n; i = k) {
			k = i + 1;
			if (!p->cell[row * axis->n + i])
				continue;
			while (k < axis->n && p->cell[row * axis->n + k])
				k++;
			figure_time(f->data,
			    axis->from_us + axis->width_us * (int64_t)i);
			figure_time(f->data,
			    axis->from_us + axis->width_us * (int64_t)k);
			figure_number(f->data, p->lowest + step * (double)row);
			figure_number(
			    f->data, p->lowest + step * (double)(row + 1));
			fputc('\n', f->data);
		}
}

void
html_ports(struct html_report *h)
{
	const struct chart_ports *p = &h->charts.ports;
	FILE *out = h->page.page.out;
	struct figure f;

	if (p->seen == 0)
		return;
	html_end_list(&h->page);
	fprintf(out,
	    "<div class=\"lane\"><h3>public ports of the NAT path</h3><p "
	    "class=\"sums\">%zu seen by far ends, from %u to %u</p>\n",
	    p->seen, (unsigned)p->lowest, (unsigned)p->highest);
	figure_begin(&f, PLOT_PORTS, "Public ports of the NAT path, over time");
	add_cells(&f, p);
	figure_set(&f, "from", (double)p->axis.from_us / 1e6);
	figure_set(&f, "to",
	    (double)(p->axis.from_us + p->axis.width_us * (int64_t)p->axis.n) /
		1e6);
	figure_set(&f, "lowest", p->lowest);
	figure_set(&f, "highest", p->highest);
	f.description = x_asprintf(
	    "%zu public ports were seen, the lowest %u, the highest %u.",
	    p->seen, (unsigned)p->lowest, (unsigned)p->highest);
	figure_write(h, &f, WIDE, NARROW, HEIGHT);
	fputs("</div>\n", out);
}
