/*
 * Putting a report together.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/gaps.h"
#include "report/parallel.h"
#include "report/report.h"

/* What is found of the dataset alone, in parts. */
struct preparation {
	struct report *r;
	struct gap *gaps;
};

/*
 * Three things of all, and of each endpoint by itself counts and pairs: what
 * is done for all of them first, as no other core can help with it.
 */
enum { PART_GAPS, PART_SOURCES, PART_EGRESS, PARTS_OF_ALL };
enum { PART_SUMMARY, PART_PAIRS, PARTS_OF_ENDPOINT };

static void
prepare(void *context, size_t i)
{
	struct preparation *p = context;
	struct report *r = p->r;
	struct endpoint_report *ep;
	size_t part;

	switch (i) {
	case PART_GAPS:
		p->gaps = gaps_find(r->d);
		return;
	case PART_SOURCES:
		sources_find(&r->sources, r->d);
		return;
	case PART_EGRESS:
		egress_find(&r->egress, r->d);
		return;
	default:
		break;
	}
	part = (i - PARTS_OF_ALL) / r->n_endpoints;
	ep = &r->endpoints[(i - PARTS_OF_ALL) % r->n_endpoints];
	if (part == PART_SUMMARY)
		summary_make(&ep->summary, r->d, &ep->endpoint->attempts);
	else
		pairs_find(&ep->pairs, r->d, &ep->endpoint->attempts);
}

static void
sum_pairs(struct report *r)
{
	const struct pairs *p;
	size_t i;

	for (i = 0; i < r->n_endpoints; i++) {
		p = &r->endpoints[i].pairs;
		r->n_pairs += p->n;
		r->both_ok += p->both_ok;
		r->nat_only += p->nat_only;
		r->direct_only += p->direct_only;
		r->both_failed += p->both_failed;
	}
}

void
report_make(struct report *r, const struct dataset *d,
    const struct scorecard *card, int64_t generated_at_us)
{
	struct gateway_facts gateway = { d->pool_per_destination, d->provider };
	struct preparation p = { .r = r };
	const struct pairs **pairs;
	const struct part **wholes;
	size_t n = d->n_endpoints, i;

	memset(r, 0, sizeof(*r));
	r->d = d;
	r->generated_at_us = generated_at_us;
	r->endpoints = x_calloc(n + 1, sizeof(*r->endpoints));
	r->n_endpoints = n;
	for (i = 0; i < n; i++)
		r->endpoints[i].endpoint = &d->endpoints[i];
	parallel_each(PARTS_OF_ENDPOINT * n + PARTS_OF_ALL, prepare, &p);
	sum_pairs(r);
	pairs = x_calloc(n + 1, sizeof(*pairs));
	wholes = x_calloc(n + 1, sizeof(*wholes));
	for (i = 0; i < n; i++) {
		pairs[i] = &r->endpoints[i].pairs;
		wholes[i] = &r->endpoints[i].summary.all;
	}
	notes_make(&r->notes, d, pairs, wholes, p.gaps);
	verdict_make(&r->verdict, d, pairs, card, &gateway);
	free(wholes);
	free(pairs);
	free(p.gaps);
}

void
report_clear(struct report *r)
{
	size_t i;

	for (i = 0; i < r->n_endpoints; i++) {
		summary_clear(&r->endpoints[i].summary);
		pairs_clear(&r->endpoints[i].pairs);
	}
	free(r->endpoints);
	sources_clear(&r->sources);
	egress_clear(&r->egress);
	notes_clear(&r->notes);
	verdict_clear(&r->verdict);
	memset(r, 0, sizeof(*r));
}

/* "nat 8 of 40", for one role over all endpoints. */
static void
count_role(const struct report *r, enum role role, size_t *failed, size_t *n)
{
	const struct part *all;
	size_t e, i;

	*failed = *n = 0;
	for (e = 0; e < r->n_endpoints; e++) {
		all = &r->endpoints[e].summary.all;
		for (i = 0; i < all->n_paths; i++) {
			if (r->d->paths[all->paths[i].path].role != role)
				continue;
			*failed += all->paths[i].tally.failed;
			*n +=
			    all->paths[i].tally.ok + all->paths[i].tally.failed;
		}
	}
}

char *
report_statement(const struct report *r)
{
	size_t direct_failed, direct, nat_failed, nat;

	count_role(r, ROLE_DIRECT, &direct_failed, &direct);
	count_role(r, ROLE_NAT, &nat_failed, &nat);
	if (direct + nat == 0)
		return x_strdup("there are no attempts to compare");
	if (direct == 0)
		return x_asprintf("nat failed %zu of %zu attempts, and there "
				  "are none on a direct path",
		    nat_failed, nat);
	if (nat == 0)
		return x_asprintf("direct failed %zu of %zu attempts, and "
				  "there are none on a nat path",
		    direct_failed, direct);
	if (r->n_pairs == 0)
		return x_asprintf("nat failed %zu of %zu attempts, direct "
				  "%zu of %zu, and no two of them pair",
		    nat_failed, nat, direct_failed, direct);
	return x_asprintf("of %zu pairs %zu failed on nat only, %zu on "
			  "direct only, %zu on both",
	    r->n_pairs, r->nat_only, r->direct_only, r->both_failed);
}

char **
report_episode_hosts(
    const struct report *r, const struct episode *ep, size_t *n)
{
	const struct dataset *d = r->d;
	const struct attempts *a = &d->endpoints[ep->endpoint].attempts;
	char **hosts = x_calloc(d->hosts.n + 1, sizeof(*hosts));
	uint8_t *seen = x_calloc(d->hosts.n + 1, 1);
	size_t i;

	for (i = attempts_from(a, ep->from_slot);
	     i < a->n && attempt_slot(a, i) < ep->to_slot; i++)
		if (attempt_role(d, a, i) == ep->role &&
		    (outcome_kind(a, i) != KIND_NONE || attempt_resent(a, i)))
			seen[d->series[attempt_series(d, a, i)].host] = 1;
	for (i = 0, *n = 0; i < d->hosts.n; i++)
		if (seen[i])
			hosts[(*n)++] = d->hosts.text[i];
	free(seen);
	return hosts;
}

int64_t
report_interval_us(const struct report *r)
{
	size_t i;

	for (i = 1; i < r->d->n_series; i++)
		if (r->d->series[i].interval_us != r->d->series[0].interval_us)
			return NOT_MEASURED;
	return r->d->n_series > 0 ? r->d->series[0].interval_us : NOT_MEASURED;
}
