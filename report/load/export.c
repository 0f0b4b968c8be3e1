/*
 * Rows of the view, as they are.  The filter is applied here and not by SQL,
 * so that the database stays a plain scan of the attempts whatever is asked.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/export.h"
#include "report/names.h"

#define COLUMNS_MAX 100

/* Columns of the view that are looked at here. */
static const char *const known[] = { "attempt_id", "path", "endpoint",
	"started_at", "run_id" };
enum { ID, PATH, ENDPOINT, STARTED, RUN, KNOWN };

struct exporter {
	const struct load_filter *filter;
	const struct export_sink *sink;
	char since[WALLTIME_TEXT_SIZE], until[WALLTIME_TEXT_SIZE];
	struct names runs;   /* "file run" of runs that are in many files */
	struct names seen;   /* attempts of those runs */
	size_t file;         /* its number */
	bool begun, stopped; /* the head was given; the sink ended it */
};

/* ------------------------------------------------- runs in several files */

/* Add the uuids of a file's runs, and "file id uuid" in the second list. */
static int
read_runs(const char *file, size_t number, struct names *uuids,
    struct names *shared, struct names *all, struct err *e)
{
	sqlite3 *db = database_open(file, e);
	sqlite3_stmt *st = NULL;
	char *text;
	const char *uuid;
	size_t before;
	int code = SQLITE_ERROR;

	if (db != NULL)
		st = database_prepare(
		    db, file, "SELECT id, hex(uuid) FROM run", e);
	if (st == NULL) {
		database_close(db);
		return -1;
	}
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		uuid = (const char *)sqlite3_column_text(st, 1);
		if (uuid == NULL)
			continue;
		before = uuids->n;
		names_add(uuids, uuid);
		if (uuids->n == before)
			names_add(shared, uuid);
		text = x_asprintf("%zu %" PRId64 " %s", number,
		    (int64_t)sqlite3_column_int64(st, 0), uuid);
		names_add(all, text);
		free(text);
	}
	if (code != SQLITE_DONE)
		database_error(db, file, e);
	sqlite3_finalize(st);
	database_close(db);
	return code == SQLITE_DONE ? 0 : -1;
}

/* Find the runs that more than one file has. */
static int
find_shared_runs(struct exporter *x, char **files, size_t n, struct err *e)
{
	struct names uuids = { 0 }, shared = { 0 }, all = { 0 };
	char *text;
	size_t i;
	int result = 0;

	for (i = 0; i < n && result == 0; i++)
		result = read_runs(files[i], i, &uuids, &shared, &all, e);
	for (i = 0; i < all.n && result == 0; i++) {
		text = strrchr(all.text[i], ' ');
		if (names_find(&shared, text + 1) == UINT32_MAX)
			continue;
		text = x_strndup(all.text[i], (size_t)(text - all.text[i]));
		names_add(&x->runs, text);
		free(text);
	}
	names_clear(&uuids);
	names_clear(&shared);
	names_clear(&all);
	return result;
}

/* ------------------------------------------------------------------ rows */

static bool
is_among(const struct export_value *v, const char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (v->type == EXPORT_TEXT && strcmp(v->text, names[i]) == 0)
			return true;
	return n == 0;
}

/* Whether an attempt was given before, from another file. */
static bool
is_again(struct exporter *x, const struct export_value *id,
    const struct export_value *run)
{
	size_t before = x->seen.n;
	bool shared;
	char *key;

	if (x->runs.n == 0 || id->text == NULL || run->text == NULL)
		return false;
	key = x_asprintf("%zu %s", x->file, run->text);
	shared = names_find(&x->runs, key) != UINT32_MAX;
	free(key);
	if (!shared)
		return false;
	names_add(&x->seen, id->text);
	return x->seen.n == before;
}

/* Times are written alike, so that they sort as text. */
static bool
is_wanted(struct exporter *x, const struct export_value *values,
    const size_t at[KNOWN])
{
	const struct load_filter *f = x->filter;
	const char *started = values[at[STARTED]].text;

	if (started == NULL)
		started = "";
	return strcmp(started, x->since) >= 0 &&
	    (x->until[0] == '\0' || strcmp(started, x->until) < 0) &&
	    is_among(&values[at[ENDPOINT]], f->endpoints, f->n_endpoints) &&
	    is_among(&values[at[PATH]], f->paths, f->n_paths) &&
	    !is_again(x, &values[at[ID]], &values[at[RUN]]);
}

/* The columns of the view by name; where the known ones are. */
static size_t
name_columns(sqlite3_stmt *st, struct export_value *values, size_t at[KNOWN])
{
	size_t n = (size_t)sqlite3_column_count(st), i, k;

	if (n > COLUMNS_MAX)
		n = COLUMNS_MAX;
	for (i = 0; i < n; i++) {
		values[i].name = sqlite3_column_name(st, (int)i);
		for (k = 0; k < KNOWN; k++)
			if (strcmp(values[i].name, known[k]) == 0)
				at[k] = i;
	}
	return n;
}

static void
read_values(sqlite3_stmt *st, struct export_value *values, size_t n)
{
	size_t i;
	int type;

	for (i = 0; i < n; i++) {
		type = sqlite3_column_type(st, (int)i);
		values[i].type = type == SQLITE_NULL ? EXPORT_NULL
		    : type == SQLITE_INTEGER         ? EXPORT_NUMBER
						     : EXPORT_TEXT;
		values[i].text = (const char *)sqlite3_column_text(st, (int)i);
		values[i].size = (size_t)sqlite3_column_bytes(st, (int)i);
		if (values[i].text == NULL)
			values[i].type = EXPORT_NULL;
	}
}

static int
export_statement(struct exporter *x, sqlite3 *db, const char *file,
    sqlite3_stmt *st, struct err *e)
{
	struct export_value values[COLUMNS_MAX] = { 0 };
	int64_t most = database_rows_most(db), rows = 0;
	size_t at[KNOWN] = { 0 }, n = name_columns(st, values, at);
	int code;

	if (!x->begun)
		x->sink->head(x->sink->context, values, n);
	x->begun = true;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && !x->stopped) {
		if (++rows > most)
			return err_set(e,
			    "%s: damaged: a table has more rows "
			    "than fit into the file",
			    file);
		read_values(st, values, n);
		if (is_wanted(x, values, at))
			x->stopped =
			    x->sink->row(x->sink->context, values, n) != 0;
	}
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return database_error(db, file, e);
	return 0;
}

static int
export_file(struct exporter *x, const char *file, struct err *e)
{
	sqlite3 *db = database_open(file, e);
	sqlite3_stmt *st;
	int result = -1;

	if (db == NULL)
		return -1;
	/* An index on the fly would take memory by the row. */
	sqlite3_exec(db, "PRAGMA automatic_index = OFF", NULL, NULL, NULL);
	st = database_prepare(db, file, "SELECT * FROM attempts", e);
	if (st != NULL)
		result = export_statement(x, db, file, st, e);
	sqlite3_finalize(st);
	database_close(db);
	return result;
}

int
export_rows(char **files, size_t n, const struct load_filter *f,
    const struct export_sink *sink, struct err *e)
{
	struct exporter x = { .filter = f, .sink = sink };
	int result = 0;

	if (f->since_us != NOT_MEASURED)
		walltime_format(f->since_us, 6, x.since);
	if (f->until_us != NOT_MEASURED)
		walltime_format(f->until_us, 6, x.until);
	if (n > 1)
		result = find_shared_runs(&x, files, n, e);
	for (; x.file < n && result == 0 && !x.stopped; x.file++)
		result = export_file(&x, files[x.file], e);
	names_clear(&x.runs);
	names_clear(&x.seen);
	return result;
}
