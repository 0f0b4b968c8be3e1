/*
 * Request headers and the secrets in them.  No message of this file ever
 * holds a value.
 */
#ifndef NATDIFF_PROBE_CONF_HEADER_H
#define NATDIFF_PROBE_CONF_HEADER_H

#include <stdbool.h>

#include "natdiff/err.h"

struct conf_header {
	char *line;    /* "Name: value", owned by the caller */
	char *warning; /* owned too; NULL where all is well */
};

/*
 * Make a header of its text in the configuration: "Name: value", with
 * ${NAME} in the value filled in from the environment; "Name: file:PATH",
 * the value being what the file holds; "file:PATH", the whole header.  -1
 * and e, out untouched, where that gives no header that natdiff may send.
 */
int conf_header_make(const char *text, char *(*environment)(const char *),
    struct conf_header *out, struct err *e);

/* Whether text is a name that a header can have (RFC 9110, 5.6.2). */
bool conf_header_is_name(const char *text);

#endif
