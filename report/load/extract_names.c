/*
 * Pseudonyms: every text of the staged rows is seen before the first is
 * replaced, so that the same name becomes the same pseudonym everywhere.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/extract_internal.h"

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

enum { BY_ADDRESS, BY_WORD, BY_HOST };

int
extract_replacement(const char *table, const char *column)
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
	int result = extract_columns(x, table, &c, e);
	char *sql;
	size_t i;

	for (i = 0; i < c.n && result == 0; i++) {
		if (!c.column[i].text)
			continue;
		sql = x_asprintf("SELECT count(seen(%s, %d)) FROM temp.s_%s",
		    c.column[i].name,
		    extract_replacement(table, c.column[i].name), table);
		result = extract_sql(x, sql, e);
		free(sql);
	}
	extract_columns_clear(&c);
	return result;
}

int
extract_see(struct extraction *x, struct err *e)
{
	int result = 0;
	size_t i;

	if (sqlite3_create_function(x->db, "seen", 2, SQLITE_UTF8,
		x->pseudonyms, on_seen, NULL, NULL) != SQLITE_OK ||
	    sqlite3_create_function(x->db, "pseudonym", 2, SQLITE_UTF8,
		x->pseudonyms, on_pseudonym, NULL, NULL) != SQLITE_OK)
		return extract_fail(x, e);
	for (i = 0; i < extract_n_tables && result == 0; i++)
		result = see_table(x, extract_tables[i].name, e);
	for (i = 0; i < extract_n_children && result == 0; i++)
		result = see_table(x, extract_children[i].name, e);
	pseudonyms_settle(x->pseudonyms);
	return result;
}
