#include "config.h"

#include <math.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/monitor/alarm.h"

/* Slots from a text: "." all well, "n" the NAT failed, "d" direct, "b" both. */
static size_t
slots(const char *text, struct slot_rate *rates)
{
	size_t n;

	for (n = 0; text[n] != '\0'; n++)
		rates[n] = (struct slot_rate){ .slot = (int64_t)n,
			.pairs = 1,
			.nat_failed = strchr("nb", text[n]) != NULL,
			.direct_failed = strchr("db", text[n]) != NULL };
	return n;
}

Test(alarm, some_bad_slots_in_a_row_raise_it_and_more_good_ones_clear_it)
{
	static const struct {
		const char *slots;
		bool raised;
		size_t since;
	} cases[] = {
		{ "", false, 0 },
		{ "....", false, 0 },
		{ "..n..", false, 0 },
		{ "..nn.", false, 0 },
		{ "n.n.n.n.n.n", false, 0 },
		{ "..nnn", true, 2 },
		{ "..nnn.....", true, 2 },
		{ "..nnn......", false, 0 },
		{ "..nnn.....n.....", true, 2 },
		{ "..nnn.....n......", false, 0 },
		{ "nnn......nnnn", true, 9 },
		{ "..bbbbb", false, 0 },
		{ "..ddddd", false, 0 },
	};
	static const struct alarm_rule rule = { 3, 6 };
	struct range range;
	struct slot_rate rates[32];
	struct alarm alarm;
	size_t n, i;

	cr_assert_eq(range_parse("~:20", &range), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = slots(cases[i].slots, rates);
		alarm = alarm_of_difference(rates, n, &range, &rule);
		cr_expect_eq(
		    alarm.raised, cases[i].raised, "%s", cases[i].slots);
		if (alarm.raised)
			cr_expect_eq(alarm.since, cases[i].since, "%s: %zu",
			    cases[i].slots, alarm.since);
	}
}

Test(alarm, a_direct_path_that_fails_is_seen_whatever_the_nat_does)
{
	static const struct alarm_rule rule = { 3, 6 };
	struct slot_rate rates[32];
	size_t n = slots("..ddb", rates);

	cr_expect(alarm_of_direct(rates, n, &rule).raised);
	n = slots("..nnn", rates);
	cr_expect(!alarm_of_direct(rates, n, &rule).raised);
}

Test(range, is_read_as_plugins_write_it)
{
	static const struct {
		const char *text;
		double value;
		bool alerts;
	} cases[] = {
		{ "10", 10, false },
		{ "10", 10.1, true },
		{ "10", -1, true },
		{ "10:", 9, true },
		{ "10:", 1e9, false },
		{ "~:10", -1e9, false },
		{ "~:10", 11, true },
		{ "10:20", 15, false },
		{ "10:20", 21, true },
		{ "@10:20", 15, true },
		{ "@10:20", 10, true },
		{ "@10:20", 9, false },
		{ "-5:5", -4, false },
		{ "~:5", NAN, false },
		{ "@~:5", NAN, false },
	};
	static const char *const bad[] = { "", "x", "5x", "20:10", "1e3", "~",
		"@", "5:~", "inf", "nan", "1:2:3", " 5", "--5" };
	struct range range;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(
		    range_parse(cases[i].text, &range), 0, "%s", cases[i].text);
		cr_expect_eq(range_alerts(&range, cases[i].value),
		    cases[i].alerts, "%s: %g", cases[i].text, cases[i].value);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(range_parse(bad[i], &range), -1, "\"%s\"", bad[i]);
}
