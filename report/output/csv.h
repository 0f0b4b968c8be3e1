/*
 * Fields of comma-separated values (RFC 4180).
 */
#ifndef NATDIFF_OUTPUT_CSV_H
#define NATDIFF_OUTPUT_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A field, its bytes as they are, quoted where it must be. */
void csv_field(FILE *out, const char *text, size_t size, bool first);

/*
 * A field of text that somebody opens in a spreadsheet: fit for a terminal,
 * and with an apostrophe before what would else be a formula (= + - @).
 */
void csv_harmless(FILE *out, const char *text, bool first);

#endif
