/*
 * Texts by number.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/names.h"

/* FNV-1a, 64 bits. */
static size_t
hash(const char *text)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* The slot that holds text, or the free one where it belongs. */
static uint32_t *
find_slot(const struct names *names, const char *text)
{
	size_t i = hash(text) & (names->n_slots - 1);

	while (names->slots[i] != 0 &&
	    strcmp(names->text[names->slots[i] - 1], text) != 0)
		i = (i + 1) & (names->n_slots - 1);
	return &names->slots[i];
}

static void
grow_slots(struct names *names)
{
	size_t i;

	names->n_slots = names->n_slots == 0 ? 64 : names->n_slots * 2;
	free(names->slots);
	names->slots = x_calloc(names->n_slots, sizeof(*names->slots));
	for (i = 0; i < names->n; i++)
		*find_slot(names, names->text[i]) = (uint32_t)i + 1;
}

uint32_t
names_add(struct names *names, const char *text)
{
	uint32_t *slot;

	if (names->n * 2 >= names->n_slots)
		grow_slots(names);
	slot = find_slot(names, text);
	if (*slot == 0) {
		names->text = x_grow(names->text, names->n, &names->capacity,
		    sizeof(*names->text));
		names->text[names->n++] = x_strdup(text);
		*slot = (uint32_t)names->n;
	}
	return *slot - 1;
}

static int
compare(const void *text, const void *one)
{
	return strcmp(text, *(char *const *)one);
}

/* In texts that were put in order. */
static uint32_t
find_sorted(const struct names *names, const char *text)
{
	char **found = names->n == 0 ? NULL
				     : bsearch(text, names->text, names->n,
					   sizeof(*names->text), compare);

	return found != NULL ? (uint32_t)(found - names->text) : UINT32_MAX;
}

uint32_t
names_find(const struct names *names, const char *text)
{
	if (names->n_slots == 0)
		return find_sorted(names, text);
	return *find_slot(names, text) - 1; /* 0 - 1 is UINT32_MAX */
}

void
names_clear(struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->text[i]);
	free(names->text);
	free(names->slots);
	memset(names, 0, sizeof(*names));
}
