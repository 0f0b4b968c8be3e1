/*
 * CSV as RFC 4180 has it, but a line is a row; the separator is the comma,
 * semicolon or tab that the header has most of.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/import/columns.h"
#include "report/import/fields.h"

#define COLUMNS_MAX 256

/* The header of a CSV; zeros at first. */
struct columns {
	bool known;
	char separator;
	size_t n;
	int meaning[COLUMNS_MAX]; /* index of it, or -1 */
};

/* What the user says: "time=ts,source=from" gives column ts the meaning. */
static bool
is_named(const char *said, const char *meaning, const char *column)
{
	size_t n = strlen(meaning), size;
	const char *s;

	for (s = said; s != NULL && *s != '\0'; s += size + (s[size] == ',')) {
		size = strcspn(s, ",");
		if (size > n && strncmp(s, meaning, n) == 0 && s[n] == '=' &&
		    size - n - 1 == strlen(column) &&
		    strncmp(s + n + 1, column, size - n - 1) == 0)
			return true;
	}
	return false;
}

/* Whether the user named a column for a meaning: its usual names do not do. */
static bool
is_said(const char *said, const char *meaning)
{
	size_t n = strlen(meaning);
	const char *s;

	for (s = said; s != NULL; s = strchr(s, ',')) {
		s += *s == ',';
		if (strncmp(s, meaning, n) == 0 && s[n] == '=')
			return true;
	}
	return false;
}

static bool
has_name(const struct column_meaning *m, const char *said, const char *column)
{
	size_t i;

	if (is_said(said, m->name))
		return is_named(said, m->name, column);
	if (field_same(m->name, column))
		return true;
	for (i = 0; m->others[i] != NULL; i++)
		if (field_same(m->others[i], column))
			return true;
	return false;
}

static int
meaning_of(const struct column_table *t, const char *said, const char *column)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (has_name(&t->meanings[i], said, column))
			return (int)i;
	return -1;
}

/* What the user named must be a meaning: a slip of a letter would be silent. */
static enum piece_result
check_said(struct parse *p, const struct column_table *t)
{
	const char *s = p->hints->columns;
	size_t size, i;

	for (; s != NULL && *s != '\0'; s += strcspn(s, ","), s += *s == ',') {
		size = strcspn(s, "=,");
		for (i = 0; i < t->n; i++)
			if (strlen(t->meanings[i].name) == size &&
			    strncmp(t->meanings[i].name, s, size) == 0)
				break;
		if (i == t->n)
			return parse_bad(p,
			    "--columns %.*s: no such meaning, expected one "
			    "such as %s",
			    (int)(size < 40 ? size : 40), s,
			    t->meanings[0].name);
	}
	return PIECE_READ;
}

static char
separator_of(const char *line)
{
	static const char candidates[] = ",;\t";
	size_t most = 0, count;
	char best = ',';
	const char *s;
	int i;

	for (i = 0; i < 3; i++) {
		count = 0;
		for (s = line; *s != '\0'; s++)
			count += *s == candidates[i];
		if (count > most) {
			most = count;
			best = candidates[i];
		}
	}
	return best;
}

/* Cut a value off *s; NULL: none is left.  *s is NULL after the last one. */
static char *
cut_value(char **s, char separator)
{
	char *from = *s, *in, *out;

	if (from == NULL)
		return NULL;
	if (*from != '"') {
		in = strchr(from, separator);
		*s = in != NULL ? in + 1 : NULL;
		if (in != NULL)
			*in = '\0';
		return from;
	}
	for (in = out = from + 1; *in != '\0'; in++) {
		if (*in == '"' && in[1] == '"')
			in++;
		else if (*in == '"')
			break;
		*out++ = *in;
	}
	if (*in == '"')
		in++;
	*s = *in == separator ? in + 1 : NULL;
	*out = '\0';
	return from + 1;
}

static enum piece_result
read_header(struct parse *p, struct columns *c, const struct column_table *t,
    char *line)
{
	enum piece_result good = check_said(p, t);
	char *rest = line, *s;

	if (good != PIECE_READ)
		return good;
	/* What some programs put before UTF-8. */
	if (strncmp(rest, "\xef\xbb\xbf", 3) == 0)
		rest += 3;
	c->separator = separator_of(rest);
	for (s = cut_value(&rest, c->separator); s != NULL;
	     s = cut_value(&rest, c->separator)) {
		if (c->n == COLUMNS_MAX)
			return parse_bad(
			    p, "more than %d columns", COLUMNS_MAX);
		c->meaning[c->n++] = meaning_of(t, p->hints->columns, s);
	}
	c->known = true;
	return PIECE_SKIPPED;
}

enum piece_result
columns_line(struct parse *p, char *line)
{
	const struct column_table *t = p->format->table;
	struct columns *c = parse_state(p, sizeof(*c));
	const char *value[COLUMN_MEANINGS_MAX] = { NULL };
	char identity[LINE_IDENTITY_SIZE];
	char *rest = line, *s;
	size_t i = 0;

	if (!c->known)
		return read_header(p, c, t, line);
	field_line_identity(p, line, identity);
	for (s = cut_value(&rest, c->separator); s != NULL;
	     s = cut_value(&rest, c->separator)) {
		if (i < c->n && c->meaning[i] >= 0 && *s != '\0' &&
		    strcmp(s, "-") != 0)
			value[c->meaning[i]] = s;
		i++;
	}
	if (i != c->n)
		return parse_bad(
		    p, "%zu values, expected the header's %zu", i, c->n);
	return t->row(p, value, identity);
}

enum piece_result
columns_json(struct parse *p, const struct jnode *o)
{
	const struct column_table *t = p->format->table;
	const char *value[COLUMN_MEANINGS_MAX] = { NULL };
	char identity[LINE_IDENTITY_SIZE], text[1024];
	const struct jnode *m;
	size_t used = 0, n;
	int i;

	if (check_said(p, t) != PIECE_READ)
		return PIECE_BAD;
	for (m = jtree_first(&p->json, o); m != NULL;
	     m = jtree_next(&p->json, o, m)) {
		if (m->text == NULL || *m->text == '\0' ||
		    strcmp(m->text, "-") == 0)
			continue;
		i = meaning_of(t, p->hints->columns, m->key);
		if (i >= 0 && value[i] == NULL)
			value[i] = m->text;
	}
	for (n = 0; n < t->n && used < sizeof(text); n++)
		used += (size_t)snprintf(text + used, sizeof(text) - used,
		    "%.120s\n", value[n] != NULL ? value[n] : "");
	field_line_identity(p, text, identity);
	return t->row(p, value, identity);
}

bool
columns_known(const struct column_table *t, const char *line, size_t least)
{
	bool found[COLUMN_MEANINGS_MAX] = { false };
	char copy[4096], *rest = copy, *s;
	char separator = separator_of(line);
	size_t i, count = 0;
	int m;

	snprintf(copy, sizeof(copy), "%s",
	    strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line);
	for (s = cut_value(&rest, separator); s != NULL;
	     s = cut_value(&rest, separator)) {
		m = meaning_of(t, NULL, s);
		if (m >= 0)
			found[m] = true;
	}
	for (i = 0; i < t->n; i++)
		count += found[i];
	return found[0] && count >= least;
}

enum piece_result
columns_time(struct parse *p, const char *value, int64_t *at_us)
{
	if (value == NULL)
		return parse_bad(p,
		    "no time, expected a column \"time\" (or "
		    "name it with --columns time=NAME)");
	if (!field_time(p->hints, value, at_us))
		return parse_bad(p,
		    "%.40s: no time, expected such as "
		    "2026-11-21T04:45:00+01:00",
		    value);
	return PIECE_READ;
}

bool
columns_address(const char *ip, const char *port, struct endpoint_address *a)
{
	if (port != NULL)
		return field_address_port(ip, port, a);
	return field_address(ip, a);
}
