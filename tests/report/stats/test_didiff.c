#include "config.h"

#include <criterion/criterion.h>

#include "report/stats/didiff.h"
#include "tests/tools/nullmodels.h"

/* Student's sleep data by Welch's test: t 1.8608, df 17.776, p 0.07939. */
Test(didiff, is_welchs_test)
{
	static const int32_t first[10] = { 7, -16, -2, -12, -1, 34, 37, 8, 0,
		20 };
	static const int32_t second[10] = { 19, 8, 11, 1, -1, 44, 55, 16, 46,
		34 };
	struct block_test a, b;
	struct didiff d;

	block_test(first, 10, 10, &a);
	block_test(second, 10, 10, &b);
	didiff_compare(&a, &b, &d);
	cr_expect_float_eq(d.est, 1.58, 1e-12);
	cr_expect_float_eq(d.t, 1.8608, 5e-5);
	cr_expect_float_eq(d.df, 17.776, 5e-4);
	cr_expect_float_eq(d.p, 0.07939, 5e-6);
	cr_expect_float_eq(d.ci.lo, -0.2054832, 5e-7);
	cr_expect_float_eq(d.ci.hi, 3.3654832, 5e-7);
	cr_expect_not(d.gate);
}

Test(didiff, nothing_against_nothing_is_no_difference)
{
	static const int32_t zeros[80] = { 0 };
	int32_t ones[80];
	struct block_test a, b;
	struct didiff d;
	int i;

	for (i = 0; i < 80; i++)
		ones[i] = 1;
	block_test(zeros, 80, 1, &a);
	didiff_compare(&a, &a, &d);
	cr_expect(d.p == 1 && d.est == 0 && d.gate);
	block_test(ones, 80, 1, &b);
	didiff_compare(&a, &b, &d);
	cr_expect(isnan(d.p) && d.est == 1);
	block_test(zeros, 1, 1, &b);
	didiff_compare(&a, &b, &d);
	cr_expect(isnan(d.p) && isnan(d.est) && !d.gate);
}

Test(didiff, like_is_compared_with_like_only)
{
	uint64_t day[DIDIFF_HOURS], night[DIDIFF_HOURS] = { 0 };
	uint64_t none[DIDIFF_HOURS] = { 0 };
	int h;

	for (h = 0; h < DIDIFF_HOURS; h++)
		day[h] = h < 10 ? 5 : 0;
	for (h = 0; h < 8; h++)
		night[h] = 7;
	cr_expect_eq(didiff_alike(day, night, 10, 14), DIDIFF_ALIKE);
	cr_expect_eq(didiff_alike(day, night, 10, 16), DIDIFF_LOAD_DIFFERS);
	cr_expect_eq(didiff_alike(day, night, 16, 10), DIDIFF_LOAD_DIFFERS);
	cr_expect_eq(didiff_alike(day, night, NAN, 16), DIDIFF_ALIKE);
	night[7] = 0;
	cr_expect_eq(didiff_alike(day, night, 10, 10), DIDIFF_HOURS_DIFFER);
	cr_expect_eq(didiff_alike(none, none, 1, 1), DIDIFF_HOURS_DIFFER);
}

/* One period: the block test of a draw. */
static void
draw(const struct nullmodel *m, struct rng *r, struct block_test *test)
{
	static uint8_t direct[2000], nat[2000];
	static int32_t x[2000];
	size_t i, n = 0;

	nullmodels_draw(m, r, direct, nat);
	for (i = 0; i < m->n; i++)
		if (direct[i] != NULLMODELS_MISSING &&
		    nat[i] != NULLMODELS_MISSING)
			x[n++] = nat[i] - direct[i];
	block_test(x, n, 1, test);
}

/* Two periods of the same bursts: a change is shown in 7 % of them at most. */
Test(didiff, rarely_sees_a_change_where_nothing_changed)
{
	const struct nullmodel *const lists[] = { nullmodels_null,
		nullmodels_power };
	const struct nullmodel *m;
	struct block_test before, after;
	struct didiff d;
	struct rng r;
	int shown, tried = 0, i;
	size_t list;

	for (list = 0; list < 2; list++) {
		for (m = lists[list]; m->name != NULL; m++) {
			if (m->n > 2000)
				continue;
			rng_seed(&r, 7, 1);
			shown = 0;
			for (i = 0; i < 1000; i++) {
				draw(m, &r, &before);
				draw(m, &r, &after);
				didiff_compare(&before, &after, &d);
				shown += d.gate && d.p <= 0.05;
			}
			cr_expect_leq(shown, 70, "%s: %d", m->name, shown);
			tried++;
		}
	}
	cr_expect_geq(tried, 5);
}
