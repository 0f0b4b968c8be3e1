/*
 * Judging endpoints one by one; the worst speaks for all.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/monitor/health.h"
#include "report/stats/sequential.h"

#define AGE_INTERVALS 5
#define AGE_LEAST_US  INT64_C(120000000)
#define UNIT          1000 /* of a slot's difference, in the long run */

const char *
health_name(enum health_state state)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL",
		"UNKNOWN" };

	return names[state];
}

/* The worse of two, by what a person has to do about it. */
static bool
is_worse(enum health_state a, enum health_state b)
{
	static const int rank[] = { 0, 2, 3, 1 };

	return rank[a] > rank[b];
}

static void
set(struct endpoint_health *e, enum health_state state, char *says)
{
	free(e->says);
	e->state = state;
	e->says = says;
}

/* ------------------------------------------------------------ an endpoint */

static int64_t
slot_start(const struct dataset *d, const struct attempts *a, int64_t slot)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (attempt_slot(a, i) == slot)
			return slot *
			    d->series[attempt_series(d, a, i)].interval_us;
	return 0;
}

/* An alarm that is raised: since when, and what failed since. */
static char *
say_alarm(const struct dataset *d, const struct endpoint *ep,
    const struct slot_rate *rates, size_t n, size_t since)
{
	struct slot_rate sum = slot_rate_sum(rates + since, n - since);
	char when[WALLTIME_TEXT_SIZE];

	walltime_format(slot_start(d, &ep->attempts, sum.slot), 0, when);
	return x_asprintf("%s: since %s nat failed %zu of %zu, direct %zu",
	    ep->name, when, sum.nat_failed, sum.pairs, sum.direct_failed);
}

/* The limit of the long-run difference nearest to 0, in percent; or NaN. */
static double
long_run(const struct slot_rate *rates, size_t n)
{
	int32_t *x = x_calloc(n + 1, sizeof(*x));
	struct sequential s;
	size_t i;

	for (i = 0; i < n; i++)
		x[i] = (int32_t)lround(slot_rate_difference(&rates[i]) * UNIT);
	sequential_run(x, n, UNIT, &s);
	free(x);
	if (s.excluded_at == 0 || !(fabs(s.mean) > s.half))
		return NAN;
	return 100 * (s.mean > 0 ? s.mean - s.half : s.mean + s.half);
}

static void
judge_level(struct endpoint_health *e, const struct dataset *d,
    const struct slot_rate *rates, size_t n, const struct health_rule *rule,
    enum health_state level)
{
	const struct range *range =
	    level == HEALTH_CRITICAL ? &rule->critical : &rule->warning;
	struct alarm alarm = alarm_of_difference(rates, n, range, &rule->alarm);
	double limit;

	if (alarm.raised) {
		set(e, level, say_alarm(d, e->endpoint, rates, n, alarm.since));
		return;
	}
	limit = long_run(rates, n);
	if (range_alerts(range, limit))
		set(e, level,
		    x_asprintf("%s: nat failed %zu of %zu, direct %zu: in the "
			       "long run the difference is at %s %.1f points",
			e->endpoint->name, e->sum.nat_failed, e->sum.pairs,
			e->sum.direct_failed, limit > 0 ? "least" : "most",
			limit));
}

static void
judge_endpoint(struct endpoint_health *e, const struct dataset *d,
    const struct endpoint *ep, const struct health_rule *rule)
{
	struct pairs pairs;
	struct slot_rate *rates;
	size_t n;

	pairs_find(&pairs, d, &ep->attempts);
	rates = slot_rates(&ep->attempts, &pairs, &n);
	e->endpoint = ep;
	e->sum = slot_rate_sum(rates, n);
	if (n == 0)
		set(e, HEALTH_UNKNOWN,
		    x_asprintf("%s: no pairs to compare", ep->name));
	else if (alarm_of_direct(rates, n, &rule->alarm).raised)
		set(e, HEALTH_WARNING,
		    x_asprintf("%s: fails on the direct path as well, nothing "
			       "can be said of the NAT",
			ep->name));
	else
		judge_level(e, d, rates, n, rule, HEALTH_CRITICAL);
	if (e->state == HEALTH_OK)
		judge_level(e, d, rates, n, rule, HEALTH_WARNING);
	free(rates);
	pairs_clear(&pairs);
}

/* ------------------------------------------------------------ the record */

struct recency {
	int64_t newest_us[2]; /* by role */
	int64_t interval_us;  /* the longest */
};

static struct recency
look_at_ages(const struct dataset *d)
{
	struct recency r = { { NOT_MEASURED, NOT_MEASURED }, 0 };
	size_t i, k;

	for (k = 0; k < d->n_endpoints; k++) {
		const struct attempts *a = &d->endpoints[k].attempts;

		for (i = 0; i < a->n; i++) {
			const struct series *s =
			    &d->series[attempt_series(d, a, i)];
			int64_t at_us = attempt_started_us(d, a, i);
			int64_t *newest_us =
			    &r.newest_us[d->paths[s->path].role];

			if (at_us > *newest_us)
				*newest_us = at_us;
			if (s->interval_us > r.interval_us)
				r.interval_us = s->interval_us;
		}
	}
	return r;
}

/* Down to whole seconds, minutes or hours, two of them at least. */
static int64_t
rounded(int64_t us)
{
	static const int64_t units_us[] = { 3600000000, 60000000, 1000000 };
	size_t i;

	for (i = 0; i < sizeof(units_us) / sizeof(units_us[0]); i++)
		if (us >= 2 * units_us[i])
			return us / units_us[i] * units_us[i];
	return us;
}

/* A path that nothing new is known of; NULL where both are up to date. */
static char *
say_stale(struct health *h, const struct recency *r, int64_t now_us)
{
	static const char *const names[] = { "direct", "nat" };
	char age[WALLTIME_TEXT_SIZE];
	int role;

	for (role = ROLE_DIRECT; role <= ROLE_NAT; role++) {
		if (r->newest_us[role] == NOT_MEASURED)
			return x_asprintf(
			    "no attempts on a %s path in this time",
			    names[role]);
		if (h->age_us == NOT_MEASURED ||
		    now_us - r->newest_us[role] > h->age_us)
			h->age_us = now_us - r->newest_us[role];
		if (now_us - r->newest_us[role] > h->max_age_us) {
			duration_format(
			    rounded(now_us - r->newest_us[role]), age);
			return x_asprintf(
			    "the newest attempt on a %s path is %s old",
			    names[role], age);
		}
	}
	return NULL;
}

static char *
say_all_well(const struct health *h)
{
	struct slot_rate sum = { 0 };
	size_t i;

	for (i = 0; i < h->n_endpoints; i++) {
		sum.pairs += h->endpoints[i].sum.pairs;
		sum.nat_failed += h->endpoints[i].sum.nat_failed;
		sum.direct_failed += h->endpoints[i].sum.direct_failed;
	}
	return x_asprintf("%zu pairs: nat failed %zu, direct %zu", sum.pairs,
	    sum.nat_failed, sum.direct_failed);
}

void
health_judge(
    struct health *h, const struct dataset *d, const struct health_rule *rule)
{
	struct recency r = look_at_ages(d);
	char *stale;
	size_t i;

	memset(h, 0, sizeof(*h));
	h->age_us = NOT_MEASURED;
	h->max_age_us = rule->max_age_us;
	if (h->max_age_us == NOT_MEASURED) {
		h->max_age_us = AGE_INTERVALS * r.interval_us;
		if (h->max_age_us < AGE_LEAST_US)
			h->max_age_us = AGE_LEAST_US;
	}
	stale = say_stale(h, &r, rule->now_us);
	h->endpoints = x_calloc(d->n_endpoints + 1, sizeof(*h->endpoints));
	for (i = 0; stale == NULL && i < d->n_endpoints; i++) {
		struct endpoint_health *e = &h->endpoints[h->n_endpoints];

		if (strcmp(d->endpoints[i].kind, "whoami") == 0)
			continue;
		judge_endpoint(e, d, &d->endpoints[i], rule);
		h->n_endpoints++;
		if (h->says == NULL ? e->state != HEALTH_OK
				    : is_worse(e->state, h->state)) {
			free(h->says);
			h->says = x_strdup(e->says);
			h->state = e->state;
		}
	}
	if (stale != NULL) {
		h->state = HEALTH_UNKNOWN;
		h->says = stale;
	}
	if (h->says == NULL)
		h->says = say_all_well(h);
}

void
health_clear(struct health *h)
{
	size_t i;

	for (i = 0; i < h->n_endpoints; i++)
		free(h->endpoints[i].says);
	free(h->endpoints);
	free(h->says);
	memset(h, 0, sizeof(*h));
}
