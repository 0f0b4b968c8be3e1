/*
 * Errors and warnings while a configuration is read: collected with their
 * lines, told in the order of lines.
 */
#ifndef NATDIFF_PROBE_CONF_REMARKS_H
#define NATDIFF_PROBE_CONF_REMARKS_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/conf.h"

struct conf_remark {
	size_t line; /* 0: of the file as a whole */
	size_t order;
	bool warning;
	char *text;
};

struct conf_remarks {
	const char *file;
	struct conf_remark *items;
	size_t n;
	size_t capacity;
	size_t n_errors;
};

/* A message is one line: control characters become '?'. */
void conf_remark_error(struct conf_remarks *r, size_t line, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
void conf_remark_warning(struct conf_remarks *r, size_t line, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* Hand everything over as lines of text, sorted; r is empty then. */
void conf_remarks_tell(struct conf_remarks *r, struct conf_notes *out);

/*
 * Text from the file as it may appear in a message: in quotes, cut when
 * long (control characters are blanked in all messages).  Never for a value
 * that can be secret.
 */
#define CONF_QUOTE_SIZE 64
char *conf_quote(const char *text, char out[CONF_QUOTE_SIZE]);

#endif
