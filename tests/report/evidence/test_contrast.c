#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/contrast.h"
#include "tests/report/handmade.h"

static const struct scope everything = { INT64_MIN, INT64_MAX, ALL_SERIES };

static struct dataset d;
static struct pairs pairs;
static uint32_t direct, nat[2];

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	direct = handmade_run(&d, "d", ROLE_DIRECT);
	nat[0] = handmade_run(&d, "n0", ROLE_NAT);
	nat[1] = handmade_run(&d, "n1", ROLE_NAT);
}

static void
end(void)
{
	pairs_clear(&pairs);
	dataset_clear(&d);
}

TestSuite(contrast, .init = begin, .fini = end);

/* An attempt that succeeded with a status of 200 and no retransmits. */
static struct attempt_row
fine(uint32_t run, int64_t slot)
{
	struct attempt_row row = handmade_attempt(run, slot, FAILURE_NONE);

	row.syn_retransmits = 0;
	row.segs_in = 1;
	row.late = 0;
	row.status = 200;
	return row;
}

static void
add(uint32_t run, int64_t slot, bool failed)
{
	struct attempt_row row = fine(run, slot);

	if (failed)
		row = handmade_attempt(run, slot, FAILURE_CONNECT_TIMEOUT);
	handmade_add(&d, 0, &row);
}

/* "FSTILA", a letter for each outcome that has, "?" for one not known. */
static void
check_outcomes(const struct attempt_row *row, const char *expected)
{
	static const char letters[] = "FSTILA";
	struct attempts a = { 0 };
	char seen[OUTCOME_COUNT + 1] = "";
	enum outcome o;
	int has;

	attempts_add(&a, row);
	for (o = 0; o < OUTCOME_COUNT; o++) {
		has = outcome_of(&a, 0, o);
		seen[o] = '-';
		if (has != 0)
			seen[o] = has < 0 ? '?' : letters[o];
	}
	cr_expect_str_eq(seen, expected);
	attempts_clear(&a);
}

Test(contrast, outcomes_are_known_or_not)
{
	struct attempt_row row = fine(nat[0], 0);

	check_outcomes(&row, "------");
	row.status = 503;
	check_outcomes(&row, "-----A");
	row.late = NO_COUNT;
	check_outcomes(&row, "----?A");
	row = fine(nat[0], 0);
	row.late = 2;
	check_outcomes(&row, "----L-");
	row.syn_retransmits = 1;
	check_outcomes(&row, "-STIL-");
	row.segs_in = 2; /* something answered before the SYN-ACK */
	check_outcomes(&row, "-ST-L-");
	row.syn_retransmits = NO_COUNT;
	check_outcomes(&row, "-?--L-");
	row = handmade_attempt(nat[0], 0, FAILURE_CONNECT_TIMEOUT);
	row.syn_retransmits = 3;
	row.late = NO_COUNT;
	check_outcomes(&row, "FSTI??");
	row.failure = FAILURE_DNS_TIMEOUT;
	check_outcomes(&row, "??????");
	row.failure = FAILURE_ADDRESS_NOT_AVAILABLE;
	check_outcomes(&row, "??????");
}

/* Four slots: all well, one of two hosts fails, both do, direct fails, too. */
static void
add_slots(void)
{
	static const char *const slots[] = { "...", ".x.", ".xx", "xx." };
	int64_t slot;

	for (slot = 0; slot < 4; slot++) {
		add(direct, slot, slots[slot][0] == 'x');
		add(nat[0], slot, slots[slot][1] == 'x');
		add(nat[1], slot, slots[slot][2] == 'x');
	}
}

static void
finish(void)
{
	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
}

Test(contrast, hosts_of_a_slot_are_one_value)
{
	static const int32_t expected[] = { 0, 1, 2, -1 };
	struct outcome_series s;

	add_slots();
	finish();
	contrast_series(&s, &d, &d.endpoints[0].attempts, &pairs, &everything,
	    OUTCOME_FAILED);
	cr_assert(s.n == 4 && s.unit == 2 && s.x != NULL && s.real == NULL);
	cr_expect_arr_eq(s.x, expected, sizeof(expected));
	cr_expect(s.slot[0] == 0 && s.slot[3] == 3);
	cr_expect(s.cells.both_ok == 1.5 && s.cells.nat_only == 1.5);
	cr_expect(s.cells.direct_only == 0.5 && s.cells.both_failed == 0.5);
	contrast_series_clear(&s);
}

Test(contrast, a_number_of_hosts_that_varies_makes_averages)
{
	static const double expected[] = { 0, 0.5, 1, -0.5, 1 };
	struct outcome_series s;

	add_slots();
	add(direct, 4, false);
	add(nat[0], 4, true);
	finish();
	contrast_series(&s, &d, &d.endpoints[0].attempts, &pairs, &everything,
	    OUTCOME_FAILED);
	cr_assert(s.n == 5 && s.unit == 0 && s.x == NULL && s.real != NULL);
	cr_expect_arr_eq(s.real, expected, sizeof(expected));
	cr_expect(s.cells.both_ok == 1.5 && s.cells.nat_only == 2.5);
	cr_expect(s.cells.direct_only == 0.5 && s.cells.both_failed == 0.5);
	contrast_series_clear(&s);
}

Test(contrast, counts_the_pairs_in_which_both_sides_know)
{
	struct contrast c[OUTCOME_COUNT];
	struct attempt_row row;

	add_slots();
	/* Not the path's doing, on either side: no pair of any outcome. */
	row = handmade_attempt(nat[0], 4, FAILURE_ADDRESS_NOT_AVAILABLE);
	handmade_add(&d, 0, &row);
	add(direct, 4, false);
	row = handmade_attempt(direct, 5, FAILURE_ADDRESS_NOT_AVAILABLE);
	handmade_add(&d, 0, &row);
	add(nat[1], 5, true);
	finish();
	contrasts_find(
	    c, OUTCOMES_ALL, &d, &d.endpoints[0].attempts, &pairs, &everything);
	cr_expect_eq(c[OUTCOME_FAILED].pairs, 8);
	cr_expect_eq(c[OUTCOME_FAILED].nat, 4);
	cr_expect_eq(c[OUTCOME_FAILED].direct, 2);
	cr_expect_eq(c[OUTCOME_FAILED].nat_only, 3);
	cr_expect_eq(c[OUTCOME_FAILED].direct_only, 1);
	/* A status is known where both succeeded. */
	cr_expect_eq(c[OUTCOME_STATUS].pairs, 3);
	cr_expect_eq(c[OUTCOME_STATUS].nat, 0);
	/* Most hosts of a slot. */
	cr_expect_eq(c[OUTCOME_FAILED].nat_bursts.count, 1);
	cr_expect_eq(c[OUTCOME_FAILED].nat_bursts.longest, 1);
	cr_expect_eq(c[OUTCOME_FAILED].direct_bursts.count, 1);
}

Test(contrast, a_scope_is_of_some_slots_or_one_host)
{
	struct scope scope = { 1, 3, ALL_SERIES };
	struct contrast c[OUTCOME_COUNT];
	const struct attempts *a;

	add_slots();
	finish();
	a = &d.endpoints[0].attempts;
	contrasts_find(c, OUTCOME_BIT(OUTCOME_FAILED), &d, a, &pairs, &scope);
	cr_expect(c[OUTCOME_FAILED].pairs == 4 && c[OUTCOME_FAILED].nat == 3);
	scope = everything;
	scope.nat_series = attempt_series(&d, a, pair_at(&pairs, 1).nat);
	contrasts_find(c, OUTCOME_BIT(OUTCOME_FAILED), &d, a, &pairs, &scope);
	cr_expect(c[OUTCOME_FAILED].pairs == 4 && c[OUTCOME_FAILED].nat == 1);
}
