/*
 * Samples of the host, taken in the recorder's thread while the loop goes on:
 * which destinations to count sockets for, and how many of those sockets are
 * the probe's own.
 */
#ifndef NATDIFF_PROBE_SAMPLER_H
#define NATDIFF_PROBE_SAMPLER_H

#include "natdiff/record.h"

struct sampler;

struct sampler *sampler_new(void);
void sampler_free(struct sampler *s);

/*
 * The probe opened (+1) or closed (-1) a connection to a destination, which
 * is watched from then on.
 */
void sampler_count(
    struct sampler *s, const struct endpoint_address *to, int change);

/* Fill a sample: limits and census.  For recorder_options.take_sample. */
void sampler_take(void *sampler, struct host_sample_record *r);

#endif
