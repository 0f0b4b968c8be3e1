/*
 * Dividing pairs by host, by address and by time.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/where.h"
#include "report/stats/adjust.h"
#include "report/stats/changepoint.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US  (DAY_HOURS * HOUR_US)

/*
 * Peak hours: so few that they hold most of the trouble, at least twice their
 * share of the attempts, of a stretch that reaches beyond them.
 */
#define PEAK_SHARE   0.8
#define PEAK_RATIO   2.0
#define PEAK_LONGEST 12
#define PEAK_SEEN    4 /* hours of the day with pairs */

/* A difference of one host as a whole number: averages over hosts vary. */
#define REAL_UNIT 1000000

static const struct scope everything = { INT64_MIN, INT64_MAX, ALL_SERIES };

/* --------------------------------------------------------------- places */

static size_t
host_key(const struct dataset *d, const struct attempts *a, size_t nat)
{
	return attempt_series(d, a, nat);
}

static size_t
target_key(const struct dataset *d, const struct attempts *a, size_t nat)
{
	(void)d;
	return attempt_target(a, nat);
}

/* The tests of one place; whole are those of all of them. */
static void
test_place(struct place *p, const struct dataset *d, const struct attempts *a,
    const struct pairs *part, size_t n, const struct facts *whole)
{
	struct contrast c[OUTCOME_COUNT];

	p->failed_p = p->silent_p = NAN;
	if (part->n == n) {
		p->failed = whole->contrast[OUTCOME_FAILED];
		p->silent = whole->contrast[OUTCOME_SILENT];
		return;
	}
	contrasts_find(c,
	    OUTCOME_BIT(OUTCOME_FAILED) | OUTCOME_BIT(OUTCOME_SILENT), d, a,
	    part, &everything);
	p->failed = c[OUTCOME_FAILED];
	p->silent = c[OUTCOME_SILENT];
}

/* The pairs by a key of their NAT side, below n_keys; each in slot order. */
static void
divide(struct places *places, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct facts *whole, size_t n_keys,
    size_t (*key)(
	const struct dataset *d, const struct attempts *a, size_t nat))
{
	uint32_t *part_of = x_calloc(n_keys, sizeof(*part_of)), *of;
	struct pairs *part;
	struct pair pair;
	size_t i, k, n = 0;

	for (i = 0; i < pairs->n; i++) {
		of = &part_of[key(d, a, pair_at(pairs, i).nat)];
		places->n += *of == 0;
		*of = 1;
	}
	places->place = x_calloc(places->n + 1, sizeof(*places->place));
	part = x_calloc(places->n + 1, sizeof(*part));
	for (k = 0; k < n_keys; k++) {
		if (part_of[k] == 0)
			continue;
		places->place[n].key = (uint32_t)k;
		part_of[k] = (uint32_t)n++;
	}
	if (n == 1)
		test_place(places->place, d, a, pairs, pairs->n, whole);
	for (i = 0; n > 1 && i < pairs->n; i++) {
		pair = pair_at(pairs, i);
		pairs_add(&part[part_of[key(d, a, pair.nat)]], pair);
	}
	for (k = 0; n > 1 && k < n; k++) {
		test_place(&places->place[k], d, a, &part[k], pairs->n, whole);
		pairs_clear(&part[k]);
	}
	free(part);
	free(part_of);
}

static bool
is_shown(const struct contrast *c, double p_adjusted)
{
	return c->test.gate && c->test.est > 0 && p_adjusted <= WHERE_P;
}

/* Holm over both outcomes of all places of the same sort. */
static void
adjust(struct places **places, size_t n)
{
	size_t count = 0, i, k;
	struct place *place;
	double *p;

	for (i = 0; i < n; i++)
		count += 2 * places[i]->n;
	p = x_calloc(count + 1, sizeof(*p));
	count = 0;
	for (i = 0; i < n; i++) {
		for (k = 0; k < places[i]->n; k++) {
			p[count++] = places[i]->place[k].failed.test.robust_p;
			p[count++] = places[i]->place[k].silent.test.robust_p;
		}
	}
	adjust_holm(p, count, p);
	count = 0;
	for (i = 0; i < n; i++) {
		for (k = 0; k < places[i]->n; k++) {
			place = &places[i]->place[k];
			place->failed_p = p[count++];
			place->silent_p = p[count++];
			place->shown =
			    is_shown(&place->failed, place->failed_p) ||
			    is_shown(&place->silent, place->silent_p);
		}
	}
	free(p);
}

void
where_adjust(struct where *const *w, size_t n)
{
	struct places **hosts = x_calloc(n + 1, sizeof(*hosts));
	struct places **targets = x_calloc(n + 1, sizeof(*targets));
	size_t count = 0, i;

	for (i = 0; i < n; i++) {
		if (w[i] == NULL)
			continue;
		hosts[count] = &w[i]->hosts;
		targets[count++] = &w[i]->targets;
	}
	adjust(hosts, count);
	adjust(targets, count);
	free(hosts);
	free(targets);
}

/* The smaller p of the outcomes that are shown. */
static double
surest_p(const struct place *p)
{
	double least = INFINITY;

	if (is_shown(&p->failed, p->failed_p))
		least = p->failed_p;
	if (is_shown(&p->silent, p->silent_p) && p->silent_p < least)
		least = p->silent_p;
	return least;
}

const struct place *
where_worst_host(const struct where *w)
{
	const struct place *worst = NULL, *p;
	double best, mine;
	size_t i;

	for (i = 0; i < w->hosts.n; i++) {
		p = &w->hosts.place[i];
		if (!p->shown)
			continue;
		mine = surest_p(p);
		best = worst != NULL ? surest_p(worst) : INFINITY;
		if (worst == NULL || mine < best ||
		    (mine <= best &&
			p->silent.test.est > worst->silent.test.est))
			worst = p;
	}
	return worst;
}

bool
where_is_of_few(const struct where *w)
{
	size_t n[2] = { 0 }, pairs[2] = { 0 }, bad[2] = { 0 }, i;
	const struct place *p;

	for (i = 0; i < w->hosts.n; i++) {
		p = &w->hosts.place[i];
		n[p->shown]++;
		pairs[p->shown] += p->failed.pairs + p->silent.pairs;
		bad[p->shown] += p->failed.nat + p->silent.nat;
	}
	return n[true] > 0 && n[true] <= n[false] &&
	    (double)bad[false] * (double)pairs[true] <=
	    WHERE_ONLY_SHARE * (double)bad[true] * (double)pairs[false];
}

/* ----------------------------------------------------------------- hours */

static int64_t
moment(const struct dataset *d, const struct attempts *a, size_t i)
{
	return attempt_slot(a, i) *
	    d->series[attempt_series(d, a, i)].interval_us;
}

static size_t
hour_of(int64_t at_us)
{
	return (size_t)((at_us % DAY_US + DAY_US) % DAY_US / HOUR_US);
}

/* The outcome of both sides; false where one of them is not known. */
static bool
both_known(const struct attempts *a, struct pair p, enum outcome o, int *nat,
    int *direct)
{
	*nat = outcome_of(a, p.nat, o);
	*direct = outcome_of(a, p.direct, o);
	return *nat >= 0 && *direct >= 0;
}

/* The pairs by the hour, for each of two outcomes. */
struct hours {
	struct hour_of_day hour[2][DAY_HOURS];
	size_t nat[2]; /* of all hours */
};

static const enum outcome of_hours[2] = { OUTCOME_FAILED, OUTCOME_SILENT };

static void
count_hours(struct hours *out, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs)
{
	struct outcomes nat, direct;
	struct hour_of_day *h;
	struct pair p;
	unsigned bit;
	size_t i, k;
	int o;

	memset(out, 0, sizeof(*out));
	for (i = 0; i < pairs->n; i++) {
		p = pair_at(pairs, i);
		nat = outcomes_of_marks(attempt_marks(a, p.nat));
		direct = outcomes_of_marks(attempt_marks(a, p.direct));
		k = hour_of(moment(d, a, p.nat));
		for (o = 0; o < 2; o++) {
			bit = OUTCOME_BIT(of_hours[o]);
			if ((nat.known & direct.known & bit) == 0)
				continue;
			h = &out->hour[o][k];
			h->pairs++;
			h->nat += (nat.has & bit) != 0;
			h->direct += (direct.has & bit) != 0;
			out->nat[o] += (nat.has & bit) != 0;
		}
	}
}

/* Failures, but silence where there are too few of them. */
static void
choose_hours(struct where *w, const struct hours *hours)
{
	int o = hours->nat[0] < HOURS_LEAST && hours->nat[1] >= HOURS_LEAST;

	w->outcome = of_hours[o];
	memcpy(w->hour, hours->hour[o], sizeof(w->hour));
}

/* The pairs in count hours from one on, around the clock. */
static struct hour_of_day
sum_hours(const struct where *w, size_t from, size_t count)
{
	struct hour_of_day sum = { 0 }, h;
	size_t i;

	for (i = 0; i < count; i++) {
		h = w->hour[(from + i) % DAY_HOURS];
		sum.pairs += h.pairs;
		sum.nat += h.nat;
		sum.direct += h.direct;
	}
	return sum;
}

static void
find_peak(struct where *w)
{
	struct hour_of_day all = sum_hours(w, 0, DAY_HOURS), sum;
	size_t seen = 0, most = 0, count, from;

	for (from = 0; from < DAY_HOURS; from++)
		seen += w->hour[from].pairs > 0;
	if (seen < PEAK_SEEN || all.nat < HOURS_LEAST)
		return;
	for (count = 1; count <= PEAK_LONGEST && w->peak_hours == 0; count++) {
		for (from = 0; from < DAY_HOURS; from++) {
			sum = sum_hours(w, from, count);
			if ((double)sum.nat < PEAK_SHARE * (double)all.nat ||
			    sum.nat <= most)
				continue;
			most = sum.nat;
			w->peak_from = from;
			w->peak_hours = count;
		}
	}
	sum = sum_hours(w, w->peak_from, w->peak_hours);
	if ((double)sum.nat * (double)all.pairs <
	    PEAK_RATIO * (double)sum.pairs * (double)all.nat)
		w->peak_hours = 0;
}

/* On how many days the peak hours were measured, and had any of it. */
static void
count_days(struct where *w, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs)
{
	int64_t last = INT64_MIN, at_us, day;
	bool any = false;
	int nat, direct;
	size_t i;

	for (i = 0; i < pairs->n; i++) {
		at_us = moment(d, a, pair_at(pairs, i).nat) -
		    (int64_t)w->peak_from * HOUR_US;
		if (hour_of(at_us) >= w->peak_hours ||
		    !both_known(
			a, pair_at(pairs, i), w->outcome, &nat, &direct))
			continue;
		day = at_us / DAY_US;
		if (day != last) {
			w->days++;
			any = false;
		}
		last = day;
		w->peak_days += nat != 0 && !any;
		any |= nat != 0;
	}
}

/* ---------------------------------------------------------------- change */

/* Averages over a number of hosts that varies, as whole numbers. */
static void
round_series(struct outcome_series *s)
{
	size_t i;

	s->x = x_calloc(s->n, sizeof(*s->x));
	s->unit = REAL_UNIT;
	for (i = 0; i < s->n; i++)
		s->x[i] = (int32_t)lround(s->real[i] * REAL_UNIT);
}

static void
find_change(struct where *w, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs)
{
	struct change *c = &w->change;
	struct outcome_series s;
	struct changepoint found;
	int64_t interval_us;
	size_t width, hi;

	if (pairs->n == 0)
		return;
	contrast_series(&s, d, a, pairs, &everything, w->outcome);
	if (s.real != NULL)
		round_series(&s);
	changepoint_find(s.x, s.n, s.unit > 0 ? s.unit : 1, &found);
	interval_us =
	    d->series[attempt_series(d, a, pair_at(pairs, 0).nat)].interval_us;
	c->shown = found.blocks > 0 && found.p <= CHANGE_P;
	if (c->shown) {
		/* A change within a block is found at either end of it. */
		width = (s.n + found.blocks - 1) / found.blocks;
		hi = found.hi + width;
		c->at_us = s.slot[found.at] * interval_us;
		c->from_us = s.slot[found.lo > width ? found.lo - width : 0] *
		    interval_us;
		c->to_us =
		    (hi < s.n ? s.slot[hi] : s.slot[s.n - 1] + 1) * interval_us;
		c->before = found.before;
		c->after = found.after;
		c->p = found.p;
	}
	contrast_series_clear(&s);
}

/* ------------------------------------------------------------------- all */

static void
find_times(struct where *w, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs)
{
	struct hours hours;

	count_hours(&hours, d, a, pairs);
	choose_hours(w, &hours);
	find_peak(w);
	if (w->peak_hours > 0)
		count_days(w, d, a, pairs);
	find_change(w, d, a, pairs);
}

void
where_part(struct where *w, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct facts *whole, enum where_parts part)
{
	switch (part) {
	case WHERE_TARGETS:
		divide(
		    &w->targets, d, a, pairs, whole, NO_INDEX + 1, target_key);
		break;
	case WHERE_HOSTS:
		divide(&w->hosts, d, a, pairs, whole, d->n_series, host_key);
		break;
	case WHERE_TIMES:
		find_times(w, d, a, pairs);
		break;
	case WHERE_PARTS:
	default:
		break;
	}
}

void
where_clear(struct where *w)
{
	free(w->hosts.place);
	free(w->targets.place);
	memset(w, 0, sizeof(*w));
}
