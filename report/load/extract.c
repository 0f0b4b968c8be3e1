/*
 * Copying and merging: files into temporary tables (extract_stage.c), private
 * names replaced (extract_names.c), rows with new ids into the new database
 * (extract_merge.c).
 *
 * SQL is made from the columns that the tables have, so that a column which
 * the schema gets later is copied, too.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/extract_internal.h"
#include "report/load/loader.h"

/* Times that no agent writes do not count. */
#define NEWEST(at, table) \
	"SELECT max(" at ") AS at FROM " table " WHERE " at " BETWEEN 0 AND ?1"

static const char newest_sql[] =
    "SELECT max(at), (SELECT count(*) FROM attempt) FROM (" NEWEST(
	"started_at", "attempt") " UNION " NEWEST("started_at",
	"resolution") " UNION " NEWEST("at",
	"host_sample") " UNION " NEWEST("accepted_at",
	"witness_arrival") " UNION " NEWEST("to_at",
	"gateway_event") " UNION " NEWEST("at",
	"capture_flow") " UNION " NEWEST("at",
	"edge_entry") " UNION " NEWEST("at",
	"app_failure") " UNION " NEWEST("at",
	"note") " UNION " NEWEST("ended_at", "measurement") ")";

int
extract_fail(struct extraction *x, struct err *e)
{
	return err_set(e, "%s: cannot write: %s", x->to, sqlite3_errmsg(x->db));
}

int
extract_sql(struct extraction *x, const char *sql, struct err *e)
{
	if (sqlite3_exec(x->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return extract_fail(x, e);
	return 0;
}

int
extract_text(struct extraction *x, struct text *sql, struct err *e)
{
	int result;

	if (sql->capped)
		abort(); /* our own tables are not that wide */
	result = extract_sql(x, sql->s, e);
	text_clear(sql);
	return result;
}

/* --------------------------------------------------------------- columns */

void
extract_columns_clear(struct columns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->column[i].name);
	free(c->column);
}

int
extract_columns(
    struct extraction *x, const char *table, struct columns *c, struct err *e)
{
	sqlite3_stmt *st;
	const char *type;

	memset(c, 0, sizeof(*c));
	st = database_prepare(
	    x->db, x->to, "SELECT name, type FROM pragma_table_info(?)", e);
	if (st == NULL)
		return -1;
	sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
	while (sqlite3_step(st) == SQLITE_ROW) {
		c->column =
		    x_grow(c->column, c->n, &c->capacity, sizeof(*c->column));
		type = (const char *)sqlite3_column_text(st, 1);
		c->column[c->n].text = strcmp(type, "TEXT") == 0;
		c->column[c->n++].name =
		    x_strdup((const char *)sqlite3_column_text(st, 0));
	}
	sqlite3_finalize(st);
	return 0;
}

/* ------------------------------------------------------------------- all */

static int
create(struct extraction *x, struct err *e)
{
	char *sql;
	int i, result;

	if (sqlite3_open_v2(x->to, &x->db,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX,
		NULL) != SQLITE_OK)
		return extract_fail(x, e);
	sql = x_asprintf("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			 "PRAGMA page_size = 4096;"
			 "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    SCHEMA_APPLICATION_ID, schema_version);
	result = extract_sql(x, sql, e);
	free(sql);
	for (i = 0; i < schema_version && result == 0; i++)
		result = extract_sql(x, schema_steps[i], e);
	return result;
}

static int
find_newest(struct extraction *x, struct extracted *result, struct err *e)
{
	sqlite3_stmt *st = database_prepare(x->db, x->to, newest_sql, e);
	int code;

	if (st == NULL)
		return -1;
	sqlite3_bind_int64(st, 1, TIME_MAX_US);
	code = sqlite3_step(st);
	result->newest_us = sqlite3_column_type(st, 0) == SQLITE_NULL
	    ? 0
	    : sqlite3_column_int64(st, 0);
	result->attempts = sqlite3_column_int64(st, 1);
	sqlite3_finalize(st);
	return code == SQLITE_ROW ? 0 : extract_fail(x, e);
}

int
extract_database(const char *to, char **files, size_t n,
    const struct load_filter *f, struct pseudonyms *pseudonyms,
    struct extracted *result, struct err *e)
{
	struct extraction x = { NULL, to, f, pseudonyms };
	int done = -1;

	/* What was deleted is gone with VACUUM, which writes the file anew. */
	if (create(&x, e) == 0 && extract_sql(&x, "BEGIN", e) == 0 &&
	    extract_stage(&x, files, n, e) == 0 &&
	    (pseudonyms == NULL || extract_see(&x, e) == 0) &&
	    extract_merge(&x, e) == 0 && find_newest(&x, result, e) == 0 &&
	    extract_sql(&x, "COMMIT; VACUUM", e) == 0)
		done = 0;
	sqlite3_close(x.db);
	return done;
}
