/*
 * One JSON value, read in place into a list of nodes: strings stay where they
 * are, so that a line of a log costs no allocation.  Jansson reads documents;
 * this reads logs, several times as fast.
 */
#ifndef NATDIFF_IMPORT_JSONSCAN_H
#define NATDIFF_IMPORT_JSONSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 64
#define JSON_NODES_MAX 500000

enum jtype { J_NULL, J_FALSE, J_TRUE, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT };

struct jnode {
	enum jtype type;
	uint32_t end;     /* index behind its last descendant */
	const char *key;  /* within an object, NUL-terminated */
	const char *text; /* of a string or number, NUL-terminated */
};

/* Node 0 is the value itself, children follow their parent. */
struct jtree {
	struct jnode *node;
	size_t n, capacity;
};

void jtree_clear(struct jtree *t);

/*
 * Read the value in s[0..size), which is written to; s[size] is NUL.  NULL,
 * or what is wrong.  Strings with escapes are unescaped in place; what follows
 * a \u0000 in one is lost.  The nodes hold until s or t change.
 */
const char *jtree_read(struct jtree *t, char *s, size_t size);

/* The value itself, and the member of an object; NULL: there is none. */
const struct jnode *jtree_root(const struct jtree *t);
const struct jnode *jtree_get(
    const struct jtree *t, const struct jnode *object, const char *key);

/* The first child, and the one after; NULL: there is none. */
const struct jnode *jtree_first(const struct jtree *t, const struct jnode *of);
const struct jnode *jtree_next(
    const struct jtree *t, const struct jnode *of, const struct jnode *child);

/* The text of a member that is a string; NULL where it is none. */
const char *jtree_string(
    const struct jtree *t, const struct jnode *object, const char *key);

/* So, of a string or a number. */
const char *jtree_text(
    const struct jtree *t, const struct jnode *object, const char *key);

#endif
