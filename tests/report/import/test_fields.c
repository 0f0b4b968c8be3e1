#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "report/import/fields.h"

/* Written on 10 March 2026, one hour east of UTC. */
static const struct import_hints hints = { .zone_us = INT64_C(3600000000),
	.written_us = INT64_C(1773147900000000) };

Test(fields, read_times_of_every_usual_form)
{
	static const struct {
		const char *text, *at;
	} cases[] = {
		{ "2026-03-10T12:00:05Z", "2026-03-10T12:00:05.000000Z" },
		{ "2026-03-10T12:00:05.123456789Z",
		    "2026-03-10T12:00:05.123456Z" },
		{ "2026-02-28T23:59:59Z", "2026-02-28T23:59:59.000000Z" },
		{ "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000Z" },
		{ "2026-03-31T00:00:00Z", "2026-03-31T00:00:00.000000Z" },
		{ "2026-03-10T12:00:05+00:00", "2026-03-10T12:00:05.000000Z" },
		{ "2026-03-10 13:00:05", "2026-03-10T12:00:05.000000Z" },
		{ "1773144005", "2026-03-10T12:00:05.000000Z" },
		{ "1773144005.25", "2026-03-10T12:00:05.250000Z" },
		{ "1773144005250", "2026-03-10T12:00:05.250000Z" },
		{ "1773144005250000", "2026-03-10T12:00:05.250000Z" },
		{ "1773144005250000000", "2026-03-10T12:00:05.250000Z" },
		{ "10/Mar/2026:14:00:05 +0200", "2026-03-10T12:00:05.000000Z" },
	};
	char out[WALLTIME_TEXT_SIZE];
	int64_t at;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(field_time(&hints, cases[i].text, &at), "%s",
		    cases[i].text);
		cr_expect_str_eq(walltime_format(at, 6, out), cases[i].at,
		    "%s: %s", cases[i].text, out);
	}
}

Test(fields, refuse_what_is_no_time)
{
	static const char *const bad[] = { "", "soon", "12345", "2026-13-01",
		"2026-03-10T25:00:00Z", "2026-02-30T00:00:00Z",
		"9999-01-01T00:00:00Z", "1960-01-01T00:00:00Z", "-1",
		"99/Foo/2026:00:00:00 +0000" };
	int64_t at;
	size_t i;

	cr_expect_not(field_time(&hints, NULL, &at));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(field_time(&hints, bad[i], &at), "%s", bad[i]);
}

Test(fields, a_syslog_date_without_a_year_is_not_after_the_file)
{
	static const struct {
		const char *text, *at;
	} cases[] = {
		{ "Mar 10 13:00:08.562: x", "2026-03-10T12:00:08.562000Z" },
		{ "*Mar 10 13:00:08 x", "2026-03-10T12:00:08.000000Z" },
		{ "Mar 10 2025 13:00:08 x", "2025-03-10T12:00:08.000000Z" },
		{ "Dec 31 13:00:00 x", "2025-12-31T12:00:00.000000Z" },
		{ "Feb 29 13:00:00 x", "2024-02-29T12:00:00.000000Z" },
		{ "Mar  1 13:00:00 2026 x", "2026-03-01T12:00:00.000000Z" },
	};
	char out[WALLTIME_TEXT_SIZE];
	const char *rest;
	int64_t at;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(field_syslog_time(&hints, cases[i].text, &at, &rest));
		cr_expect_str_eq(walltime_format(at, 6, out), cases[i].at,
		    "%s: %s", cases[i].text, out);
	}
	cr_expect_not(field_syslog_time(&hints, "Mar 41 1:2:3 x", &at, &rest));
	cr_expect_not(field_syslog_time(&hints, "Foo 1 1:2:3 x", &at, &rest));
}

Test(fields, read_addresses)
{
	static const struct {
		const char *text, *ip;
		int port;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.1", 0 },
		{ "10.0.0.1:443", "10.0.0.1", 443 },
		{ "10.0.0.1/443", "10.0.0.1", 443 },
		{ "[2001:db8::1]:443", "2001:db8::1", 443 },
		{ "2001:db8::1", "2001:db8::1", 0 },
		{ "2001:db8::1/443", "2001:db8::1", 443 },
	};
	static const char *const bad[] = { "", "x", "10.0.0.1:65536",
		"10.0.0.1:x", "[2001:db8::1", "10.0.0.256", "1.2.3",
		"[2001:db8::1]x" };
	struct endpoint_address a;
	char ip[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert(
		    field_address(cases[i].text, &a), "%s", cases[i].text);
		cr_expect_str_eq(endpoint_address_ip(&a, ip), cases[i].ip);
		cr_expect_eq(a.port, cases[i].port, "%s", cases[i].text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(field_address(bad[i], &a), "%s", bad[i]);
}

Test(fields, find_our_id_in_a_line)
{
	static const struct {
		const char *line;
		int first; /* byte of the id; -1: none */
	} cases[] = {
		{ "x 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 y",
		    0x4b },
		{ "f8860949459e94181e650d4049615a01 \"00-4bf92f3577b34da6a3ce"
		  "929d0e0e4736-00f067aa0ba902b7-01\"",
		    0x4b },
		{ "\"9a1c1f0e-2f53-4c1b-9d55-9e1c6b7f0a11\"", 0x9a },
		{ "Root=1-69b007c5-36d228ad5d99923122bbe354", -1 },
		{ "f8860949459e94181e650d4049615a0", -1 },
		{ "f8860949459e94181e650d4049615a01a", -1 },
		{ "", -1 },
	};
	uint8_t id[ATTEMPT_ID_SIZE];
	size_t i;
	bool got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = field_find_attempt_id(cases[i].line, id);
		cr_expect_eq(got, cases[i].first >= 0, "%s", cases[i].line);
		if (got)
			cr_expect_eq(
			    id[0], cases[i].first, "%s", cases[i].line);
	}
}

Test(fields, numbers_are_bounded)
{
	int64_t v;

	cr_expect(field_number("318.0", 0, 1000, &v) && v == 318);
	cr_expect(field_number("1e3", 0, 1000, &v) && v == 1000);
	cr_expect(field_number("-3", -5, 5, &v) && v == -3);
	cr_expect_not(field_number("1001", 0, 1000, &v));
	cr_expect_not(field_number("", 0, 1000, &v));
	cr_expect_not(field_number("nan", 0, 1000, &v));
	cr_expect_not(field_number("1e400", 0, INT64_MAX, &v));
	cr_expect_not(field_number("99999999999999999999", 0, INT64_MAX, &v));
	cr_expect_not(field_number("12x", 0, 1000, &v));
}
