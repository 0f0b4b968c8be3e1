#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/finding.h"
#include "report/evidence/measured.h"
#include "tests/report/handmade.h"

#define HOUR_US INT64_C(3600000000)

static struct dataset d;
static struct pairs pairs;
static uint32_t nat, direct, other;
static const struct scope all = { INT64_MIN, INT64_MAX, ALL_SERIES };

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
	other = handmade_run(&d, "c", ROLE_NAT);
}

static void
end(void)
{
	pairs_clear(&pairs);
	dataset_clear(&d);
}

TestSuite(measured, .init = begin, .fini = end);

static void
measure(uint32_t of, enum measurement_finding finding, int64_t at_us,
    int64_t low, int64_t high)
{
	struct measurement *m = handmade_measurement(&d, of, finding, at_us);

	m->low = m->best = low;
	m->high = high;
}

/* A pair in a slot; the NAT host held so many sockets to one destination. */
static void
pair(uint32_t of, int64_t slot, bool silent, int64_t busiest)
{
	struct attempt_row row = handmade_attempt(direct, slot, FAILURE_NONE);
	struct host_sample *h =
	    handmade_sample(&d, of, slot * HANDMADE_INTERVAL_US);

	h->busiest = busiest;
	h->sockets = 2 * busiest;
	row.offset = OFFSET_UNIT / 2;
	handmade_add(&d, 0, &row);
	row.run = of;
	row.failure = silent ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE;
	handmade_add(&d, 0, &row);
}

static struct ceiling
found(enum measurement_finding finding)
{
	struct ceiling c;

	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	measured_ceiling(
	    &c, &d, &d.endpoints[0].attempts, &pairs, &all, finding);
	return c;
}

Test(measured, a_ceiling_counts_when_the_census_reaches_it)
{
	struct ceiling c;
	int64_t slot;

	measure(nat, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, slot > 10, slot > 10 ? 61 : 20);
	c = found(RAMP_DESTINATION_LIMIT);
	cr_expect_not_null(c.ramp);
	cr_expect(c.silent_known == 10 && c.silent_reached == 10);
	cr_expect_eq(c.clean_reached, 0);
	cr_expect(measured_ceiling_is_reached(&c));
}

Test(measured, silence_below_the_ceiling_is_no_ceiling)
{
	struct ceiling c;
	int64_t slot;

	measure(nat, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, slot > 10, 60);
	c = found(RAMP_DESTINATION_LIMIT);
	cr_expect(c.silent_known == 10 && c.silent_reached == 0);
	cr_expect(!measured_ceiling_is_reached(&c));
}

/* What connects at the ceiling as often as not shows that it is none. */
Test(measured, a_ceiling_that_lets_most_through_is_none)
{
	struct ceiling c;
	int64_t slot;

	measure(nat, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, slot > 15, 70);
	c = found(RAMP_DESTINATION_LIMIT);
	cr_expect(c.silent_reached == 5 && c.clean_reached == 15);
	cr_expect(!measured_ceiling_is_reached(&c));
}

Test(measured, a_ramp_of_another_host_says_nothing)
{
	struct ceiling c;
	int64_t slot;

	measure(other, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, true, 64);
	c = found(RAMP_DESTINATION_LIMIT);
	cr_expect_null(c.ramp);
	cr_expect(!measured_ceiling_is_reached(&c));
}

Test(measured, a_total_limit_is_of_all_sockets_and_may_have_stopped)
{
	struct ceiling c;
	int64_t slot;

	measure(nat, RAMP_TOTAL_LIMIT, 0, 100, 100);
	d.measurements[0].ended_how = MEASUREMENT_STOPPED;
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, slot > 10, slot > 10 ? 50 : 20);
	c = found(RAMP_TOTAL_LIMIT);
	cr_expect(measured_ceiling_is_reached(&c));
}

Test(measured, an_interrupted_ramp_is_none)
{
	measure(nat, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	d.measurements[0].ended_how = MEASUREMENT_INTERRUPTED;
	cr_expect_null(measured_last(&d, &all, RAMP_DESTINATION_LIMIT));
}

/* --------------------------------------------------------------- idle */

static const struct measurement *
idle(void)
{
	const struct measurement *beside = NULL, *m;

	dataset_finish(&d);
	m = measured_idle(&d, &all, &beside);
	cr_expect_eq(m != NULL, beside != NULL);
	return m;
}

Test(measured, an_idle_limit_needs_a_direct_path_that_lived)
{
	measure(nat, IDLE_SILENT, HOUR_US, 14000000, 16000000);
	cr_expect_null(idle());
}

Test(measured, an_idle_limit_of_the_nat_alone_is_one)
{
	const struct measurement *m;

	measure(direct, IDLE_NO_LIMIT, HOUR_US, 30000000, NOT_MEASURED);
	measure(nat, IDLE_SILENT, HOUR_US, 14000000, 16000000);
	m = idle();
	cr_assert_not_null(m);
	cr_expect_eq(m->high, 16000000);
}

Test(measured, an_idle_limit_of_both_paths_is_the_far_ends)
{
	measure(direct, IDLE_FAR_END, HOUR_US, 14500000, 15500000);
	measure(nat, IDLE_SILENT, HOUR_US, 14000000, 16000000);
	cr_expect_null(idle());
}

Test(measured, a_direct_path_of_another_day_is_not_beside_it)
{
	measure(direct, IDLE_NO_LIMIT, HOUR_US, 30000000, NOT_MEASURED);
	measure(nat, IDLE_RESET, 4 * HOUR_US, 14000000, 16000000);
	cr_expect_null(idle());
}

/* The NAT was set otherwise since. */
Test(measured, the_last_idle_measurement_counts)
{
	measure(direct, IDLE_NO_LIMIT, HOUR_US, 30000000, NOT_MEASURED);
	measure(nat, IDLE_SILENT, HOUR_US, 14000000, 16000000);
	measure(nat, IDLE_NO_LIMIT, HOUR_US + 1, 30000000, NOT_MEASURED);
	cr_expect_null(idle());
}

/* -------------------------------------------------------------- the rules */

static struct clues clues;
static struct evidence_list list;

/* What a rule says of the pairs so far, and what the ledger counted. */
static void
apply(void (*rule)(struct finding *), struct ledger_contrast ledger)
{
	static struct facts facts;
	static struct scorecard card;
	struct scene scene = { .d = &d,
		.endpoint = &d.endpoints[0],
		.pairs = &pairs,
		.scope = &all,
		.facts = &facts,
		.ledger = &ledger,
		.interval_us = HANDMADE_INTERVAL_US };
	struct finding n = { .clues = &clues,
		.list = &list,
		.card = &card,
		.scene = &scene,
		.f = &facts };

	scorecard_default(&card);
	pairs_clear(&pairs);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	facts_find(&facts, &d, &d.endpoints[0].attempts, &pairs, &all);
	rule(&n);
}

static const struct ledger_contrast no_ledger;

Test(measured, the_ledger_says_where_attempts_end)
{
	static const struct {
		struct ledger_contrast seen; /* failed, unseen, doubtful */
		enum state state;
	} cases[] = {
		{ { 2, 2, 0 }, STATE_UNKNOWN }, /* too few */
		{ { 20, 20, 0 }, STATE_YES },
		{ { 20, 18, 0 }, STATE_YES }, /* one in ten is none */
		{ { 20, 17, 0 }, STATE_UNKNOWN },
		{ { 20, 20, 3 }, STATE_UNKNOWN }, /* a witness with gaps */
		{ { 20, 10, 0 }, STATE_UNKNOWN },
		{ { 20, 9, 0 }, STATE_NO }, /* most arrived */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&clues, 0, sizeof(clues));
		apply(rule_ledger, cases[i].seen);
		cr_expect_eq(clues.state[CLUE_LEDGER_LACKS], cases[i].state,
		    "%zu: %d", i, (int)clues.state[CLUE_LEDGER_LACKS]);
	}
	cr_assert_eq(list.n, 3);
	cr_expect_not_null(strstr(list.item[0].says,
			       "20 of 20 failed attempts on the NAT path never "
			       "arrived"),
	    "%s", list.item[0].says);
	evidence_list_clear(&list);
}

Test(measured, a_ceiling_that_was_reached_is_evidence_with_its_numbers)
{
	int64_t slot;

	measure(nat, RAMP_DESTINATION_LIMIT, 0, 64, 64);
	for (slot = 1; slot <= 20; slot++)
		pair(nat, slot, slot > 10, slot > 10 ? 61 : 20);
	dataset_finish(&d);
	apply(rule_ceiling, no_ledger);
	cr_expect_eq(clues.state[CLUE_CEILING_REACHED], STATE_YES);
	cr_expect_eq(clues.state[CLUE_TOTAL_REACHED], STATE_UNKNOWN);
	cr_assert_eq(list.n, 1);
	cr_expect_not_null(strstr(list.item[0].says,
			       "carry 64 connections to one destination, and "
			       "10 of 10 attempts without an answer"),
	    "%s", list.item[0].says);
	cr_expect_str_eq(list.item[0].query,
	    "SELECT * FROM measurement WHERE kind = 'ramp' AND started_at = 0");
	evidence_list_clear(&list);
}

/* Linux holds a port in TIME_WAIT for 60 s. */
Test(measured, ports_that_come_back_before_time_wait_ends_are_evidence)
{
	static const struct {
		int64_t low_s, high_s;
		enum state state;
	} cases[] = {
		{ 10, 12, STATE_YES },
		{ 55, 65, STATE_UNKNOWN },
		{ 121, 125, STATE_NO },
		{ 60, 125, STATE_UNKNOWN },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		end();
		begin();
		memset(&clues, 0, sizeof(clues));
		measure(nat, REUSE_AFTER_FIN, 0, cases[i].low_s * 1000000,
		    cases[i].high_s * 1000000);
		pair(nat, 1, false, 0);
		dataset_finish(&d);
		apply(rule_hold_down, no_ledger);
		cr_expect_eq(clues.state[CLUE_SHORT_HOLD_DOWN], cases[i].state,
		    "%zu: %d", i, (int)clues.state[CLUE_SHORT_HOLD_DOWN]);
	}
	cr_assert_eq(list.n, 2);
	cr_expect_not_null(strstr(list.item[0].says, "again 10.0 s after"),
	    "%s", list.item[0].says);
	evidence_list_clear(&list);
}

Test(measured, a_hold_down_that_found_nothing_says_nothing)
{
	measure(nat, REUSE_AFTER_FIN, 0, NOT_MEASURED, NOT_MEASURED);
	pair(nat, 1, false, 0);
	dataset_finish(&d);
	apply(rule_hold_down, no_ledger);
	cr_expect_eq(list.n, 0);
}

/* It explains what attempts do not show, and nothing that they do. */
Test(measured, an_idle_limit_speaks_only_where_nothing_else_stands_out)
{
	static const enum clue others[] = { CLUE_SYN_EXCESS, CLUE_LATE_EXCESS,
		CLUE_CERT_DIFFERS, CLUE_REFUSED_BY_STATUS };
	size_t i;

	measure(direct, IDLE_NO_LIMIT, HOUR_US, 30000000, NOT_MEASURED);
	measure(nat, IDLE_RESET, HOUR_US, NOT_MEASURED, 16000000);
	pair(nat, 1, false, 0);
	dataset_finish(&d);
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		memset(&clues, 0, sizeof(clues));
		clues.kind = KIND_NONE;
		clues.state[others[i]] = STATE_YES;
		apply(rule_idle_limit, no_ledger);
		cr_expect_eq(clues.state[CLUE_IDLE_LIMIT], STATE_UNKNOWN,
		    "clue %d", (int)others[i]);
	}
	memset(&clues, 0, sizeof(clues));
	clues.kind = KIND_CONNECT_SILENT;
	apply(rule_idle_limit, no_ledger);
	cr_expect_eq(clues.state[CLUE_IDLE_LIMIT], STATE_UNKNOWN);
	cr_expect_eq(list.n, 0);

	clues.kind = KIND_NONE;
	apply(rule_idle_limit, no_ledger);
	cr_expect_eq(clues.state[CLUE_IDLE_LIMIT], STATE_YES);
	cr_assert_eq(list.n, 1);
	cr_expect_str_eq(list.item[0].says,
	    "a connection through the NAT was gone after 16.0 s of silence "
	    "(then answered by a reset); on the direct path beside it one "
	    "lived through 30.0 s");
	evidence_list_clear(&list);
}
