/*
 * Values as logs write them.  All of it is hostile: what is out of range is
 * no value.
 */
#ifndef NATDIFF_IMPORT_FIELDS_H
#define NATDIFF_IMPORT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/record.h"
#include "report/import/format.h"

/* Times lie in [0, this]: the year 2200. */
#define FIELD_TIME_MAX_US INT64_C(7258118400000000)

/* Bytes of a text that is kept, NUL included; longer ones are cut. */
#define FIELD_TEXT_SIZE 256

/* A number, whole or rounded to one, in [min, max]. */
bool field_number(const char *s, int64_t min, int64_t max, int64_t *v);

/* "10.0.0.1", "10.0.0.1:443", "10.0.0.1/443", "[2001:db8::1]:443". */
bool field_address(const char *s, struct endpoint_address *a);

/* An address and a port that stand apart; port may be NULL or "-". */
bool field_address_port(
    const char *ip, const char *port, struct endpoint_address *a);

/*
 * RFC 3339, seconds since 1970 (or milli-, micro-, nanoseconds, by their
 * size), 10/Mar/2026:12:00:05 +0000.  Without a zone it is in hints' zone.
 */
bool field_time(const struct import_hints *h, const char *s, int64_t *at_us);

/*
 * "Mar 10 12:00:08.5", with a year in any usual place or, without one, in
 * the last year in which that was not after the file was written.  *rest is
 * what follows.
 */
bool field_syslog_time(const struct import_hints *h, const char *s,
    int64_t *at_us, const char **rest);

/* IP protocol number from "6", "tcp", "UDP"; NOT_MEASURED: not known. */
int64_t field_protocol(const char *s);

/* Our id in a traceparent, as 32 hex digits, or as a UUID. */
bool field_attempt_id(const char *s, uint8_t id[ATTEMPT_ID_SIZE]);

/* The first of these in a line: a traceparent before other 32 digits. */
bool field_find_attempt_id(const char *line, uint8_t id[ATTEMPT_ID_SIZE]);

/*
 * Cut a token off *s: up to a blank, or between quotes, which are taken
 * away (as are those of [brackets]).  NULL: none is left.
 */
char *field_token(char **s);

/* The value of key="value" or key=value in a line, into out. */
bool field_pair(const char *line, const char *key, char *out, size_t size);

/* Equal in lower case. */
bool field_same(const char *a, const char *b);

/*
 * An identity for a line without one: its digest, and how many-th of its
 * kind in the file it is, since equal lines can be different events.
 */
#define LINE_IDENTITY_SIZE 48
void field_line_identity(
    struct parse *p, const char *line, char out[LINE_IDENTITY_SIZE]);

#endif
