/*
 * How rows are read, whatever table they are of.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/loader.h"
#include "report/output/printable.h"

void
idmap_add(struct idmap *m, int64_t id, uint32_t to)
{
	m->ids = x_grow(m->ids, m->n, &m->ids_capacity, sizeof(*m->ids));
	m->to = x_grow(m->to, m->n, &m->to_capacity, sizeof(*m->to));
	m->ids[m->n] = id;
	m->to[m->n++] = to;
}

uint32_t
idmap_find(struct idmap *m, int64_t id)
{
	size_t low = 0, high = m->n, middle;
	uint64_t guess;

	if (m->last < m->n && m->ids[m->last] == id)
		return m->to[m->last];
	/* Ids without a gap, as most are. */
	guess = m->n > 0 ? (uint64_t)id - (uint64_t)m->ids[0] : 0;
	if (guess < m->n && m->ids[guess] == id) {
		m->last = guess;
		return m->to[guess];
	}
	while (low < high) {
		middle = low + (high - low) / 2;
		if (m->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == m->n || m->ids[low] != id)
		return NOT_THERE;
	m->last = low;
	return m->to[low];
}

void
idmap_clear(struct idmap *m)
{
	free(m->ids);
	free(m->to);
	memset(m, 0, sizeof(*m));
}

int
loader_bad_row(struct loader *l, const char *fmt, ...)
{
	struct input *in = &l->d->inputs[l->input];
	va_list ap;

	in->bad_rows++;
	if (in->first_bad == NULL) {
		va_start(ap, fmt);
		in->first_bad = x_vasprintf(fmt, ap);
		va_end(ap);
	}
	return 0;
}

char *
loader_text(sqlite3_stmt *st, int column)
{
	const char *text;
	int size;

	if (sqlite3_column_type(st, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(st, column);
	size = sqlite3_column_bytes(st, column);
	if (text == NULL || size < 1 || size > NAME_BYTES_MAX)
		return NULL;
	return utf8_repaired(text, (size_t)size);
}

bool
loader_number(sqlite3_stmt *st, int column, int64_t min, int64_t max,
    bool nullable, int64_t *value)
{
	int type = sqlite3_column_type(st, column);

	*value = NOT_MEASURED;
	if (type != SQLITE_INTEGER)
		return type == SQLITE_NULL && nullable;
	*value = sqlite3_column_int64(st, column);
	return *value >= min && *value <= max;
}

bool
loader_in_window(const struct loader *l, int64_t from_us, int64_t to_us)
{
	const struct load_filter *f = l->filter;

	return (f->since_us == NOT_MEASURED || to_us >= f->since_us) &&
	    (f->until_us == NOT_MEASURED || from_us < f->until_us);
}

int
loader_too_many(const struct loader *l, struct err *e)
{
	return err_set(e,
	    "%s: damaged: a table has more rows than fit into the file",
	    l->file);
}

int
loader_each(struct loader *l, const char *sql,
    int (*row)(struct loader *l, sqlite3_stmt *st, struct err *e),
    struct err *e)
{
	sqlite3_stmt *st = database_prepare(l->db, l->file, sql, e);
	int64_t n = 0;
	int code, result = 0;

	if (st == NULL)
		return -1;
	code = sqlite3_step(st);
	while (code == SQLITE_ROW && result == 0) {
		result = row(l, st, e);
		if (++n > l->rows_most)
			result = loader_too_many(l, e);
		if (result == 0)
			code = sqlite3_step(st);
	}
	if (result == 0 && code != SQLITE_DONE)
		result = database_error(l->db, l->file, e);
	sqlite3_finalize(st);
	return result;
}
