/*
 * natdiff-report diff: compare the paths.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "natdiff/walltime.h"
#include "report/commands.h"
#include "report/options.h"
#include "report/output/output.h"
#include "report/periods.h"
#include "report/report.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report diff direct.db nat.db\n"
    "  natdiff-report diff --since 2026-11-21T04:00:00Z *.db\n"
    "  natdiff-report diff --format json --endpoint listen *.db\n"
    "  natdiff-report diff --split 2026-11-21T04:45:00Z *.db\n"
    "  natdiff-report diff --before old/*.db --after new/*.db\n"
    "  natdiff-report diff --explain --format markdown *.db >issue.md\n"
    "\n"
    "Usage: natdiff-report diff [OPTIONS] FILE...\n"
    "\n"
    "Compares the direct and the nat path over any number of databases, in\n"
    "any order.  Databases that an agent is writing may be read.\n"
    "\n"
    "  --format FORMAT   text (default), markdown (for an issue tracker) or\n"
    "                    json\n"
    "  --exit-code       exit with 10 where the paths differ\n"
    "  --explain         print the query behind each piece of evidence\n"
    "  --scorecard FILE  judge by this table instead of the one built in\n" PERIOD_HELP
	FILTER_HELP;

struct diff {
	struct load_filter filter;
	struct periods periods; /* and the files */
	const struct output_format *format;
	struct output_options output;
	struct scorecard card;
	bool exit_code;
};

#define EXIT_DIFFER 10

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct diff *diff, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "exit-code", no_argument, NULL, 'X' },
		{ "explain", no_argument, NULL, 'x' },
		{ "scorecard", required_argument, NULL, 'S' },
		PERIOD_OPTIONS,
		FILTER_OPTIONS,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err e;
	int c, taken;

	diff->format = output_find("text", NULL);
	diff->output.explain = false;
	diff->exit_code = false;
	scorecard_default(&diff->card);
	while ((c = getopt_long(argc, argv, "-hf:", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(help, stdout);
			return options_flushed() ? 0 : 1;
		}
		if (c == 1) { /* in its place: --before FILE FILE... */
			periods_file(&diff->periods, optarg);
			continue;
		}
		if (c == 'f') {
			diff->format = output_find(optarg, &e);
			taken = diff->format != NULL ? 1 : -1;
		} else if (c == 'X') {
			diff->exit_code = true;
			taken = 1;
		} else if (c == 'x') {
			diff->output.explain = true;
			taken = 1;
		} else if (c == 'S') {
			taken = scorecard_read(&diff->card, optarg, &e) == 0
			    ? 1
			    : -1;
		} else {
			taken = periods_option(&diff->periods, c, optarg, &e);
			if (taken == 0)
				taken = options_filter(
				    &diff->filter, c, optarg, &e);
		}
		if (taken < 0)
			options_complain("diff", &e);
		if (taken != 1)
			return EXIT_USAGE;
	}
	for (; optind < argc; optind++) /* behind "--" */
		periods_file(&diff->periods, argv[optind]);
	if (options_check(&diff->filter, &e) != 0 ||
	    periods_check(&diff->periods, &diff->filter, &e) != 0) {
		options_complain("diff", &e);
		return EXIT_USAGE;
	}
	if (diff->periods.n == 0) {
		err_set(&e, "diff: no database given");
		options_complain("diff", &e);
		return EXIT_USAGE;
	}
	return -1;
}

/* One path failed while the other worked, in an episode or in the long run. */
static bool
paths_differ(const struct verdict *v)
{
	size_t i;

	for (i = 0; i < v->n_endpoints; i++)
		if (v->endpoints[i].worse)
			return true;
	if (v->n_episodes > 0)
		return true;
	return v->cause != CAUSE_HEALTHY && v->cause != CAUSE_INCONCLUSIVE &&
	    v->cause != CAUSE_ENDPOINT_DOWN;
}

static int
compare(struct diff *diff)
{
	struct comparison c = { NULL, 0, NULL, MEASURE_FAILURES };
	struct periods *periods = &diff->periods;
	struct dataset d;
	struct report r;
	struct err e;
	int status = 1, compared = -1;

	dataset_init(&d);
	if (load_files(&d, periods->files, periods->n, &diff->filter, &e) == 0)
		compared = periods_compare(periods, &d, &diff->filter, &c, &e);
	if (compared < 0) {
		options_complain(NULL, &e);
	} else {
		report_make(&r, &d, &diff->card, walltime_now_us());
		if (compared > 0)
			r.comparison = &c;
		diff->format->write(&r, &diff->output, stdout);
		status = diff->exit_code && paths_differ(&r.verdict)
		    ? EXIT_DIFFER
		    : 0;
		report_clear(&r);
		status = options_flushed() ? status : 1;
	}
	comparison_clear(&c);
	dataset_clear(&d);
	return status;
}

int
cmd_diff(int argc, char **argv)
{
	struct diff diff;
	int status;

	load_filter_init(&diff.filter);
	periods_init(&diff.periods);
	status = take_options(&diff, argc, argv);
	if (status == -1)
		status = compare(&diff);
	periods_clear(&diff.periods);
	options_clear(&diff.filter);
	return status;
}
