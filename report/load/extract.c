/*
 * Copying and merging, in three steps:
 *
 *	stage_*   each table of each file into a temporary table, its rows as
 *	          they are with the number of the file before them
 *	map_*     new ids, by the order of what a row is known by
 *	insert_*  from the temporary table into the new one, with new ids
 *
 * SQL is made from the columns that the tables have, so that a column which
 * the schema gets later is copied, too.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "natdiff/record.h"
#include "natdiff/schema.h"
#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/extract.h"
#include "report/load/loader.h"

#define SQL_BYTES_MAX 65536

/* Open ends of a window; far enough from the ends of int64_t for a margin. */
#define TIME_FIRST (-(INT64_C(1) << 62))
#define TIME_LAST  (INT64_C(1) << 62)

/* How a table is read, and how its rows are known in the new one. */
struct extract_table {
	const char *name;
	/* Rows of the window from ?1 to ?2; NULL: all. */
	const char *where;
	/* Columns that make a row what it is; NULL: all of them. */
	const char *key;
	/* Which of the copies of a row counts. */
	const char *best;
	/* Which rows count at all. */
	const char *wanted;
	/* Two rows of one file may be alike, and both count. */
	bool repeats;
};

#define IN_WINDOW(at) at " >= ?1 AND " at " < ?2"
/* What others recorded of our attempts, with other clocks. */
#define NEAR_WINDOW(at)    at " >= ?1 - 60000000 AND " at " < ?2 + 60000000"
#define OVERLAPS(from, to) to " >= ?1 AND " from " < ?2"

#define WANTED_PATH                                \
	"(NOT EXISTS (SELECT 1 FROM temp.w_path) " \
	"OR s.path IN (SELECT name FROM temp.w_path))"
#define WANTED_ENDPOINT                                \
	"(NOT EXISTS (SELECT 1 FROM temp.w_endpoint) " \
	"OR s.name IN (SELECT name FROM temp.w_endpoint))"

/* Those that others refer to come first. */
static const struct extract_table tables[] = {
	{ "agent", NULL, "agent", "created_at, host_name", NULL, false },
	{ "run", NULL, "uuid", "ended_at DESC, fired DESC, facts", WANTED_PATH,
	    false },
	{ "endpoint", NULL, "name, url, control, verify, kind", NULL,
	    WANTED_ENDPOINT, false },
	{ "target", NULL, "address, port", "family", NULL, false },
	{ "address", NULL, "address", NULL, NULL, false },
	{ "tls_session", NULL, NULL, NULL, NULL, false },
	{ "import", NULL, NULL, NULL, NULL, false },
	{ "resolution",
	    IN_WINDOW("started_at") " OR id IN (SELECT resolution_id "
				    "FROM attempt WHERE " IN_WINDOW(
					"started_at") ")",
	    "started_at, run_id, endpoint_id, slot, duration_us, failure, "
	    "addresses",
	    NULL, NULL, false },
	{ "attempt", IN_WINDOW("started_at"), "started_at, run_id, attempt_id",
	    "slot, seq, failure, total_us", NULL, false },
	{ "host_sample", IN_WINDOW("at"), "at, run_id, slot", NULL, NULL,
	    false },
	{ "witness_run", OVERLAPS("started_at", "alive_at"),
	    "started_at, host_name, listen, pid",
	    "alive_at DESC, ended_at DESC", NULL, false },
	{ "witness_arrival", NEAR_WINDOW("accepted_at"),
	    "accepted_at, attempt_id, observed_address, observed_port",
	    "ended_at DESC, requests DESC, reached", NULL, false },
	{ "gateway_event", OVERLAPS("from_at", "to_at"),
	    "from_at, to_at, source, kind, value, protocol, inside_address, "
	    "inside_port, outside_address, outside_port, "
	    "destination_address, destination_port, identity, detail",
	    NULL, NULL, true },
	{ "capture", OVERLAPS("from_at", "to_at"), NULL, NULL, NULL, false },
	{ "capture_target", OVERLAPS("from_at", "to_at"), NULL, NULL, NULL,
	    false },
	{ "capture_flow", NEAR_WINDOW("at"), NULL, NULL, NULL, false },
	{ "edge_entry", NEAR_WINDOW("at"),
	    "at, attempt_id, client_address, client_port, status, request_id, "
	    "identity, detail",
	    NULL, NULL, true },
	{ "app_failure", IN_WINDOW("at"), NULL, NULL, NULL, true },
	{ "note", IN_WINDOW("at"), NULL, NULL, NULL, true },
	{ "measurement", OVERLAPS("started_at", "ended_at"),
	    "started_at, agent_id, kind, path, destination, ended_at", "detail",
	    WANTED_PATH, false },
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Rows without an id of their own, that belong to a row of another table. */
static const struct extract_child {
	const char *name, *parent, *column, *where;
} children[] = {
	{ "response_header", "attempt", "attempt_id",
	    "attempt_id IN (SELECT id FROM attempt WHERE " IN_WINDOW(
		"started_at") ")" },
	{ "census", "host_sample", "sample_id",
	    "sample_id IN (SELECT id FROM host_sample WHERE " IN_WINDOW(
		"at") ")" },
};
#define CHILDREN (sizeof(children) / sizeof(children[0]))

/* Columns that hold an id.  A row counts only where what it names does. */
static const struct extract_reference {
	const char *table, *column, *to;
	bool may_lack; /* it counts all the same, and names nothing then */
} references[] = {
	{ "run", "agent_id", "agent", false },
	{ "resolution", "run_id", "run", false },
	{ "resolution", "endpoint_id", "endpoint", false },
	{ "attempt", "run_id", "run", false },
	{ "attempt", "endpoint_id", "endpoint", false },
	{ "attempt", "target_id", "target", false },
	{ "attempt", "local_address_id", "address", false },
	{ "attempt", "observed_address_id", "address", false },
	{ "attempt", "tls_session_id", "tls_session", false },
	{ "attempt", "resolution_id", "resolution", true },
	{ "host_sample", "run_id", "run", false },
	{ "census", "target_id", "target", false },
	{ "witness_arrival", "witness_run_id", "witness_run", true },
	{ "gateway_event", "import_id", "import", true },
	{ "capture", "import_id", "import", true },
	{ "capture_target", "capture_id", "capture", false },
	{ "capture_flow", "capture_id", "capture", false },
	{ "edge_entry", "import_id", "import", true },
	{ "app_failure", "import_id", "import", true },
	{ "measurement", "agent_id", "agent", false },
};
#define REFERENCES (sizeof(references) / sizeof(references[0]))

/* When all is there: what nothing of the window refers to. */
static const char drop_unused[] =
    "DELETE FROM run WHERE id NOT IN (SELECT run_id FROM attempt"
    " UNION SELECT run_id FROM resolution"
    " UNION SELECT run_id FROM host_sample)"
    " AND NOT EXISTS (SELECT 1 FROM temp.w_window"
    "  WHERE started_at >= since AND started_at < until);"
    "DELETE FROM agent WHERE id NOT IN (SELECT agent_id FROM run"
    " UNION SELECT agent_id FROM measurement);"
    "DELETE FROM endpoint WHERE id NOT IN (SELECT endpoint_id FROM attempt"
    " UNION SELECT endpoint_id FROM resolution);"
    "DELETE FROM target WHERE id NOT IN (SELECT target_id FROM attempt"
    "  WHERE target_id IS NOT NULL UNION"
    " SELECT target_id FROM census WHERE target_id IS NOT NULL);"
    "DELETE FROM address WHERE id NOT IN"
    " (SELECT local_address_id FROM attempt"
    "  WHERE local_address_id IS NOT NULL UNION"
    " SELECT observed_address_id FROM attempt"
    "  WHERE observed_address_id IS NOT NULL);"
    "DELETE FROM tls_session WHERE id NOT IN"
    " (SELECT tls_session_id FROM attempt WHERE tls_session_id IS NOT NULL);"
    "DELETE FROM import WHERE id NOT IN"
    " (SELECT import_id FROM gateway_event WHERE import_id IS NOT NULL UNION"
    "  SELECT import_id FROM capture WHERE import_id IS NOT NULL UNION"
    " SELECT import_id FROM edge_entry WHERE import_id IS NOT NULL UNION"
    " SELECT import_id FROM app_failure WHERE import_id IS NOT NULL);";

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

struct column {
	char *name;
	bool text;
};

struct columns {
	struct column *column;
	size_t n, capacity;
};

struct extraction {
	sqlite3 *db; /* the new one */
	const char *to;
	const struct load_filter *filter;
	struct pseudonyms *pseudonyms;
};

static int
fail(struct extraction *x, struct err *e)
{
	return err_set(e, "%s: cannot write: %s", x->to, sqlite3_errmsg(x->db));
}

static int
run_sql(struct extraction *x, const char *sql, struct err *e)
{
	if (sqlite3_exec(x->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail(x, e);
	return 0;
}

/* Run what was put together; sql is empty then. */
static int
run_text(struct extraction *x, struct text *sql, struct err *e)
{
	int result;

	if (sql->capped)
		abort(); /* our own tables are not that wide */
	result = run_sql(x, sql->s, e);
	text_clear(sql);
	return result;
}

/* --------------------------------------------------------------- columns */

static void
columns_clear(struct columns *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->column[i].name);
	free(c->column);
}

static int
columns_of(
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

static const struct extract_reference *
reference_of(const char *table, const char *column)
{
	size_t i;

	for (i = 0; i < REFERENCES; i++)
		if (strcmp(references[i].table, table) == 0 &&
		    strcmp(references[i].column, column) == 0)
			return &references[i];
	return NULL;
}

/* The new id of what a column of s names. */
static void
add_new_id(struct text *sql, const struct extract_reference *r)
{
	text_addf(sql,
	    "(SELECT new FROM temp.m_%s m WHERE m.origin = s.origin "
	    "AND m.id = s.%s)",
	    r->to, r->column);
}

/* ----------------------------------------------------------------- stage */

/* A temporary table like ours, with the file's number before. */
static int
stage_table(struct extraction *x, const char *table, bool has_id, struct err *e)
{
	struct columns c;
	struct text sql;
	size_t i;

	if (columns_of(x, table, &c, e) != 0)
		return -1;
	text_init(&sql, SQL_BYTES_MAX);
	text_addf(&sql, "CREATE TEMP TABLE s_%s (origin", table);
	for (i = 0; i < c.n; i++)
		text_addf(&sql, ", %s", c.column[i].name);
	text_addf(&sql, "%s",
	    has_id ? ", PRIMARY KEY (origin, id)) WITHOUT ROWID" : ")");
	columns_clear(&c);
	return run_text(x, &sql, e);
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

	text_init(&sql, SQL_BYTES_MAX);
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
			return fail(x, e);
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
							: TIME_FIRST);
			sqlite3_bind_int64(from, 2,
			    f->until_us != NOT_MEASURED ? f->until_us
							: TIME_LAST);
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

	for (i = 0; i < TABLES && result == 0; i++)
		result = stage_copy(
		    x, db, file, number, tables[i].name, tables[i].where, e);
	for (i = 0; i < CHILDREN && result == 0; i++)
		result = stage_copy(x, db, file, number, children[i].name,
		    children[i].where, e);
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
	int result = run_sql(x, sql, e);
	size_t i;

	free(sql);
	sql = x_asprintf("INSERT INTO temp.%s VALUES (?)", table);
	for (i = 0; i < n && result == 0; i++) {
		st = database_prepare(x->db, x->to, sql, e);
		if (st == NULL)
			result = -1;
		sqlite3_bind_text(st, 1, names[i], -1, SQLITE_STATIC);
		if (result == 0 && sqlite3_step(st) != SQLITE_DONE)
			result = fail(x, e);
		sqlite3_finalize(st);
	}
	free(sql);
	return result;
}

static int
stage(struct extraction *x, char **files, size_t n, struct err *e)
{
	const struct load_filter *f = x->filter;
	int result;
	char *sql;
	size_t i;

	sql = x_asprintf("CREATE TEMP TABLE w_window AS SELECT %lld AS since, "
			 "%lld AS until",
	    (long long)(f->since_us != NOT_MEASURED ? f->since_us : TIME_FIRST),
	    (long long)(f->until_us != NOT_MEASURED ? f->until_us : TIME_LAST));
	result = run_sql(x, sql, e);
	free(sql);
	if (result == 0)
		result = stage_names(x, "w_path", f->paths, f->n_paths, e);
	if (result == 0)
		result = stage_names(
		    x, "w_endpoint", f->endpoints, f->n_endpoints, e);
	for (i = 0; i < TABLES && result == 0; i++)
		result = stage_table(x, tables[i].name, true, e);
	for (i = 0; i < CHILDREN && result == 0; i++)
		result = stage_table(x, children[i].name, false, e);
	for (i = 0; i < n && result == 0; i++)
		result = stage_file(x, files[i], i, e);
	return result;
}

/* ------------------------------------------------------------ pseudonyms */

/* Whether people wrote the texts of a table: hosts may be named in them. */
static bool
is_free_text(const char *table)
{
	static const char *const free_texts[] = { "note", "import",
		"gateway_event", "edge_entry", "app_failure" };
	size_t i;

	for (i = 0; i < sizeof(free_texts) / sizeof(free_texts[0]); i++)
		if (strcmp(free_texts[i], table) == 0)
			return true;
	return false;
}

/* How a text is replaced: the second argument of pseudonym(). */
enum { BY_ADDRESS, BY_WORD, BY_HOST };

static int
replacement_of(const char *table, const char *column)
{
	if (strcmp(column, "host_name") == 0)
		return BY_HOST;
	return is_free_text(table) ? BY_WORD : BY_ADDRESS;
}

/* seen(TEXT, HOW) */
static void
on_seen(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct pseudonyms *p = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);

	(void)n;
	if (text == NULL)
		return;
	if (sqlite3_value_int(values[1]) == BY_HOST)
		pseudonyms_see_host(p, text);
	else
		pseudonyms_see(p, text);
}

/* pseudonym(TEXT, HOW) */
static void
on_pseudonym(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct pseudonyms *p = sqlite3_user_data(context);
	const char *text = (const char *)sqlite3_value_text(values[0]);
	int how = sqlite3_value_int(values[1]);
	char *other;

	(void)n;
	if (text == NULL)
		return;
	other = how == BY_HOST ? pseudonyms_host(p, text)
			       : pseudonyms_text(p, text, how == BY_WORD);
	sqlite3_result_text(context, other, -1, free);
}

static int
see_table(struct extraction *x, const char *table, struct err *e)
{
	struct columns c;
	int result = columns_of(x, table, &c, e);
	char *sql;
	size_t i;

	for (i = 0; i < c.n && result == 0; i++) {
		if (!c.column[i].text)
			continue;
		sql = x_asprintf("SELECT count(seen(%s, %d)) FROM temp.s_%s",
		    c.column[i].name, replacement_of(table, c.column[i].name),
		    table);
		result = run_sql(x, sql, e);
		free(sql);
	}
	columns_clear(&c);
	return result;
}

static int
see_all(struct extraction *x, struct err *e)
{
	int result = 0;
	size_t i;

	if (sqlite3_create_function(x->db, "seen", 2, SQLITE_UTF8,
		x->pseudonyms, on_seen, NULL, NULL) != SQLITE_OK ||
	    sqlite3_create_function(x->db, "pseudonym", 2, SQLITE_UTF8,
		x->pseudonyms, on_pseudonym, NULL, NULL) != SQLITE_OK)
		return fail(x, e);
	for (i = 0; i < TABLES && result == 0; i++)
		result = see_table(x, tables[i].name, e);
	for (i = 0; i < CHILDREN && result == 0; i++)
		result = see_table(x, children[i].name, e);
	pseudonyms_settle(x->pseudonyms);
	return result;
}

/* ------------------------------------------------------------------- map */

/* One column of a key, as kN. */
static size_t
add_key_column(
    struct text *sql, const char *table, const char *column, size_t n)
{
	const struct extract_reference *r = reference_of(table, column);

	if (strcmp(column, "id") == 0 || (r != NULL && r->may_lack))
		return n;
	text_addf(sql, ", ");
	if (r != NULL)
		add_new_id(sql, r);
	else
		text_addf(sql, "s.%s", column);
	text_addf(sql, " AS k%zu", n);
	return n + 1;
}

/* The key's columns in its order, as k0, k1, ...; how many. */
static size_t
add_key(struct text *sql, const struct extract_table *t, struct columns *c)
{
	char *list, *name, *rest = NULL;
	size_t n = 0, i;

	if (t->key == NULL) {
		for (i = 0; i < c->n; i++)
			n = add_key_column(sql, t->name, c->column[i].name, n);
		return n;
	}
	list = x_strdup(t->key);
	for (name = strtok_r(list, ", ", &rest); name != NULL;
	     name = strtok_r(NULL, ", ", &rest))
		n = add_key_column(sql, t->name, name, n);
	free(list);
	return n;
}

/* Rows that count: wanted, and all that they name is there. */
static void
add_conditions(struct text *sql, const char *table, const char *wanted)
{
	size_t i;

	text_addf(sql, " WHERE %s", wanted != NULL ? wanted : "1");
	for (i = 0; i < REFERENCES; i++) {
		if (strcmp(references[i].table, table) != 0 ||
		    references[i].may_lack)
			continue;
		text_addf(sql, " AND (s.%s IS NULL OR ", references[i].column);
		add_new_id(sql, &references[i]);
		text_addf(sql, " IS NOT NULL)");
	}
}

static void
add_key_names(struct text *sql, size_t n, bool repeats)
{
	size_t i;

	for (i = 0; i < n; i++)
		text_addf(sql, "%sk%zu", i > 0 ? ", " : "", i);
	if (repeats)
		text_addf(sql, ", nth");
}

static int
map_table(struct extraction *x, const struct extract_table *t, struct err *e)
{
	struct columns c;
	struct text sql;
	size_t n;

	if (columns_of(x, t->name, &c, e) != 0)
		return -1;
	text_init(&sql, SQL_BYTES_MAX);
	text_addf(&sql,
	    "CREATE TEMP TABLE m_%s (origin, id, new, copy, "
	    "PRIMARY KEY (origin, id)) WITHOUT ROWID;"
	    "INSERT INTO temp.m_%s WITH keyed AS (SELECT s.*",
	    t->name, t->name);
	n = add_key(&sql, t, &c);
	text_addf(&sql, " FROM temp.s_%s s", t->name);
	add_conditions(&sql, t->name, t->wanted);
	text_addf(&sql, "), numbered AS (SELECT *%s",
	    t->repeats ? ", row_number() OVER (PARTITION BY origin, " : "");
	if (t->repeats) {
		add_key_names(&sql, n, false);
		text_addf(&sql, " ORDER BY id) AS nth");
	}
	text_addf(&sql,
	    " FROM keyed) SELECT origin, id, dense_rank() OVER (ORDER BY ");
	add_key_names(&sql, n, t->repeats);
	text_addf(&sql, "), row_number() OVER (PARTITION BY ");
	add_key_names(&sql, n, t->repeats);
	text_addf(&sql, " ORDER BY %s%sorigin, id) FROM numbered",
	    t->best != NULL ? t->best : "", t->best != NULL ? ", " : "");
	columns_clear(&c);
	return run_text(x, &sql, e);
}

/* ---------------------------------------------------------------- insert */

/* The values of a row: as they were, or with a new id or a pseudonym. */
static void
add_values(struct extraction *x, struct text *sql, const char *table,
    const char *own, struct columns *c)
{
	const struct extract_reference *r;
	const char *name;
	size_t i;

	for (i = 0; i < c->n; i++) {
		name = c->column[i].name;
		r = reference_of(table, name);
		text_addf(sql, i > 0 ? ", " : "");
		if (strcmp(name, own) == 0)
			text_addf(sql, "m.new");
		else if (r != NULL)
			add_new_id(sql, r);
		else if (x->pseudonyms != NULL && c->column[i].text)
			text_addf(sql, "pseudonym(s.%s, %d)", name,
			    replacement_of(table, name));
		else
			text_addf(sql, "s.%s", name);
	}
}

/*
 * own: the column that gets the new id of a row of parent.  An event that two
 * imports tell differently has one identity: the first one counts.
 */
static int
insert_rows(struct extraction *x, const char *table, const char *parent,
    const char *own, const char *conditions, struct err *e)
{
	struct columns c;
	struct text sql;

	if (columns_of(x, table, &c, e) != 0)
		return -1;
	text_init(&sql, SQL_BYTES_MAX);
	text_addf(&sql, "INSERT OR IGNORE INTO main.%s SELECT ", table);
	add_values(x, &sql, table, own, &c);
	text_addf(&sql,
	    " FROM temp.m_%s m JOIN temp.s_%s s ON s.origin = m.origin "
	    "AND s.%s = m.id",
	    parent, table, own);
	add_conditions(&sql, conditions, "m.copy = 1");
	text_addf(&sql, " ORDER BY m.new%s",
	    strcmp(own, "id") == 0 ? "" : ", s.rowid");
	columns_clear(&c);
	return run_text(x, &sql, e);
}

static int
insert_children(struct extraction *x, struct err *e)
{
	int result = 0;
	char *sql;
	size_t i;

	for (i = 0; i < CHILDREN && result == 0; i++) {
		sql = x_asprintf("CREATE INDEX temp.i_%s ON s_%s (origin, %s)",
		    children[i].name, children[i].name, children[i].column);
		result = run_sql(x, sql, e);
		free(sql);
		if (result == 0)
			result =
			    insert_rows(x, children[i].name, children[i].parent,
				children[i].column, children[i].name, e);
	}
	return result;
}

static int
merge(struct extraction *x, struct err *e)
{
	int result = 0;
	size_t i;

	for (i = 0; i < TABLES && result == 0; i++) {
		result = map_table(x, &tables[i], e);
		if (result == 0)
			result = insert_rows(x, tables[i].name, tables[i].name,
			    "id", tables[i].name, e);
	}
	if (result == 0)
		result = insert_children(x, e);
	return result == 0 ? run_sql(x, drop_unused, e) : -1;
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
		return fail(x, e);
	sql = x_asprintf("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
			 "PRAGMA page_size = 4096;"
			 "PRAGMA application_id = %d; PRAGMA user_version = %d",
	    SCHEMA_APPLICATION_ID, schema_version);
	result = run_sql(x, sql, e);
	free(sql);
	for (i = 0; i < schema_version && result == 0; i++)
		result = run_sql(x, schema_steps[i], e);
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
	return code == SQLITE_ROW ? 0 : fail(x, e);
}

int
extract_database(const char *to, char **files, size_t n,
    const struct load_filter *f, struct pseudonyms *pseudonyms,
    struct extracted *result, struct err *e)
{
	struct extraction x = { NULL, to, f, pseudonyms };
	int done = -1;

	/* What was deleted is gone with VACUUM, which writes the file anew. */
	if (create(&x, e) == 0 && run_sql(&x, "BEGIN", e) == 0 &&
	    stage(&x, files, n, e) == 0 &&
	    (pseudonyms == NULL || see_all(&x, e) == 0) && merge(&x, e) == 0 &&
	    find_newest(&x, result, e) == 0 &&
	    run_sql(&x, "COMMIT; VACUUM", e) == 0)
		done = 0;
	sqlite3_close(x.db);
	return done;
}
