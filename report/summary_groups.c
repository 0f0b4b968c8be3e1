/*
 * Each number of the attempts is placed group by group, then described.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/quantile.h"
#include "report/summary_groups.h"

void
groups_init(struct groups *g, size_t n_attempts)
{
	memset(g, 0, sizeof(*g));
	g->of = x_malloc((n_attempts + 1) * sizeof(*g->of));
	g->value = x_malloc((n_attempts + 1) * sizeof(*g->value));
}

void
groups_clear(struct groups *g)
{
	free(g->of);
	free(g->value);
	free(g->group);
	memset(g, 0, sizeof(*g));
}

uint32_t
groups_add(struct groups *g, struct path_summary *there, size_t n)
{
	struct group *group;

	g->group = x_grow(g->group, g->n, &g->capacity, sizeof(*g->group));
	group = &g->group[g->n];
	group->summary = there;
	group->begin = group->end = g->n_attempts;
	g->n_attempts += n;
	return (uint32_t)g->n++;
}

/* Add a number of an attempt to its group. */
static void
place(struct groups *g, uint32_t of, uint32_t value)
{
	g->value[g->group[of].end++] = value;
}

static int
compare_statuses(const void *a, const void *b)
{
	const struct status_count *x = a, *y = b;

	return (x->status > y->status) - (x->status < y->status);
}

/* Those of n attempts; counts has a place for each, all 0. */
static void
count_statuses(
    struct path_summary *p, const uint32_t *status, size_t n, size_t *counts)
{
	struct status_count *s;
	size_t capacity = 0, i;

	for (i = 0; i < n; i++) {
		if (counts[status[i]]++ > 0)
			continue;
		p->statuses = x_grow(p->statuses, p->n_statuses, &capacity,
		    sizeof(*p->statuses));
		p->statuses[p->n_statuses++].status = (uint16_t)status[i];
	}
	for (i = 0; i < p->n_statuses; i++) {
		s = &p->statuses[i];
		s->count = counts[s->status];
		counts[s->status] = 0;
	}
	if (p->n_statuses > 0)
		qsort(p->statuses, p->n_statuses, sizeof(*p->statuses),
		    compare_statuses);
}

/* Count an attempt; returns whether it succeeded. */
static bool
count_attempt(struct groups *g, const struct attempts *a, size_t i)
{
	uint32_t of = g->of[i];
	struct path_summary *p = g->group[of].summary;
	enum failure failure = tally_add(&p->tally, a, i);
	uint16_t status;

	if (failure == FAILURE_INTERRUPTED)
		return false;
	status = attempt_status(a, i);
	if (status != NO_STATUS)
		place(g, of, status);
	if (failure == FAILURE_NONE)
		return true;
	p->failures[attempt_phase(a, i)][failure]++;
	p->local += failure_is_local(failure);
	return false;
}

/* How the attempts ended; of only keeps the groups of those that succeeded. */
static void
describe_outcomes(struct groups *g, const struct attempts *a)
{
	size_t *counts = x_calloc(UINT16_MAX + 1, sizeof(*counts)), i;
	struct path_summary *p;
	struct group *group;

	for (i = 0; i < a->n; i++)
		if (g->of[i] != NO_GROUP && !count_attempt(g, a, i))
			g->of[i] = NO_GROUP;
	for (group = g->group; group < g->group + g->n; group++) {
		p = group->summary;
		p->rate = tally_rate(&p->tally, &p->rate_ci);
		count_statuses(p, g->value + group->begin,
		    group->end - group->begin, counts);
		group->end = group->begin;
	}
	free(counts);
}

/* Quantiles of one duration of those that succeeded. */
static void
describe_duration(
    struct groups *g, const struct attempts *a, enum duration which)
{
	static const double at[] = { 0.5, 0.9, 0.99 };
	struct duration_summary *out;
	struct group *group;
	double value[3];
	uint32_t us;
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (g->of[i] == NO_GROUP)
			continue;
		us = attempt_duration_us(a, which, i);
		if (us != NO_DURATION)
			place(g, g->of[i], us);
	}
	for (group = g->group; group < g->group + g->n; group++) {
		out = &group->summary->durations[which];
		out->n = group->end - group->begin;
		quantile_values(g->value + group->begin, out->n, at, 3, value);
		out->p50_us = value[0];
		out->p90_us = value[1];
		out->p99_us = value[2];
		group->end = group->begin;
	}
}

void
groups_describe(struct groups *g, const struct attempts *a)
{
	int which;

	if (g->n == 0)
		return;
	describe_outcomes(g, a);
	for (which = 0; which < DURATION_COUNT; which++)
		describe_duration(g, a, (enum duration)which);
	g->n = g->n_attempts = 0;
}
