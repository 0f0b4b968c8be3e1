#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/pairs.h"
#include "tests/report/handmade.h"

static struct dataset d;
static uint32_t direct, nat;
static struct pairs p;

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	names_add(&d.targets, "203.0.113.20:443");
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
}

static void
end(void)
{
	pairs_clear(&p);
	dataset_clear(&d);
}

TestSuite(pairs, .init = begin, .fini = end);

static void
attempt(uint32_t of, int64_t slot, int seq, int target, enum failure failure)
{
	struct attempt_row row = handmade_attempt(of, slot, failure);

	row.seq = (uint16_t)seq;
	row.target = target < 0 ? NO_INDEX : (uint16_t)target;
	row.phase = target < 0 ? PHASE_DNS : PHASE_CONNECT;
	handmade_add(&d, 0, &row);
}

/* An attempt of each, which succeeds. */
static void
both(uint32_t one, uint32_t other, int64_t slot)
{
	attempt(one, slot, 0, 0, FAILURE_NONE);
	attempt(other, slot, 0, 0, FAILURE_NONE);
}

static void
find(void)
{
	dataset_finish(&d);
	pairs_find(&p, &d, &d.endpoints[0].attempts);
}

Test(pairs, counts_the_four_outcomes)
{
	static const char outcomes[] = "onndddffff";
	int i;

	/* 1 both ok, 2 nat only, 3 direct only, 4 both failed. */
	for (i = 0; outcomes[i] != '\0'; i++) {
		attempt(nat, 100 + i, 0, 0,
		    strchr("nf", outcomes[i]) != NULL ? FAILURE_CONNECT_TIMEOUT
						      : FAILURE_NONE);
		attempt(direct, 100 + i, 0, 0,
		    strchr("df", outcomes[i]) != NULL ? FAILURE_TLS_RESET
						      : FAILURE_NONE);
	}
	find();
	cr_expect_eq(p.n, 10);
	cr_expect_eq(p.both_ok, 1);
	cr_expect_eq(p.nat_only, 2);
	cr_expect_eq(p.direct_only, 3);
	cr_expect_eq(p.both_failed, 4);
	cr_expect_eq(p.half_nat + p.half_direct, 0);
}

Test(pairs, need_the_same_slot_seq_and_target)
{
	attempt(direct, 1, 0, 0, FAILURE_NONE);
	attempt(nat, 2, 0, 0, FAILURE_NONE);
	attempt(direct, 3, 0, 0, FAILURE_NONE);
	attempt(nat, 3, 1, 0, FAILURE_NONE);
	attempt(direct, 4, 0, 0, FAILURE_NONE);
	attempt(nat, 4, 0, 1, FAILURE_NONE);
	find();
	cr_expect_eq(p.n, 0);
	cr_expect_eq(p.half_direct, 3);
	cr_expect_eq(p.half_nat, 3);
}

Test(pairs, of_many_hosts_share_the_direct_attempt)
{
	uint32_t other = handmade_run(&d, "c", ROLE_NAT);
	size_t i;

	both(nat, direct, 5);
	attempt(other, 5, 0, 0, FAILURE_CONNECT_TIMEOUT);
	find();
	cr_assert_eq(p.n, 2);
	cr_expect_eq(pair_at(&p, 0).direct, pair_at(&p, 1).direct);
	cr_expect_eq(p.both_ok, 1);
	cr_expect_eq(p.nat_only, 1);
	for (i = 0; i < p.n; i++)
		cr_expect_eq(d.paths[attempt_path(&d, &d.endpoints[0].attempts,
					 pair_at(&p, i).nat)]
				 .role,
		    ROLE_NAT);
}

Test(pairs, prefer_the_direct_attempt_of_the_same_host)
{
	uint32_t own = handmade_run(&d, "b", ROLE_DIRECT);

	both(direct, nat, 5);
	attempt(own, 5, 0, 0, FAILURE_TLS_EOF);
	find();
	cr_expect_eq(p.direct_only, 1);
	cr_expect_eq(p.spare, 1);
	cr_expect_eq(p.half_direct, 0);
}

Test(pairs, do_not_join_different_intervals)
{
	uint32_t slow =
	    handmade_run_every(&d, "b", ROLE_NAT, 2 * HANDMADE_INTERVAL_US);

	both(direct, slow, 5);
	find();
	cr_expect_eq(p.n, 0);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 1);
	cr_expect_eq(p.spare, 0);
}

Test(pairs, join_failures_of_dns_with_their_like_only)
{
	attempt(direct, 5, 0, -1, FAILURE_DNS_TIMEOUT);
	attempt(nat, 5, 0, -1, FAILURE_DNS_SERVFAIL);
	attempt(direct, 6, 0, 1, FAILURE_NONE);
	attempt(nat, 6, 0, -1, FAILURE_DNS_SERVFAIL);
	find();
	cr_expect_eq(p.both_failed, 1);
	cr_expect_eq(p.n, 1);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 1);
	cr_expect_eq(p.half_dns, 1);
}

Test(pairs, leave_out_repeats_and_what_was_interrupted)
{
	uint32_t again = handmade_run(&d, "b", ROLE_NAT);

	both(direct, nat, 5);
	attempt(again, 5, 0, 0, FAILURE_NONE);
	attempt(direct, 6, 0, 0, FAILURE_NONE);
	attempt(nat, 6, 0, 0, FAILURE_INTERRUPTED);
	find();
	cr_expect_eq(p.n, 1);
	cr_expect_eq(p.repeats, 1);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 0);
}

Test(pairs, come_in_slot_order_whatever_the_order_of_rows)
{
	const struct attempts *a;
	int64_t slot;
	size_t i;

	for (i = 0; i < 1000; i++) {
		slot = (int64_t)(i * 7919 % 1000);
		attempt(direct, slot, 0, 0, FAILURE_NONE);
		attempt(nat, 999 - slot, 0, 0, FAILURE_NONE);
	}
	find();
	a = &d.endpoints[0].attempts;
	cr_assert_eq(p.n, 1000);
	for (i = 0; i < p.n; i++) {
		cr_assert_eq(attempt_slot(a, pair_at(&p, i).nat), (int64_t)i);
		cr_assert_eq(
		    attempt_slot(a, pair_at(&p, i).direct), (int64_t)i);
	}
}
