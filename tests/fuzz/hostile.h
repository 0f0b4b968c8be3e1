/*
 * Databases that an enemy has written, for fuzzers.  An input is one of three:
 *
 *   a SQLite file                     read as it is
 *   "P" and groups of four bytes      a good database, in which the byte at
 *                                     the place of the first three is the last
 *   "S" and SQL                       a good database, changed by it
 */
#ifndef NATDIFF_TESTS_HOSTILE_H
#define NATDIFF_TESTS_HOSTILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Make the database of an input; good is the SQL of the good one, the same
 * each time.  Its file, or NULL: the input is none of the three.
 */
char *hostile_database(const char *good, const uint8_t *data, size_t size);

/* A file beside it, by name; free().  All of the folder goes at the end. */
char *hostile_beside(const char *name);

#endif
