#include "config.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <math.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/size/failures.h"

#define MINUTE_US INT64_C(60000000)

static const struct demand_given nothing = { NAN, NAN, NAN, NOT_MEASURED,
	NOT_MEASURED };

/*
 * One host behind the NAT: minutes 1 to 4 with 10, 70, 90 and 140 connections
 * open, and one attempt that failed in each.
 */
static void
make(struct dataset *d, struct demand *m, enum failure failure)
{
	static const int64_t open[] = { 10, 70, 90, 140 };
	struct attempt_row row = { 0 };
	struct series s = { 0 };
	struct run r = { 0 };
	struct census_row c = { 0 };
	struct err e;
	size_t i;

	dataset_init(d);
	s.agent = names_add(&d->agents, "a");
	s.host = names_add(&d->hosts, "h");
	s.path = dataset_path(d, "nat", ROLE_NAT);
	s.interval_us = MINUTE_US;
	r.series = dataset_series(d, &s);
	d->runs = x_grow(d->runs, 0, &d->runs_capacity, sizeof(r));
	d->runs[d->n_runs++] = r;
	names_add(&d->targets, "203.0.113.10:443");
	dataset_endpoint(d, "api");
	for (i = 0; i < 4; i++) {
		row.slot = (int64_t)i + 1;
		row.failure = (uint8_t)failure;
		row.phase = PHASE_CONNECT;
		attempts_add(&d->endpoints[0].attempts, &row);
		c.at_us = (int64_t)(i + 1) * MINUTE_US;
		c.open = open[i];
		d->census = x_grow(
		    d->census, d->n_census, &d->census_capacity, sizeof(c));
		d->census[d->n_census++] = c;
	}
	cr_assert_eq(demand_from_census(m, d, &nothing, &e), 0, "%s", e.msg);
}

/* A provider whose addresses have 80 ports, which all hosts share. */
static struct provider_item ports = { .kind = ITEM_LIMIT,
	.name = (char *)(uintptr_t) "ports-per-address",
	.value = 80 };
static const struct provider linux_like = { (char *)(uintptr_t) "linux",
	(char *)(uintptr_t) "Linux", &ports, 1 };

Test(failures, say_nothing_where_the_pool_is_not_known)
{
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECT_TIMEOUT);
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.seen, 4);
	cr_expect_eq(f.pool, POOL_NOT_KNOWN);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 1024), 0);
	demand_clear(&m);
	dataset_clear(&d);
}

Test(failures, count_where_the_census_fills_the_pool)
{
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECT_TIMEOUT);
	d.gateway.ports_per_host = 64;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.pool, POOL_OF_HOST);
	cr_expect_str_eq(f.pool_how, "configured");
	cr_expect_eq(f.full, 3);
	cr_expect_float_eq(f.most, 140, 1e-9);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 128), 2);
	cr_expect_eq(size_failures_held(&f, &d, &m, 120, 256), 3);
	demand_clear(&m);
	dataset_clear(&d);
}

Test(failures, that_are_no_silence_of_the_far_end_do_not_count)
{
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECTION_REFUSED);
	d.gateway.ports_per_host = 64;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_eq(f.seen, 0);
	cr_expect_eq(f.full, 0);
	demand_clear(&m);
	dataset_clear(&d);
}

Test(failures, a_measured_ceiling_goes_before_a_configured_one)
{
	struct measurement measured = { 0 };
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECT_TIMEOUT);
	d.gateway.ports_per_host = 64;
	measured.finding = RAMP_DESTINATION_LIMIT;
	measured.low = 95;
	measured.best = 96;
	measured.high = 100;
	d.measurements = x_grow(
	    d.measurements, 0, &d.measurements_capacity, sizeof(measured));
	d.measurements[d.n_measurements++] = measured;
	size_failures(&f, &d, &m, 120, NULL);
	cr_expect_str_eq(f.pool_how, "measured");
	cr_expect_eq(f.pool_ports, 100);
	cr_expect_eq(f.full, 1);
	demand_clear(&m);
	dataset_clear(&d);
}

Test(failures, a_gateway_of_known_addresses_is_filled_by_all_hosts)
{
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECT_TIMEOUT);
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
	demand_clear(&m);
	dataset_clear(&d);
}

Test(failures, a_measured_ceiling_is_all_hosts_where_they_share_ports)
{
	struct measurement measured = { 0 };
	struct size_failures f;
	struct dataset d;
	struct demand m;

	make(&d, &m, FAILURE_CONNECT_TIMEOUT);
	measured.finding = RAMP_DESTINATION_LIMIT;
	measured.best = 64;
	measured.high = NOT_MEASURED;
	d.measurements = x_grow(
	    d.measurements, 0, &d.measurements_capacity, sizeof(measured));
	d.measurements[d.n_measurements++] = measured;
	size_failures(&f, &d, &m, 120, &linux_like);
	cr_expect_eq(f.pool, POOL_OF_GATEWAY);
	cr_expect_eq(f.pool_ports, 64);
	cr_expect_eq(f.full, 3);
	demand_clear(&m);
	dataset_clear(&d);
}
