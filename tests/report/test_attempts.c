#include "config.h"

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
check_order(struct attempts *a, const char *what)
{
	size_t i;

	attempts_sort(a);
	for (i = 0; i < a->n; i++) {
		cr_expect_eq(a->status[i], i + 1, "%s: place %zu", what, i);
		cr_expect_eq(a->duration_us[DURATION_TOTAL][i], i + 1,
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

Test(attempts, one_or_the_same_need_no_order)
{
	struct attempts a = { 0 };

	add(&a, 5, 0, 0, 0, 1);
	check_order(&a, "one");
	add(&a, 5, 2, 1, 4, 1);
	add(&a, 5, 2, 1, 4, 2);
	check_order(&a, "the same stay as they came");
}
