/*
 * The lanes of the plots: each endpoint over time, how long its connects took,
 * and how often their SYN was sent again.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/charts_work.h"

/* An endpoint that may have a lane. */
struct candidate {
	uint32_t endpoint;
	int rank; /* 0: judged, 1: control, 2: of service only */
	struct chart_count total;
};

static int
compare_candidates(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	if (x->total.troubled != y->total.troubled)
		return x->total.troubled > y->total.troubled ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

/* As they stand in the report, which is not by trouble. */
static int
compare_places(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return (x->endpoint > y->endpoint) - (x->endpoint < y->endpoint);
}

static struct candidate
candidate_of(const struct dataset *d, uint32_t endpoint)
{
	const struct endpoint *ep = &d->endpoints[endpoint];
	const struct attempts *a = &ep->attempts;
	struct candidate c = { .endpoint = endpoint };
	size_t i;

	c.rank = endpoint_is_service(ep) ? 2 : ep->control;
	for (i = 0; i < a->n; i++)
		if (charts_counts(a, i))
			charts_add(&c.total, a, i);
	return c;
}

/* Count a connect, where one was tried that was the path's business. */
static void
times_add(struct connect_times *t, const struct attempts *a, size_t i)
{
	uint32_t us = attempt_duration_us(a, DURATION_CONNECT, i);
	bool failed = attempt_failed(a, i);

	if (failed &&
	    (attempt_phase(a, i) == PHASE_DNS ||
		failure_is_local(attempt_failure(a, i))))
		return;
	if (failed && attempt_phase(a, i) == PHASE_CONNECT) {
		t->attempts++;
		return;
	}
	if (us == NO_DURATION)
		return;
	if (t->connected == 0 || us < t->least_us)
		t->least_us = us;
	if (us > t->most_us)
		t->most_us = us;
	t->attempts++;
	t->connected++;
	t->count[time_bin(us)]++;
}

static void
lane_add(struct chart_lane *lane, const struct charts *c,
    const struct dataset *d, const struct attempts *a)
{
	enum role role;
	size_t i, bin;

	for (i = 0; i < a->n; i++) {
		if (!charts_counts(a, i))
			continue;
		role = attempt_role(d, a, i);
		charts_add(&lane->total[role], a, i);
		bin = charts_bin(&c->axis, charts_slot_us(d, a, i));
		charts_add(&lane->bin[role][bin], a, i);
		times_add(&lane->times[role], a, i);
	}
}

/* The middle of the bin in which the half of n is reached. */
static double
median_us(const size_t count[TIMES_BINS], size_t n)
{
	size_t sum = 0, i;

	for (i = 0; i < TIMES_BINS; i++) {
		sum += count[i];
		if (2 * sum >= n)
			break;
	}
	return sqrt(time_bin_from_us(i) * time_bin_from_us(i + 1));
}

/* When connects ended, by how often their SYN was sent again. */
static void
steps_find(struct chart_lane *lane, const struct attempts *a)
{
	size_t(*count)[TIMES_BINS], i, k;

	count = x_calloc(CHART_STEPS_MAX + 1, sizeof(*count));
	for (i = 0; i < a->n; i++) {
		k = attempt_syn_retransmits(a, i);
		if (k == 0 || k > CHART_STEPS_MAX || !charts_counts(a, i) ||
		    attempt_duration_us(a, DURATION_CONNECT, i) ==
			NO_DURATION ||
		    (attempt_failed(a, i) &&
			attempt_phase(a, i) == PHASE_CONNECT))
			continue;
		lane->step[k].n++;
		count[k]
		     [time_bin(attempt_duration_us(a, DURATION_CONNECT, i))]++;
	}
	for (k = 1; k <= CHART_STEPS_MAX; k++)
		if (lane->step[k].n > 0)
			lane->step[k].median_us =
			    median_us(count[k], lane->step[k].n);
	free(count);
}

static struct chart_lane *
lane_new(struct charts *c, uint32_t endpoint)
{
	struct chart_lane *lane = &c->lane[c->n_lanes++];
	int role;

	memset(lane, 0, sizeof(*lane));
	lane->endpoint = endpoint;
	for (role = 0; role < CHART_ROLES; role++)
		lane->bin[role] = x_calloc(c->axis.n, sizeof(*lane->bin[role]));
	return lane;
}

/* The same for all lanes, so that they compare. */
static double
find_top(const struct charts *c)
{
	const struct chart_count *bin;
	double most = 0;
	size_t l, i;
	int role;

	for (l = 0; l < c->n_lanes; l++)
		for (role = 0; role < CHART_ROLES; role++)
			for (i = 0; i < c->axis.n; i++) {
				bin = &c->lane[l].bin[role][i];
				if (bin->troubled > 0)
					most = fmax(most,
					    (double)bin->troubled /
						(double)bin->attempts);
			}
	return chart_top(most);
}

/*
 * A lane for each of the foremost endpoints and one for all others together.
 * What only serves the measurement has none while it is well.
 */
void
charts_lanes(struct charts *c, const struct dataset *d)
{
	struct candidate *order;
	struct chart_lane *lane = NULL;
	const struct endpoint *ep;
	size_t n = 0, own, i;

	order = x_calloc(d->n_endpoints + 1, sizeof(*order));
	for (i = 0; i < d->n_endpoints; i++) {
		order[n] = candidate_of(d, (uint32_t)i);
		n += order[n].total.attempts > 0 &&
		    (order[n].rank < 2 || order[n].total.troubled > 0);
	}
	if (n > 1)
		qsort(order, n, sizeof(*order), compare_candidates);
	own = n > CHART_LANES_MAX ? CHART_LANES_MAX - 1 : n;
	if (own > 1)
		qsort(order, own, sizeof(*order), compare_places);
	c->lane = x_calloc(CHART_LANES_MAX, sizeof(*c->lane));
	for (i = 0; i < n; i++) {
		ep = &d->endpoints[order[i].endpoint];
		if (i < own) {
			lane = lane_new(c, order[i].endpoint);
			lane->judged = endpoint_is_judged(ep);
			steps_find(lane, &ep->attempts);
		} else if (i == own) {
			lane = lane_new(c, NO_ENDPOINT);
		}
		lane->n_endpoints++;
		lane_add(lane, c, d, &ep->attempts);
	}
	free(order);
	c->top = find_top(c);
}
