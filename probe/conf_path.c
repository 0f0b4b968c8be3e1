/*
 * The paths of the configuration: how attempts leave this host.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/conf_reader.h"
#include "probe/conf_schema.h"

void
conf_read_interface(struct conf_reader *r, const struct conf_node *v,
    void *field, const struct conf_key *k)
{
	const char *expected = "the name of a network interface, at most 15 "
			       "bytes without blanks, '/' and ':'";
	const char *text = conf_text_of(r, v, k->name, expected);
	size_t i;

	if (text == NULL)
		return;
	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] <= 0x20 || text[i] == 0x7f ||
		    text[i] == '/' || text[i] == ':')
			break;
	if (text[i] != '\0' || i > 15 || strcmp(text, ".") == 0 ||
	    strcmp(text, "..") == 0)
		conf_tell_bad(r, v, k, expected);
	else
		conf_set_text(field, text);
}

void
conf_read_source(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct endpoint_address a;

	if (conf_host_address(r, v, k, &a) == 0)
		memcpy(field, &a, sizeof(a));
}

void
conf_read_mark(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_path *p = field;
	int64_t value = 0;
	const char *text;
	size_t n;

	/* Marks are bit masks to many: ip-rule(8) prints them as 0x7. */
	text = v->type == CONF_SCALAR ? v->text : "";
	if (strncmp(text, "0x", 2) == 0) {
		n = strspn(text + 2, "0123456789abcdefABCDEF");
		if (n > 0 && n <= 8 && text[2 + n] == '\0')
			value = strtoll(text + 2, NULL, 16);
		if (value < k->min) {
			conf_tell_bad(r, v, k, "0x1 to 0xffffffff");
			return;
		}
	} else if (conf_whole(r, v, k, &value) != 0)
		return;
	p->has_mark = true;
	p->mark = (uint32_t)value;
}

/* What a path holds: an error does not keep the others from being read. */
static void
fill_path(struct conf_reader *r, const struct conf_node *key,
    const struct conf_node *v, struct conf_path *p)
{
	struct conf_seen seen;

	if (conf_node_is_empty(v)) {
		conf_remark_error(r->remarks, key->line,
		    "path %s has no role, expected role: direct or role: nat",
		    p->name);
		return;
	}
	if (!conf_is_mapping(r, v, p->name))
		return;
	conf_read_mapping(r, v, conf_path_keys, p, &seen);
	if (conf_line_of(&seen, conf_path_keys, "role") == 0)
		conf_remark_error(r->remarks, key->line,
		    "path %s has no role, expected role: direct or role: nat",
		    p->name);
	if (conf_line_of(&seen, conf_path_keys, "interface") > 0 &&
	    conf_line_of(&seen, conf_path_keys, "source") > 0)
		conf_remark_error(r->remarks, key->line,
		    "path %s has interface and source, expected one of them",
		    p->name);
}

static bool
is_same_way(const struct conf_path *a, const struct conf_path *b)
{
	const char *ai = a->interface != NULL ? a->interface : "";
	const char *bi = b->interface != NULL ? b->interface : "";

	return strcmp(ai, bi) == 0 && a->has_mark == b->has_mark &&
	    a->mark == b->mark && a->source.family == b->source.family &&
	    (a->source.family == 0 ||
		endpoint_address_equal(&a->source, &b->source));
}

static bool
read_path(struct conf_reader *r, const struct conf_node *key,
    const struct conf_node *v)
{
	struct conf *c = r->c;
	struct conf_path *p;
	size_t i;

	if (c->n_paths == CONF_PATHS_MAX) {
		conf_remark_error(r->remarks, key->line,
		    "too many paths, expected at most %d", CONF_PATHS_MAX);
		return false;
	}
	c->paths = x_reallocarray(c->paths, c->n_paths + 1, sizeof(*c->paths));
	p = &c->paths[c->n_paths];
	memset(p, 0, sizeof(*p));
	p->name = x_strdup(key->text);
	fill_path(r, key, v, p);
	for (i = 0; i < c->n_paths; i++)
		if (is_same_way(&c->paths[i], p))
			conf_remark_warning(r->remarks, key->line,
			    "paths %s and %s leave by the same way",
			    c->paths[i].name, key->text);
	c->n_paths++;
	return true;
}

void
conf_read_paths(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	(void)field;
	conf_each_name(r, v, k, "a path", read_path);
}

void
conf_path_clear(struct conf_path *p)
{
	free(p->name);
	free(p->interface);
	memset(p, 0, sizeof(*p));
}
