#include "config.h"

#include <criterion/criterion.h>

#include "natdiff/failure.h"

Test(failure, every_failure_has_a_name_that_reads_back)
{
	int f;

	cr_assert_null(failure_name(FAILURE_NONE));
	for (f = FAILURE_NONE + 1; f < FAILURE_COUNT; f++) {
		cr_assert_not_null(failure_name((enum failure)f), "%d", f);
		cr_expect_eq((int)failure_parse(failure_name((enum failure)f)),
		    f, "%s", failure_name((enum failure)f));
	}
}

Test(failure, unknown_names_are_told_apart_from_success)
{
	cr_expect_eq(failure_parse(NULL), FAILURE_NONE);
	cr_expect_eq(failure_parse(""), FAILURE_COUNT);
	cr_expect_eq(failure_parse("connect_timeout "), FAILURE_COUNT);
}

Test(failure, only_the_hosts_own_failures_are_local)
{
	cr_expect(failure_is_local(FAILURE_ADDRESS_NOT_AVAILABLE));
	cr_expect(failure_is_local(FAILURE_TOO_MANY_OPEN_FILES));
	cr_expect_not(failure_is_local(FAILURE_CONNECT_TIMEOUT));
	cr_expect_not(failure_is_local(FAILURE_NONE));
	cr_expect(failure_is_dns(FAILURE_DNS_NXDOMAIN));
	cr_expect(failure_is_dns(FAILURE_DNS_TIMEOUT));
	cr_expect_not(failure_is_dns(FAILURE_CONNECT_TIMEOUT));
	cr_expect_not(failure_is_dns(FAILURE_NONE));
}

Test(failure, phases_read_back)
{
	int p;

	for (p = 0; p < PHASE_COUNT; p++)
		cr_expect_eq((int)phase_parse(phase_name((enum phase)p)), p);
	cr_expect_eq(phase_parse("upgrade"), PHASE_COUNT);
}
