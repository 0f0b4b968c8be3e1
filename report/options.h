/*
 * What the commands of natdiff-report share on their command lines.
 */
#ifndef NATDIFF_REPORT_OPTIONS_H
#define NATDIFF_REPORT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/load/load.h"

struct option;

/* For getopt_long(): the options that choose attempts. */
#define FILTER_OPTIONS                                    \
	{ "since", required_argument, NULL, 's' },        \
	    { "until", required_argument, NULL, 'u' },    \
	    { "endpoint", required_argument, NULL, 'e' }, \
	{                                                 \
		"path", required_argument, NULL, 'p'      \
	}

/* Their lines for --help. */
#define FILTER_HELP                                                  \
	"  --since TIME      attempts that began at TIME or later\n" \
	"  --until TIME      attempts that began before TIME\n"      \
	"  --endpoint NAME   of this endpoint; may be repeated\n"    \
	"  --path NAME       of this path; may be repeated\n"        \
	"\n"                                                         \
	"TIME is 2026-11-21T04:45:00Z or the like; without an offset, UTC.\n"

/*
 * Take one of them, by its letter: 1 taken, 0 not one of them, -1 and e a bad
 * value.
 */
int options_filter(
    struct load_filter *f, int option, const char *value, struct err *e);

/* -1 and e where the window is empty. */
int options_check(const struct load_filter *f, struct err *e);

/* Release what options_filter() allocated. */
void options_clear(struct load_filter *f);

/* A command's options, for getopt_long(). */
struct options_table {
	const char *command;
	const char *letters;
	const struct option *options; /* with help, 'h' */
	const char *help;
	/* Take one: 1 taken, 0 not known, -1 and e a bad value. */
	int (*take)(void *arg, int option, char *value, struct err *e);
};

/*
 * Take all of them; optind is then the first argument.  -1: go on, else the
 * exit status: help was shown, or what is wrong was said.
 */
int options_take(
    const struct options_table *t, int argc, char **argv, void *arg);

/* Say that a command has no database; the exit status. */
int options_no_database(const char *command);

/* A duration above 0 as value of an option: 1, or -1 and e. */
int options_duration(
    int64_t *us, const char *option, const char *value, struct err *e);

/*
 * Print e, or a hint at --help where command is not NULL, fit for a terminal,
 * on stderr.
 */
void options_complain(const char *command, const struct err *e);

/*
 * Flush stdout; false, and it was said, where not everything was written.
 */
bool options_flushed(void);

#endif
