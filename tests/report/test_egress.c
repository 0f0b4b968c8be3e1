#include "config.h"

#include <criterion/criterion.h>

#include "report/egress.h"
#include "tests/report/handmade.h"

static struct dataset d;
static struct egress g;
static uint32_t direct, nat, outside[3]; /* addresses */

static void
begin(void)
{
	handmade_begin(&d, "first", "endpoint");
	handmade_endpoint(&d, "second", "endpoint");
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
	outside[0] = names_add(&d.addresses, "192.0.2.7");
	outside[1] = names_add(&d.addresses, "203.0.113.9");
	outside[2] = names_add(&d.addresses, "203.0.113.10");
}

static void
end(void)
{
	egress_clear(&g);
	dataset_clear(&d);
}

TestSuite(egress, .init = begin, .fini = end);

/* So much of the slot later, by an address, or UINT32_MAX: nobody saw it. */
static void
attempt(uint32_t endpoint, uint32_t run, int64_t slot, double later,
    uint32_t address, uint16_t port)
{
	struct attempt_row row = handmade_attempt(run, slot, FAILURE_NONE);

	row.offset = (int16_t)(later * OFFSET_UNIT);
	row.observed = address == UINT32_MAX ? NO_INDEX : (uint16_t)address;
	row.observed_port = port;
	row.local_port = 1;
	handmade_add(&d, endpoint, &row);
}

static void
find(void)
{
	dataset_finish(&d);
	egress_find(&g, &d);
}

/* What exit i is by. */
static const char *
by(size_t i)
{
	return d.addresses.text[g.exits[i].address];
}

Test(egress, nobody_saw_any)
{
	attempt(0, direct, 1, 0, UINT32_MAX, NO_PORT);
	attempt(0, nat, 1, 0, UINT32_MAX, NO_PORT);
	find();
	cr_expect_eq(g.n, 0);
	cr_expect_eq(g.apart, APART_UNKNOWN);
}

Test(egress, each_host_has_its_addresses)
{
	attempt(0, nat, 1, 0, outside[2], 5000);
	attempt(1, nat, 1, 0, outside[1], 5001);
	attempt(0, nat, 2, 0, outside[1], NO_PORT);
	attempt(1, nat, 3, 0, UINT32_MAX, NO_PORT);
	attempt(1, direct, 3, 0, outside[0], 5002);
	find();
	cr_assert_eq(g.n, 3);
	cr_expect_str_eq(by(0), "192.0.2.7");
	cr_expect_eq(series_role(&d, g.exits[0].series), ROLE_DIRECT);
	cr_expect_str_eq(by(1), "203.0.113.10");
	cr_expect_eq(g.exits[1].attempts, 1);
	cr_expect_str_eq(by(2), "203.0.113.9");
	cr_expect_eq(g.exits[2].attempts, 2);
	cr_expect_eq(g.exits[2].ports.n, 1);
	cr_expect_eq(g.exits[2].ports.lowest, 5001);
	cr_expect_eq(g.apart, APART_YES);
}

Test(egress, a_shared_address_is_not_apart)
{
	attempt(0, direct, 1, 0, outside[0], 5000);
	attempt(0, nat, 1, 0, outside[0], 5001);
	find();
	cr_expect_eq(g.n, 2);
	cr_expect_eq(g.apart, APART_NO);
}

/* One counter hands out all; the second endpoint's attempts come first. */
Test(egress, ports_are_in_the_order_of_time)
{
	uint16_t port = 20000;
	int64_t slot;

	for (slot = 0; slot < 100; slot++, port += 6) {
		attempt(0, nat, slot, 0.75, outside[1], (uint16_t)(port + 3));
		attempt(1, nat, slot, 0.25, outside[1], port);
	}
	find();
	cr_assert_eq(g.n, 1);
	cr_expect_eq(g.exits[0].ports.n, 200);
	cr_expect_eq(g.exits[0].ports.order, PORTS_SEQUENTIAL);
}

/* No slot has an attempt at both endpoints. */
Test(egress, slots_far_apart_are_in_the_order_of_time)
{
	int64_t i;

	for (i = 0; i < 100; i++)
		attempt((uint32_t)(i % 2), nat, i * i * 1000, 0, outside[1],
		    (uint16_t)(20000 + i));
	find();
	cr_assert_eq(g.n, 1);
	cr_expect_eq(g.exits[0].ports.n, 100);
	cr_expect_eq(g.exits[0].ports.order, PORTS_SEQUENTIAL);
}

/* Their slots have other numbers at the same time. */
Test(egress, intervals_may_differ)
{
	uint32_t often =
	    handmade_run_every(&d, "b", ROLE_NAT, HANDMADE_INTERVAL_US / 2);
	uint16_t port = 20000;
	int64_t slot;

	for (slot = 0; slot < 100; slot++) {
		attempt(0, nat, slot, 0, outside[1], port++);
		attempt(0, often, slot * 2, 0.5, outside[1], port++);
		attempt(1, often, slot * 2 + 1, 0, outside[1], port++);
	}
	find();
	cr_assert_eq(g.n, 1);
	cr_expect_eq(g.exits[0].ports.n, 300);
	cr_expect_eq(g.exits[0].ports.order, PORTS_SEQUENTIAL);
}

/* Which is no matter between hosts: each has its order. */
Test(egress, intervals_may_differ_between_hosts)
{
	uint32_t other =
	    handmade_run_every(&d, "c", ROLE_NAT, HANDMADE_INTERVAL_US / 2);
	uint16_t port = 20000;
	int64_t slot;

	for (slot = 0; slot < 100; slot++, port++) {
		attempt(1, nat, slot, 0, outside[1], port);
		attempt(0, other, slot * 7, 0, outside[2], port);
	}
	find();
	cr_assert_eq(g.n, 2);
	cr_expect_eq(g.exits[0].ports.order, PORTS_SEQUENTIAL);
	cr_expect_eq(g.exits[1].ports.order, PORTS_SEQUENTIAL);
	cr_expect_eq(g.exits[0].ports.n + g.exits[1].ports.n, 200);
}
