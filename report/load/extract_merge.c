/*
 * Merging: new ids by the order of what a row is known by, then the rows out
 * of the temporary tables with these.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/extract_internal.h"

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

/* The new id of what a column of s names. */
static void
add_new_id(struct text *sql, const struct extract_reference *r)
{
	text_addf(sql,
	    "(SELECT new FROM temp.m_%s m WHERE m.origin = s.origin "
	    "AND m.id = s.%s)",
	    r->to, r->column);
}

/* ------------------------------------------------------------------- map */

/* One column of a key, as kN. */
static size_t
add_key_column(
    struct text *sql, const char *table, const char *column, size_t n)
{
	const struct extract_reference *r = extract_reference_of(table, column);

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
	for (i = 0; i < extract_n_references; i++) {
		if (strcmp(extract_references[i].table, table) != 0 ||
		    extract_references[i].may_lack)
			continue;
		text_addf(sql, " AND (s.%s IS NULL OR ",
		    extract_references[i].column);
		add_new_id(sql, &extract_references[i]);
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

	if (extract_columns(x, t->name, &c, e) != 0)
		return -1;
	text_init(&sql, EXTRACT_SQL_MAX);
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
	extract_columns_clear(&c);
	return extract_text(x, &sql, e);
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
		r = extract_reference_of(table, name);
		text_addf(sql, i > 0 ? ", " : "");
		if (strcmp(name, own) == 0)
			text_addf(sql, "m.new");
		else if (r != NULL)
			add_new_id(sql, r);
		else if (x->pseudonyms != NULL && c->column[i].text)
			text_addf(sql, "pseudonym(s.%s, %d)", name,
			    extract_replacement(table, name));
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

	if (extract_columns(x, table, &c, e) != 0)
		return -1;
	text_init(&sql, EXTRACT_SQL_MAX);
	text_addf(&sql, "INSERT OR IGNORE INTO main.%s SELECT ", table);
	add_values(x, &sql, table, own, &c);
	text_addf(&sql,
	    " FROM temp.m_%s m JOIN temp.s_%s s ON s.origin = m.origin "
	    "AND s.%s = m.id",
	    parent, table, own);
	add_conditions(&sql, conditions, "m.copy = 1");
	text_addf(&sql, " ORDER BY m.new%s",
	    strcmp(own, "id") == 0 ? "" : ", s.rowid");
	extract_columns_clear(&c);
	return extract_text(x, &sql, e);
}

static int
insert_children(struct extraction *x, struct err *e)
{
	int result = 0;
	char *sql;
	size_t i;

	for (i = 0; i < extract_n_children && result == 0; i++) {
		sql = x_asprintf("CREATE INDEX temp.i_%s ON s_%s (origin, %s)",
		    extract_children[i].name, extract_children[i].name,
		    extract_children[i].column);
		result = extract_sql(x, sql, e);
		free(sql);
		if (result == 0)
			result = insert_rows(x, extract_children[i].name,
			    extract_children[i].parent,
			    extract_children[i].column,
			    extract_children[i].name, e);
	}
	return result;
}

int
extract_merge(struct extraction *x, struct err *e)
{
	int result = 0;
	size_t i;

	for (i = 0; i < extract_n_tables && result == 0; i++) {
		result = map_table(x, &extract_tables[i], e);
		if (result == 0)
			result = insert_rows(x, extract_tables[i].name,
			    extract_tables[i].name, "id",
			    extract_tables[i].name, e);
	}
	if (result == 0)
		result = insert_children(x, e);
	return result == 0 ? extract_sql(x, drop_unused, e) : -1;
}
