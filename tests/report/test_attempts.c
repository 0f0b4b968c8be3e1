#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/attempts.h"

static void
add(struct attempts *a, int64_t slot, unsigned seq, unsigned target,
    uint32_t run, unsigned status)
{
	struct attempt_row row;

	memset(&row, 0, sizeof(row));
	row.slot = slot;
	row.seq = (uint16_t)seq;
	row.target = (uint16_t)target;
	row.run = run;
	row.status = (uint16_t)status; /* its place in order */
	row.duration_us[DURATION_TOTAL] = status;
	attempts_add(a, &row);
}

static void
sort(struct attempts *a)
{
	uint32_t *order = attempts_order(a);

	if (order != NULL)
		attempts_select(a, order, a->n);
	free(order);
}

static void
check_order(struct attempts *a, const char *what)
{
	size_t i;

	sort(a);
	for (i = 0; i < a->n; i++) {
		cr_expect_eq(
		    attempt_status(a, i), i + 1, "%s: place %zu", what, i);
		cr_expect_eq(attempt_duration_us(a, DURATION_TOTAL, i), i + 1,
		    "%s: the columns go together", what);
	}
	attempts_clear(a);
}

Test(attempts, are_in_the_order_of_slot_seq_target_and_run)
{
	struct attempts a = { 0 };

	add(&a, 7, 1, 2, 0, 5);
	add(&a, 7, 0, 3, 1, 3);
	add(&a, 7, 0, 3, 0, 2);
	add(&a, 3, 9, 9, 9, 1);
	add(&a, 7, 0, NO_INDEX, 0, 4);
	check_order(&a, "few");
}

Test(attempts, keep_their_order_where_the_numbers_need_more_than_64_bits)
{
	int64_t far = INT64_C(1) << 42;
	struct attempts a = { 0 };

	add(&a, far, 0, 0, 1, 5);
	add(&a, far, 0, 0, 0, 4);
	add(&a, 1, 65535, NO_INDEX, UINT32_MAX - 1, 3);
	add(&a, 1, 65535, NO_INDEX, 3, 2);
	add(&a, far, 65535, 0, 0, 6);
	add(&a, 1, 0, NO_INDEX, UINT32_MAX - 1, 1);
	check_order(&a, "far apart");
}

/* Whether i and the one before it are in order. */
static bool
in_order(const struct attempts *a, size_t i)
{
	if (attempt_slot(a, i - 1) != attempt_slot(a, i))
		return attempt_slot(a, i - 1) < attempt_slot(a, i);
	if (attempt_seq(a, i - 1) != attempt_seq(a, i))
		return attempt_seq(a, i - 1) < attempt_seq(a, i);
	if (attempt_target(a, i - 1) != attempt_target(a, i))
		return attempt_target(a, i - 1) < attempt_target(a, i);
	return attempt_run(a, i - 1) <= attempt_run(a, i);
}

/* n with slots up to most, and each with a number of its own. */
static void
check_many(size_t n, uint64_t most)
{
	struct attempts a = { 0 };
	uint8_t *seen = calloc(n + 1, 1);
	uint64_t z = 1;
	size_t i;

	for (i = 0; i < n; i++) {
		z = z * UINT64_C(6364136223846793005) + 1442695040888963407;
		add(&a, (int64_t)(100 + (z >> 33) % (most + 1)),
		    (unsigned)(z >> 20) % 3, (unsigned)(z >> 25) % 4,
		    (uint32_t)(z >> 30) % 5, (unsigned)i);
	}
	sort(&a);
	cr_assert_eq(a.n, n);
	for (i = 0; i < n; i++) {
		cr_assert(i == 0 || in_order(&a, i), "slots to %u: place %zu",
		    (unsigned)most, i);
		cr_assert_eq(attempt_duration_us(&a, DURATION_TOTAL, i),
		    attempt_status(&a, i));
		seen[attempt_status(&a, i)]++;
	}
	for (i = 0; i < n; i++)
		cr_assert_eq(seen[i], 1);
	free(seen);
	attempts_clear(&a);
}

Test(attempts, many_are_in_order_however_their_slots_lie)
{
	static const uint64_t most[] = { 0, 1, 40, 3000, 1000000, 1ULL << 30 };
	size_t i;

	for (i = 0; i < sizeof(most) / sizeof(most[0]); i++) {
		check_many(7, most[i]);
		check_many(5000, most[i]);
	}
}

Test(attempts, of_the_same_key_the_earliest_in_the_slot_is_first)
{
	struct attempts a = { 0 };
	struct attempt_row row = { .slot = 9, .offset = 5, .status = 2 };

	attempts_add(&a, &row);
	row.offset = -4;
	row.status = 1;
	attempts_add(&a, &row);
	sort(&a);
	cr_expect_eq(attempt_status(&a, 0), 1);
	cr_expect_eq(attempt_offset(&a, 0), -4);
	cr_expect_eq(attempt_offset(&a, 1), 5);
	attempts_clear(&a);
}

Test(attempts, one_or_the_same_need_no_order)
{
	struct attempts a = { 0 };

	add(&a, 5, 0, 0, 0, 1);
	check_order(&a, "one");
	add(&a, 5, 2, 1, 4, 1);
	add(&a, 5, 2, 1, 4, 2);
	check_order(&a, "the same stay as they came");
}
