/*
 * The tables and views of each version of the schema, as SQLite writes them
 * down: what a file must have, letter by letter.
 */
#ifndef NATDIFF_LOAD_REFERENCE_H
#define NATDIFF_LOAD_REFERENCE_H

#include <stddef.h>

struct reference_object {
	char *name;
	char *sql;
};

struct reference {
	struct reference_object *object;
	size_t n;
};

/*
 * Those of a version, from 1 to schema_version.  Made at the first call and
 * kept; any thread may ask.
 */
const struct reference *reference_of(int version);

#endif
