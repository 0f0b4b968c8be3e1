#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/pairs.h"

#define INTERVAL_US 10000000

static struct dataset d;
static uint32_t endpoint;

static void
begin(void)
{
	dataset_init(&d);
	endpoint = dataset_endpoint(&d, "listen");
}

static void
end(void)
{
	dataset_clear(&d);
}

TestSuite(pairs, .init = begin, .fini = end);

/* A run of an agent on a path; its index until dataset_finish(). */
static uint32_t
run(const char *agent, enum role role, int64_t interval_us)
{
	struct series s = {
		.agent = names_add(&d.agents, agent),
		.host = names_add(&d.hosts, agent),
		.path =
		    dataset_path(&d, role == ROLE_NAT ? "nat" : "direct", role),
		.interval_us = interval_us,
	};
	struct run r = { .series = dataset_series(&d, &s) };

	if (d.n_inputs == 0) {
		d.inputs =
		    x_grow(d.inputs, 0, &d.inputs_capacity, sizeof(*d.inputs));
		memset(&d.inputs[d.n_inputs++], 0, sizeof(*d.inputs));
	}
	d.runs = x_grow(d.runs, d.n_runs, &d.runs_capacity, sizeof(r));
	r.uuid[0] = (uint8_t)d.n_runs;
	d.runs[d.n_runs] = r;
	return (uint32_t)d.n_runs++;
}

static void
attempt(uint32_t of, int64_t slot, int seq, int target, enum failure failure)
{
	struct attempt_row row = {
		.slot = slot,
		.run = of,
		.seq = (uint16_t)seq,
		.target = target < 0 ? NO_INDEX : (uint16_t)target,
		.observed = NO_INDEX,
		.failure = (uint8_t)failure,
		.phase = target < 0 ? PHASE_DNS : PHASE_CONNECT,
	};

	names_add(&d.targets, "a:1");
	names_add(&d.targets, "b:1");
	attempts_add(&d.endpoints[endpoint].attempts, &row);
}

static struct pairs
found(void)
{
	struct pairs p;

	dataset_finish(&d);
	pairs_find(&p, &d, &d.endpoints[0].attempts);
	return p;
}

Test(pairs, counts_the_four_outcomes)
{
	static const char outcomes[] = "onndddffff";
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	struct pairs p;
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
	p = found();
	cr_expect_eq(p.n, 10);
	cr_expect_eq(p.both_ok, 1);
	cr_expect_eq(p.nat_only, 2);
	cr_expect_eq(p.direct_only, 3);
	cr_expect_eq(p.both_failed, 4);
	cr_expect_eq(p.half_nat + p.half_direct, 0);
	pairs_clear(&p);
}

Test(pairs, need_the_same_slot_seq_and_target)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	struct pairs p;

	attempt(direct, 1, 0, 0, FAILURE_NONE);
	attempt(nat, 2, 0, 0, FAILURE_NONE);
	attempt(direct, 3, 0, 0, FAILURE_NONE);
	attempt(nat, 3, 1, 0, FAILURE_NONE);
	attempt(direct, 4, 0, 0, FAILURE_NONE);
	attempt(nat, 4, 0, 1, FAILURE_NONE);
	p = found();
	cr_expect_eq(p.n, 0);
	cr_expect_eq(p.half_direct, 3);
	cr_expect_eq(p.half_nat, 3);
	pairs_clear(&p);
}

Test(pairs, of_many_hosts_share_the_direct_attempt)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t one = run("b", ROLE_NAT, INTERVAL_US);
	uint32_t two = run("c", ROLE_NAT, INTERVAL_US);
	struct pairs p;
	size_t i;

	attempt(one, 5, 0, 0, FAILURE_NONE);
	attempt(direct, 5, 0, 0, FAILURE_NONE);
	attempt(two, 5, 0, 0, FAILURE_CONNECT_TIMEOUT);
	p = found();
	cr_assert_eq(p.n, 2);
	cr_expect_eq(p.pair[0].direct, p.pair[1].direct);
	cr_expect_eq(p.both_ok, 1);
	cr_expect_eq(p.nat_only, 1);
	for (i = 0; i < p.n; i++)
		cr_expect_eq(d.paths[attempt_path(&d, &d.endpoints[0].attempts,
					 p.pair[i].nat)]
				 .role,
		    ROLE_NAT);
	pairs_clear(&p);
}

Test(pairs, prefer_the_direct_attempt_of_the_same_host)
{
	uint32_t other = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t own = run("b", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	struct pairs p;

	attempt(other, 5, 0, 0, FAILURE_NONE);
	attempt(own, 5, 0, 0, FAILURE_TLS_EOF);
	attempt(nat, 5, 0, 0, FAILURE_NONE);
	p = found();
	cr_expect_eq(p.direct_only, 1);
	cr_expect_eq(p.spare, 1);
	cr_expect_eq(p.half_direct, 0);
	pairs_clear(&p);
}

Test(pairs, do_not_join_different_intervals)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US * 2);
	struct pairs p;

	attempt(direct, 5, 0, 0, FAILURE_NONE);
	attempt(nat, 5, 0, 0, FAILURE_NONE);
	p = found();
	cr_expect_eq(p.n, 0);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 1);
	cr_expect_eq(p.spare, 0);
	pairs_clear(&p);
}

Test(pairs, join_failures_of_dns_with_their_like_only)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	struct pairs p;

	attempt(direct, 5, 0, -1, FAILURE_DNS_TIMEOUT);
	attempt(nat, 5, 0, -1, FAILURE_DNS_SERVFAIL);
	attempt(direct, 6, 0, 1, FAILURE_NONE);
	attempt(nat, 6, 0, -1, FAILURE_DNS_SERVFAIL);
	p = found();
	cr_expect_eq(p.both_failed, 1);
	cr_expect_eq(p.n, 1);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 1);
	cr_expect_eq(p.half_dns, 1);
	pairs_clear(&p);
}

Test(pairs, leave_out_repeats_and_what_was_interrupted)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	uint32_t again = run("b", ROLE_NAT, INTERVAL_US);
	struct pairs p;

	attempt(direct, 5, 0, 0, FAILURE_NONE);
	attempt(nat, 5, 0, 0, FAILURE_NONE);
	attempt(again, 5, 0, 0, FAILURE_NONE);
	attempt(direct, 6, 0, 0, FAILURE_NONE);
	attempt(nat, 6, 0, 0, FAILURE_INTERRUPTED);
	p = found();
	cr_expect_eq(p.n, 1);
	cr_expect_eq(p.repeats, 1);
	cr_expect_eq(p.half_direct, 1);
	cr_expect_eq(p.half_nat, 0);
	pairs_clear(&p);
}

Test(pairs, come_in_slot_order_whatever_the_order_of_rows)
{
	uint32_t direct = run("a", ROLE_DIRECT, INTERVAL_US);
	uint32_t nat = run("b", ROLE_NAT, INTERVAL_US);
	const struct attempts *a;
	struct pairs p;
	int64_t slot;
	size_t i;

	for (i = 0; i < 1000; i++) {
		slot = (int64_t)(i * 7919 % 1000);
		attempt(direct, slot, 0, 0, FAILURE_NONE);
		attempt(nat, 999 - slot, 0, 0, FAILURE_NONE);
	}
	p = found();
	a = &d.endpoints[0].attempts;
	cr_assert_eq(p.n, 1000);
	for (i = 0; i < p.n; i++) {
		cr_assert_eq(a->slot[p.pair[i].nat], (int64_t)i);
		cr_assert_eq(a->slot[p.pair[i].direct], (int64_t)i);
	}
	pairs_clear(&p);
}
