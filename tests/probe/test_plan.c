/*
 * What two agents must agree on, and the arithmetic of NAT ports.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "probe/plan.h"

#define SLOT   INT64_C(179523630) /* 2026-11-21T04:45:00Z by slots of 10 s */

#define NAT    "paths: { nat: { role: nat } }\n"
#define DIRECT "paths: { direct: { role: direct } }\n"
#define ONE    "endpoints: { a: { url: 'https://a.example/' } }\n"

static char *
no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static void
parse(struct conf *c, const char *text)
{
	struct conf_notes notes;
	int result = conf_parse(
	    c, "test.yaml", text, strlen(text), &notes, no_environment);

	cr_assert_eq(result, 0, "%s",
	    notes.n_errors > 0 ? notes.errors[0] : "no error told");
	conf_notes_clear(&notes);
}

static void
parse_addresses(
    const char *const *texts, size_t n, struct endpoint_address *addresses)
{
	size_t i;

	for (i = 0; i < n; i++)
		cr_assert_eq(
		    endpoint_address_parse(texts[i], &addresses[i]), 0);
}

Test(plan, slots_are_floors_before_1970_too)
{
	static const struct {
		int64_t at_us, interval_us, slot;
	} cases[] = {
		{ 0, 10000000, 0 },
		{ 9999999, 10000000, 0 },
		{ 10000000, 10000000, 1 },
		{ -1, 10000000, -1 },
		{ -10000000, 10000000, -1 },
		{ -10000001, 10000000, -2 },
		{ 1795236300000000, 10000000, SLOT },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(plan_slot(cases[i].at_us, cases[i].interval_us),
		    cases[i].slot, "case %zu", i);
}

/*
 * The numbers come from a separate program in Python: other versions and
 * machines must come to the same.
 */
Test(plan, offsets_are_those_of_every_other_agent)
{
	static const struct {
		const char *endpoint;
		int64_t slot;
		int seq;
		int64_t offset_us;
	} cases[] = {
		{ "listen", 0, 0, 3098985 },
		{ "listen", SLOT, 0, 1936648 },
		{ "listen", SLOT, 1, 8417058 },
		{ "other", SLOT, 0, 9624892 },
		{ "listen", -1, 0, 2097203 },
	};
	struct shot *shots;
	struct conf c;
	size_t i, j, n;

	parse(&c,
	    NAT "schedule: { burst: 2, port-budget: 100 }\n"
		"endpoints:\n"
		"  listen: { url: 'https://a.example/' }\n"
		"  other: { url: 'https://b.example/' }\n");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int found = 0;

		shots = plan_slot_shots(&c, cases[i].slot, false, &n);
		cr_assert_eq(n, 4);
		for (j = 0; j < n; j++)
			if (strcmp(c.endpoints[shots[j].endpoint].name,
				cases[i].endpoint) == 0 &&
			    shots[j].seq == cases[i].seq) {
				found++;
				cr_expect_eq(shots[j].offset_us,
				    cases[i].offset_us, "case %zu: %" PRId64, i,
				    shots[j].offset_us);
			}
		cr_expect_eq(found, 1, "case %zu", i);
		free(shots);
	}
	conf_clear(&c);
}

Test(plan, two_agents_with_their_endpoints_in_another_order_agree)
{
	static const char *const texts[2] = {
		NAT "schedule: { burst: 3, port-budget: 100 }\n"
		    "endpoints: { a: { url: 'https://a.example/' },\n"
		    "  b: { url: 'wss://b.example/' },\n"
		    "  c: { url: 'http://c.example/', control: yes } }\n",
		DIRECT "schedule: { burst: 3 }\n"
		       "endpoints: { c: { url: 'http://c.example/',\n"
		       "    control: yes }, b: { url: 'wss://b.example/' },\n"
		       "  a: { url: 'https://a.example/' } }\n",
	};
	struct conf c[2];
	struct shot *s[2];
	size_t n[2], i;
	int64_t slot;

	parse(&c[0], texts[0]);
	parse(&c[1], texts[1]);
	for (slot = SLOT; slot < SLOT + 50; slot++) {
		s[0] = plan_slot_shots(&c[0], slot, false, &n[0]);
		s[1] = plan_slot_shots(&c[1], slot, false, &n[1]);
		cr_assert_eq(n[0], 7);
		cr_assert_eq(n[1], 7);
		for (i = 0; i < 7; i++) {
			cr_expect_str_eq(c[0].endpoints[s[0][i].endpoint].name,
			    c[1].endpoints[s[1][i].endpoint].name);
			cr_expect_eq(s[0][i].seq, s[1][i].seq);
			cr_expect_eq(s[0][i].offset_us, s[1][i].offset_us);
			cr_expect_eq(s[0][i].reversed, s[1][i].reversed);
		}
		free(s[0]);
		free(s[1]);
	}
	conf_clear(&c[0]);
	conf_clear(&c[1]);
}

Test(plan, shots_are_sorted_and_spread_evenly_over_the_slot)
{
	enum { BINS = 20, SLOTS = 100, BURST = 100 };
	int bins[BINS] = { 0 }, reversed = 0;
	const double expected = (double)SLOTS * BURST / BINS;
	double chi2 = 0;
	struct shot *shots;
	struct conf c;
	size_t i, n;
	int64_t slot, last;

	parse(&c, DIRECT ONE "schedule: { burst: 100 }\n");
	for (slot = SLOT; slot < SLOT + SLOTS; slot++) {
		shots = plan_slot_shots(&c, slot, false, &n);
		cr_assert_eq(n, BURST);
		last = 0;
		for (i = 0; i < n; i++) {
			cr_assert_geq(shots[i].offset_us, last);
			cr_assert_lt(shots[i].offset_us, c.interval_us);
			last = shots[i].offset_us;
			bins[last * BINS / c.interval_us]++;
			reversed += shots[i].reversed;
			cr_expect_eq(
			    shots[i].reversed, (slot + shots[i].seq) % 2 != 0);
		}
		free(shots);
	}
	for (i = 0; i < BINS; i++)
		chi2 += pow(bins[i] - expected, 2) / expected;
	/* The 99.99 % quantile of chi squared with 19 degrees of freedom. */
	cr_expect_lt(chi2, 50.8, "chi squared %f", chi2);
	cr_expect_eq(reversed, SLOTS * BURST / 2);
	conf_clear(&c);
}

Test(plan, control_fires_once_and_whoami_once_an_hour)
{
	struct shot *shots;
	struct conf c;
	size_t n, i, whoami = 0;
	int64_t slot, hour = plan_slot(INT64_C(1795236300), 3600) * 360;

	parse(&c,
	    DIRECT "schedule: { burst: 4 }\n"
		   "endpoints: { a: { url: 'https://a.example/' },\n"
		   "  b: { url: 'https://b.example/', control: yes } }\n"
		   "witness: https://w.example/\n"
		   "whoami: https://me.example/\n");
	for (slot = hour - 5; slot < hour + 355; slot++) {
		shots = plan_slot_shots(&c, slot, false, &n);
		cr_assert_eq(n, slot == hour ? 10 : 9,
		    "slot %" PRId64 " has %zu", slot - hour, n);
		for (i = 0; i < n; i++)
			whoami += shots[i].endpoint == 3;
		free(shots);
	}
	cr_expect_eq(whoami, 1);
	shots = plan_slot_shots(&c, hour + 7, true, &n);
	cr_expect_eq(n, 10, "the run's first slot has it too");
	free(shots);
	conf_clear(&c);
}

Test(plan, whoami_fires_in_every_slot_that_is_longer_than_an_hour)
{
	struct shot *shots;
	struct conf c;
	size_t n;
	int64_t slot;

	parse(&c,
	    DIRECT ONE "schedule: { interval: 95m }\n"
		       "whoami: https://me.example/\n");
	for (slot = -3; slot < 10; slot++) {
		shots = plan_slot_shots(&c, slot, false, &n);
		cr_expect_eq(n, 2, "slot %" PRId64, slot);
		free(shots);
	}
	conf_clear(&c);
}

Test(plan, the_address_depends_on_nothing_but_the_set_of_the_family)
{
	/* By the same separate program as the offsets. */
	static const char *const expected[] = { "203.0.113.11", "203.0.113.11",
		"203.0.113.11", "203.0.113.10", "203.0.113.11", "203.0.113.10",
		"203.0.113.10", "203.0.113.10" };
	static const char *const orders[3][5] = {
		{ "203.0.113.10", "203.0.113.11", "203.0.113.12", "2001:db8::1",
		    "2001:db8::2" },
		{ "2001:db8::2", "203.0.113.12", "203.0.113.11", "2001:db8::1",
		    "203.0.113.10" },
		{ "203.0.113.12", "203.0.113.10", "203.0.113.11" },
	};
	struct endpoint_address a[5];
	char ip[INET6_ADDRSTRLEN];
	size_t order, slot;
	int picked;

	for (order = 0; order < 3; order++) {
		parse_addresses(orders[order], order < 2 ? 5 : 3, a);
		for (slot = 0; slot < 8; slot++) {
			picked = plan_pick_address("listen", (int64_t)slot, 0,
			    AF_INET, a, order < 2 ? 5 : 3);
			cr_assert_geq(picked, 0);
			cr_expect_str_eq(endpoint_address_ip(&a[picked], ip),
			    expected[slot], "order %zu slot %zu", order, slot);
		}
	}
	cr_expect_eq(plan_pick_address("listen", 0, 0, AF_INET6, a, 3), -1);
	cr_expect_eq(plan_pick_address("listen", 0, 0, AF_INET, a, 0), -1);
}

Test(plan, addresses_are_picked_evenly_and_stay_where_an_answer_differs)
{
	static const char *const texts[] = { "198.51.100.1", "198.51.100.2",
		"198.51.100.3", "198.51.100.4", "198.51.100.5" };
	enum { SLOTS = 10000 };
	int counts[5] = { 0 }, moved = 0, all, fewer;
	struct endpoint_address a[5];
	size_t i;
	int64_t slot;

	parse_addresses(texts, 5, a);
	for (slot = 0; slot < SLOTS; slot++) {
		all = plan_pick_address("x", SLOT + slot, 0, AF_INET, a, 5);
		fewer = plan_pick_address("x", SLOT + slot, 0, AF_INET, a, 4);
		counts[all]++;
		moved += all != 4 && all != fewer;
	}
	cr_expect_eq(moved, 0, "only who had the missing address moves");
	for (i = 0; i < 5; i++)
		/* 2000 within five standard deviations of 40. */
		cr_expect(abs(counts[i] - 2000) < 200, "%zu: %d", i, counts[i]);
}

Test(plan, every_host_fires_once_in_each_round_of_the_rotation)
{
	enum { HOSTS = 2000, R = 7 };
	int in_slot[R] = { 0 }, host, turns;
	char agent[33];
	int64_t slot;

	for (host = 0; host < HOSTS; host++) {
		snprintf(
		    agent, sizeof(agent), "%032x", (unsigned)host * 2654435u);
		turns = 0;
		for (slot = -3; slot < R - 3; slot++)
			if (plan_is_our_turn(agent, slot, R)) {
				turns++;
				in_slot[slot + 3]++;
				cr_expect(plan_is_our_turn(agent, slot + R, R));
			}
		cr_assert_eq(turns, 1, "host %d", host);
		cr_assert(plan_is_our_turn(agent, host, 1));
	}
	for (slot = 0; slot < R; slot++)
		/* 285.7 within five standard deviations of 15.6. */
		cr_expect(abs(in_slot[slot] - 286) < 79, "%d", in_slot[slot]);
	cr_expect(plan_is_our_turn("a", 2, 7));
	cr_expect(plan_is_our_turn("0123456789abcdef0123456789abcdef", 5, 7));
}

Test(plan, whoami_comes_round_to_every_host_of_a_fleet)
{
	char agent[16];
	struct footprint f;
	struct shot *shots;
	struct conf c;
	struct err e;
	int64_t slot, hour = plan_slot(INT64_C(1795236300), 3600) * 360;
	int host, fired;
	size_t n, i;

	parse(&c,
	    NAT ONE "schedule: { fleet: 50 }\n"
		    "whoami: https://me.example/\n");
	cr_assert_eq(plan_footprint(&c, &f, &e), 0, "%s", e.msg);
	cr_assert_eq(f.rotation, 47); /* 15 x 50 / 16 */
	for (host = 0; host < 50; host++) {
		snprintf(agent, sizeof(agent), "host%d", host);
		fired = 0;
		for (slot = hour; slot < hour + 360; slot++) {
			if (!plan_is_our_turn(agent, slot, f.rotation))
				continue;
			shots = plan_slot_shots(&c, slot, false, &n);
			for (i = 0; i < n; i++)
				fired += shots[i].endpoint == 1;
			free(shots);
		}
		cr_expect_eq(fired, 1, "host %d: %d times", host, fired);
	}
	conf_clear(&c);
}

Test(plan, the_footprint_counts_what_shares_a_destination)
{
	static const struct {
		const char *text;
		const char *destination;
		double ports;
		int64_t rotation;
	} cases[] = {
		{ NAT ONE, "a.example:443", 15, 1 },
		{ DIRECT ONE, "", 0, 1 },
		/* Paths beside each other behind one NAT. */
		{ "paths: { n1: { role: nat, mark: 1 },\n"
		  "  n2: { role: nat, mark: 2 }, d: { role: direct } }\n" ONE
		  "schedule: { port-budget: 30 }\n",
		    "a.example:443", 30, 1 },
		/* The same name and port, whatever the path and scheme. */
		{ NAT "endpoints: { a: { url: 'https://A.example/x' },\n"
		      "  b: { url: 'wss://a.example:443/y' },\n"
		      "  c: { url: 'https://a.example:444/' } }\n"
		      "schedule: { port-budget: 30 }\n",
		    "a.example:443", 30, 1 },
		/* Two names pinned to one address. */
		{ NAT "endpoints: { a: { url: 'https://a.example/',\n"
		      "    addresses: [ 203.0.113.10, 203.0.113.11 ] },\n"
		      "  b: { url: 'https://b.example/',\n"
		      "    addresses: [ 203.0.113.11 ] } }\n"
		      "schedule: { port-budget: 30 }\n",
		    "203.0.113.11:443", 30, 1 },
		{ NAT "endpoints: { a: { url: 'https://[2001:DB8:0::1]/' },\n"
		      "  b: { url: 'https://b.example/',\n"
		      "    addresses: [ '2001:db8::1' ] } }\n"
		      "schedule: { port-budget: 30 }\n",
		    "[2001:db8::1]:443", 30, 1 },
		/* Burst, but not for the control. */
		{ NAT "endpoints: { a: { url: 'https://a.example/' },\n"
		      "  b: { url: 'https://a.example/b', control: yes } }\n"
		      "schedule: { port-budget: 600, burst: 3 }\n",
		    "a.example:443", 60, 1 },
		/* One pool for all destinations. */
		{ NAT "endpoints: { a: { url: 'https://a.example/' },\n"
		      "  b: { url: 'https://b.example/' } }\n"
		      "gateway: { pool: per-address }\n"
		      "schedule: { port-budget: 30 }\n",
		    "all destinations (pool: per-address)", 30, 1 },
		/* The gateway's own hold-down, and shorter lives. */
		{ NAT ONE "gateway: { time-wait: 0 }\n", "a.example:443", 3,
		    1 },
		{ NAT ONE "timeouts: { dns: 9s, connect: 5s, tls: 2s,\n"
			  "  request: 2s, done: 1s }\n",
		    "a.example:443", 13, 1 },
		/* All of a long slot can fall together. */
		{ NAT ONE "schedule: { interval: 1h, burst: 10 }\n",
		    "a.example:443", 10, 1 },
		/* whoami at the same place. */
		{ NAT ONE "whoami: https://a.example/me\n", "a.example:443", 16,
		    1 },
		/* Fleets: 15 x 500 / 64 = 117.2. */
		{ NAT ONE "schedule: { fleet: 500, port-budget: 64 }\n",
		    "a.example:443", 15, 118 },
		{ NAT ONE "schedule: { fleet: 4, port-budget: 60 }\n",
		    "a.example:443", 15, 1 },
		{ NAT ONE "schedule: { fleet: 5, port-budget: 60 }\n",
		    "a.example:443", 15, 2 },
	};
	struct footprint f;
	struct conf c;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(&c, cases[i].text);
		cr_expect_eq(
		    plan_footprint(&c, &f, &e), 0, "case %zu: %s", i, e.msg);
		cr_expect_str_eq(f.destination, cases[i].destination);
		cr_expect_float_eq(f.ports_one_host, cases[i].ports, 1e-9,
		    "case %zu: %f", i, f.ports_one_host);
		cr_expect_eq(f.rotation, cases[i].rotation,
		    "case %zu: %" PRId64, i, f.rotation);
		cr_expect_float_eq(f.ports_fleet,
		    cases[i].ports * (double)c.fleet /
			(double)cases[i].rotation,
		    1e-9);
		conf_clear(&c);
	}
}

/* Whether the plan fits once a key of the schedule is changed. */
static bool
fits(const char *text, const char *schedule)
{
	char *all = x_asprintf("%sschedule: { %s }\n", text, schedule);
	struct footprint f;
	struct conf c;
	bool result;

	parse(&c, all);
	result = plan_footprint(&c, &f, NULL) == 0;
	conf_clear(&c);
	free(all);
	return result;
}

Test(plan, a_refusal_shows_its_arithmetic_and_what_fits)
{
	static const struct {
		const char *schedule;
		const char *message;
	} cases[] = {
		{ "burst: 2, fleet: 9",
		    "a.example:443: 0.2 attempts/s x (30s life + 2m "
		    "hold-down) = 30 NAT ports, port-budget allows 16; "
		    "interval: 19s or burst: 1 or port-budget: 30 would "
		    "fit" },
		{ "interval: 1s",
		    "a.example:443: 1 attempts/s x (30s life + 2m hold-down) "
		    "= 150 NAT ports, port-budget allows 16; interval: 10s "
		    "or port-budget: 150 would fit" },
		{ "burst: 40",
		    "a.example:443: 4 attempts/s x (30s life + 2m hold-down) "
		    "= 600 NAT ports, port-budget allows 16; burst: 1 or "
		    "port-budget: 600 would fit" },
		{ "interval: 5m, burst: 40",
		    "a.example:443: all attempts of a slot at once (30s life "
		    "+ 2m hold-down end within its 5m) = 40 NAT ports, "
		    "port-budget allows 16; burst: 16 or port-budget: 40 "
		    "would fit" },
	};
	struct footprint f;
	struct conf c;
	struct err e;
	char *text;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text =
		    x_asprintf(NAT ONE "schedule: { %s }\n", cases[i].schedule);
		parse(&c, text);
		cr_expect_eq(plan_footprint(&c, &f, &e), -1, "case %zu", i);
		cr_expect_str_eq(e.msg, cases[i].message);
		conf_clear(&c);
		free(text);
	}
	/* What was offered does fit, and no less does. */
	cr_expect(fits(NAT ONE, "burst: 2, interval: 19s"));
	cr_expect(!fits(NAT ONE, "burst: 2, interval: 18s"));
	cr_expect(fits(NAT ONE, "burst: 2, port-budget: 30"));
	cr_expect(!fits(NAT ONE, "burst: 2, port-budget: 29"));
	cr_expect(fits(NAT ONE, "interval: 5m, burst: 16"));
	cr_expect(!fits(NAT ONE, "interval: 5m, burst: 17"));
}

Test(plan, words_hold_the_arithmetic_and_the_rotation)
{
	static const char *const expected[] = {
		"nat              behind the NAT, by interface eth0, "
		"with mark 7\n",
		"a                https://a.example/\n",
		"1 attempt a slot, certificate not checked, 1 header\n",
		"a slot every 10s of the wall clock, 1 attempt in each: "
		"8640 a day\n",
		"0.1 attempts/s x (30s life + 2m hold-down) = 15 NAT ports\n",
		"fleet: 500 hosts x 15 ports = 7500\n",
		"fires in one of 118\n  slots, so the fleet holds 63.56\n",
	};
	struct footprint f;
	struct text out;
	struct conf c;
	struct err e;
	size_t i;

	parse(&c,
	    "paths: { nat: { role: nat, interface: eth0, mark: 7 } }\n"
	    "endpoints: { a: { url: 'https://a.example/', verify: no,\n"
	    "  headers: [ 'Authorization: sesame' ] } }\n"
	    "schedule: { fleet: 500, port-budget: 64 }\n");
	cr_assert_eq(plan_footprint(&c, &f, &e), 0, "%s", e.msg);
	text_init(&out, 100000);
	plan_describe(&c, &f, &out);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		cr_expect_not_null(strstr(out.s, expected[i]),
		    "\"%s\" is not in:\n%s", expected[i], out.s);
	cr_expect_null(strstr(out.s, "sesame"));
	text_clear(&out);
	conf_clear(&c);
}
