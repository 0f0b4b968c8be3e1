/*
 * An attempt as one JSON object, for "run --json".
 */
#ifndef NATDIFF_PROBE_ATTEMPT_JSON_H
#define NATDIFF_PROBE_ATTEMPT_JSON_H

#include "natdiff/record.h"

/*
 * The object on one line, without a newline, as new memory.  Keys are the
 * columns of the view "attempts"; what was not measured is null.
 */
char *attempt_json(
    const struct attempt_record *a, const char *path, const char *endpoint);

#endif
