#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "report/size/size.h"

static const struct size_hold_down unknown = { NOT_MEASURED, ORIGIN_ASSUMED,
	NULL, NULL };

static struct providers p;
static struct demand m;
static struct size_plan plan;
static struct err e;

static void
begin(void)
{
	providers_default(&p);
}

static void
end(void)
{
	size_plan_clear(&plan);
	demand_clear(&m);
	providers_clear(&p);
}

TestSuite(size, .init = begin, .fini = end);

static void
give(double open, double rate, int64_t hosts, int64_t destinations)
{
	struct demand_given g = { open, rate, NAN, hosts, destinations };

	cr_assert_eq(demand_from_given(&m, &g, &e), 0, "%s", e.msg);
}

/* The plan for what was given, at a provider. */
static void
make(const char *provider, const struct size_hold_down *hold_down, double room)
{
	cr_assert_eq(size_plan(&plan, providers_find(&p, provider), &m,
			 hold_down, room, &e),
	    0, "%s", e.msg);
}

/*
 * By hand, with 25 % of head-room and each provider's own hold-down:
 *
 * gcp       (1200 + 20 x 120) x 1.25 = 4500; busiest of 4 (300 + 5 x 120) x
 *           1.25 = 1125: 2048 each, 8192 of 64512
 * gcp       100 hosts with 4000 open: 5000: 8192 each, 819200 / 64512 = 12.7
 * gcp       5 open on 3000 VMs: 64 each at least, 192000 / 64512 = 2.98
 * aws       (60000 + 100 x 120, assumed) x 1.25 = 90000 / 55000 = 1.6
 * aws       480000 x 1.25 = 600000 / 55000 = 10.9; 11 / 8 a gateway: 2
 * azure     (60000 + 100 x 65) x 1.25 = 83125 / 64512 = 1.3
 * azure     100000 x 1.25 = 125000: / 64512 = 1.94, / 50000 open = 2.5
 * azure-lb  (100 + 1 x 120) x 1.25 = 275 on each of 300: 280, 84000 / 64000
 * linux     3600 x 1.25 = 4500 / .89 = 5056.2
 * linux     60000 x 1.25 = 75000 / .89 = 84269.7; / 64512 = 1.3
 * asa       1000 x 1.25 = 1250 for each of 100 destinations / 65535 = 1.9
 * fortigate 60000 x 1.25 = 75000 / 60416 = 1.2
 * panos     1000 x 1.25 x 100 / 64000 = 1.95
 */
static const struct {
	const char *provider;
	double open, rate;
	int64_t hosts, destinations;
	struct size_answer answer;
} cases[] = {
	{ "gcp", 1200, 20, 4, 1, { 4500, 2048, 1, 1 } },
	{ "gcp", 400000, 1e-6, 100, 1, { 500001, 8192, 13, 1 } },
	{ "gcp", 5, 1e-6, 3000, 1, { 7, 64, 3, 1 } },
	{ "aws", 60000, 100, 1, 1, { 90000, 0, 2, 1 } },
	{ "aws", 480000, 1e-6, 1, 1, { 600001, 0, 11, 2 } },
	{ "azure", 60000, 100, 1, 1, { 83125, 0, 2, 1 } },
	{ "azure", 100000, 1e-6, 1, 1, { 125001, 0, 3, 1 } },
	{ "azure-lb", 30000, 300, 300, 1, { 82500, 280, 2, 1 } },
	{ "linux", 1200, 20, 1, 1, { 5057, 0, 1, 1 } },
	{ "linux", 60000, 1e-6, 1, 1, { 84271, 0, 2, 1 } },
	{ "asa", 1000, 1e-6, 1, 100, { 1251, 0, 2, 1 } },
	{ "fortigate", 60000, 1e-6, 1, 1, { 75001, 0, 2, 1 } },
	{ "panos", 1000, 1e-6, 1, 100, { 1251, 0, 2, 1 } },
};

Test(size, is_what_hand_arithmetic_says)
{
	const struct size_answer *a, *b;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		give(cases[i].open, cases[i].rate, cases[i].hosts,
		    cases[i].destinations);
		make(cases[i].provider, &unknown, 1.25);
		a = &plan.answer;
		b = &cases[i].answer;
		cr_expect(a->ports == b->ports &&
			a->ports_per_host == b->ports_per_host &&
			a->addresses == b->addresses &&
			a->gateways == b->gateways,
		    "case %zu, %s: %lld %lld %lld %lld", i, cases[i].provider,
		    (long long)a->ports, (long long)a->ports_per_host,
		    (long long)a->addresses, (long long)a->gateways);
		cr_expect_gt(plan.n_steps, 0);
		size_plan_clear(&plan);
		demand_clear(&m);
	}
}

Test(size, every_limit_in_a_step_has_a_source_and_every_provider_a_plan)
{
	size_t i, k, limits;

	give(1200, 20, 4, 2);
	for (i = 0; i < p.n_providers; i++) {
		cr_assert_eq(
		    size_plan(&plan, &p.provider[i], &m, &unknown, 1.25, &e), 0,
		    "%s", e.msg);
		for (k = limits = 0; k < plan.n_steps; k++)
			if (plan.step[k].limit != NULL) {
				limits++;
				cr_expect_gt(plan.step[k].limit->n_sources, 0);
			}
		cr_expect_gt(limits, 0, "%s", p.provider[i].name);
		size_plan_clear(&plan);
	}
}

Test(size, reuse_saves_what_is_held_down)
{
	give(1200, 20, 4, 1);
	make("gcp", &unknown, 1.25);
	/* 1200 x 1.25; 300 x 1.25 = 375 a host */
	cr_expect_eq(plan.changed[CHANGE_REUSE].ports, 1500);
	cr_expect_eq(plan.changed[CHANGE_REUSE].ports_per_host, 512);
	/* (1200 + 20 x 30) x 1.25; (300 + 5 x 30) x 1.25 = 562.5 */
	cr_expect_eq(plan.changed_hold_down_us, 30000000);
	cr_expect_eq(plan.changed[CHANGE_HOLD_DOWN].ports, 2250);
	cr_expect_eq(plan.changed[CHANGE_HOLD_DOWN].ports_per_host, 1024);
}

Test(size, commands_hold_the_numbers)
{
	give(1200, 20, 4, 1);
	make("gcp", &unknown, 1.25);
	cr_assert_eq(plan.n_commands, 2);
	cr_expect_not_null(strstr(plan.command[0], "--min-ports-per-vm=2048"));
	cr_expect_not_null(strstr(
	    plan.command[1], "--min-ports-per-vm=32 --max-ports-per-vm=2048"));
}

Test(size, a_known_hold_down_is_not_the_documented_one)
{
	const struct size_hold_down known = { 10000000, ORIGIN_MEASURED, NULL,
		NULL };

	give(1200, 20, 4, 1);
	make("azure", &known, 1);
	cr_expect_eq(plan.answer.ports, 1400); /* 1200 + 20 x 10 */
	cr_expect_eq(plan.hold_down.origin, ORIGIN_MEASURED);
}

Test(size, limits_without_what_is_needed_are_refused)
{
	static const char text[] = "read-on 2026-11-21\n"
				   "provider gcp Google\n"
				   "provider x X\n";
	size_t i;

	providers_clear(&p);
	cr_assert_eq(providers_parse(&p, "x", text, strlen(text), &e), 0);
	give(1200, 20, 4, 1);
	for (i = 0; i < p.n_providers; i++) {
		cr_expect_eq(
		    size_plan(&plan, &p.provider[i], &m, &unknown, 1.25, &e),
		    -1);
		cr_expect_not_null(strstr(e.msg, "ports-per-"), "%s", e.msg);
	}
}

Test(size, powers_of_two)
{
	cr_expect_eq(size_power_of_two(0), 1);
	cr_expect_eq(size_power_of_two(64), 64);
	cr_expect_eq(size_power_of_two(65), 128);
}
