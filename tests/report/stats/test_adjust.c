#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "report/stats/adjust.h"

/* Benjamini and Hochberg 1995, section 3.2: four are found at 5 %, three by
 * Bonferroni's and Holm's rule. */
Test(adjust, finds_what_the_paper_finds)
{
	static const double p[15] = { 0.0001, 0.0004, 0.0019, 0.0095, 0.0201,
		0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
		0.7590, 1.0 };
	double holm[15], bh[15];
	int i, by_holm = 0, by_bh = 0;

	adjust_holm(p, 15, holm);
	adjust_bh(p, 15, bh);
	for (i = 0; i < 15; i++) {
		by_holm += holm[i] <= 0.05;
		by_bh += bh[i] <= 0.05;
	}
	cr_expect_eq(by_holm, 3);
	cr_expect_eq(by_bh, 4);
	cr_expect_float_eq(holm[2], 13 * 0.0019, 1e-12);
	cr_expect_float_eq(bh[3], 15 * 0.0095 / 4, 1e-12);
	cr_expect_eq(holm[14], 1);
}

Test(adjust, unknown_stays_unknown_and_does_not_count)
{
	double p[4] = { 0.04, NAN, 0.01, NAN };

	adjust_holm(p, 4, p); /* in place */
	cr_expect_float_eq(p[0], 0.04, 1e-15);
	cr_expect_float_eq(p[2], 0.02, 1e-15);
	cr_expect(isnan(p[1]) && isnan(p[3]));
	adjust_bh(p, 0, p);
	adjust_holm(p + 1, 1, p + 1);
	cr_expect(isnan(p[1]));
}
