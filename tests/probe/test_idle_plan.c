#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "probe/idle_plan.h"

#define SECOND INT64_C(1000000)

enum { TRIALS_MAX = 400 };

/* A path as it could be. */
struct path {
	int64_t limit_us; /* INT64_MAX: none */
	enum idle_outcome end;
	double chance; /* of a trial that comes out the other way round */
};

static unsigned int seed = 1;

static double
chance(void)
{
	seed = seed * 1103515245 + 12345;
	return (double)(seed >> 8 & 0xffff) / 65536;
}

static struct idle_plan
a_plan(void)
{
	struct idle_plan p = { 10 * SECOND, 1800 * SECOND, 0.1, 24, 5 };

	return p;
}

/* Run the plan's rounds against a path; how many trials, *rounds of them. */
static size_t
measure(const struct idle_plan *p, const struct path *path,
    struct idle_trial *trials, int *rounds)
{
	int64_t silences_us[IDLE_CONNECTIONS_MAX];
	size_t n = 0, k, i;
	bool dead;

	for (*rounds = 0;; ++*rounds) {
		k = idle_plan_round(p, trials, n, *rounds + 1, silences_us);
		cr_assert_leq(k, p->connections);
		if (k == 0)
			return n;
		for (i = 0; i < k; i++) {
			if (idle_plan_is_decided(
				trials, n, *rounds + 1, silences_us[i]))
				break;
			dead = silences_us[i] >= path->limit_us;
			if (path->chance > 0 && chance() < path->chance)
				dead = !dead;
			cr_assert_lt(n, TRIALS_MAX);
			trials[n].silence_us = dead && path->end >= IDLE_CUT &&
				path->limit_us < silences_us[i]
			    ? path->limit_us
			    : silences_us[i];
			trials[n].outcome = dead ? path->end : IDLE_LIVED;
			trials[n++].round = *rounds + 1;
		}
	}
}

Test(idle_plan, finds_limits_within_a_tenth_in_few_rounds)
{
	static const int64_t limits[] = { 12, 15, 60, 240, 350, 600, 1200,
		1799 };
	static const enum measurement_finding findings[IDLE_OUTCOMES] = {
		[IDLE_LOST] = IDLE_SILENT,
		[IDLE_REFUSED] = IDLE_RESET,
		[IDLE_CUT] = IDLE_RESET,
		[IDLE_CLOSED] = IDLE_FAR_END,
	};
	struct idle_trial trials[TRIALS_MAX];
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	struct path path = { 0 };
	enum idle_outcome end;
	int rounds;
	size_t i, n;

	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		for (end = IDLE_LOST; end < IDLE_OUTCOMES; end++) {
			path.limit_us = limits[i] * SECOND;
			path.end = end;
			n = measure(&p, &path, trials, &rounds);
			idle_estimate_find(&e, trials, n);
			cr_expect_eq(e.finding, findings[end], "%s at %lld s",
			    idle_outcome_name(end), (long long)limits[i]);
			cr_expect_eq(e.contrary, 0);
			cr_expect(e.agreed);
			cr_expect_leq(e.low_us, path.limit_us);
			cr_expect_geq(e.high_us, path.limit_us);
			cr_expect_leq(
			    (double)e.high_us, 1.1 * (double)e.low_us);
			cr_expect_geq(e.best_us, e.low_us);
			cr_expect_leq(e.best_us, e.high_us);
			cr_expect_leq(rounds, 3, "%lld s: %d rounds",
			    (long long)limits[i], rounds);
		}
}

Test(idle_plan, no_limit_is_said_up_to_the_longest_silence)
{
	struct idle_trial trials[TRIALS_MAX];
	struct path path = { INT64_MAX, IDLE_LOST, 0 };
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	int rounds;
	size_t n;

	n = measure(&p, &path, trials, &rounds);
	idle_estimate_find(&e, trials, n);
	cr_expect_eq(e.finding, IDLE_NO_LIMIT);
	cr_expect_eq(e.low_us, 1800 * SECOND);
	cr_expect_eq(e.high_us, NOT_MEASURED);
	cr_expect_eq(e.best_us, NOT_MEASURED);
	cr_expect_eq(rounds, 1);
}

Test(idle_plan, a_limit_below_the_ladder_is_followed_down)
{
	struct idle_trial trials[TRIALS_MAX];
	struct path path = { 4 * SECOND, IDLE_LOST, 0 };
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	int rounds;
	size_t n;

	n = measure(&p, &path, trials, &rounds);
	idle_estimate_find(&e, trials, n);
	cr_expect_eq(e.finding, IDLE_SILENT);
	cr_expect_leq(e.low_us, 4 * SECOND);
	cr_expect_geq(e.high_us, 4 * SECOND);
	cr_expect_leq((double)e.high_us, 1.1 * (double)e.low_us);
}

Test(idle_plan, chance_that_kills_any_silence_is_no_limit)
{
	struct idle_trial trials[TRIALS_MAX];
	/* A third die, whatever their silence. */
	struct path path = { INT64_MAX, IDLE_LOST, 0.33 };
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	int rounds, named = 0;
	size_t n;

	for (seed = 1; seed < 200; seed++) {
		n = measure(&p, &path, trials, &rounds);
		idle_estimate_find(&e, trials, n);
		named += e.finding != IDLE_INCONCLUSIVE &&
		    e.finding != IDLE_NO_LIMIT && e.agreed &&
		    (double)e.high_us <= 1.1 * (double)e.low_us;
	}
	cr_expect_leq(named, 10, "%d of 199", named);
}

Test(idle_plan, a_few_losses_by_chance_do_not_hide_a_limit)
{
	struct idle_trial trials[TRIALS_MAX];
	struct path path = { 350 * SECOND, IDLE_LOST, 0.02 };
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	int rounds, right = 0;
	unsigned int i;
	size_t n;

	for (i = 1; i <= 200; i++) {
		seed = i * 7919;
		n = measure(&p, &path, trials, &rounds);
		idle_estimate_find(&e, trials, n);
		right += e.finding == IDLE_SILENT &&
		    llabs(e.best_us - path.limit_us) < 35 * SECOND;
	}
	cr_expect_geq(right, 160, "%d of 200", right);
}

/* All that was silent died at one moment: once. */
Test(idle_plan, an_outage_is_not_confirmed_by_a_second_round)
{
	struct idle_trial trials[TRIALS_MAX] = { { 0 } };
	int64_t silences_us[IDLE_CONNECTIONS_MAX];
	struct idle_plan p = a_plan();
	struct idle_estimate e;
	size_t n = 0, k, i;

	k = idle_plan_round(&p, trials, 0, 1, silences_us);
	for (i = 0; i < k; i++) {
		trials[n].silence_us = silences_us[i] < 100 * SECOND
		    ? silences_us[i]
		    : 100 * SECOND;
		trials[n].outcome =
		    silences_us[i] < 100 * SECOND ? IDLE_LIVED : IDLE_CUT;
		trials[n++].round = 1;
	}
	idle_estimate_find(&e, trials, n);
	cr_expect_eq(e.finding, IDLE_RESET);
	cr_expect_not(e.agreed);
	k = idle_plan_round(&p, trials, n, 2, silences_us);
	cr_assert_gt(k, 0);
	for (i = 0; i < k; i++) {
		trials[n].silence_us = silences_us[i];
		trials[n].outcome = IDLE_LIVED;
		trials[n++].round = 2;
	}
	idle_estimate_find(&e, trials, n);
	cr_expect_not(e.agreed);
	cr_expect_gt(idle_plan_round(&p, trials, n, 3, silences_us), 0);
}

/* A NAT that looks for what is over every so often, or a far end that does. */
Test(idle_plan, a_coarse_timer_is_a_limit_between_its_bounds)
{
	struct idle_trial trials[] = {
		{ 6000000, IDLE_LIVED, 1 },
		{ 8500000, IDLE_LIVED, 1 },
		{ 8996000, IDLE_CLOSED, 1 },
		{ 8997000, IDLE_CLOSED, 1 },
		{ 8520000, IDLE_LIVED, 2 },
		{ 9001000, IDLE_LIVED, 2 },
		{ 8998000, IDLE_CLOSED, 2 },
		{ 9100000, IDLE_CLOSED, 2 },
	};
	struct idle_estimate e;

	idle_estimate_find(&e, trials, sizeof(trials) / sizeof(trials[0]));
	cr_expect_eq(e.finding, IDLE_FAR_END);
	cr_expect_eq(e.contrary, 0);
	cr_expect_eq(e.low_us, 8520000);
	cr_expect_eq(e.high_us, 9100000);
	cr_expect(e.agreed);
	/* Without the last one, that which lived is where it ends. */
	idle_estimate_find(&e, trials, sizeof(trials) / sizeof(trials[0]) - 1);
	cr_expect_eq(e.finding, IDLE_FAR_END);
	cr_expect_eq(e.low_us, 8520000);
	cr_expect_eq(e.high_us, 9001000);
}

Test(idle_plan, nothing_tried_is_inconclusive)
{
	struct idle_estimate e;

	idle_estimate_find(&e, NULL, 0);
	cr_expect_eq(e.finding, IDLE_INCONCLUSIVE);
	cr_expect_eq(e.low_us, NOT_MEASURED);
	cr_expect_eq(idle_keepalive_us(&e), NOT_MEASURED);
}

Test(idle_plan, two_deaths_decide_what_is_silent_for_longer)
{
	struct idle_trial trials[] = {
		{ 10 * SECOND, IDLE_LIVED, 2 },
		{ 12 * SECOND, IDLE_LOST, 2 },
		{ 5 * SECOND, IDLE_LOST, 1 },
		{ 14 * SECOND, IDLE_LOST, 2 },
	};

	cr_expect_not(idle_plan_is_decided(trials, 3, 2, 20 * SECOND));
	cr_expect(idle_plan_is_decided(trials, 4, 2, 20 * SECOND));
	cr_expect_not(idle_plan_is_decided(trials, 4, 2, 13 * SECOND));
	cr_expect_not(idle_plan_is_decided(trials, 4, 3, 20 * SECOND));
}

/* An estimate with a limit, or without where high is 0. */
static struct idle_estimate
an_estimate(int64_t low, int64_t high)
{
	struct idle_estimate e = { .low_us = low * SECOND,
		.high_us = high == 0 ? NOT_MEASURED : high * SECOND,
		.finding = high == 0 ? IDLE_NO_LIMIT : IDLE_SILENT };

	return e;
}

Test(idle_plan, the_direct_path_tells_whose_the_limit_is)
{
	static const struct {
		int64_t low, high, direct_low, direct_high;
		enum idle_whose whose;
	} cases[] = {
		{ 14, 15, 20, 0, IDLE_WHOSE_NAT },
		{ 14, 15, 58, 60, IDLE_WHOSE_NAT },
		{ 14, 15, 14, 15, IDLE_WHOSE_FAR_END },
		{ 14, 15, 13, 16, IDLE_WHOSE_FAR_END },
		{ 14, 15, 5, 6, IDLE_WHOSE_FAR_END },
		/* It was not silent for long enough, or was too coarse. */
		{ 14, 15, 14, 0, IDLE_WHOSE_UNKNOWN },
		{ 14, 15, 10, 40, IDLE_WHOSE_UNKNOWN },
		/* There is no limit to ask of. */
		{ 1800, 0, 1800, 0, IDLE_WHOSE_UNKNOWN },
	};
	struct idle_estimate nat, direct;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		nat = an_estimate(cases[i].low, cases[i].high);
		direct = an_estimate(cases[i].direct_low, cases[i].direct_high);
		cr_expect_eq(idle_whose(&nat, &direct), cases[i].whose,
		    "case %zu: %s", i,
		    idle_whose_name(idle_whose(&nat, &direct)));
		cr_expect_eq(idle_whose(&nat, NULL), IDLE_WHOSE_UNKNOWN);
	}
}

Test(idle_plan, advice_is_half_of_what_lives)
{
	struct idle_estimate e = an_estimate(340, 360);

	cr_expect_eq(idle_keepalive_us(&e), 170 * SECOND);
	e = an_estimate(15, 16);
	cr_expect_eq(idle_keepalive_us(&e), 7 * SECOND);
	e = an_estimate(1, 2);
	cr_expect_eq(idle_keepalive_us(&e), NOT_MEASURED);
}
