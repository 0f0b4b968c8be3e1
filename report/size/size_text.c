/*
 * A sizing as text: the answer first, then the demand, then every step.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/page.h"
#include "report/size/size_report.h"

#define WIDTH          26 /* of the names of steps */
#define LINE_MAX_BYTES 8192

/* Limits that were used, in the order of their notes. */
struct notes_used {
	const struct provider_item **item;
	const struct provider **provider;
	size_t n, items_capacity, providers_capacity;
};

/* The number of a limit's note, from 1. */
static size_t
note(struct notes_used *u, const struct provider *p,
    const struct provider_item *item)
{
	size_t i;

	for (i = 0; i < u->n; i++)
		if (u->item[i] == item)
			return i + 1;
	u->item = x_grow(u->item, u->n, &u->items_capacity, sizeof(*u->item));
	u->provider = x_grow(
	    u->provider, u->n, &u->providers_capacity, sizeof(*u->provider));
	u->item[u->n] = item;
	u->provider[u->n] = p;
	return ++u->n;
}

/*
 * A line for each source, not cut: addresses are to be copied.  Data files
 * hold printable ASCII only.
 */
static void
say_sources(
    struct page *p, const struct providers *data, const struct notes_used *u)
{
	const struct provider_item *item;
	struct text t;
	size_t i, k;

	page_heading(p, "limits, and where they were read");
	for (i = 0; i < u->n; i++) {
		item = u->item[i];
		text_init(&t, LINE_MAX_BYTES);
		text_addf(&t, "  [%zu] %s %s %s", i + 1, u->provider[i]->name,
		    item_kind_name(item->kind), item->name);
		if (item->kind == ITEM_LIMIT || item->kind == ITEM_TIMER) {
			text_addf(&t, " ");
			provider_item_say(item, &t);
		}
		if (item->text != NULL)
			text_addf(&t, ": %s", item->text);
		for (k = 0; k < item->n_sources; k++) {
			text_addf(&t, "\n      ");
			providers_cite(data, item->sources[k], &t);
		}
		fprintf(p->out, "%s\n", t.s);
		text_clear(&t);
	}
	page_gap(p);
	page_paragraph(p,
	    "Providers change their limits: a copy of providers.conf with "
	    "newer ones is taken by --limits FILE.");
}

static void
say_answer(struct page *p, const struct size_report *r)
{
	const struct size_plan *plan;
	struct table t;
	size_t i;

	page_gap(p);
	table_init(&t, 6);
	table_row(&t, "provider");
	table_cell(&t, "ports");
	table_cell(&t, "per host");
	table_cell(&t, "addresses");
	table_cell(&t, "hold-down");
	table_cell(&t, "if reused");
	for (i = 0; i < r->n; i++) {
		plan = &r->plan[i];
		table_row(&t, plan->provider->name);
		table_cell(&t, "%lld", (long long)plan->answer.ports);
		if (plan->answer.ports_per_host > 0)
			table_cell(
			    &t, "%lld", (long long)plan->answer.ports_per_host);
		else
			table_cell(&t, "-");
		table_cell(&t, "%lld", (long long)plan->answer.addresses);
		table_cell(&t, "%.6g s%s", (double)plan->hold_down.us / 1e6,
		    plan->hold_down.origin == ORIGIN_ASSUMED ? ", assumed"
							     : "");
		table_cell(
		    &t, "%lld", (long long)plan->changed[CHANGE_REUSE].ports);
	}
	page_table(p, &t);
	table_clear(&t);
}

static void
say_demand(struct page *p, const struct size_report *r)
{
	const struct demand *m = &r->demand;
	const struct demand_peak *peak = &r->peak;
	char at[WALLTIME_TEXT_SIZE];

	page_heading(p, "demand");
	if (m->destination == NULL)
		page_item(p, "destination", WIDTH, "one, as given");
	else
		page_item(p, "destination", WIDTH, "%s, the busiest of %zu",
		    m->destination, m->destinations);
	if (peak->at_us != NOT_MEASURED)
		page_item(p, "peak at", WIDTH, "%s (UTC, within %.6g s)",
		    walltime_format(peak->at_us, 0, at),
		    (double)m->bucket_us / 1e6);
	page_item(p, "hosts behind the NAT", WIDTH, "%lld%s",
	    (long long)m->hosts, m->hosts_seen == 0 ? ", all alike" : "");
	if (m->hosts_seen > 0 && m->hosts > (int64_t)m->hosts_seen)
		page_detail(p, WIDTH,
		    "%zu of them measured; sums are taken times %.4g",
		    m->hosts_seen, peak->seen_share);
	page_item(p, "connections at once", WIDTH, "%.6g", peak->open);
	page_item(p, "new ones each second", WIDTH, "%s%.4g",
	    m->rate_given || peak->rate <= 0 ? "" : "at least ", peak->rate);
	if (!m->rate_given)
		page_detail(p, WIDTH,
		    "sockets in TIME_WAIT / %d s, as long as Linux keeps "
		    "them: connections that the far end closes first do not "
		    "show; --rate or --life give the true number",
		    CLIENT_TIME_WAIT_S);
	if (r->failures.seen > 0)
		page_detail(p, WIDTH,
		    "connects failed meanwhile: connections that could not be "
		    "made are not in it, and the need may be higher");
	if (peak->rate > 0)
		page_item(p, "life of a connection", WIDTH,
		    "%.6g open / %.4g/s = %.4g s (Little's law)", peak->open,
		    peak->rate, peak->open / peak->rate);
	if (m->destination != NULL)
		page_item(p, "busiest host", WIDTH,
		    "%.6g at once, %.4g new each second", peak->host_open,
		    peak->host_rate);
	page_item(p, "head-room", WIDTH, "%.4g %%: x %.4g", (r->room - 1) * 100,
	    r->room);
}

static void
say_hold_down(
    struct page *p, const struct size_plan *plan, struct notes_used *used)
{
	const struct size_hold_down *h = &plan->hold_down;
	char number[32] = "";

	if (h->timer != NULL)
		snprintf(number, sizeof(number), " [%zu]",
		    note(used, plan->provider, h->timer));
	page_item(p, "hold-down after a close", WIDTH, "%.6g s, %s%s",
	    (double)h->us / 1e6, size_origin_name(h->origin), number);
	if (h->source != NULL)
		page_detail(p, WIDTH, "%s", h->source);
	if (h->origin == ORIGIN_ASSUMED)
		page_detail(p, WIDTH,
		    "not documented for this gateway; natdiff-probe reuse "
		    "measures it");
}

static void
say_change(struct page *p, const struct size_plan *plan,
    enum size_change change, const char *what)
{
	const struct size_answer *a = &plan->changed[change];
	long long fewer = (long long)(plan->answer.addresses - a->addresses);
	char per_host[64] = "", addresses[64] = "";

	if (a->gateways == 0)
		return;
	if (a->ports_per_host > 0)
		snprintf(per_host, sizeof(per_host), ", %lld per host",
		    (long long)a->ports_per_host);
	if (fewer > 0)
		snprintf(addresses, sizeof(addresses), " and %lld address%s",
		    fewer, fewer == 1 ? "" : "es");
	page_item(p, what, WIDTH, "%lld ports%s: saves %lld ports%s",
	    (long long)a->ports, per_host,
	    (long long)(plan->answer.ports - a->ports), addresses);
}

static void
say_plan(struct page *p, const struct size_plan *plan, struct notes_used *used)
{
	const struct size_step *s;
	char what[64], number[32];
	size_t i;

	page_heading(p, "%s", plan->provider->title);
	say_hold_down(p, plan, used);
	for (i = 0; i < plan->n_steps; i++) {
		s = &plan->step[i];
		number[0] = '\0';
		if (s->limit != NULL)
			snprintf(number, sizeof(number), " [%zu]",
			    note(used, plan->provider, s->limit));
		page_item(p, s->what, WIDTH, "%s = %.10g%s", s->sum, s->value,
		    number);
	}
	say_change(p, plan, CHANGE_REUSE, "connections used again");
	snprintf(what, sizeof(what), "hold-down of %.4g s",
	    (double)plan->changed_hold_down_us / 1e6);
	say_change(p, plan, CHANGE_HOLD_DOWN, what);
	for (i = 0; i < plan->n_remarks; i++)
		page_item(p, NULL, 0, "%s", plan->remark[i]);
	for (i = 0; i < plan->n_commands; i++)
		page_item(
		    p, i == 0 ? "set it" : "or", 6, "%s", plan->command[i]);
}

int64_t
size_report_pool(const struct size_report *r, const struct size_plan *plan)
{
	if (r->failures.pool == POOL_OF_HOST)
		return plan->answer.ports_per_host;
	if (strcmp(plan->provider->name, "linux") == 0)
		return plan->answer.ports; /* a range */
	return plan->answer.addresses * size_ports_per_address(plan->provider);
}

/* What there is now, beside what is wanted. */
static void
say_now(struct page *p, const struct size_report *r)
{
	const struct size_failures *f = &r->failures;

	if (f->pool == POOL_NOT_KNOWN)
		return;
	page_gap(p);
	page_paragraph(p,
	    "Now %s %lld ports to one destination (%s), and at the peak %.0f "
	    "were wanted, without head-room: %s.",
	    f->pool == POOL_OF_HOST ? "a host has" : "all hosts have",
	    (long long)f->pool_ports, f->pool_how, ceil(f->peak - 1e-6),
	    f->peak > (double)f->pool_ports                 ? "too few"
		: f->peak * r->room > (double)f->pool_ports ? "short of room"
							    : "enough");
}

/* What a larger pool would have changed, where that can be said. */
static void
say_failures(struct page *p, const struct size_report *r)
{
	const struct size_failures *f = &r->failures;
	const char *whose = f->pool == POOL_OF_HOST
	    ? "the host's own connections"
	    : "all hosts' connections";
	int64_t pool;
	size_t i;

	if (f->seen == 0)
		return;
	page_heading(p, "failures seen");
	page_paragraph(
	    p, "%zu connects to this destination were not answered.", f->seen);
	if (f->pool == POOL_NOT_KNOWN) {
		page_paragraph(p,
		    "Whether more ports would have prevented them the data do "
		    "not say: the size of the pool is not known (natdiff-probe "
		    "ramp measures it; gateway: ports-per-host, or addresses "
		    "with provider, in the configuration).");
		return;
	}
	page_paragraph(p,
	    "At %zu of them the census shows the pool full: %s, and closed "
	    "ones held down for %.6g s, wanted its %lld ports or more, at the "
	    "worst %.0f.",
	    f->full, whose, r->failures_hold_s, (long long)f->pool_ports,
	    ceil(f->most - 1e-6));
	for (i = 0; i < r->n; i++) {
		pool = size_report_pool(r, &r->plan[i]);
		if (f->full > 0 && pool > f->pool_ports)
			page_paragraph(p,
			    "With %lld ports %s (%s), %zu of the %zu failures "
			    "seen would not have happened.",
			    (long long)pool,
			    f->pool == POOL_OF_HOST ? "per host" : "in all",
			    r->plan[i].provider->name,
			    size_failures_held(
				f, r->d, &r->demand, r->failures_hold_s, pool),
			    f->seen);
	}
}

void
size_text(const struct size_report *r, FILE *out)
{
	struct page p = { .out = out, .style = &page_text };
	struct notes_used used = { 0 };
	size_t i;

	page_title(&p, "how many NAT ports this traffic needs");
	say_answer(&p, r);
	say_now(&p, r);
	say_failures(&p, r);
	say_demand(&p, r);
	for (i = 0; i < r->n; i++)
		say_plan(&p, &r->plan[i], &used);
	say_sources(&p, r->providers, &used);
	free(used.item);
	free(used.provider);
}
