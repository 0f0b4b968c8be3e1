#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <jansson.h>

#include "probe/cmd_census.h"

/* A census with numbers as long as they can be on one host. */
static struct census_line lines[] = {
	{ .counts = { .established = 64000,
	      .syn_sent = 12,
	      .time_wait = 200000,
	      .closing = 9,
	      .close_wait = 3,
	      .local_ports = 264024 },
	    .owners = { { "fifteen-letters", 64000 }, { "nginx", 12 },
		{ "a\"b\\", 1 } },
	    .n_owners = 3 },
	{ .counts = { .established = 1, .local_ports = 1 },
	    .owners = { { "curl", 1 }, { "sh", 1 } },
	    .n_owners = 2 },
};

static struct census
make_census(void)
{
	struct census c = { .lines = lines,
		.n_lines = 2,
		.n_destinations = 1234567,
		.ports_in_use = 14116,
		.unnamed_sockets = 7 };

	cr_assert_eq(endpoint_address_parse(
			 "203.0.113.100", &lines[0].counts.destination),
	    0);
	lines[0].counts.destination.port = 65535;
	cr_assert_eq(
	    endpoint_address_parse("2001:db8:1234:5678:9abc:def0:1234:5678",
		&lines[1].counts.destination),
	    0);
	lines[1].counts.destination.port = 443;
	c.total = lines[0].counts;
	c.total.established += 1;
	c.total.local_ports += 1;
	return c;
}

static struct host_sample_record
make_limits(void)
{
	struct host_sample_record s = { .at_us = 1795236300123000,
		.port_range_first = 32768,
		.port_range_last = 60999,
		.conntrack_count = 131072,
		.conntrack_max = 262144,
		.conntrack_drops = NOT_MEASURED,
		.allowance_exceeded = NOT_MEASURED,
		.cpu_stall_us = 5,
		.load1_milli = 1250 };

	return s;
}

Test(cmd_census, prints_a_table_80_columns_wide)
{
	static const char expected[] =
	    "                      estab- syn_  time_         close_  local\n"
	    "destination           lished sent   wait closing   wait  ports"
	    "  processes\n"
	    "203.0.113.100:65535    64000   12 200000       9      3 264024"
	    "  fifteen-letters\n"
	    "[2001:db8:1234:5678:9abc:def0:1234:5678]:443\n"
	    "                           1    0      0       0      0      1"
	    "  curl,sh\n"
	    "all 1234567            64001   12 200000       9      3 264025\n"
	    "\n"
	    "local ports 32768-60999: 14116 of 28232 (50.0 %)\n"
	    "conntrack entries: 131072 of 262144 (50.0 %)\n";
	struct census c = make_census();
	struct host_sample_record s = make_limits();
	struct text out;

	text_init(&out, 4096);
	census_table(&out, &c, &s);
	cr_expect_str_eq(out.s, expected, "%s", out.s);
	text_clear(&out);
}

Test(cmd_census, says_what_this_host_does_not_tell)
{
	struct host_sample_record s = make_limits();
	struct census c = make_census();
	struct text out;

	s.port_range_first = s.port_range_last = NOT_MEASURED;
	s.conntrack_max = NOT_MEASURED;
	c.ports_in_use = NOT_MEASURED;
	text_init(&out, 4096);
	census_table(&out, &c, &s);
	cr_expect_not_null(
	    strstr(out.s, "\nlocal ports: not readable on this host\n"));
	cr_expect_not_null(
	    strstr(out.s, "\nconntrack entries: not readable on this host\n"));
	text_clear(&out);
}

static int64_t
number(const json_t *o, const char *key)
{
	json_t *value = json_object_get(o, key);

	cr_expect(json_is_integer(value), "%s is no number", key);
	return json_integer_value(value);
}

Test(cmd_census, prints_json_in_one_line)
{
	struct host_sample_record s = make_limits();
	struct census c = make_census();
	json_t *o, *line, *total, *owners;
	char *text = census_json(&c, &s);

	cr_assert_null(strchr(text, '\n'));
	o = json_loads(text, 0, NULL);
	cr_assert(json_is_object(o), "%s", text);
	cr_expect_str_eq(json_string_value(json_object_get(o, "at")),
	    "2026-11-21T04:45:00.123Z");
	cr_expect_eq(json_array_size(json_object_get(o, "destinations")), 2);
	line = json_array_get(json_object_get(o, "destinations"), 0);
	cr_expect_str_eq(json_string_value(json_object_get(line, "address")),
	    "203.0.113.100");
	cr_expect_eq(number(line, "port"), 65535);
	cr_expect_eq(number(line, "established"), 64000);
	cr_expect_eq(number(line, "syn_sent"), 12);
	cr_expect_eq(number(line, "time_wait"), 200000);
	cr_expect_eq(number(line, "closing"), 9);
	cr_expect_eq(number(line, "close_wait"), 3);
	cr_expect_eq(number(line, "local_ports"), 264024);
	owners = json_object_get(line, "processes");
	cr_expect_eq(json_array_size(owners), 3);
	cr_expect_str_eq(json_string_value(json_object_get(
			     json_array_get(owners, 2), "name")),
	    "a\"b\\");
	total = json_object_get(o, "total");
	cr_expect_eq(number(total, "destinations"), 1234567);
	cr_expect_eq(number(total, "local_ports"), 264025);
	cr_expect_eq(number(o, "ports_in_use"), 14116);
	cr_expect_eq(number(o, "unnamed_sockets"), 7);
	cr_expect(json_is_null(json_object_get(o, "conntrack_drops")));
	cr_expect(json_is_null(json_object_get(o, "allowance_exceeded")));
	json_decref(o);
	free(text);
}
