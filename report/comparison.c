/*
 * Before against after.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/comparison.h"
#include "report/evidence/contrast.h"
#include "report/pairs.h"
#include "report/stats/adjust.h"
#include "report/stats/quantile.h"
#include "report/stats/sort.h"

#define HOUR_US  INT64_C(3600000000)
#define CLOSE_US (2 * HOUR_US) /* both periods together */

static const char *const refusal_names[] = {
	[REFUSAL_NONE] = "none",
	[REFUSAL_NO_PAIRS] = "no_pairs",
	[REFUSAL_OVERLAP] = "periods_overlap",
	[REFUSAL_HOURS] = "hours_differ",
	[REFUSAL_LOAD] = "load_differs",
	[REFUSAL_TOO_FEW] = "too_few_pairs",
};

static const char *const result_names[] = {
	[RESULT_REFUSED] = "refused",
	[RESULT_NOT_SHOWN] = "not_shown",
	[RESULT_WORKED] = "worked",
	[RESULT_IN_PART] = "worked_in_part",
	[RESULT_WORSE] = "worse",
	[RESULT_DIRECT_CHANGED] = "direct_changed",
	[RESULT_NOTHING_TO_FIX] = "nothing_to_fix",
};

static const char *const measure_names[] = {
	[MEASURE_FAILURES] = "failures",
	[MEASURE_SYN] = "syn_retransmits",
};

static const enum outcome measure_outcomes[] = {
	[MEASURE_FAILURES] = OUTCOME_FAILED,
	[MEASURE_SYN] = OUTCOME_SYN,
};

const char *
comparison_refusal_name(enum comparison_refusal r)
{
	return refusal_names[r];
}

const char *
comparison_result_name(enum comparison_result r)
{
	return result_names[r];
}

const char *
comparison_measure_name(enum comparison_measure m)
{
	return measure_names[m];
}

/* -------------------------------------------------------- pairs by period */

/* The pairs of an endpoint that begin in the period. */
struct period {
	const struct comparison_source *source;
	const struct attempts *attempts; /* NULL: has no such endpoint */
	struct pairs pairs;
};

static int
hour_of(int64_t at_us)
{
	return (int)(at_us / HOUR_US % DIDIFF_HOURS);
}

static int64_t
interval_of(const struct period *p, struct pair pair)
{
	const struct dataset *d = p->source->d;

	return d->series[attempt_series(d, p->attempts, pair.nat)].interval_us;
}

static int64_t
slot_start(const struct period *p, struct pair pair)
{
	return attempt_slot(p->attempts, pair.nat) * interval_of(p, pair);
}

static void
period_find(struct period *p, const struct comparison_source *source,
    const char *endpoint)
{
	const struct dataset *d = source->d;
	struct pairs all;
	struct pair pair;
	int64_t at;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->source = source;
	for (i = 0; i < d->n_endpoints; i++)
		if (strcmp(d->endpoints[i].name, endpoint) == 0)
			p->attempts = &d->endpoints[i].attempts;
	if (p->attempts == NULL)
		return;
	pairs_find(&all, d, p->attempts);
	for (i = 0; i < all.n; i++) {
		pair = pair_at(&all, i);
		at = slot_start(p, pair);
		if (at >= source->from_us && at < source->to_us)
			pairs_add(&p->pairs, pair);
	}
	pairs_clear(&all);
}

/* Keep the pairs of the hours that both periods have. */
static void
period_keep_hours(struct period *p, const bool wanted[DIDIFF_HOURS])
{
	struct pairs all = p->pairs;
	struct pair pair;
	size_t i;

	memset(&p->pairs, 0, sizeof(p->pairs));
	for (i = 0; i < all.n; i++) {
		pair = pair_at(&all, i);
		if (wanted[hour_of(slot_start(p, pair))])
			pairs_add(&p->pairs, pair);
	}
	pairs_clear(&all);
}

/* ------------------------------------------------------- are they alike? */

static void
count_hours(struct comparison_endpoint *e, enum comparison_period which,
    const struct period *p)
{
	int64_t at, end;
	size_t i;

	e->pairs[which] = p->pairs.n;
	e->from_us[which] = e->to_us[which] = e->last_us[which] = NOT_MEASURED;
	for (i = 0; i < p->pairs.n; i++) {
		at = slot_start(p, pair_at(&p->pairs, i));
		end = at + interval_of(p, pair_at(&p->pairs, i));
		e->hours[which][hour_of(at)]++;
		if (i == 0 || at < e->from_us[which])
			e->from_us[which] = at;
		if (i == 0 || at > e->last_us[which])
			e->last_us[which] = at;
		if (i == 0 || end > e->to_us[which])
			e->to_us[which] = end;
	}
}

/* The median census of the NAT's hosts in a period, in these hours. */
static double
median_load(const struct comparison_endpoint *e, enum comparison_period which,
    const struct dataset *d, const bool wanted[DIDIFF_HOURS])
{
	int64_t *load = x_calloc(d->n_samples + 1, sizeof(*load));
	const struct host_sample *s;
	size_t i, n = 0;
	double median;

	for (i = 0; i < d->n_samples; i++) {
		s = &d->samples[i];
		if (s->load != NOT_MEASURED && s->at_us >= e->from_us[which] &&
		    s->at_us < e->to_us[which] && wanted[hour_of(s->at_us)] &&
		    series_role(d, s->series) == ROLE_NAT)
			load[n++] = s->load > 0 ? s->load : 0;
	}
	sort_int64(load, n);
	median = quantile_value(load, n, 0.5);
	free(load);
	return median;
}

static double
ratio(double before, double after)
{
	if (isnan(before) || isnan(after))
		return NAN;
	if (before == after)
		return 1;
	return before > 0 ? after / before : INFINITY;
}

/* Right after each other: of one time of day, whatever the clock strikes. */
static bool
are_close(const struct comparison_endpoint *e)
{
	return e->pairs[BEFORE] > 0 && e->pairs[AFTER] > 0 &&
	    e->to_us[AFTER] - e->from_us[BEFORE] <= CLOSE_US;
}

/* May the two periods of an endpoint be compared? */
static enum comparison_refusal
judge_alike(const struct comparison_endpoint *e)
{
	enum didiff_match match;

	if (e->pairs[BEFORE] == 0 || e->pairs[AFTER] == 0)
		return REFUSAL_NO_PAIRS;
	if (e->last_us[BEFORE] >= e->from_us[AFTER])
		return REFUSAL_OVERLAP;
	match = didiff_alike(e->hours[BEFORE],
	    are_close(e) ? e->hours[BEFORE] : e->hours[AFTER], e->load[BEFORE],
	    e->load[AFTER]);
	if (match == DIDIFF_HOURS_DIFFER)
		return REFUSAL_HOURS;
	/* A median of 0 is a load, too. */
	if (match == DIDIFF_LOAD_DIFFERS || e->load_ratio == 0 ||
	    isinf(e->load_ratio))
		return REFUSAL_LOAD;
	return REFUSAL_NONE;
}

/* ------------------------------------------------------------ the change */

static void
find_part(struct comparison_part *part, const struct period *p, enum outcome o)
{
	static const struct scope all = { INT64_MIN, INT64_MAX, ALL_SERIES };
	const struct rates_cells *cells;
	struct outcome_series s;

	part->nat = part->direct = NAN;
	contrast_series(&s, p->source->d, p->attempts, &p->pairs, &all, o);
	part->pairs = s.n;
	cells = &s.cells;
	if (s.n > 0) {
		part->nat =
		    (cells->nat_only + cells->both_failed) / (double)s.n;
		part->direct =
		    (cells->direct_only + cells->both_failed) / (double)s.n;
	}
	part->ci = contrast_series_test(&s, &part->test);
	contrast_series_clear(&s);
}

/*
 * The interval of a difference from those of its terms (Zou and Donner 2008),
 * where the blocks do not vary and Welch's has no width.
 */
static struct interval
joined_interval(
    const struct comparison_part *before, const struct comparison_part *after)
{
	double a = before->test.est, b = after->test.est;
	struct interval ci = {
		b - a - hypot(b - after->ci.lo, before->ci.hi - a),
		b - a + hypot(after->ci.hi - b, a - before->ci.lo),
	};

	return ci;
}

static void
find_change(struct comparison_change *change,
    const struct period period[COMPARISON_PERIODS], enum outcome o)
{
	const struct comparison_part *part = change->part;

	find_part(&change->part[BEFORE], &period[BEFORE], o);
	find_part(&change->part[AFTER], &period[AFTER], o);
	didiff_compare(&part[BEFORE].test, &part[AFTER].test, &change->change);
	if (change->refused == REFUSAL_NONE && !change->change.gate)
		change->refused = REFUSAL_TOO_FEW;
	if (isnan(change->change.ci.lo))
		change->change.ci =
		    joined_interval(&part[BEFORE], &part[AFTER]);
}

static void
find_endpoint(struct comparison_endpoint *e,
    const struct comparison_source source[COMPARISON_PERIODS])
{
	struct period period[COMPARISON_PERIODS];
	bool both[DIDIFF_HOURS], seen;
	enum comparison_refusal refused;
	int h, i;

	for (i = 0; i < COMPARISON_PERIODS; i++) {
		period_find(&period[i], &source[i], e->name);
		count_hours(e, i, &period[i]);
	}
	for (h = 0; h < DIDIFF_HOURS; h++) {
		seen = e->hours[BEFORE][h] > 0 || e->hours[AFTER][h] > 0;
		both[h] = are_close(e)
		    ? seen
		    : e->hours[BEFORE][h] > 0 && e->hours[AFTER][h] > 0;
		e->hours_matched += both[h];
		e->hours_seen += seen;
	}
	for (i = 0; i < COMPARISON_PERIODS; i++) {
		e->load[i] = median_load(e, i, source[i].d, both);
		period_keep_hours(&period[i], both);
	}
	e->load_ratio = ratio(e->load[BEFORE], e->load[AFTER]);
	refused = judge_alike(e);
	for (i = 0; i < COMPARISON_MEASURES; i++) {
		e->change[i].refused = refused;
		if (period[BEFORE].attempts != NULL &&
		    period[AFTER].attempts != NULL) {
			find_change(&e->change[i], period, measure_outcomes[i]);
			continue;
		}
		e->change[i].change.est = e->change[i].change.p = NAN;
		e->change[i].change.ci = INTERVAL_UNKNOWN;
	}
	for (i = 0; i < COMPARISON_PERIODS; i++)
		pairs_clear(&period[i].pairs);
}

/* ------------------------------------------------------------ the result */

static bool
is_shown(const struct comparison_change *c)
{
	/* Nothing varies: the joined interval speaks. */
	if (isnan(c->change.p))
		return c->change.ci.lo > 0 || c->change.ci.hi < 0;
	return c->p_adjusted <= COMPARISON_LEVEL;
}

/* Whether the NAT path is still worse than the direct one. */
static bool
remains(const struct comparison_part *after)
{
	return after->test.est > 0 && after->test.robust_p <= COMPARISON_LEVEL;
}

static enum comparison_result
judge_change(const struct comparison_change *c)
{
	const struct comparison_part *part = c->part;
	double nat = part[AFTER].nat - part[BEFORE].nat;
	double direct = part[AFTER].direct - part[BEFORE].direct;

	if (c->refused != REFUSAL_NONE)
		return RESULT_REFUSED;
	if (!is_shown(c))
		return RESULT_NOT_SHOWN;
	/* Which path moved, if not both by the same? */
	if (fabs(direct) > fabs(nat) || (nat < 0) != (c->change.est < 0))
		return RESULT_DIRECT_CHANGED;
	if (c->change.est > 0)
		return RESULT_WORSE;
	if (!(part[BEFORE].test.est > 0))
		return RESULT_NOTHING_TO_FIX;
	return remains(&part[AFTER]) ? RESULT_IN_PART : RESULT_WORKED;
}

static void
judge_all(struct comparison *c)
{
	double *p = x_calloc(c->n + 1, sizeof(*p));
	struct comparison_change *change;
	size_t i;
	int m;

	for (m = 0; m < COMPARISON_MEASURES; m++) {
		for (i = 0; i < c->n; i++) {
			change = &c->endpoint[i].change[m];
			p[i] = change->refused == REFUSAL_NONE
			    ? change->change.p
			    : NAN;
		}
		adjust_holm(p, c->n, p);
		for (i = 0; i < c->n; i++) {
			change = &c->endpoint[i].change[m];
			change->p_adjusted = p[i];
			change->result = judge_change(change);
		}
	}
	free(p);
}

/* How much worse the NAT was in the worse of the periods. */
static double
trouble(const struct comparison_change *c)
{
	double most = fmax(c->part[BEFORE].test.est, c->part[AFTER].test.est);

	return most > 0 ? most : 0;
}

static bool
leads(const struct comparison_endpoint *a, const struct comparison_endpoint *b)
{
	const struct comparison_change *x = a->change, *y = b->change;
	double more =
	    trouble(&x[MEASURE_FAILURES]) - trouble(&y[MEASURE_FAILURES]);

	if ((x->refused == REFUSAL_NONE) != (y->refused == REFUSAL_NONE))
		return x->refused == REFUSAL_NONE;
	if (more == 0)
		more = trouble(&x[MEASURE_SYN]) - trouble(&y[MEASURE_SYN]);
	if (more == 0)
		more = (double)(a->pairs[BEFORE] + a->pairs[AFTER]) -
		    (double)(b->pairs[BEFORE] + b->pairs[AFTER]);
	return more > 0;
}

/* The endpoint with the most trouble, and what the trouble is there. */
static void
choose_leader(struct comparison *c)
{
	const struct comparison_change *change;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->leader == NULL || leads(&c->endpoint[i], c->leader))
			c->leader = &c->endpoint[i];
	if (c->leader == NULL)
		return;
	change = c->leader->change;
	if (trouble(&change[MEASURE_FAILURES]) == 0 &&
	    trouble(&change[MEASURE_SYN]) > 0 &&
	    change[MEASURE_SYN].refused == change[MEASURE_FAILURES].refused)
		c->measure = MEASURE_SYN;
}

/* ------------------------------------------------------------------- all */

static int
compare_names(const void *a, const void *b)
{
	const struct comparison_endpoint *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The endpoints of either period, by name. */
static void
add_endpoints(struct comparison *c,
    const struct comparison_source source[COMPARISON_PERIODS])
{
	size_t n = source[BEFORE].d->n_endpoints, i, k;
	const struct dataset *d;
	int which;

	c->endpoint = x_calloc(
	    n + source[AFTER].d->n_endpoints + 1, sizeof(*c->endpoint));
	for (which = 0; which < COMPARISON_PERIODS; which++) {
		d = source[which].d;
		for (i = 0; i < d->n_endpoints; i++) {
			for (k = 0; k < c->n; k++)
				if (strcmp(c->endpoint[k].name,
					d->endpoints[i].name) == 0)
					break;
			if (k == c->n)
				c->endpoint[c->n++].name =
				    x_strdup(d->endpoints[i].name);
		}
	}
	qsort(c->endpoint, c->n, sizeof(*c->endpoint), compare_names);
}

void
comparison_make(struct comparison *c,
    const struct comparison_source source[COMPARISON_PERIODS])
{
	size_t i;

	memset(c, 0, sizeof(*c));
	add_endpoints(c, source);
	for (i = 0; i < c->n; i++)
		find_endpoint(&c->endpoint[i], source);
	judge_all(c);
	choose_leader(c);
}

void
comparison_clear(struct comparison *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->endpoint[i].name);
	free(c->endpoint);
	memset(c, 0, sizeof(*c));
}

size_t
comparison_pairs_missing(const struct comparison_part *p)
{
	double tau = isnan(p->test.tau) ? 1 : p->test.tau;
	double need = ceil(BLOCK_LEAST * BLOCK_TAU_PER_BLOCK * tau);

	return (double)p->pairs < need ? (size_t)need - p->pairs : 0;
}
