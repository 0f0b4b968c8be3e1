/*
 * natdiff-report diff: compare the paths.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>

#include "natdiff/walltime.h"
#include "report/commands.h"
#include "report/options.h"
#include "report/output/outfile.h"
#include "report/output/output.h"
#include "report/periods.h"
#include "report/report.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report diff direct.db nat.db\n"
    "  natdiff-report diff --format html -o report.html *.db\n"
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
    "  --format FORMAT   text (default), html (one file with plots), markdown\n"
    "                    (for an issue tracker) or json\n"
    "  -o FILE           write there, whole or not at all, not to the screen\n"
    "  --exit-code       exit with 10 where the paths differ\n"
    "  --explain         print the query behind each piece of evidence\n"
    "  --scorecard FILE  judge by this table instead of the one built in\n" PERIOD_HELP
	FILTER_HELP;

struct diff {
	struct load_filter filter;
	struct periods periods; /* and the files */
	const struct output_format *format;
	struct output_options output;
	const char *output_file; /* NULL: standard output */
	struct scorecard card;
	bool exit_code;
};

#define EXIT_DIFFER 10

static int
take_option(void *arg, int c, char *value, struct err *e)
{
	struct diff *diff = arg;
	int taken;

	switch (c) {
	case 1: /* in its place: --before FILE FILE... */
		periods_file(&diff->periods, value);
		return 1;
	case 'f':
		diff->format = output_find(value, e);
		return diff->format != NULL ? 1 : -1;
	case 'o':
		diff->output_file = value;
		return 1;
	case 'X':
		diff->exit_code = true;
		return 1;
	case 'x':
		diff->output.explain = true;
		return 1;
	case 'S':
		return scorecard_read(&diff->card, value, e) == 0 ? 1 : -1;
	default:
		taken = periods_option(&diff->periods, c, value, e);
		return taken != 0 ? taken
				  : options_filter(&diff->filter, c, value, e);
	}
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct diff *diff, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ "exit-code", no_argument, NULL, 'X' },
		{ "explain", no_argument, NULL, 'x' },
		{ "scorecard", required_argument, NULL, 'S' },
		PERIOD_OPTIONS,
		FILTER_OPTIONS,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct options_table table = { "diff", "-hf:o:", options,
		help, take_option };
	struct err e;
	int status;

	diff->format = output_find("text", NULL);
	diff->output.explain = false;
	diff->output.remark = NULL;
	diff->output_file = NULL;
	diff->exit_code = false;
	scorecard_default(&diff->card);
	status = options_take(&table, argc, argv, diff);
	if (status != -1)
		return status;
	for (; optind < argc; optind++) /* behind "--" */
		periods_file(&diff->periods, argv[optind]);
	if (options_check(&diff->filter, &e) != 0 ||
	    periods_check(&diff->periods, &diff->filter, &e) != 0) {
		options_complain("diff", &e);
		return EXIT_USAGE;
	}
	return diff->periods.n > 0 ? -1 : options_no_database("diff");
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

/* Print it, or write the file; the exit status. */
static int
write_report(struct diff *diff, const struct report *r)
{
	struct err e, remark = { 0, "" };
	struct outfile o;

	if (outfile_begin(&o, diff->output_file, &e) != 0) {
		options_complain(NULL, &e);
		return 1;
	}
	diff->output.remark = &remark;
	diff->format->write(r, &diff->output, o.f);
	diff->output.remark = NULL;
	if (remark.msg[0] != '\0')
		options_complain(NULL, &remark);
	if (outfile_commit(&o, &e) != 0) {
		options_complain(NULL, &e);
		return 1;
	}
	return 0;
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
		status = write_report(diff, &r);
		if (status == 0 && diff->exit_code && paths_differ(&r.verdict))
			status = EXIT_DIFFER;
		report_clear(&r);
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
