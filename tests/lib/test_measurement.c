#include "config.h"

#include <criterion/criterion.h>

#include "natdiff/measurement.h"

Test(measurement, every_name_is_read_back_as_what_it_names)
{
	enum measurement_finding f;
	int i;

	for (i = 0; i < MEASUREMENT_KINDS; i++)
		cr_expect_eq(measurement_kind_parse(measurement_kind_name(
				 (enum measurement_kind)i)),
		    (enum measurement_kind)i);
	for (i = 0; i < MEASUREMENT_ENDS; i++)
		cr_expect_eq(measurement_end_parse(
				 measurement_end_name((enum measurement_end)i)),
		    (enum measurement_end)i);
	for (i = 0; i < MEASUREMENT_FINDINGS; i++) {
		f = (enum measurement_finding)i;
		cr_expect_eq(
		    measurement_finding_parse(measurement_finding_kind(f),
			measurement_finding_name(f)),
		    f, "%s", measurement_finding_name(f));
	}
}

Test(measurement, other_names_are_none)
{
	cr_expect_eq(measurement_kind_parse("run"), MEASUREMENT_KINDS);
	cr_expect_eq(measurement_end_parse(""), MEASUREMENT_ENDS);
	/* A finding of another kind. */
	cr_expect_eq(measurement_finding_parse(MEASUREMENT_IDLE, "after_fin"),
	    MEASUREMENT_FINDINGS);
}
