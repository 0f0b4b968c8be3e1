/*
 * YAML as a tree in which every node knows its line.  Only what a
 * configuration needs: scalars as text, lists, mappings.  Anchors, aliases,
 * merge keys, tags and further documents are refused; depth and size are
 * bounded.
 */
#ifndef NATDIFF_PROBE_CONF_YAML_H
#define NATDIFF_PROBE_CONF_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/conf_remarks.h"

/* The schema is 4 deep; its largest sensible file has 20,000 nodes. */
#define CONF_DEPTH_MAX 8
#define CONF_NODES_MAX 50000
#define CONF_ITEMS_MAX 1000 /* of one list or mapping */

enum conf_node_type {
	CONF_SCALAR,
	CONF_LIST,
	CONF_MAPPING,
	CONF_REFUSED, /* an alias: told already, to be skipped */
};

struct conf_node {
	enum conf_node_type type;
	size_t line;
	char *text;              /* of a scalar */
	bool plain;              /* a scalar without quotes */
	struct conf_node *items; /* of a mapping: key, value, key, ... */
	size_t n;
};

/*
 * Read the one document.  What is wrong goes to remarks; 0 if root holds a
 * tree then (of which parts may have been refused), -1 if it holds nothing.
 */
int conf_yaml_read(const char *bytes, size_t size, struct conf_node *root,
    struct conf_remarks *remarks);

void conf_node_clear(struct conf_node *node);

/* What a node is, for messages: "a list". */
const char *conf_node_kind(const struct conf_node *node);

/* Whether nothing was written where a value was expected. */
bool conf_node_is_empty(const struct conf_node *node);

#endif
