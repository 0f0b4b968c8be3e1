/*
 * How the census command prints.
 */
#ifndef NATDIFF_PROBE_CMD_CENSUS_H
#define NATDIFF_PROBE_CMD_CENSUS_H

#include "natdiff/record.h"
#include "natdiff/text.h"
#include "probe/census.h"

/* Add the census and the limits of the sample s to out, 80 columns wide. */
void census_table(struct text *out, const struct census *c,
    const struct host_sample_record *s);

/* The same as a JSON object in one line, with its time; free(). */
char *census_json(const struct census *c, const struct host_sample_record *s);

#endif
