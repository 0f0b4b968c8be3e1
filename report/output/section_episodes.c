/*
 * What happened, and how often: two claims.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/output/sections.h"

static int
compare_episodes(const void *a, const void *b)
{
	const struct episode *x =
	    &(*(struct episode_verdict *const *)a)->episode;
	const struct episode *y =
	    &(*(struct episode_verdict *const *)b)->episode;

	if (x->from_slot != y->from_slot)
		return x->from_slot < y->from_slot ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

/* The names of its endpoints and hosts, in new memory. */
static char *
who(const struct report *r, const struct episode_verdict *e)
{
	char *text = x_strdup("at"), *longer, **hosts;
	size_t n, i;

	for (i = 0; i < e->n_endpoints; i++) {
		longer = x_asprintf("%s%s %s", text, i > 0 ? "," : "",
		    r->d->endpoints[e->endpoints[i]].name);
		free(text);
		text = longer;
	}
	hosts = report_episode_hosts(r, &e->episode, &n);
	for (i = 0; i < n && i < LIST_MAX; i++) {
		longer = x_asprintf("%s%s %s", text,
		    i > 0        ? ","
			: n == 1 ? "; host"
				 : "; hosts",
		    hosts[i]);
		free(text);
		text = longer;
	}
	if (n > LIST_MAX) {
		longer = x_asprintf("%s and %zu more", text, n - LIST_MAX);
		free(text);
		text = longer;
	}
	free(hosts);
	return text;
}

static void
episode_item(struct page *p, const struct report *r,
    const struct episode_verdict *e, int64_t interval_us)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	const struct episode *ep = &e->episode;
	char *where = who(r, e);
	const char *cause;

	if (ep->role == ROLE_DIRECT)
		cause = "the direct path alone: nothing against the NAT";
	else
		cause = cause_name(e->judgement.cause);
	if (interval_us != NOT_MEASURED) {
		walltime_format(ep->from_slot * interval_us, 0, from);
		walltime_format(ep->to_slot * interval_us, 0, to);
	} else {
		snprintf(
		    from, sizeof(from), "slot %lld", (long long)ep->from_slot);
		snprintf(to, sizeof(to), "%lld", (long long)ep->to_slot);
	}
	/* The date once. */
	if (strncmp(from, to, 11) == 0)
		memmove(to, to + 11, strlen(to + 11) + 1);
	page_item(p, NULL, 0,
	    "%s to %s: NAT %zu of %zu failed, direct %zu of %zu, %s: %s%s%s",
	    from, to, ep->nat_failed, ep->nat_attempts, ep->direct_failed,
	    ep->direct_attempts, where, cause,
	    ep->role == ROLE_NAT && e->judgement.cause != CAUSE_INCONCLUSIVE
		? ", "
		: "",
	    ep->role == ROLE_NAT && e->judgement.cause != CAUSE_INCONCLUSIVE
		? strength_name(e->judgement.strength)
		: "");
	free(where);
}

void
section_episodes(struct page *p, const struct report *r)
{
	const struct verdict *v = &r->verdict;
	const struct episode_verdict **order;
	int64_t interval_us = report_interval_us(r);
	size_t i;

	order = x_calloc(v->n_episodes + 1, sizeof(*order));
	for (i = 0; i < v->n_episodes; i++)
		order[i] = &v->episodes[i];
	if (v->n_episodes > 1)
		qsort(order, v->n_episodes, sizeof(*order), compare_episodes);
	if (v->n_episodes > 0)
		page_heading(
		    p, "episodes: one path fails while the other works");
	for (i = 0; i < v->n_episodes && i < LIST_MAX; i++)
		episode_item(p, r, order[i], interval_us);
	if (v->n_episodes > LIST_MAX)
		page_item(p, NULL, 0, "and %zu more (--format json has all)",
		    v->n_episodes - LIST_MAX);
	if (v->how_often != NULL) {
		page_heading(p, "how often");
		page_paragraph(p, "%s", v->how_often);
	}
	free(order);
}
