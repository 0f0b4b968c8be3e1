#include "config.h"

#include <criterion/criterion.h>

#include "report/captures.h"

#define S INT64_C(1000000)

static struct captures c;

static void
end(void)
{
	captures_clear(&c);
}

TestSuite(captures, .fini = end);

static uint32_t
add_span(int64_t from_s, int64_t to_s, int64_t packets)
{
	const struct capture_span s = { from_s * S, to_s * S, packets, true };

	return captures_add(&c, &s);
}

static void
add_flow(const char *target, int64_t at_s)
{
	struct capture_flow f = { .at_us = at_s * S };

	f.target = names_add(&c.targets, target);
	captures_add_flow(&c, &f);
}

Test(captures, the_same_capture_by_another_file_is_told)
{
	cr_expect_eq(add_span(100, 200, 50), 0);
	cr_expect_eq(add_span(100, 200, 51), 1, "one packet more");
	cr_expect_eq(add_span(100, 201, 50), 2, "longer");
	cr_expect_eq(add_span(99, 200, 50), 3, "begun earlier");
	cr_expect_eq(add_span(100, 200, 50), UINT32_MAX);
	cr_expect_eq(add_span(99, 200, 50), UINT32_MAX);
	cr_expect_eq(c.n_spans, 4);
	cr_expect(c.spans[3].complete);
	cr_expect_eq(c.spans[3].from_us, 99 * S);
}

Test(captures, clients_keep_their_order)
{
	struct capture_client k = { .span = 0 };
	uint32_t i;

	for (i = 0; i < 100; i++) {
		k.address = i;
		k.connections = 1000 + i;
		captures_add_client(&c, &k);
	}
	cr_assert_eq(c.n_clients, 100);
	cr_expect_eq(c.clients[0].connections, 1000);
	cr_expect_eq(c.clients[99].address, 99);
}

/* What captures_find() gives, counted by going through all of them. */
static size_t
first_by_hand(uint32_t target, int64_t at_us)
{
	size_t i, n = 0;

	for (i = 0; i < c.n_flows; i++)
		n += c.flows[i].target < target ||
		    (c.flows[i].target == target && c.flows[i].at_us < at_us);
	return n;
}

Test(captures, flows_are_found_by_destination_and_time)
{
	static const char *const names[] = { "203.0.113.1:443",
		"203.0.113.2:443", "[2001:db8::1]:443" };
	uint32_t target;
	int64_t at_s;
	size_t i;

	/* Three destinations by turns, times out of order, some twice. */
	for (i = 0; i < 300; i++)
		add_flow(names[i % 3], (int64_t)(i * 37 % 101));
	captures_finish(&c);
	for (i = 1; i < c.n_flows; i++)
		cr_assert(c.flows[i - 1].target < c.flows[i].target ||
		    (c.flows[i - 1].target == c.flows[i].target &&
			c.flows[i - 1].at_us <= c.flows[i].at_us));
	for (target = 0; target < 4; target++)
		for (at_s = -1; at_s < 103; at_s++)
			cr_assert_eq(captures_find(&c, target, at_s * S),
			    first_by_hand(target, at_s * S),
			    "destination %u from %d s on", (unsigned)target,
			    (int)at_s);
}

Test(captures, none_at_all_are_none)
{
	captures_finish(&c);
	cr_expect_eq(captures_find(&c, 0, 0), 0);
	captures_clear(&c);
	cr_expect_eq(c.n_spans, 0);
}

Test(captures, a_cleared_one_is_filled_again)
{
	add_span(1, 2, 3);
	add_flow("203.0.113.1:443", 1);
	captures_clear(&c);
	cr_expect_eq(add_span(1, 2, 3), 0);
	add_flow("203.0.113.9:443", 1);
	cr_expect_eq(names_find(&c.targets, "203.0.113.1:443"), UINT32_MAX);
	cr_expect_eq(c.n_flows, 1);
}
