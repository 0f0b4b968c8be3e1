#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/size/demand.h"
#include "tests/report/handmade.h"

#define MINUTE_US INT64_C(60000000)

static const struct demand_given nothing = { NAN, NAN, NAN, NOT_MEASURED,
	NOT_MEASURED };

static struct dataset d;
static struct demand m;
static struct demand_peak p;
static struct err e;

static void
begin(void)
{
	handmade_begin(&d, "api", "endpoint");
	names_add(&d.targets, "203.0.113.11:443");
}

static void
end(void)
{
	demand_clear(&m);
	dataset_clear(&d);
}

TestSuite(demand, .init = begin, .fini = end);

/* Hosts on a nat path, and the last one on the direct one. */
static void
make(size_t hosts)
{
	char name[16];
	size_t i;

	for (i = 0; i <= hosts; i++) {
		snprintf(name, sizeof(name), "host%zu", i);
		handmade_run_every(
		    &d, name, i < hosts ? ROLE_NAT : ROLE_DIRECT, MINUTE_US);
	}
}

static void
add(uint32_t host, uint32_t target, int64_t minute, int64_t open,
    int64_t time_wait)
{
	handmade_census(&d, host, target, minute * MINUTE_US, open, time_wait);
}

Test(demand, two_given_numbers_say_the_third)
{
	struct demand_given g = nothing;

	g.rate = 20;
	g.life_s = 60;
	g.hosts = 4;
	cr_assert_eq(demand_from_given(&m, &g, &e), 0);
	demand_peak(&m, 120, &p);
	cr_expect_float_eq(p.open, 1200, 1e-9); /* 20/s x 60 s */
	cr_expect_float_eq(p.rate, 20, 1e-9);
	cr_expect_float_eq(p.host_open, 300, 1e-9);
	cr_expect_float_eq(p.host_rate, 5, 1e-9);
}

Test(demand, refuses_one_number_and_three)
{
	struct demand_given g = nothing;

	g.rate = 20;
	cr_expect_eq(demand_from_given(&m, &g, &e), -1);
	cr_expect_not_null(strstr(e.msg, "two of"));
	g.life_s = 60;
	g.open = 5;
	cr_expect_eq(demand_from_given(&m, &g, &e), -1);
	cr_expect_not_null(strstr(e.msg, "leave one out"));
}

/*
 * Minute 1: 100 and 40 open, no closes.  Minute 2: 60 and 40 open, 120 and 60
 * in TIME_WAIT: 2/s and 1/s.
 */
Test(demand, the_peak_depends_on_the_hold_down)
{
	make(2);
	add(0, 0, 1, 100, 0);
	add(1, 0, 1, 40, 0);
	add(0, 0, 2, 60, 120);
	add(1, 0, 2, 40, 60);
	cr_assert_eq(demand_from_census(&m, &d, &nothing, &e), 0, "%s", e.msg);
	cr_expect_str_eq(m.destination, "203.0.113.10:443");
	demand_peak(&m, 0, &p);
	cr_expect_float_eq(p.open, 140, 1e-9);
	cr_expect_float_eq(p.rate, 0, 1e-9);
	cr_expect_eq(p.at_us, 1 * MINUTE_US);
	demand_peak(&m, 120, &p); /* 100 + 3 x 120 = 460 > 140 */
	cr_expect_float_eq(p.open, 100, 1e-9);
	cr_expect_float_eq(p.rate, 3, 1e-9);
	cr_expect_eq(p.at_us, 2 * MINUTE_US);
	cr_expect_float_eq(p.host_open, 60, 1e-9); /* 60 + 2 x 120 */
	cr_expect_float_eq(p.host_rate, 2, 1e-9);
}

Test(demand, counts_no_direct_host_and_no_sample_twice)
{
	make(1);
	add(0, 0, 1, 10, 0);
	add(0, 0, 1, 12, 0);   /* the same host and minute */
	add(1, 0, 1, 1000, 0); /* direct */
	add(0, 1, 1, 3, 0);    /* a quieter destination */
	cr_assert_eq(demand_from_census(&m, &d, &nothing, &e), 0);
	demand_peak(&m, 60, &p);
	cr_expect_float_eq(p.open, 12, 1e-9);
	cr_expect_eq(m.hosts_seen, 1);
	cr_expect_eq(m.destinations, 2);
}

Test(demand, hosts_that_were_not_measured_are_like_those_that_were)
{
	struct demand_given g = nothing;

	make(2);
	add(0, 0, 1, 10, 0);
	add(1, 0, 1, 30, 0);
	g.hosts = 20;
	cr_assert_eq(demand_from_census(&m, &d, &g, &e), 0);
	demand_peak(&m, 60, &p);
	cr_expect_float_eq(p.open, 400, 1e-9); /* 40 x 20 / 2 */
	cr_expect_float_eq(p.host_open, 30, 1e-9);
}

Test(demand, a_given_rate_takes_the_place_of_the_measured_one)
{
	struct demand_given g = nothing;

	make(2);
	add(0, 0, 1, 10, 0);
	add(1, 0, 1, 30, 0);
	g.rate = 8; /* life: 40 / 8 = 5 s */
	cr_assert_eq(demand_from_census(&m, &d, &g, &e), 0);
	demand_peak(&m, 60, &p);
	cr_expect_float_eq(p.open, 40, 1e-9);
	cr_expect_float_eq(p.rate, 8, 1e-9);
	cr_expect_float_eq(p.host_rate, 6, 1e-9); /* 30 / 5 s */
	cr_expect(m.rate_given);
}

Test(demand, no_census_is_an_error)
{
	make(1);
	cr_expect_eq(demand_from_census(&m, &d, &nothing, &e), -1);
	add(1, 0, 1, 1000, 0); /* direct only */
	cr_expect_eq(demand_from_census(&m, &d, &nothing, &e), -1);
}

/* Peaks of 30 and 100: with a quarter more 37.5 and 125: 64 + 128. */
Test(demand, each_host_is_lent_a_power_of_two)
{
	make(2);
	add(0, 0, 1, 30, 0);
	add(1, 0, 2, 100, 0);
	add(1, 0, 1, 5, 0);
	cr_assert_eq(demand_from_census(&m, &d, &nothing, &e), 0);
	cr_expect_float_eq(demand_by_powers(&m, 120, 1.25, 32), 192, 1e-9);
	cr_expect_float_eq(demand_by_powers(&m, 120, 1.25, 256), 512, 1e-9);
}
