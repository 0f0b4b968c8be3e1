/*
 * Reading counters.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/counters.h"
#include "report/load/database.h"
#include "report/output/printable.h"

/* More than any configuration makes. */
#define COUNTERS_MAX 100000
#define NAME_MAX_LEN 2048

/* A text as valid UTF-8 in new memory; NULL is empty. */
static char *
column_text(sqlite3_stmt *st, int column)
{
	const char *s = (const char *)sqlite3_column_text(st, column);
	int size = sqlite3_column_bytes(st, column);

	if (s == NULL)
		return x_strdup("");
	return utf8_repaired(
	    s, size > NAME_MAX_LEN ? NAME_MAX_LEN : (size_t)size);
}

static int
take_counter(struct counters *c, sqlite3_stmt *st)
{
	struct counter *new;

	if (c->n == COUNTERS_MAX)
		return -1;
	c->counter = x_grow(c->counter, c->n, &c->capacity, sizeof(*new));
	new = &c->counter[c->n++];
	new->name = column_text(st, 0);
	new->path = column_text(st, 1);
	new->endpoint = column_text(st, 2);
	new->label = column_text(st, 3);
	new->value = sqlite3_column_int64(st, 4);
	return 0;
}

static int
take_path(struct counters *c, sqlite3_stmt *st)
{
	const char *role = (const char *)sqlite3_column_text(st, 1);
	char *name = column_text(st, 0);
	int64_t run_at_us = sqlite3_column_int64(st, 2);
	struct counted_path *p;
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		if (strcmp(c->path[i].name, name) == 0)
			break;
	if (i == c->n_paths) {
		if (c->n_paths == COUNTERS_MAX) {
			free(name);
			return -1;
		}
		c->path =
		    x_grow(c->path, c->n_paths, &c->paths_capacity, sizeof(*p));
		p = &c->path[c->n_paths++];
		*p = (struct counted_path){ .name = x_strdup(name),
			.run_at_us = INT64_MIN,
			.newest_us = NOT_MEASURED };
	}
	free(name);
	p = &c->path[i];
	if (run_at_us >= p->run_at_us) {
		p->run_at_us = run_at_us;
		p->role = role != NULL && strcmp(role, "nat") == 0
		    ? ROLE_NAT
		    : ROLE_DIRECT;
	}
	if (sqlite3_column_type(st, 3) == SQLITE_INTEGER &&
	    sqlite3_column_int64(st, 3) > p->newest_us)
		p->newest_us = sqlite3_column_int64(st, 3);
	return 0;
}

static int
take_agent(struct counters *c, sqlite3_stmt *st)
{
	char *agent = column_text(st, 0);
	size_t i;

	for (i = 0; i < c->n_agents; i++)
		if (strcmp(c->agents[i], agent) == 0) {
			free(agent);
			return -1;
		}
	c->agents =
	    x_grow(c->agents, c->n_agents, &c->agents_capacity, sizeof(agent));
	c->agents[c->n_agents++] = agent;
	return 0;
}

struct reading {
	const char *sql;
	int (*take)(struct counters *c, sqlite3_stmt *st);
	const char *refusal; /* why take() said no */
};

static const struct reading readings[] = {
	{ "SELECT agent FROM agent ORDER BY id", take_agent,
	    "its agent's database is among the others already" },
	/* The newest attempt is found from the end of an index. */
	{ "SELECT path, role, started_at,"
	  " (SELECT a.started_at FROM attempt a"
	  "  WHERE a.run_id IN (SELECT id FROM run n WHERE n.path = r.path)"
	  "  ORDER BY a.started_at DESC LIMIT 1)"
	  " FROM run r WHERE id IN (SELECT max(id) FROM run GROUP BY path)",
	    take_path, "more paths than anybody has" },
	{ "SELECT name, path, endpoint, label, value FROM counter",
	    take_counter, "more counters than any agent has" },
};

static int
read_rows(struct counters *c, sqlite3 *db, const char *file,
    const struct reading *r, struct err *e)
{
	sqlite3_stmt *st = database_prepare(db, file, r->sql, e);
	int result = 0, code;

	if (st == NULL)
		return -1;
	while (result == 0 && (code = sqlite3_step(st)) == SQLITE_ROW)
		if (r->take(c, st) != 0)
			result = err_set(e, "%s: %s", file, r->refusal);
	if (result == 0 && code != SQLITE_DONE)
		result = database_error(db, file, e);
	sqlite3_finalize(st);
	return result;
}

static int
by_labels(const void *a, const void *b)
{
	const struct counter *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = strcmp(x->path, y->path);
	if (order == 0)
		order = strcmp(x->endpoint, y->endpoint);
	return order != 0 ? order : strcmp(x->label, y->label);
}

static int
by_name(const void *a, const void *b)
{
	const struct counted_path *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
free_counter(struct counter *c)
{
	free(c->name);
	free(c->path);
	free(c->endpoint);
	free(c->label);
}

/* Sort, and make one of those that have the same labels. */
static void
merge(struct counters *c)
{
	size_t kept = 0, i;

	if (c->n > 0)
		qsort(c->counter, c->n, sizeof(*c->counter), by_labels);
	if (c->n_paths > 0)
		qsort(c->path, c->n_paths, sizeof(*c->path), by_name);
	for (i = 0; i < c->n; i++) {
		if (kept > 0 &&
		    by_labels(&c->counter[kept - 1], &c->counter[i]) == 0) {
			c->counter[kept - 1].value += c->counter[i].value;
			free_counter(&c->counter[i]);
		} else {
			c->counter[kept++] = c->counter[i];
		}
	}
	c->n = kept;
}

int
counters_load(struct counters *c, char **files, size_t n, struct err *e)
{
	sqlite3 *db;
	size_t i, k;
	int result = 0;

	for (i = 0; i < n && result == 0; i++) {
		db = database_open(files[i], e);
		if (db == NULL)
			return -1;
		for (k = 0;
		     k < sizeof(readings) / sizeof(readings[0]) && result == 0;
		     k++)
			result = read_rows(c, db, files[i], &readings[k], e);
		database_close(db);
		c->files++;
	}
	merge(c);
	return result;
}

void
counters_clear(struct counters *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free_counter(&c->counter[i]);
	for (i = 0; i < c->n_paths; i++)
		free(c->path[i].name);
	for (i = 0; i < c->n_agents; i++)
		free(c->agents[i]);
	free(c->counter);
	free(c->path);
	free(c->agents);
	memset(c, 0, sizeof(*c));
}
