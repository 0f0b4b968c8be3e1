#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "natdiff/record.h"
#include "probe/ramp.h"
#include "probe/ramp_limits.h"

#define S INT64_C(1000000)

/* A NAT with places, and a host that ramps up on it in steps. */
struct model {
	int places;
	int search; /* ports looked at for a SYN; 0: all of them */
	int loss;   /* of 1000 SYNs */
	int taken;
	unsigned seed;
};

static int
chance(struct model *m, int of)
{
	m->seed = m->seed * 1103515245u + 12345u;
	return (int)(m->seed / 65536u % (unsigned)of);
}

/* One SYN: whether it finds a place. */
static bool
syn(struct model *m)
{
	int i;

	if (chance(m, 1000) < m->loss)
		return false;
	if (m->search == 0)
		return m->taken < m->places;
	for (i = 0; i < m->search; i++)
		if (chance(m, m->places) >= m->taken)
			return true;
	return false;
}

/* Steps of 8 until one fails whole; returns the number of tries. */
static size_t
climb(struct model *m, struct ramp_try *t, size_t max)
{
	size_t n = 0, i, step, got;
	int64_t now = S;
	int r;

	do {
		got = 0;
		for (i = 0; i < 8; i++)
			t[n + i] =
			    (struct ramp_try){ now + (int64_t)i, 0, 0, 3 };
		/* SYNs of a step in the order of time: 0, 1, 2 and 3 s. */
		for (r = 0; r < 4; r++)
			for (step = 0; step < 8; step++) {
				if (t[n + step].connected_us != 0 || !syn(m))
					continue;
				t[n + step].connected_us =
				    now + r * S + (int64_t)step + 100;
				t[n + step].syn_retransmits = r;
				m->taken++;
				got++;
			}
		n += 8;
		now += 5 * S;
	} while (got > 0 && n + 8 <= max);
	return n;
}

Test(ramp, a_full_pool_is_found_exactly)
{
	static const int sizes[] = { 0, 1, 7, 8, 32, 33, 37, 64, 100 };
	struct ramp_try t[256];
	struct ramp_estimate e;
	struct model m;
	size_t i, n;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		m = (struct model){ .places = sizes[i], .seed = 1 };
		n = climb(&m, t, 256);
		ramp_estimate(t, n, &e);
		cr_expect_eq(
		    e.low, sizes[i], "%d: low %" PRId64, sizes[i], e.low);
		cr_expect_eq(
		    e.best, sizes[i], "%d: best %" PRId64, sizes[i], e.best);
		cr_expect_eq(
		    e.high, sizes[i], "%d: high %" PRId64, sizes[i], e.high);
	}
}

Test(ramp, a_pool_that_is_searched_by_chance_lies_in_the_interval)
{
	static struct ramp_try t[8192];
	struct ramp_estimate e;
	struct model m;
	unsigned seed;
	int missed = 0;
	size_t n;

	for (seed = 1; seed <= 100; seed++) {
		m = (struct model){
			.places = 1000, .search = 60, .seed = seed
		};
		n = climb(&m, t, 8192);
		ramp_estimate(t, n, &e);
		missed += e.low > 1000 || e.high < 1000;
		cr_expect_lt(e.low, e.best, "seed %u", seed);
		cr_expect_gt(e.low, 800, "seed %u: %" PRId64, seed, e.low);
		cr_expect_lt(e.high, 1100, "seed %u: %" PRId64, seed, e.high);
	}
	cr_expect_leq(missed, 5, "%d of 100 intervals miss it", missed);
}

Test(ramp, lost_syns_are_not_taken_for_the_limit)
{
	static struct ramp_try t[2048];
	struct ramp_estimate e;
	struct model m;
	unsigned seed;
	int wide = 0;
	size_t n;

	for (seed = 1; seed <= 100; seed++) {
		m = (struct model){ .places = 200, .loss = 20, .seed = seed };
		n = climb(&m, t, 2048);
		ramp_estimate(t, n, &e);
		cr_expect_eq(e.best, 200, "seed %u: %" PRId64, seed, e.best);
		cr_expect_leq(e.low, 200);
		wide += e.low < 180;
	}
	cr_expect_leq(wide, 35, "%d of 100 begin far below", wide);
}

Test(ramp, what_ended_does_not_count_as_held)
{
	struct ramp_try t[4] = {
		{ 1 * S, 1 * S + 1, 3 * S, 0 },
		{ 2 * S, 2 * S + 1, 0, 0 },
		{ 4 * S, 4 * S + 1, 0, 0 },
		{ 5 * S, 0, 5 * S + 1, 2 },
	};
	struct ramp_estimate e;

	ramp_estimate(t, 4, &e);
	cr_expect_eq(e.best, 2);
	cr_expect_eq(e.low, 2);
	cr_expect_eq(e.last_syns, 3);
}

Test(ramp, without_a_refusal_there_is_no_upper_bound)
{
	struct ramp_try t[2] = {
		{ 1 * S, 1 * S + 1, 0, 0 },
		{ 2 * S, 2 * S + 1, 0, NOT_MEASURED },
	};
	struct ramp_estimate e;

	ramp_estimate(t, 2, &e);
	cr_expect_eq(e.low, 2);
	cr_expect_eq(e.best, 2);
	cr_expect_eq(e.high, NOT_MEASURED);
	ramp_estimate(t, 0, &e);
	cr_expect_eq(e.best, 0);
}

Test(ramp, a_kernel_that_counts_no_retransmits_is_judged_by_the_time)
{
	struct ramp_try slow = { 1 * S, 2 * S + 1, 0, NOT_MEASURED };
	struct ramp_try fast = { 1 * S, 1 * S + 300000, 0, NOT_MEASURED };

	cr_expect(ramp_was_refused(&slow));
	cr_expect_not(ramp_was_refused(&fast));
}

/* ------------------------------------------------------- providers' limits */

static const char data[] =
    "read-on 2026-11-21\n"
    "source doc 2026-01 a document\n"
    "provider one One\n"
    "limit small 64 ports doc\n"
    "limit addresses 64 addresses doc\n"
    "limit connections-total 64 connections doc\n"
    "provider two Two\n"
    "limit connections-per-destination 70 connections doc\n"
    "limit small 64 ports doc\n";

Test(ramp, a_ceiling_is_looked_up_among_the_limits_of_providers)
{
	static const struct {
		const char *provider;
		int64_t low, high;
		size_t n;
	} cases[] = {
		{ NULL, 64, 64, 2 },
		{ NULL, 60, 80, 3 },
		{ NULL, 65, 69, 0 },
		{ "one", 60, 80, 1 },
		{ "two", 60, 80, 2 },
		{ "unheard-of", 70, 70, 1 },
	};
	struct ramp_limit found[RAMP_LIMITS_MAX];
	struct providers p;
	struct err e;
	size_t i, n;

	cr_assert_eq(providers_parse(&p, "data", data, sizeof(data) - 1, &e), 0,
	    "%s", e.msg);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = ramp_limits(
		    &p, cases[i].provider, cases[i].low, cases[i].high, found);
		cr_expect_eq(n, cases[i].n, "case %zu: %zu", i, n);
	}
	providers_clear(&p);
}
