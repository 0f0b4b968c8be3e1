#include "config.h"

#include <math.h>

#include <criterion/criterion.h>

#include "report/comparison.h"
#include "tests/report/handmade.h"

#define INTERVAL_US HANDMADE_INTERVAL_US
#define HOUR        360 /* slots */
#define DAY         (24 * HOUR)

static struct dataset d;
static uint32_t endpoint, direct, nat;
static struct comparison c;

static void
begin(void)
{
	handmade_begin(&d, "https", "endpoint");
	endpoint = 0;
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
}

static void
end(void)
{
	comparison_clear(&c);
	dataset_clear(&d);
}

TestSuite(comparison, .init = begin, .fini = end);

static void
attempt(uint32_t of, int64_t slot, bool failed)
{
	struct attempt_row row = handmade_attempt(
	    of, slot, failed ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE);

	row.syn_retransmits = failed ? 4 : 0;
	handmade_add(&d, endpoint, &row);
}

/*
 * n slots from one on: of every `every` the first nat_failed attempts fail on
 * the nat path, the first direct_failed on the direct one.
 */
static void
slots(int64_t from, int n, int every, int nat_failed, int direct_failed)
{
	int i;

	for (i = 0; i < n; i++) {
		attempt(nat, from + i, i % every < nat_failed);
		attempt(direct, from + i, i % every < direct_failed);
	}
}

static void
sample(int64_t slot, int64_t load)
{
	handmade_sample(&d, nat, slot * INTERVAL_US)->load = load;
}

/* Compare what begins before the slot with the rest. */
static const struct comparison_endpoint *
split(int64_t slot)
{
	struct comparison_source source[COMPARISON_PERIODS] = {
		{ &d, INT64_MIN, slot * INTERVAL_US },
		{ &d, slot * INTERVAL_US, INT64_MAX },
	};

	dataset_finish(&d);
	comparison_make(&c, source);
	cr_assert_not_null(c.leader);
	return c.leader;
}

#define FAILURES(e) (&(e)->change[MEASURE_FAILURES])

static void
expect(const struct comparison_endpoint *e, enum comparison_result result,
    enum comparison_refusal refused)
{
	cr_expect_str_eq(comparison_result_name(FAILURES(e)->result),
	    comparison_result_name(result));
	cr_expect_str_eq(comparison_refusal_name(FAILURES(e)->refused),
	    comparison_refusal_name(refused));
}

Test(comparison, finds_a_fix_that_worked)
{
	const struct comparison_endpoint *e;

	/* Every slot of five: two fail, then none; within one hour. */
	slots(0, 120, 5, 2, 0);
	slots(120, 120, 5, 0, 0);
	e = split(120);
	expect(e, RESULT_WORKED, REFUSAL_NONE);
	cr_expect_eq(FAILURES(e)->part[BEFORE].pairs, 120);
	cr_expect_float_eq(FAILURES(e)->part[BEFORE].nat, 0.4, 1e-12);
	cr_expect_float_eq(FAILURES(e)->change.est, -0.4, 1e-12);
	cr_expect_lt(FAILURES(e)->change.ci.hi, 0);
	cr_expect_eq(e->from_us[BEFORE], 0);
	cr_expect_eq(e->to_us[BEFORE], 120 * INTERVAL_US);
	cr_expect_eq(e->from_us[AFTER], 120 * INTERVAL_US);
	cr_expect(isnan(e->load_ratio));
	/* What failed had its SYN sent again. */
	cr_expect_eq(e->change[MEASURE_SYN].result, RESULT_WORKED);
	cr_expect_eq(c.measure, MEASURE_FAILURES);
}

/* The blocks of before hold 3, 2, 3, 2 ... failures of 6, those of after 0. */
Test(comparison, is_welchs_test_of_the_blocks)
{
	const struct comparison_endpoint *e;
	int i;

	for (i = 0; i < 120; i++) {
		attempt(nat, i, i / 6 % 2 == 0 ? i % 2 == 0 : i % 3 == 0);
		attempt(direct, i, false);
		attempt(nat, 120 + i, false);
		attempt(direct, 120 + i, false);
	}
	e = split(120);
	cr_expect_eq(FAILURES(e)->part[BEFORE].test.blocks, 20);
	cr_expect_float_eq(FAILURES(e)->change.est, -50.0 / 120, 1e-12);
	/* The sums of the blocks are 0.5 from their mean: 20 * 0.25 * 20 / 19.
	 */
	cr_expect_float_eq(
	    FAILURES(e)->change.se, sqrt(20 * 0.25 * 20 / 19) / 120, 1e-12);
	cr_expect_float_eq(FAILURES(e)->change.df, 19, 1e-9);
}

Test(comparison, sees_no_change_where_there_is_none)
{
	const struct comparison_endpoint *e;

	slots(0, 120, 5, 2, 0);
	slots(120, 120, 5, 2, 0);
	e = split(120);
	expect(e, RESULT_NOT_SHOWN, REFUSAL_NONE);
	cr_expect_float_eq(FAILURES(e)->change.est, 0, 1e-12);
	cr_expect_float_eq(FAILURES(e)->change.p, 1, 1e-12);
	/* The interval is symmetric, and has a width. */
	cr_expect_float_eq(
	    FAILURES(e)->change.ci.lo, -FAILURES(e)->change.ci.hi, 1e-12);
	cr_expect_gt(FAILURES(e)->change.ci.hi, 0);
}

Test(comparison, is_the_opposite_the_other_way_round)
{
	const struct comparison_endpoint *e;

	slots(0, 120, 5, 0, 0);
	slots(120, 120, 5, 2, 0);
	e = split(120);
	expect(e, RESULT_WORSE, REFUSAL_NONE);
	cr_expect_float_eq(FAILURES(e)->change.est, 0.4, 1e-12);
}

Test(comparison, tells_a_part_from_the_whole)
{
	slots(0, 120, 5, 3, 0);
	slots(120, 120, 5, 1, 0);
	expect(split(120), RESULT_IN_PART, REFUSAL_NONE);
}

/* A trouble on both paths that ends is no fix of the nat. */
Test(comparison, lets_what_hits_both_paths_cancel_out)
{
	slots(0, 120, 5, 2, 2);
	slots(120, 120, 5, 0, 0);
	expect(split(120), RESULT_NOT_SHOWN, REFUSAL_NONE);
}

Test(comparison, does_not_praise_a_direct_path_that_broke)
{
	slots(0, 120, 5, 2, 0);
	slots(120, 120, 5, 2, 2);
	expect(split(120), RESULT_DIRECT_CHANGED, REFUSAL_NONE);
}

Test(comparison, does_not_praise_a_fix_of_nothing)
{
	slots(0, 120, 5, 2, 2);
	slots(120, 120, 5, 0, 2);
	expect(split(120), RESULT_NOTHING_TO_FIX, REFUSAL_NONE);
}

/* All fail, then none: the blocks do not vary at all. */
Test(comparison, needs_no_variation)
{
	const struct comparison_endpoint *e;

	slots(0, 120, 1, 1, 0);
	slots(120, 120, 1, 0, 0);
	e = split(120);
	expect(e, RESULT_WORKED, REFUSAL_NONE);
	cr_expect(isnan(FAILURES(e)->change.p));
	cr_expect_float_eq(FAILURES(e)->change.est, -1, 1e-12);
	cr_expect_lt(FAILURES(e)->change.ci.hi, -0.9);
}

Test(comparison, asks_for_pairs_in_both_periods)
{
	slots(0, 120, 5, 2, 0);
	expect(split(500), RESULT_REFUSED, REFUSAL_NO_PAIRS);
}

Test(comparison, asks_for_as_many_pairs_as_the_gate)
{
	const struct comparison_endpoint *e;

	slots(0, 120, 5, 2, 0);
	slots(120, 40, 5, 0, 0);
	e = split(120);
	expect(e, RESULT_REFUSED, REFUSAL_TOO_FEW);
	cr_expect_eq(comparison_pairs_missing(&FAILURES(e)->part[BEFORE]), 0);
	cr_expect_eq(comparison_pairs_missing(&FAILURES(e)->part[AFTER]), 20);
}

Test(comparison, asks_for_the_same_hours)
{
	const struct comparison_endpoint *e;

	/* Hours 0 to 4, then 1 to 5 of the next day: 4 of 6. */
	slots(0, 5 * HOUR, 5, 2, 0);
	slots(DAY + HOUR, 5 * HOUR, 5, 0, 0);
	e = split(DAY);
	expect(e, RESULT_REFUSED, REFUSAL_HOURS);
	cr_expect_eq(e->hours_matched, 4);
	cr_expect_eq(e->hours_seen, 6);
}

/* Ten minutes before and ten after: the hour may change in between. */
Test(comparison, asks_for_no_hours_right_after_each_other)
{
	const struct comparison_endpoint *e;

	slots(HOUR - HOUR / 3, HOUR / 3, 5, 2, 0);
	slots(HOUR, HOUR / 3, 5, 0, 0);
	e = split(HOUR);
	expect(e, RESULT_WORKED, REFUSAL_NONE);
	cr_expect_eq(e->hours_matched, 2);
	cr_expect_eq(e->hours_seen, 2);
}

/* 4 of 5 hours match; the trouble of the fifth is in before only. */
Test(comparison, uses_the_hours_that_match_only)
{
	const struct comparison_endpoint *e;

	slots(0, 4 * HOUR, 5, 1, 0);
	slots(4 * HOUR, HOUR, 1, 1, 0);
	slots(DAY, 4 * HOUR, 5, 1, 0);
	e = split(DAY);
	expect(e, RESULT_NOT_SHOWN, REFUSAL_NONE);
	cr_expect_eq(e->pairs[BEFORE], 5 * HOUR);
	cr_expect_eq(FAILURES(e)->part[BEFORE].pairs, 4 * HOUR);
	cr_expect_float_eq(FAILURES(e)->change.est, 0, 1e-12);
}

Test(comparison, asks_for_like_load)
{
	static const struct {
		int64_t before, after;
		enum comparison_refusal refused;
		double ratio;
	} cases[] = {
		{ 10, 14, REFUSAL_NONE, 1.4 },
		{ 10, 16, REFUSAL_LOAD, 1.6 },
		{ 16, 10, REFUSAL_LOAD, 0.625 },
		{ 0, 0, REFUSAL_NONE, 1 },
		{ 10, 0, REFUSAL_LOAD, 0 },
		{ NOT_MEASURED, 10, REFUSAL_NONE, NAN },
	};
	const struct comparison_endpoint *e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		slots(0, 120, 5, 2, 0);
		slots(120, 120, 5, 0, 0);
		sample(10, cases[i].before);
		sample(20, cases[i].before);
		sample(130, cases[i].after);
		/* Of another hour: does not count. */
		sample(HOUR + 1, 1000);
		e = split(120);
		cr_expect_eq(FAILURES(e)->refused, cases[i].refused, "%zu", i);
		if (isnan(cases[i].ratio))
			cr_expect(isnan(e->load_ratio));
		else
			cr_expect_float_eq(
			    e->load_ratio, cases[i].ratio, 1e-9, "%zu", i);
		end();
		begin();
	}
}

/* Sides of their own, in which after comes before the end of before. */
Test(comparison, refuses_periods_that_overlap)
{
	struct comparison_source source[COMPARISON_PERIODS] = {
		{ &d, 0, 130 * INTERVAL_US },
		{ &d, 120 * INTERVAL_US, INT64_MAX },
	};

	slots(0, 240, 5, 2, 0);
	dataset_finish(&d);
	comparison_make(&c, source);
	expect(c.leader, RESULT_REFUSED, REFUSAL_OVERLAP);
}

Test(comparison, leads_with_the_endpoint_in_trouble_and_adjusts)
{
	const struct comparison_endpoint *e;

	slots(0, 120, 5, 2, 0);
	slots(120, 120, 5, 0, 0);
	endpoint = handmade_endpoint(&d, "another", "endpoint");
	slots(0, 120, 5, 1, 0);
	slots(120, 120, 5, 1, 0);
	e = split(120);
	cr_expect_eq(c.n, 2);
	cr_expect_str_eq(c.endpoint[0].name, "another");
	cr_expect_str_eq(e->name, "https");
	cr_expect_float_eq(
	    FAILURES(e)->p_adjusted, 2 * FAILURES(e)->change.p, 1e-15);
	cr_expect_eq(FAILURES(&c.endpoint[0])->result, RESULT_NOT_SHOWN);
}

Test(comparison, of_nothing_has_no_leader)
{
	struct dataset empty;
	struct comparison_source source[COMPARISON_PERIODS] = {
		{ &empty, INT64_MIN, INT64_MAX },
		{ &empty, INT64_MIN, INT64_MAX },
	};

	dataset_init(&empty);
	comparison_make(&c, source);
	cr_expect_null(c.leader);
	dataset_clear(&empty);
}
