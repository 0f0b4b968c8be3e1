/*
 * What the files of the schema share: the reader, a table of keys a mapping,
 * and the functions that read a value each.  A reader of a value says what is
 * wrong with it and goes on; nothing here stops at the first error.
 */
#ifndef NATDIFF_PROBE_CONF_READER_H
#define NATDIFF_PROBE_CONF_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/conf.h"
#include "probe/conf_remarks.h"
#include "probe/conf_yaml.h"

#define CONF_KEYS_MAX 16 /* of one table */

struct conf_reader {
	struct conf *c;
	struct conf_remarks *remarks;
	char *(*environment)(const char *);
	size_t times_line; /* of the first interval or timeout written */
};

struct conf_key {
	const char *name;
	void (*read)(struct conf_reader *r, const struct conf_node *v,
	    void *field, const struct conf_key *k);
	size_t offset; /* of the field in what the mapping fills */
	int64_t min;
	int64_t max;
	const char *const *choices; /* conf_read_choice(): ended by NULL */
};

/* The lines on which the keys of a table stand; 0: they do not. */
struct conf_seen {
	size_t lines[CONF_KEYS_MAX];
};

typedef void conf_reading(struct conf_reader *, const struct conf_node *,
    void *, const struct conf_key *);

/* conf_schema.c: the tables that other files need, ended by NULL. */

extern const struct conf_key conf_path_keys[];
extern const struct conf_key conf_endpoint_keys[];

/* Where a key that is unknown in its place may belong. */
struct conf_section {
	const char *section;
	const struct conf_key *keys;
};
extern const struct conf_section conf_sections[];

/* conf_mapping.c */

/* Whether v, which should be a mapping, is one; told, where it is not. */
bool conf_is_mapping(
    struct conf_reader *r, const struct conf_node *v, const char *what);

/* Read the pairs of a mapping by a table into base. */
void conf_read_mapping(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *keys, void *base, struct conf_seen *seen);

/* The line of the table's key called name, 0 where it was not seen. */
size_t conf_line_of(const struct conf_seen *seen, const struct conf_key *keys,
    const char *name);

/*
 * Call add for each pair of a mapping with names as keys, until it returns
 * false.  What is no mapping, and keys that are no text, stand there twice or
 * cannot name what, "a path", are told and left out.
 */
void conf_each_name(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, const char *what,
    bool (*add)(struct conf_reader *r, const struct conf_node *key,
	const struct conf_node *value));

/* conf_scalar.c */

/* The text of a value that must have one; NULL, told, where it has none. */
const char *conf_text_of(struct conf_reader *r, const struct conf_node *v,
    const char *name, const char *expected);

/* Tell that v is no value for k. */
void conf_tell_bad(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, const char *expected);

/* Have field, a char * of its own memory or NULL, be a copy of text. */
void conf_set_text(void *field, const char *text);

/* A whole number within the bounds of k; -1, told, where v is none. */
int conf_whole(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, int64_t *value);

/* An address of one host; -1, told, where v is none. */
int conf_host_address(struct conf_reader *r, const struct conf_node *v,
    const struct conf_key *k, struct endpoint_address *a);

conf_reading conf_read_file_name, conf_read_bool, conf_read_duration,
    conf_read_int, conf_read_int64, conf_read_choice, conf_read_pool,
    conf_read_role;

/* conf_path.c */

conf_reading conf_read_interface, conf_read_source, conf_read_mark,
    conf_read_paths;

/* conf_endpoint.c */

conf_reading conf_read_url, conf_read_headers, conf_read_record,
    conf_read_addresses, conf_read_endpoints, conf_read_special;

/* witness and whoami go last, wherever the file has them. */
void conf_move_special(struct conf *c);

#endif
