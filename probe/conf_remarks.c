/*
 * Collecting what is wrong with a configuration.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/conf_remarks.h"

static void
add(struct conf_remarks *r, size_t line, bool warning, char *text)
{
	struct conf_remark *m;

	r->items = x_grow(r->items, r->n, &r->capacity, sizeof(*r->items));
	m = &r->items[r->n];
	m->line = line;
	m->order = r->n;
	m->warning = warning;
	m->text = text;
	r->n++;
	if (!warning)
		r->n_errors++;
}

/*
 * Control characters, those of C1 in UTF-8 too (0xc2 and 0x80 to 0x9f): a
 * message is one line and moves no cursor.
 */
static void
blank_controls(char *text)
{
	unsigned char *p = (unsigned char *)text;

	for (; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)
			p[0] = p[1] = '?';
	}
}

static char *format(const char *fmt, va_list ap)
    __attribute__((format(printf, 1, 0)));

static char *
format(const char *fmt, va_list ap)
{
	char buffer[1024];

	vsnprintf(buffer, sizeof(buffer), fmt, ap);
	return x_strdup(buffer);
}

void
conf_remark_error(struct conf_remarks *r, size_t line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(r, line, false, format(fmt, ap));
	va_end(ap);
}

void
conf_remark_warning(struct conf_remarks *r, size_t line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(r, line, true, format(fmt, ap));
	va_end(ap);
}

static int
compare(const void *a, const void *b)
{
	const struct conf_remark *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	return 0;
}

/* The line as it is told; frees the remark's text. */
static char *
tell(const char *file, struct conf_remark *m)
{
	const char *kind = m->warning ? "warning: " : "";
	char *line;

	if (m->line == 0)
		line = x_asprintf("%s: %s%s", file, kind, m->text);
	else
		line = x_asprintf("%s:%zu: %s%s", file, m->line, kind, m->text);
	free(m->text);
	blank_controls(line);
	return line;
}

void
conf_remarks_tell(struct conf_remarks *r, struct conf_notes *out)
{
	size_t i;
	char *line;

	if (r->n > 1)
		qsort(r->items, r->n, sizeof(*r->items), compare);
	out->errors = x_calloc(r->n_errors, sizeof(*out->errors));
	out->warnings = x_calloc(r->n - r->n_errors, sizeof(*out->warnings));
	out->n_errors = out->n_warnings = 0;
	for (i = 0; i < r->n; i++) {
		line = tell(r->file, &r->items[i]);
		if (r->items[i].warning)
			out->warnings[out->n_warnings++] = line;
		else
			out->errors[out->n_errors++] = line;
	}
	free(r->items);
	r->items = NULL;
	r->n = r->n_errors = r->capacity = 0;
}

char *
conf_quote(const char *text, char out[CONF_QUOTE_SIZE])
{
	/* Room for the quotes, the dots of a cut, and the final NUL. */
	const size_t most = CONF_QUOTE_SIZE - 6;
	size_t used = 0, i;

	out[used++] = '\'';
	for (i = 0; text[i] != '\0' && used < most; i++)
		out[used++] = text[i];
	if (text[i] != '\0') {
		/* Never cut within a UTF-8 sequence. */
		while (used > 1 && ((unsigned char)text[i] & 0xc0) == 0x80) {
			used--;
			i--;
		}
		memcpy(out + used, "...", 3);
		used += 3;
	}
	out[used++] = '\'';
	out[used] = '\0';
	return out;
}
