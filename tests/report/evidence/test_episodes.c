#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/episodes.h"
#include "tests/report/handmade.h"

#define SLOTS 3000

static struct dataset d;
static struct pairs pairs;
static struct episodes e;
static struct handmade_hosts of;

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	of = handmade_three_hosts(&d);
}

static void
end(void)
{
	episodes_clear(&e);
	pairs_clear(&pairs);
	dataset_clear(&d);
}

TestSuite(episodes, .init = begin, .fini = end);

static bool
is_one_of(int64_t slot, const int64_t *slots)
{
	for (; *slots >= 0; slots++)
		if (*slots == slot)
			return true;
	return false;
}

static void
add(uint32_t run, int64_t slot, bool failed)
{
	struct attempt_row row = handmade_attempt(
	    run, slot, failed ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE);

	row.syn_retransmits = failed ? 2 : 0;
	handmade_add(&d, 0, &row);
}

/* Both hosts fail in these slots, the direct one in those; up to a -1. */
static void
find(const int64_t *bad, const int64_t *direct_bad)
{
	int64_t slot;
	bool failed;

	for (slot = 0; slot < SLOTS; slot++) {
		failed = is_one_of(slot, bad);
		add(of.direct, slot, is_one_of(slot, direct_bad));
		add(of.nat[0], slot, failed);
		add(of.nat[1], slot, failed);
	}
	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	episodes_find(&e, &d, 0, &pairs);
}

Test(episodes, calm_slots_within_one_count)
{
	/* Two calm ones in it, and single failures far from it. */
	static const int64_t bad[] = { 0, 700, 1000, 1001, 1002, 1005, 1006,
		1007, 1008, 2999, -1 };
	static const int64_t none[] = { -1 };

	find(bad, none);
	cr_assert_eq(e.n, 1);
	cr_expect_eq(e.episode[0].role, ROLE_NAT);
	cr_expect_eq(e.episode[0].from_slot, 1000);
	cr_expect_eq(e.episode[0].to_slot, 1009);
	cr_expect_eq(e.episode[0].bad_slots, 7);
	cr_expect_eq(e.episode[0].nat_attempts, 18);
	cr_expect_eq(e.episode[0].nat_failed, 14);
	cr_expect_eq(e.episode[0].direct_failed, 0);
}

Test(episodes, three_calm_slots_part_two)
{
	static const int64_t bad[] = { 0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 2995,
		2996, 2997, 2998, 2999, -1 };
	static const int64_t none[] = { -1 };
	static const int64_t from[] = { 0, 8, 2995 };
	size_t i;

	find(bad, none);
	cr_assert_eq(e.n, 3);
	for (i = 0; i < 3; i++) {
		cr_expect_eq(e.episode[i].from_slot, from[i]);
		cr_expect_eq(e.episode[i].to_slot, from[i] + 5);
		cr_expect_eq(e.episode[i].nat_attempts, 10);
	}
}

Test(episodes, failures_of_both_are_of_none)
{
	static const int64_t bad[] = { 10, 11, 12, 13, 14, 15, -1 };

	find(bad, bad);
	cr_expect_eq(e.n, 0);
}

/* As many as an episode has, but anywhere: chance could have made it. */
Test(episodes, isolated_failures_are_none)
{
	int64_t bad[SLOTS / 3 + 2];
	static const int64_t none[] = { -1 };
	size_t i;

	for (i = 0; i < SLOTS / 3; i++)
		bad[i] = (int64_t)i * 3;
	bad[i] = -1;
	find(bad, none);
	cr_expect_eq(e.n, 0);
}
