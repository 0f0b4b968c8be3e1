/*
 * The paths beside each other, measure by measure: the difference where it
 * was shown, ~ where it was not.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/output/sections.h"
#include "report/output/values.h"

#define SHOWN_P 0.05

static bool
is_shown(double p, bool gate)
{
	return gate && p <= SHOWN_P;
}

/* The last two cells: the difference, then p and the number of pairs. */
static void
difference_cells(
    struct table *t, const char *difference, double p, bool gate, size_t n)
{
	table_cell(t, "%s",
	    is_shown(p, gate) ? difference
		: gate        ? "~"
			      : "~ (few)");
	if (isnan(p))
		table_cell(t, "n=%zu", n);
	else
		table_cell(t, "%s n=%zu", value_p(p).s, n);
}

static void
outcome_row(struct table *t, const struct endpoint_verdict *e, enum outcome o,
    const char *name)
{
	const struct contrast *c = &e->facts.contrast[o];

	if (c->pairs == 0)
		return;
	table_row(t, name);
	table_cell(t, "%zu", c->direct);
	table_cell(t, "%zu", c->nat);
	difference_cells(t, value_points(c->test.est, c->ci).s,
	    e->p_adjusted[o], c->test.gate, c->pairs);
}

/* The median of the one path of a role; NaN where it has none or several. */
static double
median_of(const struct report *r, const struct part *all, enum role role,
    enum duration d)
{
	double median = NAN;
	size_t n = 0, i;

	for (i = 0; i < all->n_paths; i++) {
		if (r->d->paths[all->paths[i].path].role != role ||
		    all->paths[i].durations[d].n == 0)
			continue;
		n++;
		median = all->paths[i].durations[d].p50_us;
	}
	return n == 1 ? median : NAN;
}

static void
latency_row(struct table *t, const struct report *r,
    const struct endpoint_report *ep, const struct endpoint_verdict *e,
    enum duration d)
{
	const struct latency_shift *s = &e->latency[d];
	const struct part *all = &ep->summary.all;
	size_t n = s->rank.n + s->rank.n_zero;

	if (n == 0)
		return;
	table_row(t, duration_name(d));
	table_cell(
	    t, "%s", value_duration(median_of(r, all, ROLE_DIRECT, d)).s);
	table_cell(t, "%s", value_duration(median_of(r, all, ROLE_NAT, d)).s);
	difference_cells(t, value_shift(s->hl, s->shown).s,
	    e->latency_p_adjusted[d], s->rank.block.gate, n);
}

/* Failures that are no fault of a path, and so in no pair. */
static void
aside_row(struct table *t, const char *name, size_t direct, size_t nat)
{
	if (direct + nat == 0)
		return;
	table_row(t, name);
	table_cell(t, "%zu", direct);
	table_cell(t, "%zu", nat);
	table_cell(t, "set aside");
}

static void
endpoint_rows(struct table *t, const struct report *r, size_t i)
{
	const struct endpoint_verdict *e = &r->verdict.endpoints[i];
	const struct contrast *c = e->facts.contrast;
	int d;

	table_group(t, e->endpoint->name);
	outcome_row(t, e, OUTCOME_FAILED, "failed");
	aside_row(t, "in dns", e->facts.direct_dns, e->facts.nat_dns);
	aside_row(t, "host's own", e->facts.direct_local, e->facts.nat_local);
	outcome_row(t, e, OUTCOME_SYN, "SYN resent");
	if (c[OUTCOME_LATE].nat + c[OUTCOME_LATE].direct > 0)
		outcome_row(t, e, OUTCOME_LATE, "data resent");
	if (c[OUTCOME_STATUS].nat + c[OUTCOME_STATUS].direct > 0)
		outcome_row(t, e, OUTCOME_STATUS, "status 400+");
	for (d = 0; d < DURATION_COUNT; d++)
		latency_row(t, r, &r->endpoints[i], e, (enum duration)d);
}

/* Whether a smaller rate of the NAT is among what is shown as different. */
static bool
shows_better(const struct verdict *v)
{
	const struct endpoint_verdict *e;
	size_t i;
	int o;

	for (i = 0; i < v->n_endpoints; i++) {
		e = &v->endpoints[i];
		for (o = 0; o < OUTCOME_COUNT; o++)
			if (e->facts.contrast[o].test.est < 0 &&
			    is_shown(e->p_adjusted[o],
				e->facts.contrast[o].test.gate))
				return true;
	}
	return false;
}

static bool
is_compared(const struct facts *f)
{
	return f->pairs + f->nat_dns + f->direct_dns + f->nat_local +
	    f->direct_local >
	    0;
}

void
section_compared(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	size_t *order, i, k;
	struct table t;

	if (r->egress.apart == APART_NO) {
		page_heading(p, "pairs compared");
		page_paragraph(
		    p, "None: both paths leave through the same address.");
		return;
	}
	order = sections_order(r);
	table_init(&t, 5);
	t.left[3] = t.left[4] = true;
	t.least[1] = t.least[2] = 7;
	table_row(&t, "");
	table_cell(&t, "direct");
	table_cell(&t, "nat");
	table_cell(&t, "nat minus direct");
	for (i = 0; i < r->n_endpoints; i++) {
		k = order[i];
		if (is_compared(&v->endpoints[k].facts) &&
		    strcmp(v->endpoints[k].endpoint->kind, "whoami") != 0)
			endpoint_rows(&t, r, k);
	}
	free(order);
	if (t.n > 1) {
		page_heading(p, "pairs compared");
		page_table(p, &t);
		page_paragraph(p,
		    "Counts of pairs with their difference in points, medians "
		    "of successes with the shift between pairs; 95 %% "
		    "intervals, p adjusted over the endpoints. ~: no "
		    "difference shown, as p is above %.2f, or n too few for "
		    "how failures come in bursts.",
		    SHOWN_P);
		if (shows_better(v))
			page_paragraph(p,
			    "That fewer fail on the NAT path may be chance: "
			    "the test says so too often where the NAT path "
			    "fails in a few long bursts, and the sample "
			    "missed one.");
	}
	table_clear(&t);
}
