/*
 * Reading the table of advice, choosing from it, and filling in what the
 * providers' data say.
 */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/evidence/advice.h"
#include "natdiff/datafile.h"

/* Longer than any advice that somebody reads. */
#define ADVICE_BYTES_MAX 8192

/* Generated from advice.conf: see Makefile.am. */
extern const char advice_text[];

/* As in the file: {KIND NAME} not filled in yet. */
struct entry {
	enum cause cause;
	enum advice_step step;
	const struct provider *provider; /* NULL: all or other */
	bool other; /* only where a provider has none of its own */
	int line;
	char *action;
	char *why;
	char *how;
};

struct advice_table {
	const struct providers *providers;
	struct entry *entry;
	size_t n;
};

static const char *const step_names[ADVICE_STEPS] = {
	[ADVICE_CONFIRM] = "confirm",
	[ADVICE_STOP] = "stop",
	[ADVICE_FIX] = "fix",
	[ADVICE_VERIFY] = "verify",
};

const char *
advice_step_name(enum advice_step s)
{
	return step_names[s];
}

/* --------------------------------------------------------------- filling */

/*
 * The item that "{KIND NAME}" at s stands for, *size bytes long; NULL where
 * it is none of provider's.
 */
static const struct provider_item *
placeholder(const char *s, const struct provider *provider, size_t *size)
{
	const char *blank = strchr(s, ' '), *end = strchr(s, '}');
	const struct provider_item *item = NULL;
	char *name;
	size_t n;
	int k;

	*size = end != NULL ? (size_t)(end - s) + 1 : strlen(s);
	if (end == NULL || blank == NULL || blank > end || provider == NULL)
		return NULL;
	n = (size_t)(blank - s) - 1;
	name = x_strndup(blank + 1, (size_t)(end - blank) - 1);
	for (k = 0; k < ITEM_KINDS && item == NULL; k++)
		if (strlen(item_kind_name((enum item_kind)k)) == n &&
		    memcmp(item_kind_name((enum item_kind)k), s + 1, n) == 0)
			item = provider_item(provider, (enum item_kind)k, name);
	free(name);
	return item;
}

/* Add the sources of an item that are not there yet. */
static void
add_sources(const struct providers *p, const struct provider_item *item,
    struct text *sources)
{
	struct text one;
	size_t i;

	for (i = 0; i < item->n_sources; i++) {
		text_init(&one, ADVICE_BYTES_MAX);
		providers_cite(p, item->sources[i], &one);
		if (sources->s == NULL || strstr(sources->s, one.s) == NULL)
			text_addf(sources, "%s%s",
			    sources->s != NULL ? "; " : "", one.s);
		text_clear(&one);
	}
}

/* A text with its placeholders filled in; new memory. */
static char *
fill(const struct advice_table *t, const struct entry *en, const char *from,
    struct text *sources)
{
	const struct provider_item *item;
	struct text out;
	const char *p;
	char *filled;
	size_t n;

	text_init(&out, ADVICE_BYTES_MAX);
	for (p = from; *p != '\0'; p += n) {
		n = strcspn(p, "{");
		text_add(&out, p, n);
		p += n;
		n = 0;
		if (*p == '\0')
			break;
		item = placeholder(p, en->provider, &n);
		assert(item != NULL); /* the reader has looked for it */
		provider_item_say(item, &out);
		add_sources(t->providers, item, sources);
	}
	filled = x_strdup(out.s != NULL ? out.s : "");
	text_clear(&out);
	return filled;
}

/* Every placeholder stands for something. */
static int
check_filling(
    const struct entry *en, const char *file, const char *text, struct err *e)
{
	const char *p = text;
	size_t n;

	while ((p = strchr(p, '{')) != NULL) {
		if (placeholder(p, en->provider, &n) == NULL)
			return err_set(e,
			    "%s:%d: %.*s, expected {KIND NAME} of the "
			    "provider's data",
			    file, en->line, (int)n, p);
		p += n;
	}
	return 0;
}

/* --------------------------------------------------------------- reading */

struct reader {
	struct advice_table *t;
	size_t capacity;
};

static enum advice_step
parse_step(const char *word)
{
	int s;

	for (s = 0; s < ADVICE_STEPS; s++)
		if (word != NULL && strcmp(word, step_names[s]) == 0)
			break;
	return (enum advice_step)s;
}

static int
read_advice(struct reader *r, struct dataline *line)
{
	const char *cause = dataline_word(line), *name = dataline_word(line);
	const char *step = dataline_word(line), *action = dataline_text(line);
	struct entry en = { .line = line->number };

	en.cause = cause != NULL ? cause_parse(cause) : CAUSE_COUNT;
	if (en.cause == CAUSE_COUNT)
		return dataline_refuse(line, cause, "the name of a cause");
	en.provider = providers_find(r->t->providers, name);
	en.other = name != NULL && strcmp(name, "other") == 0;
	if (en.provider == NULL && !en.other &&
	    (name == NULL || strcmp(name, "all") != 0))
		return dataline_refuse(
		    line, name, "a provider of the data, all or other");
	en.step = parse_step(step);
	if (en.step == ADVICE_STEPS)
		return dataline_refuse(
		    line, step, "confirm, stop, fix or verify");
	if (action == NULL)
		return dataline_refuse(line, NULL, "what to do");
	en.action = x_strdup(action);
	r->t->entry = x_grow(r->t->entry, r->t->n, &r->capacity, sizeof(en));
	r->t->entry[r->t->n++] = en;
	return 0;
}

static int
read_detail(struct reader *r, struct dataline *line, bool is_why)
{
	struct entry *en = r->t->n > 0 ? &r->t->entry[r->t->n - 1] : NULL;
	const char *text = dataline_text(line);
	char *longer;

	if (en == NULL || text == NULL || (is_why && en->why != NULL))
		return dataline_refuse(line, en == NULL ? "no advice" : text,
		    is_why ? "a line \"advice\", then one \"why TEXT\""
			   : "a line \"advice\", then \"how TEXT\"");
	if (is_why) {
		en->why = x_strdup(text);
		return 0;
	}
	longer = en->how == NULL ? x_strdup(text)
				 : x_asprintf("%s\n%s", en->how, text);
	free(en->how);
	en->how = longer;
	return 0;
}

static int
on_line(void *arg, struct dataline *line, const char *word)
{
	struct reader *r = arg;

	if (strcmp(word, "advice") == 0)
		return read_advice(r, line);
	if (strcmp(word, "why") == 0 || strcmp(word, "how") == 0)
		return read_detail(r, line, *word == 'w');
	return dataline_refuse(line, word, "advice, why or how");
}

static int
check_entries(const struct advice_table *t, const char *file, struct err *e)
{
	const struct entry *en;
	size_t i;

	for (i = 0; i < t->n; i++) {
		en = &t->entry[i];
		if (en->why == NULL || en->how == NULL)
			return err_set(e,
			    "%s:%d: advice without %s, expected both why and "
			    "how",
			    file, en->line, en->why == NULL ? "why" : "how");
		if (check_filling(en, file, en->action, e) != 0 ||
		    check_filling(en, file, en->why, e) != 0 ||
		    check_filling(en, file, en->how, e) != 0)
			return -1;
	}
	return 0;
}

struct advice_table *
advice_parse(const struct providers *p, const char *file, const char *text,
    size_t size, struct err *e)
{
	struct advice_table *t = x_calloc(1, sizeof(*t));
	struct reader r = { .t = t };

	t->providers = p;
	if (datafile_parse(file, text, size, on_line, &r, e) != 0 ||
	    check_entries(t, file, e) != 0) {
		advice_table_free(t);
		return NULL;
	}
	return t;
}

struct advice_table *
advice_default(const struct providers *p)
{
	struct advice_table *t;
	struct err e;

	/* A test reads it, so this cannot fail in a build that passed. */
	t = advice_parse(
	    p, "advice.conf", advice_text, strlen(advice_text), &e);
	if (t == NULL)
		abort();
	return t;
}

void
advice_table_free(struct advice_table *t)
{
	size_t i;

	if (t == NULL)
		return;
	for (i = 0; i < t->n; i++) {
		free(t->entry[i].action);
		free(t->entry[i].why);
		free(t->entry[i].how);
	}
	free(t->entry);
	free(t);
}

/* ---------------------------------------------------------------- giving */

/* Whether a provider has advice of its own for a cause and step. */
static bool
has_own(const struct advice_table *t, enum cause cause, enum advice_step step,
    const struct provider *provider)
{
	size_t i;

	for (i = 0; provider != NULL && i < t->n; i++)
		if (t->entry[i].cause == cause && t->entry[i].step == step &&
		    t->entry[i].provider == provider)
			return true;
	return false;
}

static bool
is_for(const struct advice_table *t, const struct entry *en,
    const struct provider *provider)
{
	if (en->provider != NULL)
		return en->provider == provider;
	return !en->other || !has_own(t, en->cause, en->step, provider);
}

static void
give(const struct advice_table *t, const struct entry *en, struct advice *out)
{
	struct text sources;

	text_init(&sources, ADVICE_BYTES_MAX);
	out->step = en->step;
	out->action = fill(t, en, en->action, &sources);
	out->why = fill(t, en, en->why, &sources);
	out->how = fill(t, en, en->how, &sources);
	out->provider =
	    en->provider != NULL ? x_strdup(en->provider->name) : NULL;
	out->source = sources.s != NULL ? x_strdup(sources.s) : NULL;
	text_clear(&sources);
}

void
advice_give(const struct advice_table *t, enum cause cause,
    const char *provider, struct advice_list *out)
{
	const struct provider *p = providers_find(t->providers, provider);
	size_t capacity = 0, i;
	int step;

	memset(out, 0, sizeof(*out));
	for (step = 0; step < ADVICE_STEPS; step++) {
		for (i = 0; i < t->n; i++) {
			if (t->entry[i].cause != cause ||
			    (int)t->entry[i].step != step ||
			    !is_for(t, &t->entry[i], p))
				continue;
			out->advice = x_grow(out->advice, out->n, &capacity,
			    sizeof(*out->advice));
			give(t, &t->entry[i], &out->advice[out->n++]);
		}
	}
}

void
advice_list_clear(struct advice_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->advice[i].action);
		free(l->advice[i].why);
		free(l->advice[i].how);
		free(l->advice[i].provider);
		free(l->advice[i].source);
	}
	free(l->advice);
	memset(l, 0, sizeof(*l));
}

void
advice_give_default(
    enum cause cause, const char *provider, struct advice_list *out)
{
	struct providers p;
	struct advice_table *t;

	providers_default(&p);
	t = advice_default(&p);
	advice_give(t, cause, provider, out);
	advice_table_free(t);
	providers_clear(&p);
}
