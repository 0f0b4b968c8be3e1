/*
 * Values that may not be there, as JSON: new references.
 */
#ifndef NATDIFF_JSON_VALUES_H
#define NATDIFF_JSON_VALUES_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "natdiff/record.h"

/* null for NOT_MEASURED. */
static inline json_t *
json_measured(int64_t value)
{
	return value == NOT_MEASURED ? json_null() : json_integer(value);
}

/* null for NULL. */
static inline json_t *
json_text(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

#endif
