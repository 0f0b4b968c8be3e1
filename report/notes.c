/*
 * Remarks.  Each function below looks for one thing that a reader should
 * know, and says it in a sentence with its numbers.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/notes.h"
#include "report/unpaired.h"

/* Clocks further apart than this part of the interval are worth a remark. */
#define APART(interval_us) ((interval_us) / 10)
/* A server's Date has whole seconds: a mean of fewer says nothing. */
#define DATES_LEAST 10
#define DATE_US     1000000

static void add(struct notes *notes, const char *kind, int64_t at_us,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static void
add(struct notes *notes, const char *kind, int64_t at_us, const char *fmt, ...)
{
	struct note *note;
	va_list ap;

	notes->note = x_grow(
	    notes->note, notes->n, &notes->capacity, sizeof(*notes->note));
	note = &notes->note[notes->n++];
	note->kind = kind;
	note->at_us = at_us;
	va_start(ap, fmt);
	note->text = x_vasprintf(fmt, ap);
	va_end(ap);
}

static const char *
plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* "host web1, path nat", in new memory. */
static char *
series_text(const struct dataset *d, size_t i)
{
	return x_asprintf("host %s, path %s", d->hosts.text[d->series[i].host],
	    d->paths[d->series[i].path].name);
}

/* ---------------------------------------------------------- what was read */

static void
note_inputs(struct notes *notes, const struct dataset *d)
{
	const struct input *in;
	size_t i;

	for (i = 0; i < d->n_inputs; i++) {
		in = &d->inputs[i];
		if (in->bad_rows > 0)
			add(notes, "bad_rows", NOT_MEASURED,
			    "%s: %zu row%s left out, with values that no "
			    "agent writes; the first: %s",
			    in->file, in->bad_rows, plural(in->bad_rows),
			    in->first_bad != NULL ? in->first_bad : "?");
		if (in->duplicate_runs > 0)
			add(notes, "duplicate_run", NOT_MEASURED,
			    "%s: %zu run%s with %zu attempt%s %s in another "
			    "input, too: counted once",
			    in->file, in->duplicate_runs,
			    plural(in->duplicate_runs), in->duplicate_rows,
			    plural(in->duplicate_rows),
			    in->duplicate_runs == 1 ? "is" : "are");
	}
}

static void
note_urls(struct notes *notes, const struct dataset *d)
{
	const struct endpoint *ep;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++) {
		ep = &d->endpoints[i];
		if (ep->n_urls > 1)
			add(notes, "url", NOT_MEASURED,
			    "endpoint %s stands for %zu urls, one of them "
			    "%s: they are compared as one",
			    ep->name, ep->n_urls, ep->url);
	}
}

static void
note_runs(struct notes *notes, const struct dataset *d)
{
	size_t unfinished = 0, lost_runs = 0, i;
	int64_t lost = 0;
	const struct run *r;

	for (i = 0; i < d->n_runs; i++) {
		r = &d->runs[i];
		if (r->attempts == 0)
			continue;
		unfinished += r->ended_at_us == NOT_MEASURED;
		if (r->lost_rows > 0) {
			lost_runs++;
			if (lost <= INT64_MAX - r->lost_rows)
				lost += r->lost_rows;
		}
	}
	if (unfinished > 0)
		add(notes, "unfinished", NOT_MEASURED,
		    "%zu run%s did not say how %s ended: still running, or "
		    "killed",
		    unfinished, plural(unfinished),
		    unfinished == 1 ? "it" : "they");
	if (lost_runs > 0)
		add(notes, "lost_rows", NOT_MEASURED,
		    "%zu run%s lost %" PRId64 " rows for which there was no "
		    "room",
		    lost_runs, plural(lost_runs), lost);
}

/* Failures that say nothing about a path. */
static void
note_failures(struct notes *notes, const struct dataset *d,
    const struct part *const *wholes)
{
	size_t interrupted = 0, local = 0, e, i;
	const struct path_summary *p;

	for (e = 0; e < d->n_endpoints; e++) {
		for (i = 0; i < wholes[e]->n_paths; i++) {
			p = &wholes[e]->paths[i];
			interrupted += p->tally.interrupted;
			local += p->local;
		}
	}
	if (interrupted > 0)
		add(notes, "interrupted", NOT_MEASURED,
		    "%zu attempt%s %s cut short when the agent stopped: not "
		    "counted",
		    interrupted, plural(interrupted),
		    interrupted == 1 ? "was" : "were");
	if (local > 0)
		add(notes, "local_failure", NOT_MEASURED,
		    "%zu failure%s of the probing hosts' own making (ports, "
		    "files, buffers, permissions): no fault of a path",
		    local, plural(local));
}

/* --------------------------------------------------------------- pairing */

static size_t
count_role(const struct dataset *d, enum role role)
{
	size_t n = 0, i;

	for (i = 0; i < d->n_runs; i++)
		if (series_role(d, d->runs[i].series) == role)
			n += d->runs[i].attempts;
	return n;
}

static void
note_unpaired(struct notes *notes, const struct dataset *d)
{
	char *reason = unpaired_reason(d);

	add(notes, "unpaired", NOT_MEASURED, "no two attempts pair: %s",
	    reason);
	free(reason);
}

static void
note_pairs(struct notes *notes, const struct dataset *d,
    const struct pairs *const *pairs)
{
	size_t n = 0, apart = 0, repeats = 0, spare = 0, dns = 0, e;
	bool direct = count_role(d, ROLE_DIRECT) > 0;
	bool nat = count_role(d, ROLE_NAT) > 0;

	for (e = 0; e < d->n_endpoints; e++) {
		n += pairs[e]->n;
		apart += pairs[e]->apart;
		repeats += pairs[e]->repeats;
		spare += pairs[e]->spare;
		dns += pairs[e]->half_dns;
	}
	if (direct != nat)
		add(notes, "one_path", NOT_MEASURED,
		    "there are attempts on a %s path only, nothing to "
		    "compare them with: give the database of %s, too, that "
		    "ran at the same time",
		    direct ? "direct" : "nat",
		    direct ? "a host behind the NAT"
			   : "a host that does not leave through it (role: "
			     "direct)");
	else if (direct && n == 0)
		note_unpaired(notes, d);
	if (apart > 0)
		add(notes, "clock", NOT_MEASURED,
		    "%zu of %zu pairs began more than a tenth of their "
		    "interval apart",
		    apart, n);
	if (dns > 0)
		add(notes, "dns", NOT_MEASURED,
		    "%zu attempt%s failed in dns, with no such failure on "
		    "the other path, and have no address to pair by",
		    dns, plural(dns));
	if (repeats > 0)
		add(notes, "repeat", NOT_MEASURED,
		    "%zu attempt%s repeated one of the same agent in the "
		    "same slot: counted, not paired",
		    repeats, plural(repeats));
	if (spare > 0)
		add(notes, "spare", NOT_MEASURED,
		    "%zu direct attempt%s stood beside another direct one "
		    "that was the partner: counted, not paired",
		    spare, plural(spare));
}

/* The intervals of a role, as "10s, 1m", in new memory. */
static char *
intervals_text(const struct dataset *d, enum role role, struct names *all)
{
	struct names own = { 0 };
	char text[WALLTIME_TEXT_SIZE], *list = x_strdup(""), *longer;
	const struct series *s;
	size_t i;

	for (i = 0; i < d->n_series; i++) {
		s = &d->series[i];
		if (d->paths[s->path].role != role)
			continue;
		duration_format(s->interval_us, text);
		names_add(all, text);
		if (names_find(&own, text) != UINT32_MAX || own.n > 8)
			continue;
		names_add(&own, text);
		longer = x_asprintf(
		    "%s%s%s", list, list[0] != '\0' ? ", " : "", text);
		free(list);
		list = longer;
	}
	names_clear(&own);
	return list;
}

static void
note_intervals(struct notes *notes, const struct dataset *d)
{
	struct names all = { 0 };
	char *direct = intervals_text(d, ROLE_DIRECT, &all);
	char *nat = intervals_text(d, ROLE_NAT, &all);

	if (all.n > 1)
		add(notes, "interval", NOT_MEASURED,
		    "the intervals differ (direct: %s; nat: %s): only "
		    "attempts with the same one pair",
		    direct[0] != '\0' ? direct : "none",
		    nat[0] != '\0' ? nat : "none");
	free(direct);
	free(nat);
	names_clear(&all);
}

/* ---------------------------------------------------------------- clocks */

/* What the runs of a series say about its clock. */
struct clock {
	size_t runs, unsynchronised;
	int64_t step_us;  /* largest, either way */
	int64_t error_us; /* largest */
	double offset_us; /* server's Date minus our clock, summed */
	double dates;
};

static struct clock *
read_clocks(const struct dataset *d)
{
	struct clock *clocks = x_calloc(d->n_series + 1, sizeof(*clocks)), *c;
	const struct run *r;
	int64_t step;
	size_t i;

	for (i = 0; i < d->n_runs; i++) {
		r = &d->runs[i];
		if (r->attempts == 0)
			continue;
		c = &clocks[r->series];
		c->runs++;
		c->unsynchronised += r->clock_synchronised == 0;
		if (r->clock_step_us != NOT_MEASURED) {
			step = r->clock_step_us < 0 ? -r->clock_step_us
						    : r->clock_step_us;
			if (step > c->step_us)
				c->step_us = step;
		}
		if (r->clock_max_error_us > c->error_us)
			c->error_us = r->clock_max_error_us;
		c->offset_us += (double)r->offset_sum_us;
		c->dates += (double)r->offset_count;
	}
	return clocks;
}

static void
note_clock(struct notes *notes, const struct dataset *d, size_t i,
    const struct clock *c)
{
	int64_t most = APART(d->series[i].interval_us);
	char *who = series_text(d, i);

	if (c->unsynchronised > 0)
		add(notes, "clock", NOT_MEASURED,
		    "%s: clock not synchronised in %zu of %zu run%s", who,
		    c->unsynchronised, c->runs, plural(c->runs));
	else if (c->error_us > most)
		add(notes, "clock", NOT_MEASURED,
		    "%s: clock may be off by %.1f s", who,
		    (double)c->error_us / 1e6);
	if (c->step_us > most)
		add(notes, "clock", NOT_MEASURED,
		    "%s: clock stepped by %.1f s during a run", who,
		    (double)c->step_us / 1e6);
	free(who);
}

/* The servers' dates tell how far two hosts' clocks are apart. */
static void
note_dates(struct notes *notes, const struct dataset *d, size_t direct,
    size_t nat, const struct clock *clocks)
{
	const struct clock *x = &clocks[direct], *y = &clocks[nat];
	double apart;

	if (x->dates < DATES_LEAST || y->dates < DATES_LEAST ||
	    (d->series[direct].agent == d->series[nat].agent &&
		d->series[direct].host == d->series[nat].host))
		return;
	apart = x->offset_us / x->dates - y->offset_us / y->dates;
	if (apart < 0)
		apart = -apart;
	if (apart > DATE_US &&
	    apart > (double)APART(d->series[nat].interval_us))
		add(notes, "clock", NOT_MEASURED,
		    "by the servers' dates the clocks of host %s and host %s "
		    "are about %.0f s apart",
		    d->hosts.text[d->series[direct].host],
		    d->hosts.text[d->series[nat].host], apart / 1e6);
}

static void
note_clocks(struct notes *notes, const struct dataset *d)
{
	struct clock *clocks = read_clocks(d);
	size_t direct = d->n_series, i;

	for (i = 0; i < d->n_series; i++) {
		note_clock(notes, d, i, &clocks[i]);
		if (series_role(d, i) == ROLE_NAT) {
			if (direct < d->n_series)
				note_dates(notes, d, direct, i, clocks);
		} else if (direct == d->n_series && clocks[i].runs > 0) {
			direct = i;
		}
	}
	free(clocks);
}

/* ------------------------------------------------------------------ gaps */

static void
note_gap(
    struct notes *notes, const struct dataset *d, size_t i, const struct gap *g)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	char *who = series_text(d, i);

	walltime_format(g->from_us, 0, from);
	walltime_format(g->to_us, 0, to);
	if (g->count > 0)
		add(notes, "gap", g->from_us, "%s: no attempts from %s to %s%s",
		    who, from, to, g->count > 1 ? ", and other gaps" : "");
	if (g->begins_late)
		add(notes, "gap", g->first_us, "%s: no attempts before %s", who,
		    walltime_format(g->first_us, 0, from));
	if (g->ends_early)
		add(notes, "gap", g->last_us, "%s: no attempts after %s", who,
		    walltime_format(g->last_us, 0, from));
	free(who);
}

static void
note_gaps(struct notes *notes, const struct dataset *d, const struct gap *gaps)
{
	size_t i;

	for (i = 0; i < d->n_series; i++)
		note_gap(notes, d, i, &gaps[i]);
}

/* ------------------------------------------------------------------- all */

static void
note_annotations(struct notes *notes, const struct dataset *d)
{
	size_t i;

	for (i = 0; i < d->n_annotations; i++)
		if (i == 0 ||
		    d->annotations[i].at_us != d->annotations[i - 1].at_us ||
		    strcmp(d->annotations[i].text,
			d->annotations[i - 1].text) != 0)
			add(notes, "annotation", d->annotations[i].at_us, "%s",
			    d->annotations[i].text);
}

void
notes_make(struct notes *notes, const struct dataset *d,
    const struct pairs *const *pairs, const struct part *const *wholes,
    const struct gap *gaps)
{
	memset(notes, 0, sizeof(*notes));
	note_annotations(notes, d);
	note_pairs(notes, d, pairs);
	note_intervals(notes, d);
	note_inputs(notes, d);
	note_urls(notes, d);
	note_clocks(notes, d);
	note_gaps(notes, d, gaps);
	note_runs(notes, d);
	note_failures(notes, d, wholes);
}

void
notes_clear(struct notes *notes)
{
	size_t i;

	for (i = 0; i < notes->n; i++)
		free(notes->note[i].text);
	free(notes->note);
	memset(notes, 0, sizeof(*notes));
}
