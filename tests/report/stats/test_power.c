#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "report/stats/power.h"

Test(power, grows_with_what_makes_it_hard)
{
	double n = power_pairs(0.03, 0.01, 0.8, 0.05, 1);

	/* (1.95996 sqrt(.04) + .84162 sqrt(.04 - .0004))^2 / .0004 */
	cr_expect_eq(n, 783);
	cr_expect(power_pairs(0.03, 0.01, 0.9, 0.05, 1) > n);
	cr_expect(power_pairs(0.03, 0.01, 0.8, 0.01, 1) > n);
	cr_expect(power_pairs(0.02, 0.01, 0.8, 0.05, 1) > n);
	cr_expect_float_eq(power_pairs(0.03, 0.01, 0.8, 0.05, 9), 9 * n, 9);
	cr_expect_eq(power_pairs(0.01, 0.03, 0.8, 0.05, 1), 783);
}

Test(power, no_difference_is_never_seen)
{
	cr_expect_eq(power_pairs(0.01, 0.01, 0.8, 0.05, 1), INFINITY);
	cr_expect(isnan(power_pairs(0.7, 0.4, 0.8, 0.05, 1)));
	cr_expect(isnan(power_pairs(-0.1, 0.4, 0.8, 0.05, 1)));
	cr_expect(isnan(power_pairs(NAN, 0.4, 0.8, 0.05, 1)));
}

Test(power, says_how_many_more)
{
	cr_expect_eq(power_more_pairs(0.03, 0.01, 0.8, 0.05, 1, 700), 83);
	cr_expect_eq(power_more_pairs(0.03, 0.01, 0.8, 0.05, 1, 800), 0);
	cr_expect_eq(power_gate_pairs(1, 50), 10);
	cr_expect_eq(power_gate_pairs(3.5, 50), 160);
	cr_expect_eq(power_gate_pairs(NAN, 5), 55);
	cr_expect_eq(power_gate_pairs(1, 60), 0);
}

/* The rule of three. */
Test(power, bounds_a_rate_that_was_never_seen)
{
	cr_expect_float_eq(power_zero_bound(300, 1), 3.0 / 300, 1e-4);
	cr_expect(power_zero_bound(300, 10) > 0.09);
	cr_expect(isnan(power_zero_bound(0, 1)));
}
