/*
 * The counts of each endpoint: a table with a column a path, the pairs, and
 * the same by target, host and public address.  Description, no inference.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/output/sections.h"
#include "report/output/values.h"

#define LABEL 28 /* columns of a row's label */
#define CELL  14 /* columns of a path's value */

/* One part of an endpoint as a table in the making. */
struct columns {
	struct table t;
	const struct dataset *d;
	const struct part *part;
};

static void
columns_begin(struct columns *c, const struct dataset *d,
    const struct part *part, const char *what)
{
	size_t i;

	c->d = d;
	c->part = part;
	table_init(&c->t, part->n_paths + 1);
	c->t.least[0] = LABEL;
	table_row(&c->t, what);
	for (i = 0; i < part->n_paths; i++) {
		if (i + 1 < TABLE_COLUMNS_MAX)
			c->t.least[i + 1] = CELL;
		table_cell(&c->t, "%s", d->paths[part->paths[i].path].name);
	}
}

/* ---------------------------------------------------------- the big table */

static void
count_rows(struct columns *c)
{
	const struct path_summary *p;
	size_t i;

	table_row(&c->t, "attempts");
	for (i = 0; i < c->part->n_paths; i++) {
		p = &c->part->paths[i];
		table_cell(&c->t, "%zu", p->tally.ok + p->tally.failed);
	}
	table_row(&c->t, "failed");
	for (i = 0; i < c->part->n_paths; i++)
		table_cell(&c->t, "%zu", c->part->paths[i].tally.failed);
	table_row(&c->t, "failure rate");
	for (i = 0; i < c->part->n_paths; i++)
		table_cell(
		    &c->t, "%s", value_percent(c->part->paths[i].rate).s);
	table_row(&c->t, "  95 % (Wilson)");
	for (i = 0; i < c->part->n_paths; i++)
		table_cell(
		    &c->t, "%s", value_percents(c->part->paths[i].rate_ci).s);
}

static void
syn_rows(struct columns *c)
{
	const struct tally *tally;
	size_t i;

	table_row(&c->t, "SYN sent again, attempts");
	for (i = 0; i < c->part->n_paths; i++) {
		tally = &c->part->paths[i].tally;
		if (tally->syn_known > 0)
			table_cell(&c->t, "%zu", tally->syn_with);
		else
			table_cell(&c->t, "-");
	}
	table_row(&c->t, "  most for one attempt");
	for (i = 0; i < c->part->n_paths; i++) {
		tally = &c->part->paths[i].tally;
		if (tally->syn_known > 0)
			table_cell(&c->t, "%u", tally->syn_max);
		else
			table_cell(&c->t, "-");
	}
}

/* The failures that any path of the part has, one row each. */
static void
failure_rows(struct columns *c)
{
	char name[64];
	int phase, failure;
	size_t i, sum;

	for (phase = 0; phase < PHASE_COUNT; phase++) {
		for (failure = 1; failure < FAILURE_COUNT; failure++) {
			for (i = 0, sum = 0; i < c->part->n_paths; i++)
				sum +=
				    c->part->paths[i].failures[phase][failure];
			if (sum == 0)
				continue;
			snprintf(name, sizeof(name), "%s: %s",
			    phase_name(phase), failure_name(failure));
			table_row(&c->t, name);
			for (i = 0; i < c->part->n_paths; i++)
				table_cell(&c->t, "%zu",
				    c->part->paths[i].failures[phase][failure]);
		}
	}
}

static size_t
status_of(const struct path_summary *p, uint16_t status)
{
	size_t i;

	for (i = 0; i < p->n_statuses; i++)
		if (p->statuses[i].status == status)
			return p->statuses[i].count;
	return 0;
}

/* The next status above one that any path has; 0: there is none. */
static uint16_t
next_status(const struct part *part, uint16_t above)
{
	uint16_t next = 0, status;
	size_t i, k;

	for (i = 0; i < part->n_paths; i++)
		for (k = 0; k < part->paths[i].n_statuses; k++) {
			status = part->paths[i].statuses[k].status;
			if (status > above && (next == 0 || status < next))
				next = status;
		}
	return next;
}

static void
status_rows(struct columns *c)
{
	uint16_t status = next_status(c->part, 0);
	size_t i, rows = 0;
	char name[32];

	for (; status != 0; status = next_status(c->part, status)) {
		if (rows++ == LIST_MAX) {
			table_row(&c->t, "and other statuses");
			break;
		}
		snprintf(
		    name, sizeof(name), "HTTP status %u", (unsigned)status);
		table_row(&c->t, name);
		for (i = 0; i < c->part->n_paths; i++)
			table_cell(&c->t, "%zu",
			    status_of(&c->part->paths[i], status));
	}
}

static void
duration_rows(struct columns *c)
{
	static const char *const quantiles[] = { "p50", "p90", "p99" };
	const struct duration_summary *s;
	double us[3];
	char name[32];
	size_t i, n;
	int which, q;

	for (which = 0; which < DURATION_COUNT; which++) {
		for (i = 0, n = 0; i < c->part->n_paths; i++)
			n += c->part->paths[i].durations[which].n;
		for (q = 0; q < 3 && n > 0; q++) {
			snprintf(name, sizeof(name), "%s %s",
			    duration_name(which), quantiles[q]);
			table_row(&c->t, name);
			for (i = 0; i < c->part->n_paths; i++) {
				s = &c->part->paths[i].durations[which];
				us[0] = s->p50_us;
				us[1] = s->p90_us;
				us[2] = s->p99_us;
				table_cell(
				    &c->t, "%s", value_duration(us[q]).s);
			}
		}
	}
}

static void
pair_table(struct page *p, const struct pairs *pairs)
{
	struct table t;

	table_init(&t, 3);
	t.least[0] = LABEL;
	t.least[1] = t.least[2] = CELL;
	table_row(&t, "pairs");
	table_cell(&t, "nat ok");
	table_cell(&t, "nat failed");
	table_row(&t, "direct ok");
	table_cell(&t, "%zu", pairs->both_ok);
	table_cell(&t, "%zu", pairs->nat_only);
	table_row(&t, "direct failed");
	table_cell(&t, "%zu", pairs->direct_only);
	table_cell(&t, "%zu", pairs->both_failed);
	page_gap(p);
	page_table(p, &t);
	table_clear(&t);
	if (pairs->half_nat + pairs->half_direct > 0)
		page_paragraph(p,
		    "half pairs: %zu nat without direct, %zu direct without "
		    "nat",
		    pairs->half_nat, pairs->half_direct);
}

/* ---------------------------------------------------- targets, hosts, ... */

/* The highest failure rate of a part's nat paths, else of any; -1: none. */
static double
worst_rate(const struct dataset *d, const struct part *part)
{
	double nat = -1, any = -1;
	size_t i;

	for (i = 0; i < part->n_paths; i++) {
		if (isnan(part->paths[i].rate))
			continue;
		any = fmax(any, part->paths[i].rate);
		if (d->paths[part->paths[i].path].role == ROLE_NAT)
			nat = fmax(nat, part->paths[i].rate);
	}
	/* Parts without nat attempts come behind all that have them. */
	return nat >= 0 ? nat : any - 2;
}

/* The order in which parts are shown: worst first. */
static int
compare_parts(const void *a, const void *b, void *context)
{
	const struct part *x = *(const struct part *const *)a;
	const struct part *y = *(const struct part *const *)b;
	double p = worst_rate(context, x), q = worst_rate(context, y);

	if (p != q)
		return p > q ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

/* The value of path number i of the endpoint in a part, if it is there. */
static const struct path_summary *
path_of(const struct part *part, uint32_t path)
{
	size_t i;

	for (i = 0; i < part->n_paths; i++)
		if (part->paths[i].path == path)
			return &part->paths[i];
	return NULL;
}

static char *
target_name(const struct dataset *d, uint32_t key)
{
	return x_strdup(
	    key == NO_INDEX ? "not resolved" : d->targets.text[key]);
}

static char *
address_name(const struct dataset *d, uint32_t key)
{
	return x_strdup(d->addresses.text[key]);
}

static char *
host_name(const struct dataset *d, uint32_t key)
{
	const struct series *s = &d->series[key];
	size_t i;

	/* Hosts of one name are told apart by their agents. */
	for (i = 0; i < d->n_series; i++)
		if (d->series[i].host == s->host &&
		    d->series[i].agent != s->agent)
			return x_asprintf("%s (%.8s)", d->hosts.text[s->host],
			    d->agents.text[s->agent]);
	return x_strdup(d->hosts.text[s->host]);
}

/* "72/360 20.0 %", of each path that the endpoint has. */
static void
part_row(struct columns *c, const char *name, const struct part *part)
{
	const struct path_summary *p;
	size_t i;

	table_row(&c->t, name);
	for (i = 0; i < c->part->n_paths; i++) {
		p = path_of(part, c->part->paths[i].path);
		if (p == NULL)
			table_cell(&c->t, "-");
		else
			table_cell(&c->t, "%zu/%zu %s", p->tally.failed,
			    p->tally.ok + p->tally.failed,
			    value_percent(p->rate).s);
		if (p != NULL)
			table_share(&c->t, p->rate);
	}
}

/* A table of parts, the worst ones first. */
static void
part_table(struct page *p, const struct dataset *d, const struct part *all,
    const struct parts *parts, const char *what,
    char *(*name)(const struct dataset *d, uint32_t key))
{
	const struct part **order = x_malloc((parts->n + 1) * sizeof(*order));
	struct columns c;
	char *text;
	size_t i;

	for (i = 0; i < parts->n; i++)
		order[i] = &parts->part[i];
	qsort_r(order, parts->n, sizeof(*order), compare_parts,
	    (void *)(uintptr_t)d);
	columns_begin(&c, d, all, what);
	for (i = 0; i < parts->n && i < LIST_MAX; i++) {
		text = name(d, order[i]->key);
		part_row(&c, text, order[i]);
		free(text);
	}
	if (parts->n > 0) {
		page_gap(p);
		page_table(p, &c.t);
	}
	table_clear(&c.t);
	if (parts->n > LIST_MAX)
		page_paragraph(p, "and %zu more", parts->n - LIST_MAX);
	free(order);
}

/* ------------------------------------------------------------------- all */

static void
endpoint_counts(
    struct page *p, const struct dataset *d, const struct endpoint_report *e)
{
	const struct summary *s = &e->summary;
	const struct endpoint *ep = e->endpoint;
	struct columns c;

	page_heading(p, "%s%s%s  %s", ep->name, ep->control ? " (control)" : "",
	    !endpoint_is_service(ep)               ? ""
		: strcmp(ep->kind, "witness") == 0 ? " (witness)"
						   : " (whoami)",
	    ep->url != NULL ? ep->url : "");
	if (s->all.n_paths == 0) {
		page_paragraph(p, "no attempts");
		return;
	}
	columns_begin(&c, d, &s->all, "");
	count_rows(&c);
	syn_rows(&c);
	failure_rows(&c);
	status_rows(&c);
	duration_rows(&c);
	page_table(p, &c.t);
	table_clear(&c.t);
	pair_table(p, &e->pairs);
	part_table(p, d, &s->all, &s->targets, "targets, failed", target_name);
	if (s->hosts.n > 1)
		part_table(
		    p, d, &s->all, &s->hosts, "hosts, failed", host_name);
	part_table(p, d, &s->all, &s->addresses, "public addresses, failed",
	    address_name);
}

void
section_counts(struct page *p, const struct report *r)
{
	size_t *order = sections_order(r), i;

	for (i = 0; i < r->n_endpoints; i++)
		endpoint_counts(p, r->d, &r->endpoints[order[i]]);
	free(order);
}
