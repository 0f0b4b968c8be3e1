/*
 * Allocation that ends the program where memory is out.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"

/*
 * Not by exit(): this may be any thread, and what libraries free at exit is
 * in use by the others.
 */
static void __attribute__((noreturn)) out_of_memory(size_t size)
{
	fprintf(stderr, "natdiff: out of memory (%zu bytes wanted)\n", size);
	_exit(1);
}

void
x_no_memory(void)
{
	fputs("natdiff: out of memory\n", stderr);
	_exit(1);
}

void *
x_malloc(size_t size)
{
	void *p = malloc(size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory(size);
	return p;
}

void *
x_calloc(size_t count, size_t size)
{
	void *p = calloc(count > 0 ? count : 1, size > 0 ? size : 1);

	if (p == NULL)
		out_of_memory(count * size);
	return p;
}

void *
x_reallocarray(void *old, size_t count, size_t size)
{
	void *p = reallocarray(old, count > 0 ? count : 1, size);

	if (p == NULL)
		out_of_memory(count * size);
	return p;
}

char *
x_strdup(const char *s)
{
	return x_strndup(s, strlen(s));
}

char *
x_strndup(const char *s, size_t size)
{
	char *p = strndup(s, size);

	if (p == NULL)
		out_of_memory(size);
	return p;
}

char *
x_asprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = x_vasprintf(fmt, ap);
	va_end(ap);
	return s;
}

char *
x_vasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		x_no_memory();
	return s;
}

void *
x_grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity > 0 ? *capacity * 2 : 8;
	return x_reallocarray(array, *capacity, size);
}
