/*
 * Shared options and messages.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "natdiff/program.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/options.h"
#include "report/output/printable.h"

static void
add_name(const char ***names, size_t *n, const char *name)
{
	*names = x_reallocarray(*names, *n + 1, sizeof(**names));
	(*names)[(*n)++] = name;
}

static int
take_time(int64_t *at_us, const char *option, const char *value, struct err *e)
{
	if (walltime_parse(value, at_us) == 0)
		return 1;
	return err_set(
	    e, "%s %s: not a time such as 2026-11-21T04:45:00Z", option, value);
}

int
options_filter(
    struct load_filter *f, int option, const char *value, struct err *e)
{
	switch (option) {
	case 's':
		return take_time(&f->since_us, "--since", value, e);
	case 'u':
		return take_time(&f->until_us, "--until", value, e);
	case 'e':
		add_name(&f->endpoints, &f->n_endpoints, value);
		return 1;
	case 'p':
		add_name(&f->paths, &f->n_paths, value);
		return 1;
	default:
		return 0;
	}
}

int
options_check(const struct load_filter *f, struct err *e)
{
	if (f->since_us != NOT_MEASURED && f->until_us != NOT_MEASURED &&
	    f->since_us >= f->until_us)
		return err_set(e, "--until is not behind --since");
	return 0;
}

void
options_clear(struct load_filter *f)
{
	free(f->endpoints);
	free(f->paths);
	load_filter_init(f);
}

void
options_complain(const char *command, const struct err *e)
{
	char *shown = printable(e->msg, 0);

	fprintf(stderr, "natdiff-report: %s\n", shown);
	if (command != NULL)
		fprintf(stderr,
		    "natdiff-report: \"natdiff-report %s --help\" says more\n",
		    command);
	free(shown);
}

bool
options_flushed(void)
{
	struct err e;

	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	err_sys(&e, "standard output: cannot write");
	options_complain(NULL, &e);
	return false;
}

int
options_take(const struct options_table *t, int argc, char **argv, void *arg)
{
	struct err e;
	int c, taken;

	for (;;) {
		c = getopt_long(argc, argv, t->letters, t->options, NULL);
		if (c == -1)
			return -1;
		if (c == 'h') {
			fputs(t->help, stdout);
			return options_flushed() ? 0 : 1;
		}
		taken = c == '?' ? 0 : t->take(arg, c, optarg, &e);
		if (taken < 0)
			options_complain(t->command, &e);
		if (taken != 1)
			return EXIT_USAGE;
	}
}

int
options_no_database(const char *command)
{
	struct err e;

	err_set(&e, "%s: no database given", command);
	options_complain(command, &e);
	return EXIT_USAGE;
}

int
options_duration(
    int64_t *us, const char *option, const char *value, struct err *e)
{
	if (duration_parse(value, us) == 0 && *us > 0)
		return 1;
	return err_set(
	    e, "%s %s: expected a duration as 90s, 10m or 6h", option, value);
}
