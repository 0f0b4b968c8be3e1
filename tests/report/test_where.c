#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/verdict.h"
#include "report/evidence/where.h"
#include "tests/report/handmade.h"
#include "tests/tools/nullmodels.h"

#define FIRST_SLOT 175003200 /* of ten seconds: midnight */
#define HOUR_SLOTS 360
#define HOSTS      200
#define SLOTS      360
#define STARVED    137
#define SEEDS      100

static struct dataset d;
static uint32_t control;
static struct pairs pairs[2];
static struct where where;
static char **said;
static size_t n_said;

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	control = handmade_endpoint(&d, "other", "endpoint");
	d.endpoints[control].control = true;
	names_add(&d.targets, "203.0.113.20:443");
}

static void
end(void)
{
	size_t i;

	for (i = 0; i < n_said; i++)
		free(said[i]);
	free(said);
	where_clear(&where);
	pairs_clear(&pairs[0]);
	pairs_clear(&pairs[1]);
	dataset_clear(&d);
	said = NULL;
	n_said = 0;
}

TestSuite(where, .init = begin, .fini = end);

/* How an attempt ends: silence for good, or for two SYNs. */
enum end { FINE, FAILED, RECOVERED };

/* One attempt at the main endpoint or the control. */
static void
attempt_at(uint32_t which, uint32_t of, size_t slot, int target, enum end how)
{
	bool failed = how == FAILED;
	struct attempt_row row =
	    handmade_attempt(of, FIRST_SLOT + (int64_t)slot,
		failed ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE);
	int p;

	row.target = (uint16_t)target;
	row.syn_retransmits = failed ? 3 : how == RECOVERED ? 2 : 0;
	for (p = 0; p < DURATION_COUNT && !failed; p++)
		row.duration_us[p] = 20000;
	if (!failed) {
		row.status = 101;
		row.segs_in = 1;
	}
	handmade_add(&d, which, &row);
}

static void
attempt(uint32_t of, size_t slot, int target, bool failed)
{
	attempt_at(0, of, slot, target, failed ? FAILED : FINE);
}

/* Everything is there: pair, look and say. */
static void
look(void)
{
	static const struct scope everything = { INT64_MIN, INT64_MAX,
		ALL_SERIES };
	const struct attempts *a = &d.endpoints[0].attempts;
	struct where *all[1] = { &where };
	struct facts facts;
	size_t i;

	dataset_finish(&d);
	for (i = 0; i < d.n_endpoints; i++)
		pairs_find(&pairs[i], &d, &d.endpoints[i].attempts);
	facts_find(&facts, &d, a, &pairs[0], &everything);
	memset(&where, 0, sizeof(where));
	for (i = 0; i < WHERE_PARTS; i++)
		where_part(
		    &where, &d, a, &pairs[0], &facts, (enum where_parts)i);
	where_adjust(all, 1);
	where_say(&said, &n_said, &where, &d, "", true);
}

static const char *
sentence(size_t i)
{
	return i < n_said ? said[i] : "";
}

static size_t also_starved = SIZE_MAX;

/*
 * A direct host and a fleet, each with bursts of its own.  One of the fleet,
 * perhaps, meets silence in four of ten attempts on top, and gets through
 * after all in half of them.
 */
static void
fleet(uint64_t seed, enum nullmodels_kind kind, double rate, double burst,
    size_t starved)
{
	uint8_t failed[SLOTS];
	struct rng r;
	char name[16];
	uint32_t of;
	enum end how;
	size_t h, i;

	rng_seed(&r, seed, 7);
	for (h = 0; h <= HOSTS; h++) {
		snprintf(
		    name, sizeof(name), h == HOSTS ? "direct" : "h%03zu", h);
		of =
		    handmade_run(&d, name, h == HOSTS ? ROLE_DIRECT : ROLE_NAT);
		nullmodels_series(&r, kind, rate, burst, failed, SLOTS);
		for (i = 0; i < SLOTS; i++) {
			how = failed[i] ? FAILED : FINE;
			if (h == starved || h == also_starved)
				how = rng_unit(&r) < 0.2 ? FAILED
				    : rng_unit(&r) < 0.2 ? RECOVERED
							 : how;
			attempt_at(0, of, i, 0, how);
			attempt_at(control, of, i, 1, FINE);
		}
	}
}

static void
judge(struct verdict *v)
{
	const struct pairs *both[2] = { &pairs[0], &pairs[1] };
	struct gateway_facts gateway = { true, NULL };
	struct scorecard card;

	scorecard_default(&card);
	verdict_make(v, &d, both, &card, &gateway);
}

Test(where, finds_the_one_starved_host_of_200)
{
	struct verdict v;
	size_t shown = 0, i;

	fleet(1, NULLMODELS_GILBERT, 0.02, 10, STARVED);
	look();
	for (i = 0; i < where.hosts.n; i++)
		shown += where.hosts.place[i].shown;
	cr_expect_eq(where.hosts.n, HOSTS);
	cr_expect_eq(shown, 1);
	cr_assert_not_null(where_worst_host(&where));
	cr_expect_str_eq(
	    d.hosts.text[d.series[where_worst_host(&where)->key].host], "h137");
	cr_expect_eq(strncmp(sentence(0), "above all at host h137: ", 24), 0,
	    "%s", sentence(0));

	/* It vanishes in the mean, and the verdict has it all the same. */
	judge(&v);
	cr_expect_not(contrast_has_excess(
	    &v.endpoints[0].facts.contrast[OUTCOME_FAILED], SCRUTINY_TEST));
	cr_assert_not_null(v.host);
	cr_expect_str_eq(v.host, "h137");
	cr_expect_eq(v.cause, CAUSE_NAT_PORT_EXHAUSTION, "%s", v.statement);
	cr_expect_eq(
	    strncmp(v.statement, "at host h137: ", 14), 0, "%s", v.statement);
	verdict_clear(&v);
}

Test(where, every_starved_host_has_its_name_in_the_verdict)
{
	struct verdict v;

	also_starved = STARVED + 1;
	fleet(1, NULLMODELS_GILBERT, 0.02, 10, STARVED);
	look();
	judge(&v);
	cr_expect_eq(v.cause, CAUSE_NAT_PORT_EXHAUSTION, "%s", v.statement);
	cr_assert_eq(v.n_hosts, 2);
	cr_expect_str_eq(v.hosts[0], "h137");
	cr_expect_str_eq(v.hosts[1], "h138");
	cr_expect_not_null(strstr(v.statement, "and in trouble as well: h13"),
	    "%s", v.statement);
	verdict_clear(&v);
}

Test(where, other_hosts_do_not_water_the_evidence_down)
{
	struct verdict v;

	fleet(2, NULLMODELS_GILBERT, 0, 10, STARVED);
	look();
	judge(&v);
	cr_expect(contrast_has_excess(
	    &v.endpoints[0].facts.contrast[OUTCOME_FAILED], SCRUTINY_TEST));
	cr_expect_eq(v.cause, CAUSE_NAT_PORT_EXHAUSTION, "%s", v.statement);
	cr_expect_eq(
	    strncmp(v.statement, "at host h137: ", 14), 0, "%s", v.statement);
	cr_expect_eq(strncmp(sentence(0), "only at host h137: ", 19), 0, "%s",
	    sentence(0));
	verdict_clear(&v);
}

Test(where, names_no_host_of_200_healthy_bursty_ones)
{
	static const struct {
		enum nullmodels_kind kind;
		double rate, burst;
	} models[] = {
		{ NULLMODELS_GILBERT, 0.05, 10 },
		{ NULLMODELS_GILBERT, 0.20, 5 },
		{ NULLMODELS_GILBERT, 0.02, 30 },
		{ NULLMODELS_PARETO, 0.05, 10 },
	};
	size_t seeds = getenv("TESTS_BRIEF") != NULL ? 4 : SEEDS;
	size_t wrong = 0, k;
	uint64_t seed;

	for (seed = 0; seed < seeds; seed++) {
		k = seed % (sizeof(models) / sizeof(models[0]));
		end();
		begin();
		fleet(seed, models[k].kind, models[k].rate, models[k].burst,
		    HOSTS + 1);
		look();
		cr_assert_eq(where.hosts.n, HOSTS);
		wrong += where_worst_host(&where) != NULL;
	}
	cr_expect_leq(wrong * 100, seeds, "%zu of %zu seeds", wrong, seeds);
}

Test(where, another_hosts_limits_say_nothing_of_this_one)
{
	const int64_t at_us = FIRST_SLOT * HANDMADE_INTERVAL_US;
	static const int64_t in_use[] = { 27900, 300 };
	struct host_sample *h;
	uint32_t nat[2], i;
	struct surroundings s;

	nat[0] = handmade_run(&d, "nat1", ROLE_NAT);
	nat[1] = handmade_run(&d, "nat2", ROLE_NAT);
	for (i = 0; i < 2; i++) {
		h = handmade_sample(&d, nat[i], at_us);
		h->port_range = 28000;
		h->ports_in_use = in_use[i];
	}
	surroundings_find(&s, &d, at_us, at_us + 1, ALL_SERIES);
	cr_expect_gt(s.ports_share, 0.99);
	surroundings_find(&s, &d, at_us, at_us + 1, d.runs[nat[1]].series);
	cr_expect(s.ports_known);
	cr_expect_lt(s.ports_share, 0.02);
}

Test(where, says_which_host_and_how_the_others_fare)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat1 = handmade_run(&d, "nat1", ROLE_NAT);
	uint32_t nat2 = handmade_run(&d, "nat2", ROLE_NAT);
	uint32_t nat3 = handmade_run(&d, "nat3", ROLE_NAT);
	size_t i;

	for (i = 0; i < 150; i++) {
		attempt(direct, i, 0, false);
		attempt(nat1, i, 0, false);
		attempt(nat2, i, 0, i % 5 != 0);
		attempt(nat3, i, 0, false);
	}
	look();
	cr_expect_str_eq(sentence(0),
	    "only at host nat2: 120 of 150 failed there, 0 of 300 on the "
	    "other two");
}

Test(where, says_so_where_all_hosts_suffer)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat1 = handmade_run(&d, "nat1", ROLE_NAT);
	uint32_t nat2 = handmade_run(&d, "nat2", ROLE_NAT);
	size_t i;

	for (i = 0; i < 100; i++) {
		attempt(direct, i, 0, false);
		attempt(nat1, i, 0, i % 2 == 0);
		attempt(nat2, i, 0, i % 2 == 1);
	}
	look();
	cr_expect_str_eq(sentence(0), "at all 2 hosts: 100 of 200 failed");
}

Test(where, says_nothing_of_a_host_that_is_alone)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	size_t i;

	for (i = 0; i < 100; i++) {
		attempt(direct, i, 0, false);
		attempt(nat, i, 0, i % 2 == 0);
	}
	look();
	cr_expect(where.hosts.place[0].shown);
	cr_expect_eq(n_said, 0, "%s", sentence(0));
}

Test(where, counts_too_few_pairs_as_no_proof)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat1 = handmade_run(&d, "nat1", ROLE_NAT);
	uint32_t nat2 = handmade_run(&d, "nat2", ROLE_NAT);
	size_t i;

	for (i = 0; i < 40; i++) {
		attempt(direct, i, 0, false);
		attempt(nat1, i, 0, true);
		attempt(nat2, i, 0, false);
	}
	look();
	cr_expect_null(where_worst_host(&where));
	cr_expect_eq(n_said, 0, "%s", sentence(0));
}

Test(where, says_which_address)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	size_t i;
	int target;

	for (i = 0; i < 200; i++) {
		target = (int)(i % 2);
		attempt(direct, i, target, false);
		attempt(nat, i, target, target == 1 && i % 10 != 1);
	}
	look();
	cr_expect_str_eq(sentence(0),
	    "only at 203.0.113.20:443: 80 of 100 failed there, 0 of 100 at "
	    "the other one");
}

Test(where, says_since_when_with_an_interval)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	int64_t truth_us = (FIRST_SLOT + INT64_C(700)) * HANDMADE_INTERVAL_US;
	struct rng r;
	size_t i;

	rng_seed(&r, 3, 1);
	for (i = 0; i < 1000; i++) {
		attempt(direct, i, 0, false);
		attempt(nat, i, 0, i >= 700 && rng_unit(&r) < 0.6);
	}
	look();
	cr_assert(where.change.shown);
	cr_expect_leq(where.change.from_us, truth_us);
	cr_expect_geq(where.change.to_us, truth_us, "%s", sentence(0));
	cr_expect_leq(llabs(where.change.at_us - truth_us), INT64_C(300000000));
	cr_expect_lt(where.change.before, 0.05);
	cr_expect_gt(where.change.after, 0.5);
	cr_assert_eq(n_said, 1);
	/* 700 slots of ten seconds after midnight, within five minutes. */
	cr_expect_eq(
	    strncmp(said[0], "since 2025-06-16T0", 18), 0, "%s", said[0]);
	cr_expect_not_null(strstr(said[0], "Z (between 01:5"), "%s", said[0]);
	cr_expect_not_null(strstr(said[0], ": failures on the NAT path beyond"),
	    "%s", said[0]);
}

Test(where, sees_no_change_where_there_is_none)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	size_t i;

	for (i = 0; i < 1000; i++) {
		attempt(direct, i, 0, false);
		attempt(nat, i, 0, i % 7 == 0);
	}
	look();
	cr_expect_not(where.change.shown);
	cr_expect_eq(n_said, 0, "%s", sentence(0));
}

Test(where, averages_over_a_number_of_hosts_that_varies)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat1 = handmade_run(&d, "nat1", ROLE_NAT);
	uint32_t nat2 = handmade_run(&d, "nat2", ROLE_NAT);
	size_t i;

	for (i = 0; i < 1000; i++) {
		attempt(direct, i, 0, false);
		attempt(nat1, i, 0, i >= 500 && i % 3 != 0);
		if (i % 4 != 0)
			attempt(nat2, i, 0, i >= 500 && i % 3 != 0);
	}
	look();
	cr_assert(where.change.shown);
	cr_expect_float_eq(where.change.before, 0, 0.05);
	cr_expect_float_eq(where.change.after, 2.0 / 3, 0.05);
}

Test(where, says_in_which_hours)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	size_t day, hour, i, slot;

	/* Three days; from 23 to 01 every second attempt fails. */
	for (day = 0; day < 3; day++) {
		for (hour = 0; hour < 24; hour++) {
			for (i = 0; i < 20; i++) {
				slot = (day * 24 + hour) * HOUR_SLOTS + i * 18;
				attempt(direct, slot, 0, false);
				attempt(nat, slot, 0,
				    (hour == 23 || hour == 0) && i % 2 == 0);
			}
		}
	}
	look();
	cr_expect_eq(where.peak_from, 23);
	cr_expect_eq(where.peak_hours, 2);
	cr_expect_eq(where.hour[0].nat, 30);
	cr_expect_eq(where.hour[0].pairs, 60);
	cr_expect_str_eq(sentence(0),
	    "23:00 to 01:00 UTC has 100 % of the failures, on 4 of 4 days");
}

Test(where, an_hour_of_measuring_has_no_peak)
{
	uint32_t direct = handmade_run(&d, "direct", ROLE_DIRECT);
	uint32_t nat = handmade_run(&d, "nat1", ROLE_NAT);
	size_t i;

	for (i = 0; i < HOUR_SLOTS; i++) {
		attempt(direct, i, 0, false);
		attempt(nat, i, 0, i % 3 == 0);
	}
	look();
	cr_expect_eq(where.peak_hours, 0);
	cr_expect_eq(n_said, 0, "%s", sentence(0));
}
