/*
 * The public ports that were seen, by time.
 */
#include "config.h"

#include "natdiff/xalloc.h"
#include "report/charts_work.h"

double
chart_ports_step(const struct chart_ports *p)
{
	return (double)(p->highest - p->lowest + 1) / CHART_PORT_ROWS;
}

/* Call each() for every attempt of the NAT path whose public port was seen. */
static void
each_port(struct chart_ports *p, const struct dataset *d,
    void (*each)(struct chart_ports *p, int64_t at_us, uint16_t port))
{
	const struct attempts *a;
	size_t e, i;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++)
			if (attempt_observed_port(a, i) != NO_PORT &&
			    attempt_role(d, a, i) == ROLE_NAT)
				each(p, charts_slot_us(d, a, i),
				    attempt_observed_port(a, i));
	}
}

static void
widen(struct chart_ports *p, int64_t at_us, uint16_t port)
{
	(void)at_us;
	if (p->seen == 0 || port < p->lowest)
		p->lowest = port;
	if (port > p->highest)
		p->highest = port;
	p->seen++;
}

static void
mark(struct chart_ports *p, int64_t at_us, uint16_t port)
{
	size_t row = (size_t)((port - p->lowest) / chart_ports_step(p));

	if (row >= CHART_PORT_ROWS)
		row = CHART_PORT_ROWS - 1;
	p->cell[row * p->axis.n + charts_bin(&p->axis, at_us)] = 1;
}

void
charts_ports(struct charts *c, const struct dataset *d)
{
	struct chart_ports *p = &c->ports;

	each_port(p, d, widen);
	if (p->seen < CHART_PORTS) {
		p->seen = 0;
		return;
	}
	p->axis = charts_axis(d, CHART_PORT_BINS);
	p->cell = x_calloc(CHART_PORT_ROWS * p->axis.n, sizeof(*p->cell));
	each_port(p, d, mark);
}
