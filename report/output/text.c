/*
 * A report for a screen of 80 columns: what the counts show first, then a
 * table an endpoint with a column a path, then remarks.
 *
 * Every text from outside goes through printable().
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/output.h"
#include "report/output/printable.h"

#define WIDTH    80
#define LABEL    28 /* columns of a row's label */
#define CELL     17 /* columns of a path's value */
#define CELLS    3  /* of them side by side */
#define LIST_MAX 10 /* hosts, targets, inputs: the worst ones */
#define NOTE_MAX 20

/* A cell's text. */
struct cell {
	char s[32];
};

/* ----------------------------------------------------------------- lines */

/* Print text in lines of WIDTH columns, the first behind lead, all indented. */
static void
wrap(FILE *out, const char *lead, size_t indent, const char *text)
{
	char *shown = printable(text, 0), *word, *save = NULL, *part;
	size_t at = indent, width;

	fprintf(out, "%-*s", (int)indent, lead);
	for (word = strtok_r(shown, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save)) {
		/* No line holds a longer one. */
		part = printable(word, WIDTH - indent);
		width = printable_width(part);
		if (at > indent && at + 1 + width > WIDTH) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		}
		if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fputs(part, out);
		at += width;
		free(part);
	}
	fputc('\n', out);
	free(shown);
}

/* A label from outside; a long one has a line of its own. */
static void
label(FILE *out, const char *text)
{
	char *shown = printable(text, WIDTH - 2);
	size_t width = printable_width(shown);

	fprintf(out, "  %s", shown);
	if (width + 2 > LABEL)
		fprintf(out, "\n%*s", LABEL, "");
	else
		fprintf(out, "%*s", (int)(LABEL - 2 - width), "");
	free(shown);
}

/* ---------------------------------------------------------------- values */

static struct cell
count_cell(size_t n)
{
	struct cell c;

	snprintf(c.s, sizeof(c.s), "%zu", n);
	return c;
}

/* Three digits and a unit. */
static struct cell
duration_cell(double us)
{
	static const char *const units[] = { "us", "ms", "s" };
	struct cell c;
	int unit = 0;

	if (isnan(us)) {
		snprintf(c.s, sizeof(c.s), "-");
		return c;
	}
	while (unit < 2 && us >= 999.5) {
		us /= 1000;
		unit++;
	}
	snprintf(c.s, sizeof(c.s), "%.*f %s",
	    unit == 0 || us >= 99.95 ? 0
		: us >= 9.995        ? 1
				     : 2,
	    us, units[unit]);
	return c;
}

/* A share, in percent without the sign. */
static struct cell
share_cell(double share)
{
	struct cell c;

	share *= 100;
	if (isnan(share))
		snprintf(c.s, sizeof(c.s), "-");
	else
		snprintf(c.s, sizeof(c.s), "%.*f",
		    share == 0 || share >= 9.995 ? 1 : 2, share);
	return c;
}

static struct cell
rate_cell(const struct path_summary *p)
{
	struct cell c, share = share_cell(p->rate);

	snprintf(
	    c.s, sizeof(c.s), "%.12s%s", share.s, isnan(p->rate) ? "" : " %");
	return c;
}

static struct cell
rate_ci_cell(const struct path_summary *p)
{
	struct cell c, lo = share_cell(p->rate_ci.lo),
		       hi = share_cell(p->rate_ci.hi);

	if (isnan(p->rate_ci.lo))
		snprintf(c.s, sizeof(c.s), "-");
	else
		snprintf(c.s, sizeof(c.s), "%.8s-%.8s %%", lo.s, hi.s);
	return c;
}

/* "72/360 20.0 %" */
static struct cell
failed_cell(const struct path_summary *p)
{
	struct cell c, rate = rate_cell(p);
	size_t n = p->tally.ok + p->tally.failed;

	/* Where it would not fit, the rate is what matters. */
	if (snprintf(c.s, sizeof(c.s), "%zu/%zu %.10s", p->tally.failed, n,
		rate.s) >= CELL)
		return rate;
	return c;
}

/* ---------------------------------------------------------- the big table */

/* Some paths of a part side by side: [from, to). */
struct columns {
	FILE *out;
	const struct dataset *d;
	const struct part *part;
	size_t from, to;
};

static void
heads(const struct columns *t)
{
	const struct path *path;
	char *shown;
	size_t i, width;

	fprintf(t->out, "%*s", LABEL, "");
	for (i = t->from; i < t->to; i++) {
		path = &t->d->paths[t->part->paths[i].path];
		shown = printable(path->name, CELL - 1);
		width = printable_width(shown);
		fprintf(t->out, "%*s%s", (int)(CELL - width), "", shown);
		free(shown);
	}
	fputc('\n', t->out);
}

/* One row: a label of ours, and a cell a path. */
static void
row(const struct columns *t, const char *name,
    struct cell (*cell)(const struct path_summary *p))
{
	size_t i;

	fprintf(t->out, "  %-*s", LABEL - 2, name);
	for (i = t->from; i < t->to; i++)
		fprintf(t->out, "%*s", CELL, cell(&t->part->paths[i]).s);
	fputc('\n', t->out);
}

static struct cell
attempts_value(const struct path_summary *p)
{
	return count_cell(p->tally.ok + p->tally.failed);
}

static struct cell
failed_value(const struct path_summary *p)
{
	return count_cell(p->tally.failed);
}

static struct cell
syn_value(const struct path_summary *p)
{
	if (p->tally.syn_known == 0)
		return (struct cell){ "-" };
	return count_cell(p->tally.syn_with);
}

static struct cell
syn_max_value(const struct path_summary *p)
{
	if (p->tally.syn_known == 0)
		return (struct cell){ "-" };
	return count_cell(p->tally.syn_max);
}

/* The failures that any path of the part has, one row each. */
static void
failure_rows(const struct columns *t)
{
	char name[LABEL + 1];
	int phase, failure;
	size_t i, sum, begun = 0;

	for (phase = 0; phase < PHASE_COUNT; phase++) {
		for (failure = 1; failure < FAILURE_COUNT; failure++) {
			sum = 0;
			for (i = 0; i < t->part->n_paths; i++)
				sum +=
				    t->part->paths[i].failures[phase][failure];
			if (sum == 0)
				continue;
			if (begun++ == 0)
				fputs("  failures by phase\n", t->out);
			snprintf(name, sizeof(name), "%s %s", phase_name(phase),
			    failure_name(failure));
			fprintf(t->out, "    %-*s", LABEL - 4, name);
			if (strlen(name) > LABEL - 4)
				fprintf(t->out, "\n%*s", LABEL, "");
			for (i = t->from; i < t->to; i++)
				fprintf(t->out, "%*zu", CELL,
				    t->part->paths[i].failures[phase][failure]);
			fputc('\n', t->out);
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
status_rows(const struct columns *t)
{
	uint16_t status = 0;
	size_t i, rows = 0;

	status = next_status(t->part, status);
	for (; status != 0; status = next_status(t->part, status)) {
		if (rows == LIST_MAX) {
			fputs("  and other statuses\n", t->out);
			break;
		}
		fprintf(t->out, "  %-18s%6u", rows++ == 0 ? "HTTP status" : "",
		    (unsigned)status);
		for (i = t->from; i < t->to; i++)
			fprintf(t->out, "%*zu", CELL,
			    status_of(&t->part->paths[i], status));
		fputc('\n', t->out);
	}
}

static void
duration_row(const struct columns *t, const char *head, const char *quantile,
    size_t offset)
{
	const char *value;
	double us;
	size_t i;

	fprintf(t->out, "    %-12s%-*s", head, LABEL - 16, quantile);
	for (i = t->from; i < t->to; i++) {
		value = (const char *)&t->part->paths[i] + offset;
		memcpy(&us, value, sizeof(us));
		fprintf(t->out, "%*s", CELL, duration_cell(us).s);
	}
	fputc('\n', t->out);
}

static void
duration_rows(const struct columns *t)
{
	size_t at, n, i;
	int which;

	fputs("  time, successful attempts only\n", t->out);
	for (which = 0; which < DURATION_COUNT; which++) {
		n = 0;
		for (i = 0; i < t->part->n_paths; i++)
			n += t->part->paths[i].durations[which].n;
		if (n == 0)
			continue;
		at = offsetof(struct path_summary, durations) +
		    (size_t)which * sizeof(struct duration_summary);
		duration_row(t, duration_name(which), "p50",
		    at + offsetof(struct duration_summary, p50_us));
		duration_row(t, "", "p90",
		    at + offsetof(struct duration_summary, p90_us));
		duration_row(t, "", "p99",
		    at + offsetof(struct duration_summary, p99_us));
	}
}

static void
table(FILE *out, const struct dataset *d, const struct part *part)
{
	struct columns t = { out, d, part, 0, 0 };

	for (; t.from < part->n_paths; t.from = t.to) {
		t.to = t.from + CELLS < part->n_paths ? t.from + CELLS
						      : part->n_paths;
		if (t.from > 0)
			fputc('\n', out);
		heads(&t);
		row(&t, "attempts", attempts_value);
		row(&t, "failed", failed_value);
		row(&t, "failure rate", rate_cell);
		row(&t, "  95 % (Wilson)", rate_ci_cell);
		row(&t, "SYN sent again, attempts", syn_value);
		row(&t, "  most for one attempt", syn_max_value);
		status_rows(&t);
		failure_rows(&t);
		duration_rows(&t);
	}
}

/* ----------------------------------------------------- pairs, parts, hosts */

static void
pair_table(FILE *out, const struct pairs *p)
{
	fprintf(out, "\n  %-*s%*s%*s\n", LABEL - 2, "pairs", CELL, "nat ok",
	    CELL, "nat failed");
	fprintf(out, "    %-*s%*zu%*zu\n", LABEL - 4, "direct ok", CELL,
	    p->both_ok, CELL, p->nat_only);
	fprintf(out, "    %-*s%*zu%*zu\n", LABEL - 4, "direct failed", CELL,
	    p->direct_only, CELL, p->both_failed);
	if (p->half_nat + p->half_direct > 0)
		fprintf(out,
		    "    half pairs: %zu nat without direct, %zu direct "
		    "without nat\n",
		    p->half_nat, p->half_direct);
}

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

/* Failed of attempts, of each path that the endpoint has. */
static void
part_cells(FILE *out, const struct part *all, const struct part *part)
{
	const struct path_summary *p;
	size_t i;

	for (i = 0; i < all->n_paths; i++) {
		if (i > 0 && i % CELLS == 0)
			fprintf(out, "\n%*s", LABEL, "");
		p = path_of(part, all->paths[i].path);
		fprintf(out, "%*s", CELL, p != NULL ? failed_cell(p).s : "-");
	}
	fputc('\n', out);
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

/* A table of parts, the worst ones first. */
static void
part_table(FILE *out, const struct dataset *d, const struct part *all,
    const struct parts *parts, const char *what,
    char *(*name)(const struct dataset *d, uint32_t key))
{
	const struct part **order = x_malloc((parts->n + 1) * sizeof(*order));
	char *text;
	size_t i;

	for (i = 0; i < parts->n; i++)
		order[i] = &parts->part[i];
	qsort_r(order, parts->n, sizeof(*order), compare_parts,
	    (void *)(uintptr_t)d);
	if (parts->n > 0)
		fprintf(out, "\n  %s, failed/attempts\n", what);
	for (i = 0; i < parts->n && i < LIST_MAX; i++) {
		text = name(d, order[i]->key);
		label(out, text);
		free(text);
		part_cells(out, all, order[i]);
	}
	if (parts->n > LIST_MAX)
		fprintf(out, "  and %zu more\n", parts->n - LIST_MAX);
	free(order);
}

/* ------------------------------------------------------------------- all */

static void
endpoint_text(
    FILE *out, const struct dataset *d, const struct endpoint_report *e)
{
	const struct summary *s = &e->summary;
	const struct endpoint *ep = e->endpoint;
	char *text;

	text = x_asprintf("%s%s%s  %s", ep->name,
	    ep->control ? " (control)" : "",
	    ep->kind != NULL && strcmp(ep->kind, "endpoint") != 0
		? strcmp(ep->kind, "witness") == 0 ? " (witness)" : " (whoami)"
		: "",
	    ep->url != NULL ? ep->url : "");
	fputc('\n', out);
	wrap(out, "", 0, text);
	free(text);
	if (s->all.n_paths == 0) {
		fputs("  no attempts\n", out);
		return;
	}
	table(out, d, &s->all);
	pair_table(out, &e->pairs);
	part_table(out, d, &s->all, &s->targets, "targets", target_name);
	if (s->hosts.n > 1)
		part_table(out, d, &s->all, &s->hosts, "hosts", host_name);
	part_table(
	    out, d, &s->all, &s->addresses, "public addresses", address_name);
}

static void
head(FILE *out, const struct report *r)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	char every[WALLTIME_TEXT_SIZE], *statement = report_statement(r), *text;
	const struct dataset *d = r->d;
	int64_t us = report_interval_us(r);

	text = x_asprintf("no verdict: %s", statement);
	wrap(out, "", 0, text);
	free(text);
	free(statement);
	fputc('\n', out);
	if (d->first_us == NOT_MEASURED)
		return;
	walltime_format(
	    d->since_us != NOT_MEASURED ? d->since_us : d->first_us, 0, from);
	walltime_format(
	    d->until_us != NOT_MEASURED ? d->until_us : d->last_us, 0, to);
	duration_format(us == NOT_MEASURED ? 0 : us, every);
	fprintf(out, "%s to %s%s%s\n", from, to,
	    us == NOT_MEASURED ? "" : ", every ",
	    us == NOT_MEASURED ? "" : every);
}

static void
sources_text(FILE *out, const struct report *r)
{
	const struct dataset *d = r->d;
	const struct source *s;
	char *text;
	size_t i;

	for (i = 0; i < r->sources.n && i < LIST_MAX; i++) {
		s = &r->sources.source[i];
		text = x_asprintf(
		    "%s: host %s, path %s (%s), %zu attempts in %zu run%s",
		    d->inputs[s->input].file,
		    d->hosts.text[d->series[s->series].host],
		    d->paths[d->series[s->series].path].name,
		    d->paths[d->series[s->series].path].role == ROLE_NAT
			? "nat"
			: "direct",
		    s->attempts, s->runs, s->runs == 1 ? "" : "s");
		wrap(out, "", 2, text);
		free(text);
	}
	if (r->sources.n > LIST_MAX)
		fprintf(out, "  and %zu more\n", r->sources.n - LIST_MAX);
}

static void
notes_text(FILE *out, const struct report *r)
{
	char at[WALLTIME_TEXT_SIZE], *text;
	const struct note *n;
	size_t i;

	if (r->notes.n > 0)
		fputs("\nnotes\n", out);
	for (i = 0; i < r->notes.n && i < NOTE_MAX; i++) {
		n = &r->notes.note[i];
		if (strcmp(n->kind, "annotation") != 0) {
			wrap(out, "  -", 4, n->text);
			continue;
		}
		text = x_asprintf(
		    "%s: %s", walltime_format(n->at_us, 0, at), n->text);
		wrap(out, "  -", 4, text);
		free(text);
	}
	if (r->notes.n > NOTE_MAX)
		fprintf(out, "  and %zu more (--format json has all)\n",
		    r->notes.n - NOTE_MAX);
}

void
output_text(const struct report *r, FILE *out)
{
	size_t i;

	head(out, r);
	sources_text(out, r);
	for (i = 0; i < r->n_endpoints; i++)
		endpoint_text(out, r->d, &r->endpoints[i]);
	notes_text(out, r);
}
