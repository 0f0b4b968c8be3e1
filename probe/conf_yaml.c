/*
 * From the events of libyaml to a tree with lines.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "natdiff/xalloc.h"
#include "probe/conf_yaml.h"

struct reading {
	yaml_parser_t parser;
	struct conf_remarks *remarks;
	const char *bytes;
	size_t size;
	size_t n_nodes;
};

static int read_node(struct reading *r, const yaml_event_t *event,
    struct conf_node *node, int depth);

const char *
conf_node_kind(const struct conf_node *node)
{
	switch (node->type) {
	case CONF_SCALAR:
		return conf_node_is_empty(node) ? "nothing" : "a single value";
	case CONF_LIST:
		return "a list";
	case CONF_MAPPING:
		return "a mapping";
	case CONF_REFUSED:
		break;
	}
	return "an alias";
}

bool
conf_node_is_empty(const struct conf_node *node)
{
	return node->type == CONF_SCALAR && node->plain &&
	    node->text[0] == '\0';
}

void
conf_node_clear(struct conf_node *node)
{
	size_t i;

	for (i = 0; i < node->n; i++)
		conf_node_clear(&node->items[i]);
	free(node->items);
	free(node->text);
	memset(node, 0, sizeof(*node));
}

/* The number of the line in which the byte at offset stands. */
static size_t
line_of(const struct reading *r, size_t offset)
{
	size_t i, line = 1;

	for (i = 0; i < offset && i < r->size; i++)
		if (r->bytes[i] == '\n')
			line++;
	return line;
}

/* Whether a line is indented with a tab, a frequent and puzzling error. */
static bool
begins_with_tab(const struct reading *r, size_t line)
{
	size_t i, at = 1;

	for (i = 0; i < r->size && at < line; i++)
		if (r->bytes[i] == '\n')
			at++;
	while (i < r->size && r->bytes[i] == ' ')
		i++;
	return i < r->size && r->bytes[i] == '\t';
}

/* What people most often meant to write where libyaml is this puzzled. */
static const struct {
	const char *problem;
	const char *expected;
} hints[] = {
	{ "did not find expected <document start>",
	    ", expected it indented like the lines before" },
	{ "did not find expected key",
	    ", expected keys of one mapping indented alike" },
	{ "did not find expected '-' indicator",
	    ", expected values of one list indented alike" },
	{ "mapping values are not allowed in this context",
	    ", expected quotes around a value with ': ' in it" },
	{ "could not find expected ':'", ", expected \"key: value\"" },
	{ "found character that cannot start any token",
	    ", expected quotes around a value that begins so" },
};

static const char *
hint(const char *problem)
{
	size_t i;

	for (i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strcmp(hints[i].problem, problem) == 0)
			return hints[i].expected;
	return "";
}

static int
tell_syntax(const struct reading *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "unreadable";
	size_t line;

	if (p->error == YAML_READER_ERROR) {
		conf_remark_error(r->remarks, line_of(r, p->problem_offset),
		    "not YAML: %s", problem);
		return -1;
	}
	line = p->problem_mark.line + 1;
	if (begins_with_tab(r, line))
		conf_remark_error(r->remarks, line,
		    "not YAML: a tab in the indentation, expected blanks");
	else if (p->context != NULL)
		conf_remark_error(r->remarks, line,
		    "not YAML: %s %s that begins in line %zu%s", problem,
		    p->context, p->context_mark.line + 1, hint(problem));
	else
		conf_remark_error(
		    r->remarks, line, "not YAML: %s%s", problem, hint(problem));
	return -1;
}

/* The next event, to be deleted by the caller; -1 after a syntax error. */
static int
next(struct reading *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	return tell_syntax(r);
}

static void
refuse_anchor_and_tag(
    struct reading *r, size_t line, const void *anchor, const void *tag)
{
	if (anchor != NULL)
		conf_remark_error(r->remarks, line,
		    "an anchor (&name), expected none: write the value out");
	if (tag != NULL)
		conf_remark_error(r->remarks, line,
		    "a tag (!type), expected none: the key decides the type");
}

/* One element more of a list or mapping; NULL if that is too many. */
static struct conf_node *
add_item(
    struct reading *r, struct conf_node *node, size_t *capacity, size_t line)
{
	size_t most = CONF_ITEMS_MAX;

	if (node->type == CONF_MAPPING)
		most *= 2;
	if (node->n >= most) {
		conf_remark_error(r->remarks, line,
		    "too many elements, expected at most %d", CONF_ITEMS_MAX);
		return NULL;
	}
	node->items =
	    x_grow(node->items, node->n, capacity, sizeof(*node->items));
	memset(&node->items[node->n], 0, sizeof(*node->items));
	return &node->items[node->n++];
}

/* The elements up to the event that ends the list or mapping. */
static int
read_items(struct reading *r, struct conf_node *node, int depth)
{
	yaml_event_type_t end = node->type == CONF_LIST
	    ? YAML_SEQUENCE_END_EVENT
	    : YAML_MAPPING_END_EVENT;
	struct conf_node *item;
	size_t capacity = 0;
	yaml_event_t event;
	int result = 0;

	while (result == 0) {
		if (next(r, &event) != 0)
			return -1;
		if (event.type == end) {
			yaml_event_delete(&event);
			break;
		}
		item = add_item(r, node, &capacity, event.start_mark.line + 1);
		if (item == NULL)
			result = -1;
		else
			result = read_node(r, &event, item, depth);
		yaml_event_delete(&event);
	}
	return result;
}

/* The node that event begins; -1 where reading cannot go on. */
static int
read_node(struct reading *r, const yaml_event_t *event, struct conf_node *node,
    int depth)
{
	size_t line = event->start_mark.line + 1;

	node->line = line;
	if (++r->n_nodes > CONF_NODES_MAX || depth > CONF_DEPTH_MAX) {
		conf_remark_error(r->remarks, line,
		    depth > CONF_DEPTH_MAX
			? "nested too deeply, expected at most %d levels"
			: "too many values, expected at most %d",
		    depth > CONF_DEPTH_MAX ? CONF_DEPTH_MAX : CONF_NODES_MAX);
		node->type = CONF_REFUSED;
		return -1;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		node->type = CONF_SCALAR;
		node->text = x_strndup((const char *)event->data.scalar.value,
		    event->data.scalar.length);
		node->plain =
		    event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
		refuse_anchor_and_tag(
		    r, line, event->data.scalar.anchor, event->data.scalar.tag);
		if (strlen(node->text) != event->data.scalar.length)
			conf_remark_error(r->remarks, line,
			    "a NUL character in a value, expected text");
		return 0;
	}
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		node->type = CONF_LIST;
		refuse_anchor_and_tag(r, line,
		    event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
		return read_items(r, node, depth + 1);
	}
	if (event->type == YAML_MAPPING_START_EVENT) {
		node->type = CONF_MAPPING;
		refuse_anchor_and_tag(r, line, event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
		return read_items(r, node, depth + 1);
	}
	node->type = CONF_REFUSED;
	conf_remark_error(
	    r->remarks, line, "an alias (*name), expected the value itself");
	return 0;
}

/* All events of the stream: one document at most. */
static int
read_stream(struct reading *r, struct conf_node *root)
{
	bool done = false, has_root = false;
	yaml_event_t event;
	int result = 0;

	while (result == 0 && !done) {
		if (next(r, &event) != 0)
			return -1;
		if (event.type == YAML_STREAM_END_EVENT)
			done = true;
		else if (event.type == YAML_DOCUMENT_START_EVENT && has_root) {
			conf_remark_error(r->remarks, event.start_mark.line + 1,
			    "a second document, expected one a file");
			result = -1;
		} else if (event.type != YAML_STREAM_START_EVENT &&
		    event.type != YAML_DOCUMENT_START_EVENT &&
		    event.type != YAML_DOCUMENT_END_EVENT) {
			has_root = true;
			result = read_node(r, &event, root, 1);
		}
		yaml_event_delete(&event);
	}
	if (result == 0 && !has_root) {
		conf_remark_error(r->remarks, 1,
		    "nothing in the file, expected paths and endpoints");
		result = -1;
	}
	return result;
}

int
conf_yaml_read(const char *bytes, size_t size, struct conf_node *root,
    struct conf_remarks *remarks)
{
	struct reading r;
	int result;

	memset(&r, 0, sizeof(r));
	memset(root, 0, sizeof(*root));
	r.remarks = remarks;
	r.bytes = bytes;
	r.size = size;
	if (!yaml_parser_initialize(&r.parser)) {
		conf_remark_error(remarks, 0, "out of memory");
		return -1;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(
	    &r.parser, (const unsigned char *)bytes, size);
	result = read_stream(&r, root);
	yaml_parser_delete(&r.parser);
	if (result != 0)
		conf_node_clear(root);
	return result;
}
