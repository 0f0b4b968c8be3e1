/*
 * A string that grows, with a cap, so that nothing from outside can make it
 * grow without end.
 */
#ifndef NATDIFF_TEXT_H
#define NATDIFF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct text {
	char *s; /* NUL-terminated once something was added, else NULL */
	size_t size;
	size_t capacity;
	size_t cap;  /* size is never larger */
	bool capped; /* something did not fit and was left out */
};

/* An empty text that never holds more than cap bytes. */
void text_init(struct text *t, size_t cap);

/* Release what t holds; t is empty then and can be used again. */
void text_clear(struct text *t);

/* Add bytes, or a printf; -1 if that would pass the cap: t is as before. */
int text_add(struct text *t, const void *bytes, size_t size);
int text_addf(struct text *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
