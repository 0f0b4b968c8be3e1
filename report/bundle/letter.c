/*
 * SUMMARY.md: the letter that one would send, complete without the rest.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/bundle/manifest.h"
#include "report/bundle/parts.h"
#include "report/output/page.h"
#include "report/output/sections.h"
#include "report/output/values.h"

/* -------------------------------------------------------- rows to a table */

struct letter_table {
	struct table table;
	bool begun;
};

static void
on_head(void *context, const struct export_value *values, size_t n)
{
	struct letter_table *t = context;
	size_t i;

	table_init(&t->table, n);
	table_row(&t->table, values[0].name);
	for (i = 1; i < n; i++) {
		table_cell(&t->table, "%s", values[i].name);
		t->table.left[i] = true;
	}
}

static int
on_row(void *context, const struct export_value *values, size_t n)
{
	struct letter_table *t = context;
	size_t i;

	table_row(&t->table, values[0].text != NULL ? values[0].text : "");
	for (i = 1; i < n; i++)
		table_cell(&t->table, "%s",
		    values[i].text != NULL ? values[i].text : "");
	return 0;
}

/* none is said in place of a table without a row. */
static int
add_table(struct page *p, const struct bundle_source *s, enum rows which,
    const char *none, struct err *e)
{
	struct letter_table t = { .begun = false };
	struct export_sink sink = { on_head, on_row, &t };
	int result = rows_each(s->rows, which, &sink, e);

	if (result == 0 && t.table.n < 2)
		page_paragraph(p, "%s", none);
	else if (result == 0)
		page_table(p, &t.table);
	table_clear(&t.table);
	return result;
}

/* ------------------------------------------------------------ what fails */

/* "connect_timeout in connect 140, request_reset in request 2" */
static char *
failures_of(const struct path_summary *s)
{
	char *text = x_strdup(""), *longer;
	int p, f;

	for (p = 0; p < PHASE_COUNT; p++)
		for (f = 1; f < FAILURE_COUNT; f++) {
			if (s->failures[p][f] == 0 || f == FAILURE_INTERRUPTED)
				continue;
			longer = x_asprintf("%s%s%zu %s in %s", text,
			    *text != '\0' ? ", " : ": ", s->failures[p][f],
			    failure_name((enum failure)f),
			    phase_name((enum phase)p));
			free(text);
			text = longer;
		}
	return text;
}

/* What an endpoint is there for where it is not what fails. */
static const char *
role_of(const struct endpoint *ep)
{
	if (ep->control)
		return " (control, another address or port through the same "
		       "NAT)";
	return endpoint_is_judged(ep) ? "" : " (serves the measurement only)";
}

static void
say_endpoint(
    struct page *p, const struct report *r, const struct endpoint_report *ep)
{
	const struct pairs *pairs = &ep->pairs;
	const struct path_summary *s;
	char *failures;
	size_t i;

	page_item(p, ep->endpoint->name, 0,
	    "%s%s: of %zu pairs of attempts in the same instants %zu failed "
	    "on the NAT path only, %zu on the direct path only, %zu on both",
	    ep->endpoint->url != NULL ? ep->endpoint->url : "",
	    role_of(ep->endpoint), pairs->n, pairs->nat_only,
	    pairs->direct_only, pairs->both_failed);
	for (i = 0; i < ep->summary.all.n_paths; i++) {
		s = &ep->summary.all.paths[i];
		failures = failures_of(s);
		page_detail(p, 0, "path %s: %zu of %zu failed (%s)%s",
		    r->d->paths[s->path].name, s->tally.failed,
		    s->tally.ok + s->tally.failed, value_percent(s->rate).s,
		    failures);
		free(failures);
	}
}

static void
say_what(struct page *p, const struct report *r)
{
	size_t *order = sections_order(r), i;

	page_heading(p, "What fails");
	for (i = 0; i < r->n_endpoints; i++)
		if (r->endpoints[order[i]].endpoint->attempts.n > 0)
			say_endpoint(p, r, &r->endpoints[order[i]]);
	free(order);
}

/* ------------------------------------------------------------ since when */

static int
on_span(void *context, const struct export_value *values, size_t n)
{
	struct page *p = context;

	if (n == 5)
		page_item(p, NULL, 0,
		    "%s on path %s: %s failures, the first sent %s, the last "
		    "%s",
		    values[2].text, values[4].text, values[3].text,
		    values[0].text, values[1].text);
	return 0;
}

static void
say_changes(struct page *p, const struct report *r)
{
	char at[WALLTIME_TEXT_SIZE], from[WALLTIME_TEXT_SIZE];
	char to[WALLTIME_TEXT_SIZE];
	const struct endpoint_verdict *v;
	size_t i;

	for (i = 0; i < r->n_endpoints; i++) {
		v = &r->verdict.endpoints[i];
		if (!v->where.change.shown)
			continue;
		page_item(p, NULL, 0,
		    "at %s the difference between the paths changed from %s "
		    "to %s at %s (95 %% interval %s to %s)",
		    v->endpoint->name, value_percent(v->where.change.before).s,
		    value_percent(v->where.change.after).s,
		    walltime_format(v->where.change.at_us, 0, at),
		    walltime_format(v->where.change.from_us, 0, from),
		    walltime_format(v->where.change.to_us, 0, to));
	}
}

static int
say_when(struct page *p, const struct bundle_source *s, struct err *e)
{
	struct export_sink spans = { NULL, on_span, p };
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	char every[WALLTIME_TEXT_SIZE];
	const struct report *r = s->report;
	int64_t us = report_interval_us(r);

	page_heading(p, "Since when");
	if (r->d->first_us == NOT_MEASURED) {
		page_paragraph(p, "No attempt has a time that can be.");
		return 0;
	}
	page_item(p, NULL, 0, "measured from %s to %s%s%s (all times are UTC)",
	    walltime_format(r->d->first_us, 3, from),
	    walltime_format(r->d->last_us, 3, to),
	    us != NOT_MEASURED ? ", every " : "",
	    us != NOT_MEASURED ? duration_format(us, every) : "");
	if (rows_each(s->rows, ROWS_LETTER_SPAN, &spans, e) != 0)
		return -1;
	say_changes(p, r);
	page_gap(p);
	page_paragraph(p,
	    "Windows to look at: failures that lie less than a minute apart "
	    "are one (the 20 with the most failures).");
	return add_table(p, s, ROWS_LETTER_WINDOWS, "None.", e);
}

/* -------------------------------------------------------------- the asks */

/* What an operator of a NAT can look up. */
static void
ask_gateway(struct page *p, const struct report *r)
{
	if (r->verdict.cause != CAUSE_INCONCLUSIVE &&
	    !cause_accuses_nat(r->verdict.cause))
		return;
	page_item(p, "To who runs the NAT:", 0,
	    "in these windows, how many ports were in use and refused for "
	    "these destinations, how full was the table, and which limit "
	    "applied to these hosts?");
}

static void
ask(struct page *p, const struct report *r)
{
	page_heading(p, "What we ask");
	page_item(p, "To who runs the far end:", 0,
	    "in these windows, did SYNs arrive from the public addresses "
	    "above for the connections below, and what became of them "
	    "(accepted, refused by a limit, dropped)? The file "
	    "edge-query.csv has a line for each failure and for the "
	    "successes around it: please fill in its last columns (seen: "
	    "yes or no; time, client_address, client_port, status, "
	    "request_id, detail) and send it back.");
	ask_gateway(p, r);
}

/* ----------------------------------------------------------- how we know */

static void
say_finding(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	char *counts = report_statement(r);
	size_t i;

	if (v->cause == CAUSE_INCONCLUSIVE)
		page_paragraph(
		    p, "Finding: %s (%s).", v->statement, cause_name(v->cause));
	else
		page_paragraph(p, "Finding: %s (%s, %s evidence).",
		    v->statement, cause_name(v->cause),
		    strength_name(v->strength));
	page_paragraph(p, "In all, %s.", counts);
	free(counts);
	for (i = 0; i < v->n_where && i < LIST_MAX; i++)
		page_item(p, NULL, 0, "%s", v->where[i]);
}

static void
say_clock(struct page *p, const struct report *r, const struct source *s)
{
	const struct series *series = &r->d->series[s->series];
	char error[WALLTIME_TEXT_SIZE];

	page_item(p, NULL, 0, "host %s, path %s: clock %s%s%s%s, %zu attempts",
	    r->d->hosts.text[series->host], r->d->paths[series->path].name,
	    s->synchronised == 1       ? "synchronised"
		: s->synchronised == 0 ? "not synchronised"
				       : "of unknown state",
	    s->max_error_us != NOT_MEASURED ? " (error at most " : "",
	    s->max_error_us != NOT_MEASURED
		? duration_format(s->max_error_us, error)
		: "",
	    s->max_error_us != NOT_MEASURED ? ")" : "", s->attempts);
}

static void
say_how(struct page *p, const struct bundle_source *s)
{
	const struct report *r = s->report;
	size_t i;

	page_heading(p, "How it was measured");
	page_paragraph(p,
	    "natdiff agents fired the same handshakes, each a new "
	    "connection that was never retried, at the same addresses in the "
	    "same moments: one through the NAT, one past it (path direct). "
	    "Every request carried X-Request-Id and the trace id of "
	    "traceparent with the attempt's id. A SYN that was never answered "
	    "carries no id: look for it by address, port and time.");
	for (i = 0; i < r->sources.n && i < LIST_MAX; i++)
		say_clock(p, r, &r->sources.source[i]);
	if (r->sources.n > LIST_MAX)
		page_item(p, NULL, 0, "and %zu more", r->sources.n - LIST_MAX);
}

/* ------------------------------------------------------------- the files */

static const struct file_says {
	const char *name; /* a folder ends in "/" */
	const char *says;
} files_say[] = {
	{ "report.html", "the report with plots, for a browser" },
	{ "report.json", "the report for programs" },
	{ "failures.csv",
	    "every failed attempt with the direct one of the "
	    "same instant" },
	{ "edge-query.csv", "what we ask the far end, to be filled in" },
	{ "attempts.db",
	    "every row of the window, SQLite: natdiff-report "
	    "diff attempts.db makes the report again" },
	{ "measurements.csv", "limits that were measured" },
	{ "imports.csv", "which logs were read" },
	{ "host/", "kernel, sysctls and clock of each host" },
	{ "gateway/", "what the NAT's own counters and logs say" },
	{ "edge/", "what the far end and our witness recorded" },
	{ "application/", "failures that the application logged itself" },
	{ "captures/", "packets" },
	{ "attachments/", "logs of others" },
};

static bool
folder_has_any(const struct folder *f, const char *name)
{
	size_t length = strlen(name), i;

	for (i = 0; i < f->n; i++)
		if (name[length - 1] == '/'
			? strncmp(f->file[i].name, name, length) == 0
			: strcmp(f->file[i].name, name) == 0)
			return true;
	return false;
}

/* A command of ours, to be copied: no markup is escaped in it. */
static void
say_command(struct page *p, const char *command)
{
	fprintf(p->out, "\n    %s\n", command);
	p->in_text = true;
}

static void
say_files(struct page *p, const struct folder *f, const struct bundle_source *s)
{
	size_t i;

	page_heading(p, "What is with this letter, and how to check it");
	for (i = 0; i < sizeof(files_say) / sizeof(files_say[0]); i++)
		if (folder_has_any(f, files_say[i].name))
			page_item(
			    p, files_say[i].name, 0, "%s", files_say[i].says);
	page_gap(p);
	page_paragraph(p, "To be run in this folder:");
	say_command(p, "sha256sum --strict -c " MANIFEST_NAME);
	if (s->fingerprint != NULL) {
		page_paragraph(
		    p, "Signed with Ed25519 by the key %s:", s->fingerprint);
		say_command(p,
		    "openssl pkeyutl -verify -pubin -inkey " SIGNER_NAME
		    " -rawin -in " MANIFEST_NAME " -sigfile " SIGNATURE_NAME);
		page_paragraph(p,
		    "Compare the key's fingerprint with what we tell you in "
		    "another way:");
		say_command(p,
		    "openssl pkey -pubin -in " SIGNER_NAME
		    " -outform DER | sha256sum");
	}
	if (s->pseudonymised)
		page_paragraph(p,
		    "Private addresses and the names of hosts were replaced, "
		    "everywhere alike: 240.x.x.x, 100::x, host-N. Public "
		    "addresses are as they were.");
}

/* ------------------------------------------------------------------- all */

static int
write_letter(struct page *p, const struct folder *f,
    const struct bundle_source *s, struct err *e)
{
	const struct report *r = s->report;

	page_title(p, "Failing connections, measured on two paths");
	say_finding(p, r);
	if (s->note != NULL) {
		page_heading(p, "In our own words");
		page_paragraph(p, "%s", s->note);
	}
	say_what(p, r);
	if (say_when(p, s, e) != 0)
		return -1;
	section_episodes(p, r);
	page_heading(p, "From where");
	if (add_table(p, s, ROWS_LETTER_PATHS, "Not known.", e) != 0)
		return -1;
	page_heading(p, "Failed attempts (12 of failures.csv, evenly spread)");
	if (add_table(p, s, ROWS_LETTER_FAILURES, "None.", e) != 0)
		return -1;
	page_heading(p,
	    "Successes just before and after, to find us in your "
	    "logs");
	if (add_table(p, s, ROWS_LETTER_SUCCESSES,
		"None: no failure of the NAT path has one near it.", e) != 0)
		return -1;
	ask(p, r);
	section_ledger(p, r);
	section_evidence(p, r);
	section_not_ruled_out(p, r);
	section_ruled_out(p, r);
	section_missing(p, r);
	say_how(p, s);
	say_files(p, f, s);
	return 0;
}

int
part_letter(struct folder *f, const struct bundle_source *s, struct err *e)
{
	struct page p = { NULL, &page_markdown, false, false, false };
	FILE *out = folder_create(f, "SUMMARY.md", e);

	if (out == NULL)
		return -1;
	p.out = out;
	if (write_letter(&p, f, s, e) == 0)
		return folder_finish(f, out, e);
	fclose(out);
	return -1;
}
