/*
 * Asking SQLite itself, in a database in memory.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "natdiff/schema.h"
#include "natdiff/xalloc.h"
#include "report/load/reference.h"

static const char objects_sql[] = "SELECT name, sql FROM sqlite_schema"
				  " WHERE type IN ('table', 'view')";

/* By version - 1. */
static struct reference *references;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Our own SQL cannot fail but for want of memory. */
static void
expect(int code, int wanted)
{
	if (code != wanted)
		abort();
}

static void
read_objects(struct reference *r, sqlite3 *db)
{
	struct reference_object *o;
	size_t capacity = 0;
	sqlite3_stmt *st;

	expect(sqlite3_prepare_v2(db, objects_sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		r->object =
		    x_grow(r->object, r->n, &capacity, sizeof(*r->object));
		o = &r->object[r->n++];
		o->name = x_strdup((const char *)sqlite3_column_text(st, 0));
		o->sql = x_strdup((const char *)sqlite3_column_text(st, 1));
	}
	expect(sqlite3_finalize(st), SQLITE_OK);
}

/* An empty database in memory with our tables as of that version. */
static void
make(struct reference *r, int version)
{
	sqlite3 *db;
	int i;

	expect(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (i = 0; i < version; i++)
		expect(sqlite3_exec(db, schema_steps[i], NULL, NULL, NULL),
		    SQLITE_OK);
	read_objects(r, db);
	sqlite3_close(db);
}

const struct reference *
reference_of(int version)
{
	struct reference *r;

	pthread_mutex_lock(&lock);
	if (references == NULL)
		references =
		    x_calloc((size_t)schema_version, sizeof(*references));
	r = &references[version - 1];
	if (r->n == 0)
		make(r, version);
	pthread_mutex_unlock(&lock);
	return r;
}
