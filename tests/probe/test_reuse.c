#include "config.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "probe/reuse.h"

#define S    INT64_C(1000000)
#define MANY 8192

static struct reuse_link l[MANY];
static size_t n;
static struct reuse_estimate e;
static unsigned seed;

static int
chance(int of)
{
	seed = seed * 1103515245u + 12345u;
	return (int)(seed / 65536u % (unsigned)of);
}

/* A link that got this public port. */
static struct reuse_link *
got(int64_t opened_us, int port)
{
	struct reuse_link *k = &l[n];

	memset(k, 0, sizeof(*k));
	k->opened_us = opened_us;
	k->observed.family = AF_INET;
	k->observed.ip.v4.s_addr = htonl(0xcb007102);
	k->observed.port = (uint16_t)port;
	k->local_port = (uint16_t)(30000 + n++);
	return k;
}

static void
refused(int64_t opened_us)
{
	memset(&l[n], 0, sizeof(l[n]));
	l[n].opened_us = opened_us;
	l[n].refused = true;
	l[n++].local_port = 1;
}

static void
closed(struct reuse_link *k, int64_t at_us, enum heldlink_closing how)
{
	k->closed_us = at_us;
	k->closing = how;
}

/* A pool of 4, filled; one closed at 10 s, tries every 250 ms. */
static void
fill_and_wait(int64_t hold_us, enum heldlink_closing how)
{
	int64_t at;
	int i;

	n = 0;
	for (i = 0; i < 4; i++)
		got(S + i, 20000 + i);
	refused(2 * S);
	closed(&l[1], 10 * S, how);
	for (at = 10 * S + S / 4; at - 10 * S < hold_us; at += S / 4)
		refused(at);
	got(at, 20001);
}

Test(reuse, a_full_pool_gives_the_hold_down_between_two_tries)
{
	fill_and_wait(30 * S, HELDLINK_BY_FIN);
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.low, 30 * S - S / 4);
	cr_expect_eq(e.high, 30 * S);
	cr_expect_eq(e.best, 30 * S - S / 8);
	cr_expect_eq(e.returns, 1);
	reuse_estimate(l, n, HELDLINK_BY_RESET, true, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
	cr_expect_eq(e.low, NOT_MEASURED);
}

Test(reuse, a_port_that_is_free_at_once_has_no_hold_down)
{
	fill_and_wait(0, HELDLINK_BY_RESET);
	reuse_estimate(l, n, HELDLINK_BY_RESET, true, &e);
	cr_expect_eq(e.low, 0);
	cr_expect_eq(e.high, S / 4);
}

Test(reuse, refusals_alone_give_a_lower_bound)
{
	fill_and_wait(30 * S, HELDLINK_BY_FIN);
	n--; /* it never came back */
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
	cr_expect_eq(e.best, NOT_MEASURED);
	cr_expect_eq(e.low, 30 * S - S / 4);
}

/* A lost SYN long after a port was free is no sign of a hold-down. */
Test(reuse, a_refusal_later_than_a_return_is_loss)
{
	fill_and_wait(10 * S, HELDLINK_BY_FIN);
	closed(&l[2], 10 * S, HELDLINK_BY_FIN);
	refused(29 * S);
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.low, 10 * S - S / 4);
	cr_expect_eq(e.high, 10 * S);
}

Test(reuse, the_old_connections_own_entry_is_no_return)
{
	n = 0;
	closed(got(S, 20000), 2 * S, HELDLINK_BY_FIN);
	got(3 * S, 20000)->local_port = l[0].local_port;
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
	/* Another address with the same port is another port. */
	n = 1;
	got(3 * S, 20000)->observed.ip.v4.s_addr = htonl(0xcb007103);
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
	/* And without them it is one. */
	n = 1;
	got(3 * S, 20000);
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.high, S);
}

Test(reuse, a_far_end_that_tells_no_port_is_enough_where_the_pool_is_full)
{
	size_t i;

	fill_and_wait(10 * S, HELDLINK_BY_FIN);
	for (i = 0; i < n; i++)
		l[i].observed.family = 0;
	reuse_estimate(l, n, HELDLINK_BY_FIN, true, &e);
	cr_expect_eq(e.low, 10 * S - S / 4);
	cr_expect_eq(e.high, 10 * S);
	reuse_estimate(l, n, HELDLINK_BY_FIN, false, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
}

/*
 * A pool of that many ports drawn at random, 50 held, the oldest closed every
 * 100 ms by FIN and by reset in turn.
 */
static void
churn(int pool, size_t links, int64_t fin_us, int64_t reset_us)
{
	static int64_t free_at[65536];
	int64_t now = S;
	size_t oldest = 0;
	int port;

	memset(free_at, 0, sizeof(free_at));
	n = 0;
	while (n < links) {
		do
			port = chance(pool);
		while (free_at[port] > now);
		free_at[port] = INT64_MAX;
		got(now, 1024 + port);
		if (n > 50) {
			port = l[oldest].observed.port - 1024;
			closed(&l[oldest], now + 1000,
			    oldest % 2 == 0 ? HELDLINK_BY_FIN
					    : HELDLINK_BY_RESET);
			free_at[port] =
			    now + 1000 + (oldest % 2 == 0 ? fin_us : reset_us);
			oldest++;
		}
		now += S / 10;
	}
}

Test(reuse, a_large_pool_gives_an_interval_that_holds_the_truth)
{
	int missed = 0, measured = 0;
	unsigned s;

	for (s = 1; s <= 60; s++) {
		seed = s;
		churn(2000, 1200, 30 * S, 5 * S);
		reuse_estimate(l, n, HELDLINK_BY_FIN, false, &e);
		cr_assert_neq(e.high, NOT_MEASURED);
		cr_expect_geq(e.high, 30 * S - S / 10);
		cr_expect_eq(e.best, NOT_MEASURED);
		cr_expect_lt(e.high, 50 * S, "seed %u: %" PRId64, s, e.high);
		measured += e.low != NOT_MEASURED;
		missed += e.low != NOT_MEASURED && e.low > 30 * S;
		reuse_estimate(l, n, HELDLINK_BY_RESET, false, &e);
		cr_expect_geq(e.high, 5 * S - S / 10);
		missed += e.low != NOT_MEASURED && e.low > 5 * S;
	}
	cr_expect_gt(measured, 50);
	cr_expect_leq(missed, 10, "%d of 120 lower bounds are wrong", missed);
}

Test(reuse, a_very_large_pool_shows_nothing)
{
	seed = 7;
	churn(64512, 256, 120 * S, 10 * S);
	reuse_estimate(l, n, HELDLINK_BY_FIN, false, &e);
	cr_expect_eq(e.high, NOT_MEASURED);
	cr_expect_eq(e.low, NOT_MEASURED);
	cr_expect_gt(reuse_links_needed(64512), 256);
}

/* ---------------------------------------------------------------- the pool */

Test(reuse, the_size_of_a_pool_is_estimated_from_the_span)
{
	struct reuse_pool p;

	seed = 3;
	churn(64512, 200, 0, 0);
	reuse_pool(l, n, &p);
	cr_expect_eq(p.order, REUSE_ORDER_SCATTERED);
	cr_expect(p.size > 60000 && p.size <= 64512, "%" PRId64, p.size);
	churn(4000, 200, 0, 0);
	reuse_pool(l, n, &p);
	cr_expect(p.size > 3800 && p.size < 4200, "%" PRId64, p.size);
	/* Two addresses are twice the ports. */
	l[5].observed.ip.v4.s_addr++;
	reuse_pool(l, n, &p);
	cr_expect(p.size > 7600 && p.size < 8400, "%" PRId64, p.size);
}

Test(reuse, the_order_of_ports_is_seen)
{
	struct reuse_pool p;
	int i;

	n = 0;
	for (i = 0; i < 40; i++)
		got(i * S, 20000 + 2 * i);
	reuse_pool(l, n, &p);
	cr_expect_eq(p.order, REUSE_ORDER_IN_TURN);
	for (i = 0; i < 40; i++)
		l[i].local_port = l[i].observed.port;
	reuse_pool(l, n, &p);
	cr_expect_eq(p.order, REUSE_ORDER_KEPT);
	reuse_pool(l, 3, &p);
	cr_expect_eq(p.order, REUSE_ORDER_UNKNOWN);
	for (i = 0; i < 40; i++)
		l[i].observed.family = 0;
	reuse_pool(l, n, &p);
	cr_expect_eq(p.order, REUSE_ORDER_UNKNOWN);
	cr_expect_eq(p.size, NOT_MEASURED);
	cr_expect_eq(p.told, 0);
}
