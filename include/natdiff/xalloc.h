/*
 * Memory that is there or ends the program: out of memory has no other
 * answer here, and so no other code path.  Sizes that come from outside are
 * bounded before they get here.  Free with free().
 */
#ifndef NATDIFF_XALLOC_H
#define NATDIFF_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

void *x_malloc(size_t size) __attribute__((malloc, returns_nonnull));
void *x_calloc(size_t count, size_t size)
    __attribute__((malloc, returns_nonnull));
void *x_reallocarray(void *old, size_t count, size_t size)
    __attribute__((returns_nonnull));
char *x_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *x_strndup(const char *s, size_t size)
    __attribute__((malloc, returns_nonnull));

/* printf into new memory. */
char *x_asprintf(const char *fmt, ...)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 2)));
char *x_vasprintf(const char *fmt, va_list ap)
    __attribute__((malloc, returns_nonnull, format(printf, 1, 0)));

/*
 * Room for one more element in an array that grows by doubling: pass the
 * array, its element count and its capacity; returns the array, moved
 * perhaps, with *capacity > count.
 */
void *x_grow(void *array, size_t count, size_t *capacity, size_t size)
    __attribute__((returns_nonnull));

/* Ends the program, too: for memory that a library did not get. */
void x_no_memory(void) __attribute__((noreturn));

#endif
