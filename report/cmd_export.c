/*
 * natdiff-report export: the attempts as they are, for other programs.
 */
#include "config.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "report/commands.h"
#include "report/load/export.h"
#include "report/options.h"
#include "report/output/csv.h"
#include "report/output/printable.h"

static const char help[] =
    "Examples:\n"
    "  natdiff-report export --format csv nat.db >attempts.csv\n"
    "  natdiff-report export --format jsonl --path nat *.db | jq .failure\n"
    "\n"
    "Usage: natdiff-report export --format csv|jsonl [OPTIONS] FILE...\n"
    "\n"
    "Writes every attempt with all its columns: CSV with a header (RFC 4180,\n"
    "a missing value is empty), or a JSON object a line (null).\n"
    "\n"
    "  --format FORMAT   csv or jsonl\n" FILTER_HELP;

/* ------------------------------------------------------------------- CSV */

static void
csv_head(void *context, const struct export_value *values, size_t n)
{
	size_t i;

	(void)context;
	for (i = 0; i < n; i++)
		csv_field(
		    stdout, values[i].name, strlen(values[i].name), i == 0);
	fputs("\r\n", stdout);
}

static int
csv_row(void *context, const struct export_value *values, size_t n)
{
	size_t i;

	(void)context;
	for (i = 0; i < n; i++)
		csv_field(stdout,
		    values[i].type == EXPORT_NULL ? "" : values[i].text,
		    values[i].type == EXPORT_NULL ? 0 : values[i].size, i == 0);
	fputs("\r\n", stdout);
	return ferror(stdout) ? -1 : 0;
}

/* ------------------------------------------------------------ JSON lines */

static void
jsonl_head(void *context, const struct export_value *values, size_t n)
{
	(void)context;
	(void)values;
	(void)n;
}

static void
jsonl_text(const char *text, size_t size)
{
	char *valid = utf8_repaired(text, size);
	json_t *string = json_string(valid);

	json_dumpf(string, stdout, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(string);
	free(valid);
}

static int
jsonl_row(void *context, const struct export_value *values, size_t n)
{
	const struct export_value *v;
	size_t i;

	(void)context;
	for (i = 0; i < n; i++) {
		v = &values[i];
		printf("%s\"%s\":", i == 0 ? "{" : ",", v->name);
		if (v->type == EXPORT_NULL)
			fputs("null", stdout);
		else if (v->type == EXPORT_NUMBER)
			fputs(v->text, stdout);
		else
			jsonl_text(v->text, v->size);
	}
	fputs("}\n", stdout);
	return ferror(stdout) ? -1 : 0;
}

/* --------------------------------------------------------------- command */

static const struct export_format {
	const char *name;
	struct export_sink sink;
} formats[] = {
	{ "csv", { csv_head, csv_row, NULL } },
	{ "jsonl", { jsonl_head, jsonl_row, NULL } },
};

struct export
{
	struct load_filter filter;
	const struct export_sink *sink;
};

static const struct export_sink *
find_format(const char *name, struct err *e)
{
	size_t i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(name, formats[i].name) == 0)
			return &formats[i].sink;
	err_set(e, "%s: no such format, there are csv and jsonl", name);
	return NULL;
}

static int
take_option(void *arg, int c, char *value, struct err *e)
{
	struct export *x = arg;

	if (c != 'f')
		return options_filter(&x->filter, c, value, e);
	x->sink = find_format(value, e);
	return x->sink != NULL ? 1 : -1;
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct export *x, int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		FILTER_OPTIONS,
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct options_table table = { "export", "hf:", options,
		help, take_option };
	int status = options_take(&table, argc, argv, x);
	struct err e;

	if (status != -1)
		return status;
	if (options_check(&x->filter, &e) == 0) {
		if (x->sink != NULL)
			return optind < argc ? -1
					     : options_no_database("export");
		err_set(&e, "export: --format is missing, csv or jsonl");
	}
	options_complain("export", &e);
	return EXIT_USAGE;
}

int
cmd_export(int argc, char **argv)
{
	struct export x = { .sink = NULL };
	struct err e;
	int status;

	load_filter_init(&x.filter);
	status = take_options(&x, argc, argv);
	if (status == -1) {
		status = 1;
		if (export_rows(argv + optind, (size_t)(argc - optind),
			&x.filter, x.sink, &e) != 0)
			options_complain(NULL, &e);
		else if (options_flushed())
			status = 0;
	}
	options_clear(&x.filter);
	return status;
}
