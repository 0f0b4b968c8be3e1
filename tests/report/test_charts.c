/*
 * The series behind the plots: no failure is lost in a bin, however many
 * there are, and what was not measured is not nought.
 */
#include "config.h"

#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/charts.h"
#include "tests/report/handmade.h"

#define INTERVAL_US HANDMADE_INTERVAL_US
#define SLOT        INT64_C(179000000)

static struct dataset d;
static struct charts c;

static void
begin(void)
{
	handmade_begin(&d, "api", "endpoint");
	memset(&c, 0, sizeof(c));
}

static void
end(void)
{
	charts_clear(&c);
	dataset_clear(&d);
}

TestSuite(charts, .init = begin, .fini = end);

/* One attempt, which connects after so many retransmits unless it fails. */
static void
attempt(const char *endpoint, uint32_t of, int64_t slot, enum failure failure,
    unsigned resends, uint32_t connect_us)
{
	struct attempt_row row = handmade_attempt(of, SLOT + slot, failure);
	static uint16_t seq;

	row.seq = seq++;
	row.syn_retransmits = (uint8_t)resends;
	if (failure == FAILURE_NONE)
		row.duration_us[DURATION_CONNECT] = connect_us;
	handmade_add(&d, dataset_endpoint(&d, endpoint), &row);
}

static void
finish(void)
{
	dataset_finish(&d);
	charts_make(&c, &d);
}

static size_t
failed_in_bins(const struct chart_lane *lane, enum role role)
{
	size_t sum = 0, i;

	for (i = 0; i < c.axis.n; i++)
		sum += lane->bin[role][i].failed;
	return sum;
}

Test(charts, of_nothing_are_empty)
{
	finish();
	cr_expect_eq(c.axis.n, 0);
	cr_expect_eq(c.n_lanes, 0);
}

Test(charts, count_every_failure_of_a_long_time)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT),
		 direct = handmade_run(&d, "b", ROLE_DIRECT);
	int64_t slot;

	for (slot = 0; slot < 5000; slot++) {
		attempt("api", nat, slot,
		    slot % 7 == 0 ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE, 0,
		    1000);
		attempt("api", direct, slot,
		    slot == 4999 ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE, 0,
		    1000);
	}
	attempt("api", nat, 12, FAILURE_INTERRUPTED, 0, 0);
	finish();
	cr_assert_eq(c.n_lanes, 1);
	cr_expect_leq(c.axis.n, CHART_BINS_MAX);
	cr_expect_eq(c.axis.width_us % INTERVAL_US, 0);
	cr_expect_eq(failed_in_bins(&c.lane[0], ROLE_NAT), 715);
	cr_expect_eq(failed_in_bins(&c.lane[0], ROLE_DIRECT), 1);
	/* The last slot is in the last bin. */
	cr_expect_eq(c.lane[0].bin[ROLE_DIRECT][c.axis.n - 1].failed, 1);
	cr_expect_eq(c.total[ROLE_NAT].attempts, 5000);
	cr_expect_eq(c.total[ROLE_NAT].failed, 715);
}

Test(charts, leave_a_silence_empty)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);

	attempt("api", nat, 0, FAILURE_NONE, 0, 1000);
	attempt("api", nat, 9, FAILURE_NONE, 0, 1000);
	finish();
	cr_assert_eq(c.axis.n, 10);
	cr_expect_eq(c.lane[0].bin[ROLE_NAT][0].attempts, 1);
	cr_expect_eq(c.lane[0].bin[ROLE_NAT][5].attempts, 0);
	cr_expect_eq(c.lane[0].bin[ROLE_NAT][9].attempts, 1);
}

Test(charts, tell_what_never_connected_and_where_steps_are)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	const struct connect_times *t;
	int i;

	for (i = 0; i < 6; i++)
		attempt("api", nat, i, FAILURE_NONE, 0, 20000);
	for (i = 0; i < 3; i++)
		attempt("api", nat, i, FAILURE_NONE, 1, 1030000);
	attempt("api", nat, 7, FAILURE_CONNECT_TIMEOUT, 3, 0);
	/* No connect was tried: not the path's business. */
	attempt("api", nat, 8, FAILURE_ADDRESS_NOT_AVAILABLE, 0, 0);
	finish();
	t = &c.lane[0].times[ROLE_NAT];
	cr_expect_eq(t->attempts, 10);
	cr_expect_eq(t->connected, 9);
	cr_expect_eq(t->least_us, 20000);
	cr_expect_eq(t->most_us, 1030000);
	cr_expect_eq(t->count[time_bin(20000)], 6);
	cr_expect_eq(c.lane[0].step[1].n, 3);
	cr_expect_float_eq(c.lane[0].step[1].median_us, 1030000, 23000);
	cr_expect_eq(c.lane[0].step[2].n, 0);
	cr_expect_eq(c.lane[0].total[ROLE_NAT].troubled, 5);
}

Test(charts, time_bins_are_in_order_and_hold_every_time)
{
	static const uint32_t times[] = { 0, 1, 2, 10, 1000, 999999, 1000000,
		UINT32_MAX };
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		cr_expect_lt(time_bin(times[i]), TIMES_BINS);
		cr_expect_leq(time_bin_from_us(time_bin(times[i])),
		    times[i] > 0 ? (double)times[i] * 1.000001 : 1);
		cr_expect(
		    i == 0 || time_bin(times[i]) >= time_bin(times[i - 1]));
	}
}

Test(charts, give_many_endpoints_one_lane_together)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	size_t sum = 0, i;
	char name[16];

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "e%02zu", i);
		attempt(name, nat, 0, FAILURE_CONNECT_TIMEOUT, 0, 0);
		if (i == 13)
			attempt(name, nat, 1, FAILURE_CONNECT_TIMEOUT, 0, 0);
	}
	finish();
	cr_assert_eq(c.n_lanes, CHART_LANES_MAX);
	/* The one with most trouble, in the order of names. */
	cr_expect_str_eq(d.endpoints[c.lane[4].endpoint].name, "e13");
	cr_expect_eq(c.lane[CHART_LANES_MAX - 1].endpoint, NO_ENDPOINT);
	cr_expect_eq(c.lane[CHART_LANES_MAX - 1].n_endpoints,
	    20 - (CHART_LANES_MAX - 1));
	for (i = 0; i < c.n_lanes; i++)
		sum += failed_in_bins(&c.lane[i], ROLE_NAT);
	cr_expect_eq(sum, 21);
}

Test(charts, put_the_worst_host_first)
{
	const char *const hosts[] = { "a", "b", "c", "d" };
	uint32_t nat;
	int64_t slot;
	size_t i;

	for (i = 0; i < 4; i++) {
		nat = handmade_run(&d, hosts[i], ROLE_NAT);
		for (slot = 0; slot < 40; slot++)
			attempt("api", nat, slot,
			    i == 2 && slot >= 30 ? FAILURE_CONNECT_TIMEOUT
						 : FAILURE_NONE,
			    0, 1000);
	}
	finish();
	cr_assert_eq(c.n_hosts, 4);
	cr_expect_str_eq(d.hosts.text[d.series[c.host[0].series].host], "c");
	cr_expect_eq(c.host[0].total.failed, 10);
	cr_expect_eq(c.host[0].bin[c.map.n - 1].failed, 1);
	cr_expect_eq(c.host[1].total.failed, 0);
}

/* A sample of a host, so many seconds after the first slot. */
static void
sample(uint32_t of, int64_t after_s, int64_t held)
{
	handmade_sample(&d, of, SLOT * INTERVAL_US + after_s * 1000000)->held =
	    held;
}

Test(charts, add_up_what_hosts_hold)
{
	uint32_t a = handmade_run(&d, "a", ROLE_NAT),
		 b = handmade_run(&d, "b", ROLE_NAT);
	int64_t slot;

	for (slot = 0; slot < 30; slot++) {
		attempt("api", a, slot, FAILURE_NONE, 0, 1000);
		attempt("api", b, slot, FAILURE_NONE, 0, 1000);
	}
	sample(a, -50, 1000); /* before the axis begins */
	sample(a, 1, 10);
	sample(a, 6, 20);
	sample(a, 31, 7);
	sample(a, 155, 9);
	sample(a, 165, NOT_MEASURED);
	sample(b, 2, 100);
	sample(b, 5000, 1000); /* ... and when it is over */
	finish();
	cr_assert(c.has_census);
	cr_expect_float_eq(c.held[0], 115, 1e-9);
	cr_expect_float_eq(c.held[1], 15, 1e-9, "held on");
	cr_expect_float_eq(c.held[2], 15, 1e-9, "held on");
	cr_expect_float_eq(c.held[3], 7, 1e-9);
	cr_expect(isnan(c.held[4]), "too long until the next");
	cr_expect_float_eq(c.held[15], 9, 1e-9);
	cr_expect(isnan(c.held[16]));
}

Test(charts, count_a_refused_port_once)
{
	static const struct {
		const char *kind;
		int64_t value;
	} events[] = { { "insert_failed", 5 }, { "drop", 7 },
		{ "conntrack_count", 1000 }, { "allocation_failed", 2 } };
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	struct gateway_event g;
	size_t i;

	attempt("api", nat, 0, FAILURE_NONE, 0, 1000);
	dataset_finish(&d);
	for (i = 0; i < 4; i++) {
		g = (struct gateway_event){
			.kind = names_add(&d.event_kinds, events[i].kind),
			.source = names_add(&d.event_sources, "s"),
			.from_us = SLOT * INTERVAL_US,
			.to_us = SLOT * INTERVAL_US + 1000000,
			.value = events[i].value,
		};
		d.gateway_events = x_grow(d.gateway_events, d.n_gateway_events,
		    &d.gateway_events_capacity, sizeof(g));
		d.gateway_events[d.n_gateway_events++] = g;
	}
	charts_make(&c, &d);
	cr_assert(c.has_gateway);
	cr_expect_eq(c.refused[0], 9);
}

Test(charts, show_where_public_ports_were_seen)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	struct attempt_row row;
	size_t i, sum = 0;
	int64_t slot;

	for (slot = 0; slot < 20; slot++) {
		row = handmade_attempt(nat, SLOT + slot, FAILURE_NONE);
		row.observed_port = slot < 10 ? 1024 : 65535;
		handmade_add(&d, 0, &row);
	}
	dataset_finish(&d);
	charts_make(&c, &d);
	cr_assert_eq(c.ports.seen, 20);
	cr_expect_eq(c.ports.lowest, 1024);
	cr_expect_eq(c.ports.highest, 65535);
	for (i = 0; i < CHART_PORT_ROWS * c.ports.axis.n; i++)
		sum += c.ports.cell[i];
	cr_expect_eq(sum, 20);
	cr_expect_eq(c.ports.cell[0], 1);
	cr_expect_eq(c.ports.cell[CHART_PORT_ROWS * c.ports.axis.n - 1], 1);
}
