#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "natdiff/walltime.h"
#include "probe/cmd_options.h"

#define COUNT_MAX 1000000000

int
cmd_refuse(const struct cmd_value *v, const char *expected)
{
	fprintf(stderr, "natdiff-probe %s: %s %s: expected %s\n", v->command,
	    v->option, v->text, expected);
	return -1;
}

int
cmd_parse_count(const struct cmd_value *v, int64_t min, int64_t *n)
{
	char expected[64], *end;
	long long value;

	errno = 0;
	value = strtoll(v->text, &end, 10);
	if (errno == 0 && end != v->text && *end == '\0' && value >= min &&
	    value <= COUNT_MAX) {
		*n = value;
		return 0;
	}
	snprintf(expected, sizeof(expected), "a number from %" PRId64, min);
	return cmd_refuse(v, expected);
}

int
cmd_parse_duration(const struct cmd_value *v, int64_t *us)
{
	if (duration_parse(v->text, us) == 0 && *us > 0)
		return 0;
	return cmd_refuse(v, "a duration as 90s, 10m or 2h");
}

int
cmd_take_options(const struct cmd_table *t, int argc, char **argv, void *arg)
{
	struct cmd_value extra = { t->command, "argument", NULL };
	int option;

	for (;;) {
		option = getopt_long(argc, argv, t->letters, t->options, NULL);
		if (option == -1)
			break;
		if (option == 'h') {
			fputs(t->help, stdout);
			return 1;
		}
		if (option == '?' || t->take(arg, option, optarg) != 0)
			return -1;
	}
	if (optind == argc)
		return 0;
	extra.text = argv[optind];
	return cmd_refuse(&extra, "none");
}
