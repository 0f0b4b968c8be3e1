/*
 * Databases for tests, made from SQL text: what the store would never write
 * can be in them, too.
 */
#ifndef NATDIFF_TESTS_FIXTURE_H
#define NATDIFF_TESTS_FIXTURE_H

/*
 * Make the file anew with our tables as of the newest version, then run each
 * of the n SQL texts.  Ends the program where SQLite refuses.
 */
void fixture_make(const char *file, const char *const *sql, int n);

/* The same with the tables as of an older version. */
void fixture_make_version(
    const char *file, int version, const char *const *sql, int n);

#endif
