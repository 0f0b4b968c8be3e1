/*
 * A growing string with a cap.
 */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "natdiff/text.h"

void
text_init(struct text *t, size_t cap)
{
	memset(t, 0, sizeof(*t));
	t->cap = cap;
}

void
text_clear(struct text *t)
{
	free(t->s);
	text_init(t, t->cap);
}

int
text_add(struct text *t, const void *bytes, size_t size)
{
	if (size > t->cap - t->size) {
		t->capped = true;
		return -1;
	}
	if (t->size + size + 1 > t->capacity) {
		t->capacity = (t->size + size + 1) * 2;
		t->s = x_reallocarray(t->s, t->capacity, 1);
	}
	if (size > 0)
		memcpy(t->s + t->size, bytes, size);
	t->size += size;
	t->s[t->size] = '\0';
	return 0;
}

int
text_addf(struct text *t, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int result;

	va_start(ap, fmt);
	s = x_vasprintf(fmt, ap);
	va_end(ap);
	result = text_add(t, s, strlen(s));
	free(s);
	return result;
}
