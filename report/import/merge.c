/*
 * Rows of a witness, from one database to another.
 */
#include "config.h"

#include <stdio.h>

#include "report/import/formats.h"
#include "report/import/merge.h"
#include "report/load/witness.h"

struct merge {
	struct store *st;
	const char *file;
	struct import_result *r;
};

/* It is no text: import.c knows it by its first bytes. */
const struct format format_witness = {
	.name = "witness",
	.does = "the database of natdiff-probe witness",
};

static int
count(struct merge *m, int added)
{
	m->r->rows += added > 0;
	m->r->duplicates += added == 0;
	return added < 0 ? -1 : 0;
}

static int
on_run(void *arg, const struct witness_run_record *w,
    const struct witness_life *life, int64_t *id, struct err *e)
{
	struct merge *m = arg;

	return count(m, store_merge_witness_run(m->st, w, life, id, e));
}

static int
on_arrival(
    void *arg, const struct arrival_record *a, int64_t run, struct err *e)
{
	struct merge *m = arg;

	return count(m, store_merge_arrival(m->st, a, run, e));
}

static void
on_bad(void *arg, const char *what)
{
	struct merge *m = arg;
	struct import_result *r = m->r;

	if (r->bad_lines < BAD_LINES_TOLD)
		snprintf(r->bad_line[r->bad_lines], sizeof(r->bad_line[0]),
		    "%.100s: %s: a value out of range", m->file, what);
	r->bad_lines++;
}

int
merge_witness(
    struct store *st, const char *file, struct import_result *r, struct err *e)
{
	struct merge m = { st, file, r };
	const struct witness_sink sink = { &m, on_run, on_arrival, on_bad };

	return witness_read(file, &sink, e);
}
