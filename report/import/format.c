/*
 * The table of formats, guessing, and a file's way through one.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/format.h"
#include "report/import/formats.h"

/* In the order in which they are tried on a file of unknown kind. */
const struct format *const formats[] = {
	&format_gcp_nat,
	&format_gcp_metrics,
	&format_aws_metrics,
	&format_aws_flow,
	&format_azure_metrics,
	&format_azure_flow,
	&format_conntrack,
	&format_settings,
	&format_gcp_lb,
	&format_alb,
	&format_envoy,
	&format_nginx,
	&format_syslog,
	&format_edge,
	&format_app,
	&format_pcap,
	&format_witness,
	NULL,
};

const struct format *
format_find(const char *name)
{
	size_t i;

	for (i = 0; formats[i] != NULL; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

/* A list that is wrapped in o, where all of it stood on one line. */
static const struct jnode *
wrapped_list(const struct jtree *t, const struct jnode *o)
{
	const struct jnode *list;
	size_t i;

	for (i = 0; pieces_wrapped[i] != NULL; i++) {
		list = jtree_get(t, o, pieces_wrapped[i]);
		if (list != NULL && list->type == J_ARRAY)
			return list;
	}
	return NULL;
}

bool
format_is_empty(const struct jtree *t)
{
	const struct jnode *o = jtree_root(t), *list = wrapped_list(t, o);

	return jtree_first(t, list != NULL ? list : o) == NULL &&
	    (o->type == J_ARRAY || o->type == J_OBJECT);
}

const struct format *
format_guess(const struct jtree *t, const char *line, bool edge)
{
	const struct jnode *o = t != NULL ? jtree_root(t) : NULL, *list;
	const struct format *f;
	size_t i;

	list = o != NULL ? wrapped_list(t, o) : NULL;
	if (list != NULL)
		o = jtree_first(t, list);
	if (t != NULL && o == NULL)
		return NULL;
	for (i = 0; formats[i] != NULL; i++) {
		f = formats[i];
		if (edge && !f->is_edge)
			continue;
		if (o != NULL && f->knows_json != NULL && f->knows_json(t, o))
			return f;
		if (o == NULL && f->knows_line != NULL && f->knows_line(line))
			return f;
	}
	return NULL;
}

void
parse_init(struct parse *p, const struct format *f,
    const struct import_hints *hints, const struct record_sink *sink)
{
	memset(p, 0, sizeof(*p));
	p->format = f;
	p->hints = hints;
	p->sink = sink;
	p->seen = x_calloc(PARSE_SEEN, sizeof(*p->seen));
}

void
parse_clear(struct parse *p)
{
	jtree_clear(&p->json);
	free(p->seen);
	free(p->state);
	memset(p, 0, sizeof(*p));
}

static bool
is_blank(const char *s)
{
	return s[strspn(s, " \t\r")] == '\0';
}

static enum piece_result
read_list(struct parse *p, const struct jnode *list)
{
	enum piece_result result = PIECE_SKIPPED;
	const struct jnode *n;

	for (n = jtree_first(&p->json, list); n != NULL && result < PIECE_BAD;
	     n = jtree_next(&p->json, list, n))
		result = n->type == J_OBJECT
		    ? p->format->json(p, n)
		    : parse_bad(p, "expected a JSON object");
	return result;
}

static enum piece_result
json_piece(struct parse *p, struct piece *piece)
{
	const char *why = jtree_read(&p->json, piece->s, piece->size);
	const struct jnode *o = jtree_root(&p->json), *list;

	if (why != NULL)
		return parse_bad(p, "%s", why);
	if (o->type != J_OBJECT)
		return parse_bad(p, "expected a JSON object");
	list = wrapped_list(&p->json, o);
	return list != NULL ? read_list(p, list) : p->format->json(p, o);
}

enum piece_result
parse_piece(struct parse *p, struct piece *piece)
{
	const char *s = piece->s;

	if (is_blank(s))
		return strlen(s) == piece->size
		    ? PIECE_READ
		    : parse_bad(p, "a NUL byte, expected text");
	if (p->format->json != NULL && s[strspn(s, " \t\r\n")] == '{')
		return json_piece(p, piece);
	if (p->format->line == NULL)
		return parse_bad(p, "expected a JSON object");
	if (strlen(s) != piece->size)
		return parse_bad(p, "a NUL byte, expected text");
	return p->format->line(p, piece->s);
}

enum piece_result
parse_end(struct parse *p)
{
	return p->format->end != NULL ? p->format->end(p) : PIECE_READ;
}

void *
parse_state(struct parse *p, size_t size)
{
	if (p->state == NULL)
		p->state = x_calloc(1, size);
	return p->state;
}

enum piece_result
parse_bad(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return PIECE_BAD;
}

/* Count what the sink says. */
static enum piece_result
count(struct parse *p, int said)
{
	p->rows += said > 0;
	p->duplicates += said == 0;
	return said < 0 ? PIECE_FAILED : PIECE_READ;
}

enum piece_result
parse_gateway_event(struct parse *p, struct gateway_event_record *ev)
{
	if (p->hints->source != NULL)
		ev->source = p->hints->source;
	return count(p, p->sink->gateway_event(p->sink->arg, ev, p->e));
}

enum piece_result
parse_edge_entry(struct parse *p, struct edge_entry_record *en)
{
	return count(p, p->sink->edge_entry(p->sink->arg, en, p->e));
}

enum piece_result
parse_app_failure(struct parse *p, struct app_failure_record *f)
{
	return count(p, p->sink->app_failure(p->sink->arg, f, p->e));
}
