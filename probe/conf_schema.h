/*
 * The keys of the configuration, their types and bounds: from a tree of text
 * to struct conf.
 */
#ifndef NATDIFF_PROBE_CONF_SCHEMA_H
#define NATDIFF_PROBE_CONF_SCHEMA_H

#include "probe/conf.h"
#include "probe/conf_remarks.h"
#include "probe/conf_yaml.h"

/*
 * Fill c, which holds the defaults, from the tree.  What is wrong goes to
 * remarks; c is to be cleared in any case.
 */
void conf_schema_read(const struct conf_node *root, struct conf *c,
    struct conf_remarks *remarks, char *(*environment)(const char *));

void conf_endpoint_clear(struct conf_endpoint *ep);
void conf_path_clear(struct conf_path *p);

#endif
