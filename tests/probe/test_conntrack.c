#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"

#include "probe/conntrack.h"

/* /proc/net/stat/nf_conntrack of Linux 6.18, and of 4.9. */
static const char now_text[] =
    "entries  clashres found new invalid ignore delete chainlength insert "
    "insert_failed drop early_drop icmp_error  expect_new expect_create "
    "expect_delete search_restart\n"
    "00000008  00000001 00000000 00000000 00000000 00000000 00000000 00000002 "
    "00000000 00000003 00000004 00000005 00000000  00000000 00000000 00000000 "
    "00000006\n"
    "00000008  00000000 00000000 00000000 00000000 00000000 00000000 00000000 "
    "00000000 0000001c ffffffff 00000000 00000000  00000000 00000000 00000000 "
    "00000000\n";
static const char old_text[] =
    "entries  searched found new invalid ignore delete delete_list insert "
    "insert_failed drop early_drop icmp_error  expect_new expect_create "
    "expect_delete search_restart\n"
    "00000008  00000001 00000000 00000000 00000000 00000000 00000000 00000002 "
    "00000000 00000003 00000004 00000005 00000000  00000000 00000000 00000000 "
    "00000006\n";

static int
parse(const char *text, struct conntrack_reading *r, struct err *e)
{
	char *copy = x_strdup(text);
	/* fmemopen() refuses to open nothing. */
	FILE *f = *copy != '\0' ? fmemopen(copy, strlen(copy), "r")
				: fopen("/dev/null", "r");
	int result;

	memset(r, 0, sizeof(*r));
	result = conntrack_parse_proc(f, "stat", r, e);
	fclose(f);
	free(copy);
	return result;
}

Test(conntrack, reads_the_columns_by_their_headings)
{
	static const uint32_t first[] = { 3, 4, 5, 6, 1, 2 };
	struct conntrack_reading r;
	struct err e;
	int i;

	cr_assert_eq(parse(now_text, &r, &e), 0, "%s", e.msg);
	cr_assert_eq(r.n_cpus, 2);
	for (i = 0; i < CONNTRACK_COUNTERS; i++) {
		cr_expect(r.known[i]);
		cr_expect_eq(r.cpus[0].counts[i], first[i], "%d", i);
	}
	cr_expect_eq(r.cpus[1].counts[CONNTRACK_INSERT_FAILED], 28);
	cr_expect_eq(r.cpus[1].counts[CONNTRACK_DROP], UINT32_MAX);
	conntrack_reading_clear(&r);
}

Test(conntrack, does_not_know_what_an_older_kernel_does_not_count)
{
	struct conntrack_reading r;
	struct conntrack_sample s;
	struct err e;

	cr_assert_eq(parse(old_text, &r, &e), 0, "%s", e.msg);
	cr_expect(r.known[CONNTRACK_DROP]);
	cr_expect_not(r.known[CONNTRACK_CLASH_RESOLVE]);
	cr_expect_not(r.known[CONNTRACK_CHAIN_TOO_LONG]);
	conntrack_compare(&r, &r, &s);
	cr_expect_eq(s.increase[CONNTRACK_DROP], 0);
	cr_expect_eq(s.increase[CONNTRACK_CLASH_RESOLVE], NOT_MEASURED);
	conntrack_reading_clear(&r);
}

Test(conntrack, refuses_what_is_no_table_of_counters)
{
	static const struct {
		const char *text;
		const char *message;
	} cases[] = {
		{ "", "stat: empty, expected a line of headings" },
		{ "\n", "stat: no columns insert_failed and drop" },
		{ "entries found drop\n1 2 3\n",
		    "stat: no columns insert_failed and drop" },
		{ "insert_failed drop\n", "stat: no line of a processor" },
		{ "insert_failed drop\n1\n",
		    "stat:2: expected 2 hexadecimal numbers" },
		{ "insert_failed drop\n1 2\nxyz\n",
		    "stat:3: expected 2 hexadecimal numbers" },
		{ "insert_failed drop\n1 100000000\n",
		    "stat:2: expected 2 hexadecimal numbers" },
	};
	struct conntrack_reading r;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect_eq(parse(cases[i].text, &r, &e), -1);
		cr_expect_str_eq(
		    e.msg, cases[i].message, "%s: %s", cases[i].text, e.msg);
		conntrack_reading_clear(&r);
	}
}

/* A reading of two processors at a time in seconds of both clocks. */
static struct conntrack_reading
reading(struct conntrack_cpu cpus[2], double wall, double monotonic,
    uint32_t drop0, uint32_t drop1)
{
	struct conntrack_reading r;

	memset(&r, 0, sizeof(r));
	memset(cpus, 0, 2 * sizeof(cpus[0]));
	r.known[CONNTRACK_DROP] = true;
	cpus[0].counts[CONNTRACK_DROP] = drop0;
	cpus[1].counts[CONNTRACK_DROP] = drop1;
	r.cpus = cpus;
	r.n_cpus = 2;
	r.at_us = (int64_t)(wall * 1e6);
	r.monotonic_us = (int64_t)(monotonic * 1e6);
	return r;
}

Test(conntrack, increases_are_those_of_each_processor_across_a_wrap)
{
	static const struct {
		uint32_t before[2], now[2];
		int64_t increase;
	} cases[] = {
		{ { 1, 2 }, { 1, 2 }, 0 },
		{ { 1, 2 }, { 11, 22 }, 30 },
		{ { UINT32_MAX, 7 }, { 4, 7 }, 5 },
		{ { UINT32_MAX - 1, UINT32_MAX }, { 1, 0 }, 4 },
		/* Backwards: they began anew. */
		{ { 100, 100 }, { 0, 3 }, NOT_MEASURED },
	};
	struct conntrack_reading before, now;
	struct conntrack_cpu a[2], b[2];
	struct conntrack_sample s;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		before =
		    reading(a, 100, 5, cases[i].before[0], cases[i].before[1]);
		now = reading(b, 101, 6, cases[i].now[0], cases[i].now[1]);
		conntrack_compare(&before, &now, &s);
		cr_expect_eq(s.increase[CONNTRACK_DROP], cases[i].increase,
		    "case %zu: %lld", i, (long long)s.increase[CONNTRACK_DROP]);
	}
	now.n_cpus = 1;
	conntrack_compare(&before, &now, &s);
	cr_expect_eq(s.increase[CONNTRACK_DROP], NOT_MEASURED);
}

Test(conntrack, a_stretch_is_as_long_as_it_lasted_whatever_the_wall_clock_did)
{
	static const struct {
		double wall; /* 10 s later by the other clock; it was 100 */
		double from;
	} cases[] = {
		{ 110, 100 },
		{ 110.05, 100 }, /* slewed, not stepped: no gap */
		{ 109.95, 100 },
		{ 170, 160 },
		{ 50, 40 },
	};
	struct conntrack_reading before, now;
	struct conntrack_cpu a[2], b[2];
	struct conntrack_sample s;
	size_t i;

	before = reading(a, 100, 5, 0, 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now = reading(b, cases[i].wall, 15, 0, 0);
		conntrack_compare(&before, &now, &s);
		cr_expect_eq(s.from_us, (int64_t)(cases[i].from * 1e6),
		    "case %zu: %lld", i, (long long)s.from_us);
		cr_expect_eq(s.to_us, now.at_us);
	}
}

Test(conntrack, counters_have_the_names_that_conntrack_prints)
{
	static const char *const names[] = { "insert_failed", "drop",
		"early_drop", "search_restart", "clash_resolve",
		"chaintoolong" };
	int i;

	for (i = 0; i < CONNTRACK_COUNTERS; i++)
		cr_expect_str_eq(
		    conntrack_counter_name((enum conntrack_counter)i),
		    names[i]);
}
