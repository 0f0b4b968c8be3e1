#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdint.h>

#include "report/size/failures.h"
#include "tests/report/handmade.h"

#define MINUTE_US INT64_C(60000000)

static const struct demand_given nothing = { NAN, NAN, NAN, NOT_MEASURED,
	NOT_MEASURED };

static struct dataset d;
static struct demand m;
static struct size_failures f;
static uint32_t nat;

static void
begin(void)
{
	handmade_begin(&d, "api", "endpoint");
	nat = handmade_run_every(&d, "a", ROLE_NAT, MINUTE_US);
}

static void
end(void)
{
	demand_clear(&m);
	dataset_clear(&d);
}

TestSuite(failures, .init = begin, .fini = end);

/*
 * Minutes 1 to 4 with 10, 70, 90 and 140 connections open, and one attempt
 * that failed in each.
 */
static void
make(enum failure failure)
{
	static const int64_t open[] = { 10, 70, 90, 140 };
	struct attempt_row row;
	struct err e;
	int64_t i;

	for (i = 1; i <= 4; i++) {
		row = handmade_attempt(nat, i, failure);
		handmade_add(&d, 0, &row);
		handmade_census(&d, nat, 0, i * MINUTE_US, open[i - 1], 0);
	}
	cr_assert_eq(demand_from_census(&m, &d, &nothing, &e), 0, "%s", e.msg);
}

/* A provider whose addresses have 80 ports, which all hosts share. */
static struct provider_item ports = { .kind = ITEM_LIMIT,
	.name = (char *)(uintptr_t) "ports-per-address",
	.value = 80 };
static const struct provider linux_like = { (char *)(uintptr_t) "linux",
	(char *)(uintptr_t) "Linux", &ports, 1 };

Test(failures, say_nothing_where_the_pool_is_not_known)
{
	make(FAILURE_CONNECT_TIMEOUT);
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.seen, 4);
	cr_expect_eq(f.pool, POOL_NOT_KNOWN);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 1024), 0);
}

Test(failures, count_where_the_census_fills_the_pool)
{
	make(FAILURE_CONNECT_TIMEOUT);
	d.gateway.ports_per_host = 64;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.pool, POOL_OF_HOST);
	cr_expect_str_eq(f.pool_how, "configured");
	cr_expect_eq(f.full, 3);
	cr_expect_float_eq(f.most, 140, 1e-9);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 128), 2);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 256), 3);
}

Test(failures, that_are_no_silence_of_the_far_end_do_not_count)
{
	make(FAILURE_CONNECTION_REFUSED);
	d.gateway.ports_per_host = 64;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.seen, 0);
	cr_expect_eq(f.full, 0);
}

Test(failures, a_measured_ceiling_goes_before_a_configured_one)
{
	struct measurement *ramp;

	make(FAILURE_CONNECT_TIMEOUT);
	d.gateway.ports_per_host = 64;
	ramp = handmade_measurement(&d, nat, RAMP_DESTINATION_LIMIT, 0);
	ramp->low = 95;
	ramp->best = 96;
	ramp->high = 100;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_str_eq(f.pool_how, "measured");
	cr_expect_eq(f.pool_ports, 100);
	cr_expect_eq(f.full, 1);
}

Test(failures, a_gateway_of_known_addresses_is_filled_by_all_hosts)
{
	make(FAILURE_CONNECT_TIMEOUT);
	d.gateway.addresses = 1;
	size_failures(&f, &d, &m, 120, &linux_like);
	cr_expect_eq(f.pool, POOL_OF_GATEWAY);
	cr_expect_eq(f.pool_ports, 80);
	cr_expect_eq(f.full, 2);
	cr_expect_float_eq(f.peak, 140, 1e-9);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 100), 1);
	m.hosts = 2; /* the other one, not measured, takes half */
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 100), 0);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 200), 1);
}

Test(failures, a_measured_ceiling_is_all_hosts_where_they_share_ports)
{
	struct measurement *ramp;

	make(FAILURE_CONNECT_TIMEOUT);
	ramp = handmade_measurement(&d, nat, RAMP_DESTINATION_LIMIT, 0);
	ramp->best = 64;
	size_failures(&f, &d, &m, 120, &linux_like);
	cr_expect_eq(f.pool, POOL_OF_GATEWAY);
	cr_expect_eq(f.pool_ports, 64);
	cr_expect_eq(f.full, 3);
}
