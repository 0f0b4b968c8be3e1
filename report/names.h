/*
 * Texts by number: one copy of each, found again by its bytes.  Columns hold
 * the number.
 */
#ifndef NATDIFF_REPORT_NAMES_H
#define NATDIFF_REPORT_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct names {
	char **text; /* valid UTF-8 */
	size_t n;
	size_t capacity;
	/*
	 * Hash table of number + 1, 0 is free.  Where there is none, the texts
	 * are in the order of strcmp(), and no more are added.
	 */
	uint32_t *slots;
	size_t n_slots; /* a power of two, or 0 */
};

/* The number of a text, which is copied if it is new. */
uint32_t names_add(struct names *names, const char *text);

/* Its number, or UINT32_MAX where it is not there. */
uint32_t names_find(const struct names *names, const char *text);

/* Release what names holds; it is empty then.  All zero is empty, too. */
void names_clear(struct names *names);

#endif
