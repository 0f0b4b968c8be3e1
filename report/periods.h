/*
 * Before and after as the command line names them: by one moment within the
 * databases, or by databases of their own.
 */
#ifndef NATDIFF_REPORT_PERIODS_H
#define NATDIFF_REPORT_PERIODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/comparison.h"
#include "report/dataset.h"
#include "report/load/load.h"

/* For getopt_long(), whose option string begins with a minus. */
#define PERIOD_OPTIONS                                 \
	{ "before", required_argument, NULL, 'B' },    \
	    { "after", required_argument, NULL, 'A' }, \
	{                                              \
		"split", required_argument, NULL, 'T'  \
	}

/* Their lines for --help. */
#define PERIOD_HELP                                                             \
	"  --split TIME      did the fix at TIME work?  Before against after\n" \
	"  --before FILE...  the same, by databases of before ...\n"            \
	"  --after FILE...   ... and after; one of both may be in both\n"

struct periods {
	char **files; /* each once, in the order given; not copied */
	size_t n;
	unsigned *of;     /* bit 1 << period: those that files[i] is in */
	unsigned now;     /* of the FILEs that follow; 0: no period was named */
	int64_t split_us; /* NOT_MEASURED: not given */
	bool loaded;
	struct dataset d[COMPARISON_PERIODS];
};

void periods_init(struct periods *p);
void periods_clear(struct periods *p);

/* Take a FILE that is no option's value. */
void periods_file(struct periods *p, char *file);

/* Take an option by its letter: 1 taken, 0 not one of them, -1 and e. */
int periods_option(struct periods *p, int option, char *value, struct err *e);

/* -1 and e where files and options do not go together. */
int periods_check(
    const struct periods *p, const struct load_filter *f, struct err *e);

/*
 * Compare the periods: 1 and c, which then needs p no more; 0: nobody asked;
 * -1 and e.  all holds every file.
 */
int periods_compare(struct periods *p, const struct dataset *all,
    const struct load_filter *f, struct comparison *c, struct err *e);

#endif
