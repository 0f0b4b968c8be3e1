/*
 * Staging: each table of each file into a temporary table, its rows as they
 * are with the number of the file before them.
 */
#include "config.h"

#include <stdlib.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/extract_internal.h"

/* A temporary table like ours, with the file's number before. */
static int
stage_table(struct extraction *x, const char *table, bool has_id, struct err *e)
{
	struct columns c;
	struct text sql;
	size_t i;

	if (extract_columns(x, table, &c, e) != 0)
		return -1;
	text_init(&sql, EXTRACT_SQL_MAX);
	text_addf(&sql, "CREATE TEMP TABLE s_%s (origin", table);
	for (i = 0; i < c.n; i++)
		text_addf(&sql, ", %s", c.column[i].name);
	text_addf(&sql, "%s",
	    has_id ? ", PRIMARY KEY (origin, id)) WITHOUT ROWID" : ")");
	extract_columns_clear(&c);
	return extract_text(x, &sql, e);
}

/* Whether a file that may be of an older version has the table. */
static bool
has_table(sqlite3 *db, const char *table)
{
	sqlite3_stmt *st;
	bool has = false;

	if (sqlite3_prepare_v2(db,
		"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?",
		-1, &st, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
	has = sqlite3_step(st) == SQLITE_ROW;
	sqlite3_finalize(st);
	return has;
}

/* What adds a row of st, whose columns go to those of the same name. */
static sqlite3_stmt *
stage_insert(struct extraction *x, const char *table, sqlite3_stmt *st,
    size_t file, struct err *e)
{
	int n = sqlite3_column_count(st), i;
	sqlite3_stmt *insert;
	struct text sql;

	text_init(&sql, EXTRACT_SQL_MAX);
	text_addf(&sql, "INSERT INTO temp.s_%s (origin", table);
	for (i = 0; i < n; i++)
		text_addf(&sql, ", %s", sqlite3_column_name(st, i));
	text_addf(&sql, ") VALUES (%zu", file);
	for (i = 0; i < n; i++)
		text_addf(&sql, ", ?");
	text_addf(&sql, ")");
	insert = database_prepare(x->db, x->to, sql.s, e);
	text_clear(&sql);
	return insert;
}

static int
stage_rows(struct extraction *x, sqlite3 *db, const char *file,
    sqlite3_stmt *from, sqlite3_stmt *insert, struct err *e)
{
	int64_t most = database_rows_most(db), rows = 0;
	int n = sqlite3_column_count(from), code, i;

	while ((code = sqlite3_step(from)) == SQLITE_ROW) {
		if (++rows > most)
			return err_set(e,
			    "%s: damaged: a table has more rows than fit "
			    "into the file",
			    file);
		for (i = 0; i < n; i++)
			sqlite3_bind_value(
			    insert, i + 1, sqlite3_column_value(from, i));
		if (sqlite3_step(insert) != SQLITE_DONE)
			return extract_fail(x, e);
		sqlite3_reset(insert);
	}
	return code == SQLITE_DONE ? 0 : database_error(db, file, e);
}

/* The rows of the window of one table of one file. */
static int
stage_copy(struct extraction *x, sqlite3 *db, const char *file, size_t number,
    const char *table, const char *where, struct err *e)
{
	const struct load_filter *f = x->filter;
	sqlite3_stmt *from, *insert = NULL;
	int result = -1;
	char *sql;

	if (!has_table(db, table))
		return 0;
	sql = x_asprintf("SELECT * FROM %s%s%s", table,
	    where != NULL ? " WHERE " : "", where != NULL ? where : "");
	from = database_prepare(db, file, sql, e);
	free(sql);
	if (from != NULL)
		insert = stage_insert(x, table, from, number, e);
	if (insert != NULL) {
		if (where != NULL) {
			sqlite3_bind_int64(from, 1,
			    f->since_us != NOT_MEASURED ? f->since_us
							: EXTRACT_TIME_FIRST);
			sqlite3_bind_int64(from, 2,
			    f->until_us != NOT_MEASURED ? f->until_us
							: EXTRACT_TIME_LAST);
		}
		result = stage_rows(x, db, file, from, insert, e);
	}
	sqlite3_finalize(from);
	sqlite3_finalize(insert);
	return result;
}

static int
stage_file(struct extraction *x, const char *file, size_t number, struct err *e)
{
	sqlite3 *db = database_open(file, e);
	int result = db != NULL ? 0 : -1;
	size_t i;

	for (i = 0; i < extract_n_tables && result == 0; i++)
		result = stage_copy(x, db, file, number, extract_tables[i].name,
		    extract_tables[i].where, e);
	for (i = 0; i < extract_n_children && result == 0; i++)
		result = stage_copy(x, db, file, number,
		    extract_children[i].name, extract_children[i].where, e);
	database_close(db);
	return result;
}

/* A table of names that the filter wants. */
static int
stage_names(struct extraction *x, const char *table, const char **names,
    size_t n, struct err *e)
{
	sqlite3_stmt *st;
	char *sql = x_asprintf("CREATE TEMP TABLE %s (name)", table);
	int result = extract_sql(x, sql, e);
	size_t i;

	free(sql);
	sql = x_asprintf("INSERT INTO temp.%s VALUES (?)", table);
	for (i = 0; i < n && result == 0; i++) {
		st = database_prepare(x->db, x->to, sql, e);
		if (st == NULL)
			result = -1;
		sqlite3_bind_text(st, 1, names[i], -1, SQLITE_STATIC);
		if (result == 0 && sqlite3_step(st) != SQLITE_DONE)
			result = extract_fail(x, e);
		sqlite3_finalize(st);
	}
	free(sql);
	return result;
}

int
extract_stage(struct extraction *x, char **files, size_t n, struct err *e)
{
	const struct load_filter *f = x->filter;
	int result;
	char *sql;
	size_t i;

	sql = x_asprintf("CREATE TEMP TABLE w_window AS SELECT %lld AS since, "
			 "%lld AS until",
	    (long long)(f->since_us != NOT_MEASURED ? f->since_us
						    : EXTRACT_TIME_FIRST),
	    (long long)(f->until_us != NOT_MEASURED ? f->until_us
						    : EXTRACT_TIME_LAST));
	result = extract_sql(x, sql, e);
	free(sql);
	if (result == 0)
		result = stage_names(x, "w_path", f->paths, f->n_paths, e);
	if (result == 0)
		result = stage_names(
		    x, "w_endpoint", f->endpoints, f->n_endpoints, e);
	for (i = 0; i < extract_n_tables && result == 0; i++)
		result = stage_table(x, extract_tables[i].name, true, e);
	for (i = 0; i < extract_n_children && result == 0; i++)
		result = stage_table(x, extract_children[i].name, false, e);
	for (i = 0; i < n && result == 0; i++)
		result = stage_file(x, files[i], i, e);
	return result;
}
