/*
 * Hash tables of the census, with open addressing.  A socket costs a few
 * lookups whatever the number of destinations; the far ends choose part of
 * the keys, so the hash is seeded.  All zeros is an empty table.
 */
#ifndef NATDIFF_PROBE_CENSUS_TABLES_H
#define NATDIFF_PROBE_CENSUS_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/record.h"

/* Distinct addresses with port, numbered as they come. */
struct address_table {
	struct endpoint_address *items;
	size_t n, capacity;
	uint32_t *slots; /* number + 1, or 0; open addressing */
	size_t n_slots;  /* a power of 2, at least 2 n */
};

#define NO_ADDRESS SIZE_MAX

/* The number of a, NO_ADDRESS where it is not in the table. */
size_t address_table_find(
    const struct address_table *t, const struct endpoint_address *a);

/* The number of a, which is added where it is new. */
size_t address_table_add(
    struct address_table *t, const struct endpoint_address *a);

void address_table_clear(struct address_table *t);

/* A set of pairs of numbers. */
struct pair_set {
	uint64_t *slots; /* the pair + 1, or 0 */
	size_t n, n_slots;
};

/* Whether the pair was not in the set before. */
bool pair_set_add(struct pair_set *p, size_t a, size_t b);

void pair_set_clear(struct pair_set *p);

#endif
