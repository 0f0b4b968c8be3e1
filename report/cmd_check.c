/*
 * natdiff-report check: a monitoring plugin.
 */
#include "config.h"

#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/commands.h"
#include "report/monitor/health.h"
#include "report/options.h"
#include "report/output/printable.h"

#define WINDOW_US    INT64_C(21600000000)
#define LABEL_WIDTH  80
#define IN_A_ROW_MAX 10000

static const char help[] =
    "Examples:\n"
    "  natdiff-report check /var/lib/natdiff/*.db\n"
    "  natdiff-report check -w '~:2' -c '~:10' --raise 5 direct.db nat.db\n"
    "\n"
    "Usage: natdiff-report check [OPTIONS] FILE...\n"
    "\n"
    "A plugin for Nagios, Icinga and the like: one line, performance data,\n"
    "exit status 0 ok, 1 warning, 2 critical, 3 unknown.  Judged is by how\n"
    "many percentage points the nat path fails more often than the direct\n"
    "one in the same slots; an alarm is raised by some slots in a row that\n"
    "are out of range, or by a difference that the whole window shows, and\n"
    "cleared by more in a row that are not.\n"
    "\n"
    "  -w, --warning RANGE   in points, as plugins write ranges (~:5)\n"
    "  -c, --critical RANGE  (~:20)\n"
    "  --raise N             slots in a row that raise an alarm (3)\n"
    "  --clear N             slots in a row that clear it (6)\n"
    "  --window DURATION     how far to look back (6h)\n"
    "  --max-age DURATION    older data are unknown (5 intervals, at least\n"
    "                        2m)\n"
    "  --endpoint NAME       of this endpoint; may be repeated\n"
    "  --path NAME           of this path; may be repeated\n";

struct check {
	struct load_filter filter;
	struct health_rule rule;
	const char *warning; /* as given */
	const char *critical;
	int64_t window_us;
};

static int
take_in_a_row(size_t *n, const char *option, const char *value, struct err *e)
{
	char *end;
	long got = strtol(value, &end, 10);

	if (*value == '\0' || *end != '\0' || got < 1 || got > IN_A_ROW_MAX)
		return err_set(e,
		    "%s %s: expected a number of slots from 1 to %d", option,
		    value, IN_A_ROW_MAX);
	*n = (size_t)got;
	return 1;
}

static int
take_range(struct range *r, const char **text, const char *option,
    const char *value, struct err *e)
{
	*text = value;
	if (range_parse(value, r) == 0)
		return 1;
	return err_set(
	    e, "%s %s: expected a range as 5, ~:5 or 1:10", option, value);
}

static int
take_option(void *arg, int c, char *value, struct err *e)
{
	struct check *check = arg;
	struct health_rule *rule = &check->rule;

	switch (c) {
	case 'w':
		return take_range(
		    &rule->warning, &check->warning, "--warning", value, e);
	case 'c':
		return take_range(
		    &rule->critical, &check->critical, "--critical", value, e);
	case 'r':
		return take_in_a_row(&rule->alarm.raise, "--raise", value, e);
	case 'l':
		return take_in_a_row(&rule->alarm.clear, "--clear", value, e);
	case 'W':
		return options_duration(
		    &check->window_us, "--window", value, e);
	case 'a':
		return options_duration(
		    &rule->max_age_us, "--max-age", value, e);
	default:
		return options_filter(&check->filter, c, value, e);
	}
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct check *check, int argc, char **argv)
{
	static const struct option options[] = {
		{ "warning", required_argument, NULL, 'w' },
		{ "critical", required_argument, NULL, 'c' },
		{ "raise", required_argument, NULL, 'r' },
		{ "clear", required_argument, NULL, 'l' },
		{ "window", required_argument, NULL, 'W' },
		{ "max-age", required_argument, NULL, 'a' },
		{ "endpoint", required_argument, NULL, 'e' },
		{ "path", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct options_table table = { "check", "hw:c:", options,
		help, take_option };
	int status = options_take(&table, argc, argv, check);

	if (status == -1 && optind == argc)
		status = options_no_database("check");
	return status > 0 ? HEALTH_UNKNOWN : status;
}

/* Text fit for the one line: no "|", which begins the performance data. */
static char *
plain(const char *text, size_t width)
{
	char *shown = printable(text, width), *p;

	for (p = shown; *p != '\0'; p++)
		if (strchr("|'=", *p) != NULL)
			*p = '_';
	return shown;
}

static double
percent(size_t part, size_t whole)
{
	return whole == 0 ? 0 : 100 * (double)part / (double)whole;
}

static void
print_performance(const struct health *h, const struct check *check)
{
	size_t i;

	for (i = 0; i < h->n_endpoints; i++) {
		const struct slot_rate *sum = &h->endpoints[i].sum;
		char *name = plain(h->endpoints[i].endpoint->name, LABEL_WIDTH);

		if (sum->pairs > 0)
			printf(" '%s difference'=%.2f%%;%s;%s;-100;100"
			       " '%s nat'=%.2f%%;;;0;100"
			       " '%s direct'=%.2f%%;;;0;100",
			    name,
			    percent(sum->nat_failed, sum->pairs) -
				percent(sum->direct_failed, sum->pairs),
			    check->warning, check->critical, name,
			    percent(sum->nat_failed, sum->pairs), name,
			    percent(sum->direct_failed, sum->pairs));
		printf(" '%s pairs'=%zu", name, sum->pairs);
		free(name);
	}
	if (h->age_us != NOT_MEASURED)
		printf(" age=%.0fs;;%.0f", (double)h->age_us / 1e6,
		    (double)h->max_age_us / 1e6);
}

static int
judge(struct check *check, char **files, size_t n)
{
	struct dataset d;
	struct health h;
	struct err e;
	int status = HEALTH_UNKNOWN;
	char *says;

	dataset_init(&d);
	check->rule.now_us = walltime_now_us();
	check->filter.since_us = check->rule.now_us - check->window_us;
	if (load_files(&d, files, n, &check->filter, &e) != 0) {
		says = plain(e.msg, 0);
		printf("NATDIFF UNKNOWN: %s\n", says);
	} else {
		health_judge(&h, &d, &check->rule);
		says = plain(h.says, 0);
		printf("NATDIFF %s: %s |", health_name(h.state), says);
		print_performance(&h, check);
		putchar('\n');
		status = (int)h.state;
		health_clear(&h);
	}
	free(says);
	dataset_clear(&d);
	return options_flushed() ? status : HEALTH_UNKNOWN;
}

int
cmd_check(int argc, char **argv)
{
	struct check check = {
		.rule = { .warning = { -INFINITY, 5, false },
		    .critical = { -INFINITY, 20, false },
		    .alarm = { 3, 6 },
		    .max_age_us = NOT_MEASURED },
		.warning = "~:5",
		.critical = "~:20",
		.window_us = WINDOW_US,
	};
	int status;

	load_filter_init(&check.filter);
	status = take_options(&check, argc, argv);
	if (status == -1)
		status = judge(&check, argv + optind, (size_t)(argc - optind));
	options_clear(&check.filter);
	return status;
}
