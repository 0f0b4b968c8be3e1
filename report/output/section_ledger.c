/*
 * What a far end of ours saw: the ledger, and where the paths leave.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/output/sections.h"
#include "report/output/values.h"

static void
ledger_table(struct page *p, const struct report *r)
{
	const struct ledger *l = &r->verdict.ledger;
	const struct ledger_counts *c;
	struct table t;
	size_t i;

	table_init(&t, 6);
	table_row(&t, "");
	table_cell(&t, "sent");
	table_cell(&t, "accepted");
	table_cell(&t, "requested");
	table_cell(&t, "failed");
	table_cell(&t, "of these seen");
	for (i = 0; i < l->n_paths; i++) {
		c = &l->paths[i].counts;
		table_row(&t, r->d->paths[l->paths[i].path].name);
		table_cell(&t, "%zu", c->sent);
		table_cell(&t, "%zu", c->accepted);
		table_cell(&t, "%zu", c->requested);
		table_cell(&t, "%zu", c->failed);
		table_cell(&t, "%zu", c->failed_seen);
	}
	page_table(p, &t);
	table_clear(&t);
}

static void
say_path(struct page *p, const struct report *r, const struct ledger_path *l)
{
	const struct ledger_counts *c = &l->counts;
	const struct path *path = &r->d->paths[l->path];

	if (c->failed > 0)
		page_item(p, NULL, 0,
		    "%zu of %zu failed attempts on the %s path never reached "
		    "the far end%s",
		    c->failed - c->failed_seen, c->failed,
		    path->role == ROLE_NAT ? "NAT" : "direct",
		    l->unnamed_known
			? ""
			: " (none did, so that its addresses are not known)");
	if (c->connected_unseen > 0)
		page_item(p, NULL, 0,
		    "%zu of them had connected: something on the way answered "
		    "in the far end's place",
		    c->connected_unseen);
	if (l->outside > 0)
		page_item(p, NULL, 0,
		    "%zu attempts on path %s are from before the witness's "
		    "first connection or after its last, and not counted",
		    l->outside, path->name);
}

static void
say_clock(struct page *p, const struct report *r, const struct ledger_clock *c)
{
	double least_ms = (double)c->least_us / 1000;
	double most_ms = (double)c->most_us / 1000;
	/* Never "-0.0". */
	double ahead_ms = round((least_ms + most_ms) * 5) / 10 + 0.0;

	if (c->drift_us > 0)
		page_item(p, NULL, 0,
		    "the witness's clock against host %s's: %.1f to %.1f ms "
		    "ahead, so that one of them drifts (%zu attempts)",
		    r->d->hosts.text[c->host], least_ms, most_ms, c->attempts);
	else
		page_item(p, NULL, 0,
		    "the witness's clock is %.1f ms ahead of host %s's, give "
		    "or take %.1f (from %zu attempts)",
		    ahead_ms, r->d->hosts.text[c->host],
		    (most_ms - least_ms) / 2, c->attempts);
}

void
section_ledger(struct page *p, const struct report *r)
{
	const struct ledger *l = &r->verdict.ledger;
	size_t i;

	if (l->n_paths == 0)
		return;
	page_heading(p, "ledger: what the far end saw of what was sent");
	ledger_table(p, r);
	for (i = 0; i < l->n_paths; i++)
		say_path(p, r, &l->paths[i]);
	if (l->lost > 0)
		page_item(p, NULL, 0,
		    "the witness had no room to write %" PRId64
		    " connections down: as many that are not seen may have "
		    "come",
		    l->lost);
	for (i = 0; i < l->n_clocks && i < LIST_MAX; i++)
		say_clock(p, r, &l->clocks[i]);
	if (l->n_clocks > LIST_MAX)
		page_item(
		    p, NULL, 0, "and %zu more clocks", l->n_clocks - LIST_MAX);
}

/* ---------------------------------------------------------------- egress */

/* "64 ports from 20000 to 20063, at random, in 2 blocks": new memory. */
static char *
ports_words(const struct ports *s)
{
	char *blocks, *text;

	if (s->n == 0)
		return x_strdup("ports not known");
	if (s->order == PORTS_PRESERVED)
		return x_asprintf("ports kept as the host chose them (%zu of "
				  "%zu)",
		    s->preserved, s->n);
	blocks = s->blocks > 1 ? x_asprintf(", in %zu blocks of up to %" PRIu32,
				     s->blocks, s->block_width)
			       : x_strdup("");
	text = x_asprintf("%zu different port%s of %zu seen, %u to %u%s%s",
	    s->distinct, s->distinct == 1 ? "" : "s", s->n, (unsigned)s->lowest,
	    (unsigned)s->highest,
	    s->order == PORTS_SEQUENTIAL   ? ", one after the other"
		: s->order == PORTS_RANDOM ? ", in no order"
					   : "",
	    blocks);
	free(blocks);
	return text;
}

void
section_egress(struct page *p, const struct report *r)
{
	const struct egress *g = &r->egress;
	const struct dataset *d = r->d;
	const struct exit_point *e;
	const struct series *s;
	char *ports;
	size_t i;

	if (g->n == 0)
		return;
	page_heading(p, "where the paths leave, as far ends saw it");
	if (g->apart == APART_YES)
		page_paragraph(p,
		    "The direct and the NAT path leave through different "
		    "addresses.");
	if (g->apart == APART_NO)
		page_paragraph(p,
		    "BOTH PATHS LEAVE THROUGH THE SAME ADDRESS: nothing that "
		    "differs between them is of the NAT.");
	for (i = 0; i < g->n && i < 2 * LIST_MAX; i++) {
		e = &g->exits[i];
		s = &d->series[e->series];
		ports = ports_words(&e->ports);
		page_item(p, NULL, 0, "path %s at host %s: %s, %s",
		    d->paths[s->path].name, d->hosts.text[s->host],
		    d->addresses.text[e->address], ports);
		free(ports);
	}
	if (g->n > 2 * LIST_MAX)
		page_item(p, NULL, 0, "and %zu more", g->n - 2 * LIST_MAX);
}
