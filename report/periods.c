/*
 * Before and after, from the command line.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/periods.h"

void
periods_init(struct periods *p)
{
	memset(p, 0, sizeof(*p));
	p->split_us = NOT_MEASURED;
}

void
periods_clear(struct periods *p)
{
	free(p->files);
	free(p->of);
	if (p->loaded) {
		dataset_clear(&p->d[BEFORE]);
		dataset_clear(&p->d[AFTER]);
	}
	periods_init(p);
}

void
periods_file(struct periods *p, char *file)
{
	size_t i;

	/* The same direct host may serve before and after. */
	for (i = 0; i < p->n; i++)
		if (p->now != 0 && strcmp(p->files[i], file) == 0)
			break;
	if (i == p->n) {
		p->files = x_reallocarray(p->files, i + 1, sizeof(*p->files));
		p->of = x_reallocarray(p->of, i + 1, sizeof(*p->of));
		p->files[i] = file;
		p->of[i] = 0;
		p->n++;
	}
	p->of[i] |= p->now;
}

int
periods_option(struct periods *p, int option, char *value, struct err *e)
{
	switch (option) {
	case 'B':
	case 'A':
		p->now = 1U << (option == 'B' ? BEFORE : AFTER);
		periods_file(p, value);
		return 1;
	case 'T':
		if (walltime_parse(value, &p->split_us) == 0)
			return 1;
		return err_set(e,
		    "--split %s: not a time such as 2026-11-21T04:45:00Z",
		    value);
	default:
		return 0;
	}
}

int
periods_check(
    const struct periods *p, const struct load_filter *f, struct err *e)
{
	unsigned of = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		of |= p->of[i];
	for (i = 0; i < p->n && of != 0; i++)
		if (p->of[i] == 0)
			return err_set(e,
			    "%s: is it of before or of after?  Name it behind "
			    "--before or --after",
			    p->files[i]);
	if (of != 0 && of != (1U << BEFORE | 1U << AFTER))
		return err_set(e, "--before and --after need each other");
	if (p->split_us == NOT_MEASURED)
		return 0;
	if (of != 0)
		return err_set(
		    e, "--split goes with neither --before nor --after");
	if ((f->since_us != NOT_MEASURED && p->split_us <= f->since_us) ||
	    (f->until_us != NOT_MEASURED && p->split_us >= f->until_us))
		return err_set(e, "--split is not between --since and --until");
	return 0;
}

static int
load_period(struct periods *p, enum comparison_period which,
    const struct load_filter *f, struct err *e)
{
	char **files = x_calloc(p->n + 1, sizeof(*files));
	size_t i, n = 0;
	int result;

	for (i = 0; i < p->n; i++)
		if ((p->of[i] & 1U << which) != 0)
			files[n++] = p->files[i];
	result = load_files(&p->d[which], files, n, f, e);
	free(files);
	return result;
}

int
periods_compare(struct periods *p, const struct dataset *all,
    const struct load_filter *f, struct comparison *c, struct err *e)
{
	struct comparison_source source[COMPARISON_PERIODS] = {
		{ all, INT64_MIN, p->split_us },
		{ all, p->split_us, INT64_MAX },
	};

	if (p->split_us == NOT_MEASURED && p->now == 0)
		return 0;
	if (p->now != 0) {
		p->loaded = true;
		dataset_init(&p->d[BEFORE]);
		dataset_init(&p->d[AFTER]);
		if (load_period(p, BEFORE, f, e) != 0 ||
		    load_period(p, AFTER, f, e) != 0)
			return -1;
		source[BEFORE].d = &p->d[BEFORE];
		source[AFTER].d = &p->d[AFTER];
		source[BEFORE].to_us = INT64_MAX;
		source[AFTER].from_us = INT64_MIN;
	}
	comparison_make(c, source);
	return 1;
}
