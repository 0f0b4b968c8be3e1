#include "config.h"

#include <criterion/criterion.h>

#include "natdiff/walltime.h"

Test(walltime, reads_what_people_and_logs_write)
{
	static const struct {
		const char *text;
		int64_t us;
	} cases[] = {
		{ "1970-01-01", 0 },
		{ "2026-11-21T04:45:00Z", 1795236300000000 },
		{ "2026-11-21 04:45:00", 1795236300000000 },
		{ "2026-11-21T05:45:00+01:00", 1795236300000000 },
		{ "2026-11-20T23:15:00-0530", 1795236300000000 },
		{ "2026-11-21T04:45:00.123456789Z", 1795236300123456 },
		{ "2026-11-21T04:45:00,5Z", 1795236300500000 },
	};
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(
		    walltime_parse(cases[i].text, &us), 0, "%s", cases[i].text);
		cr_expect_eq(us, cases[i].us, "%s", cases[i].text);
	}
}

Test(walltime, refuses_what_is_no_time)
{
	static const char *const cases[] = { "", "now", "2026-13-01",
		"2026-06-31", "2026-11-21T04:45", "2026-11-21T04:45:00+1",
		"2026-11-21T04:45:00Zx" };
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(walltime_parse(cases[i], &us), -1, "%s", cases[i]);
}

Test(walltime, writes_what_it_reads)
{
	char text[WALLTIME_TEXT_SIZE];
	int64_t us;

	walltime_format(1795236300123456, 6, text);
	cr_expect_str_eq(text, "2026-11-21T04:45:00.123456Z");
	cr_assert_eq(walltime_parse(text, &us), 0);
	cr_expect_eq(us, 1795236300123456);
	cr_expect_str_eq(
	    walltime_format(-1, 3, text), "1969-12-31T23:59:59.999Z");
}

Test(walltime, reads_and_writes_durations)
{
	static const struct {
		const char *text;
		int64_t us;
		const char *canonical;
	} cases[] = {
		{ "10s", 10000000, "10s" },
		{ "10", 10000000, "10s" },
		{ "250ms", 250000, "250ms" },
		{ "0.5s", 500000, "500ms" },
		{ "90m", 5400000000, "90m" },
		{ "24h", 86400000000, "1d" },
		{ "0", 0, "0s" },
		{ "0.000001s", 1, "1us" },
		{ "1.50m", 90000000, "90s" },
		{ "010s", 10000000, "10s" },
		{ "99999999999999999us", 99999999999999999,
		    "99999999999999999us" },
	};
	static const char *const bad[] = { "", "s", "-1s", "10 s", "1e99", "5y",
		"ten", "0x10", "0x1p4s", "1e3", "1e3s", "1.s", ".5s", "1,5s",
		"inf", "nan", " 1s", "1s ", "+1s", "1_000s", "1..5s",
		"99999999999999999s", "999999999999999999999us" };
	char text[WALLTIME_TEXT_SIZE];
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(
		    duration_parse(cases[i].text, &us), 0, "%s", cases[i].text);
		cr_expect_eq(us, cases[i].us, "%s", cases[i].text);
		cr_expect_str_eq(duration_format(us, text), cases[i].canonical);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(duration_parse(bad[i], &us), -1, "%s", bad[i]);
}
