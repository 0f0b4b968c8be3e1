/*
 * Reading the providers' data, and looking things up in it.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "natdiff/datafile.h"
#include "natdiff/providers.h"

/* Generated from providers.conf: see Makefile.am. */
extern const char providers_text[];

static const char *const kind_names[ITEM_KINDS] = {
	[ITEM_POOL] = "pool",
	[ITEM_LIMIT] = "limit",
	[ITEM_TIMER] = "timer",
	[ITEM_SETTING] = "setting",
	[ITEM_METRIC] = "metric",
	[ITEM_COMMAND] = "command",
};

const char *
item_kind_name(enum item_kind k)
{
	return kind_names[k];
}

/* --------------------------------------------------------------- reading */

struct reader {
	struct providers *p;
	struct provider *current; /* NULL: none yet */
	size_t sources_capacity, providers_capacity, items_capacity;
};

/* 2026, 2026-04 or 2026-04-08. */
static bool
is_date(const char *s)
{
	static const char form[] = "dddd-dd-dd";
	size_t n = strlen(s), i;

	if (n != 4 && n != 7 && n != 10)
		return false;
	for (i = 0; i < n; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i])
				   : s[i] != form[i])
			return false;
	return true;
}

static int
read_read_on(struct reader *r, struct dataline *line)
{
	const char *date = dataline_word(line);

	if (date == NULL || strlen(date) != 10 || !is_date(date) ||
	    r->p->read_on != NULL)
		return dataline_refuse(
		    line, date, "one date as 2026-11-21, once");
	r->p->read_on = x_strdup(date);
	return 0;
}

static size_t
find_source(const struct providers *p, const char *id, size_t size)
{
	size_t i;

	for (i = 0; i < p->n_sources; i++)
		if (strlen(p->source[i].id) == size &&
		    memcmp(p->source[i].id, id, size) == 0)
			break;
	return i;
}

static int
read_source(struct reader *r, struct dataline *line)
{
	const char *id = dataline_word(line), *date = dataline_word(line);
	const char *text = dataline_text(line);
	struct providers *p = r->p;
	struct provider_source *s;
	bool undated = date != NULL && strcmp(date, "read") == 0;

	if (text == NULL)
		return dataline_refuse(line, NULL, "\"source ID DATE TEXT\"");
	if (find_source(p, id, strlen(id)) < p->n_sources)
		return dataline_refuse(line, id, "an id not used before");
	if (!undated && !is_date(date))
		return dataline_refuse(
		    line, date, "a date as 2026-04-08 or 2026-04, or read");
	p->source = x_grow(
	    p->source, p->n_sources, &r->sources_capacity, sizeof(*p->source));
	s = &p->source[p->n_sources++];
	s->id = x_strdup(id);
	s->date = undated ? NULL : x_strdup(date);
	s->text = x_strdup(text);
	return 0;
}

static int
read_provider(struct reader *r, struct dataline *line)
{
	const char *name = dataline_word(line), *title = dataline_text(line);
	struct providers *p = r->p;

	if (title == NULL || providers_find(p, name) != NULL)
		return dataline_refuse(line, title == NULL ? NULL : name,
		    "\"provider NAME TITLE\", NAME not used before");
	p->provider = x_grow(p->provider, p->n_providers,
	    &r->providers_capacity, sizeof(*p->provider));
	r->current = &p->provider[p->n_providers++];
	memset(r->current, 0, sizeof(*r->current));
	r->current->name = x_strdup(name);
	r->current->title = x_strdup(title);
	r->items_capacity = 0;
	return 0;
}

/* The ids of sources, with commas between. */
static int
read_sources(struct reader *r, struct dataline *line, struct provider_item *i)
{
	const char *ids = dataline_word(line);
	size_t n, found;

	while (ids != NULL && i->n_sources < PROVIDER_SOURCES_MAX) {
		n = strcspn(ids, ",");
		found = find_source(r->p, ids, n);
		if (found == r->p->n_sources)
			break;
		i->sources[i->n_sources++] = found;
		if (ids[n] == '\0')
			return 0;
		ids += n + 1;
	}
	return dataline_refuse(
	    line, ids, "ids of one to four sources above, commas between");
}

static int
read_value(struct dataline *line, struct provider_item *i)
{
	const char *word = dataline_word(line), *unit;
	char *end;

	if (i->kind == ITEM_TIMER) {
		if (word == NULL || duration_parse(word, &i->value) != 0)
			return dataline_refuse(
			    line, word, "a duration as 120s or 4m");
		return 0;
	}
	errno = 0;
	i->value = word != NULL ? strtoll(word, &end, 10) : 0;
	if (word == NULL || errno != 0 || *end != '\0' || i->value < 1)
		return dataline_refuse(line, word, "a whole number from 1");
	unit = dataline_word(line);
	if (unit == NULL)
		return dataline_refuse(line, NULL, "the unit of the number");
	i->unit = x_strdup(unit);
	return 0;
}

static int
check_item(const struct dataline *line, const struct provider_item *i)
{
	if (i->kind == ITEM_COMMAND && i->text == NULL)
		return dataline_refuse(line, NULL, "a command");
	if (i->kind == ITEM_POOL && strcmp(i->name, "per-destination") != 0 &&
	    strcmp(i->name, "per-address") != 0)
		return dataline_refuse(
		    line, i->name, "per-destination or per-address");
	return 0;
}

static int
read_item(struct reader *r, struct dataline *line, enum item_kind kind)
{
	const char *name = dataline_word(line), *text;
	struct provider_item *i;

	if (r->current == NULL)
		return dataline_refuse(
		    line, kind_names[kind], "a line \"provider\" before it");
	if (name == NULL || provider_item(r->current, kind, name) != NULL)
		return dataline_refuse(
		    line, name, "a name not used before for this provider");
	r->current->item = x_grow(r->current->item, r->current->n_items,
	    &r->items_capacity, sizeof(*r->current->item));
	i = &r->current->item[r->current->n_items++];
	memset(i, 0, sizeof(*i));
	i->kind = kind;
	i->name = x_strdup(name);
	if ((kind == ITEM_LIMIT || kind == ITEM_TIMER) &&
	    read_value(line, i) != 0)
		return -1;
	if (read_sources(r, line, i) != 0)
		return -1;
	text = dataline_text(line);
	i->text = text != NULL ? x_strdup(text) : NULL;
	return check_item(line, i);
}

static int
on_line(void *arg, struct dataline *line, const char *word)
{
	struct reader *r = arg;
	int k;

	if (strcmp(word, "read-on") == 0)
		return read_read_on(r, line);
	if (strcmp(word, "source") == 0)
		return read_source(r, line);
	if (strcmp(word, "provider") == 0)
		return read_provider(r, line);
	for (k = 0; k < ITEM_KINDS; k++)
		if (strcmp(word, kind_names[k]) == 0)
			return read_item(r, line, (enum item_kind)k);
	return dataline_refuse(line, word,
	    "read-on, source, provider, pool, limit, timer, setting, metric "
	    "or command");
}

int
providers_parse(struct providers *p, const char *file, const char *text,
    size_t size, struct err *e)
{
	struct reader r = { .p = p };
	int result;

	memset(p, 0, sizeof(*p));
	result = datafile_parse(file, text, size, on_line, &r, e);
	if (result == 0 && p->read_on == NULL)
		result =
		    err_set(e, "%s: expected a line \"read-on DATE\"", file);
	if (result != 0)
		providers_clear(p);
	return result;
}

int
providers_read(struct providers *p, const char *file, struct err *e)
{
	size_t size;
	char *text = datafile_load(file, &size, e);
	int result;

	if (text == NULL)
		return -1;
	result = providers_parse(p, file, text, size, e);
	free(text);
	return result;
}

void
providers_default(struct providers *p)
{
	struct err e;

	/* A test reads it, so this cannot fail in a build that passed. */
	if (providers_parse(p, "providers.conf", providers_text,
		strlen(providers_text), &e) != 0)
		abort();
}

static void
provider_clear(struct provider *p)
{
	size_t i;

	for (i = 0; i < p->n_items; i++) {
		free(p->item[i].name);
		free(p->item[i].unit);
		free(p->item[i].text);
	}
	free(p->item);
	free(p->name);
	free(p->title);
}

void
providers_clear(struct providers *p)
{
	size_t i;

	for (i = 0; i < p->n_providers; i++)
		provider_clear(&p->provider[i]);
	for (i = 0; i < p->n_sources; i++) {
		free(p->source[i].id);
		free(p->source[i].date);
		free(p->source[i].text);
	}
	free(p->provider);
	free(p->source);
	free(p->read_on);
	memset(p, 0, sizeof(*p));
}

/* --------------------------------------------------------------- looking */

const struct provider *
providers_find(const struct providers *p, const char *name)
{
	size_t i;

	for (i = 0; name != NULL && i < p->n_providers; i++)
		if (strcmp(p->provider[i].name, name) == 0)
			return &p->provider[i];
	return NULL;
}

const struct provider_item *
provider_item(const struct provider *p, enum item_kind kind, const char *name)
{
	size_t i;

	for (i = 0; i < p->n_items; i++)
		if (p->item[i].kind == kind &&
		    strcmp(p->item[i].name, name) == 0)
			return &p->item[i];
	return NULL;
}

void
provider_item_say(const struct provider_item *i, struct text *out)
{
	char duration[WALLTIME_TEXT_SIZE];

	if (i->kind == ITEM_LIMIT)
		text_addf(out, "%" PRId64 " %s", i->value, i->unit);
	else if (i->kind == ITEM_TIMER)
		text_addf(out, "%s", duration_format(i->value, duration));
	else
		text_addf(
		    out, "%s", i->kind == ITEM_COMMAND ? i->text : i->name);
}

void
providers_cite(const struct providers *p, size_t source, struct text *out)
{
	const struct provider_source *s = &p->source[source];

	text_addf(out, "%s (%s%s)", s->text, s->date != NULL ? "" : "read ",
	    s->date != NULL ? s->date : p->read_on);
}

void
provider_item_cite(
    const struct providers *p, const struct provider_item *i, struct text *out)
{
	size_t n;

	for (n = 0; n < i->n_sources; n++) {
		if (n > 0)
			text_addf(out, "; ");
		providers_cite(p, i->sources[n], out);
	}
}
