/*
 * Limits of providers that a measured ceiling matches.  Pure.
 */
#ifndef NATDIFF_PROBE_RAMP_LIMITS_H
#define NATDIFF_PROBE_RAMP_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/providers.h"

#define RAMP_LIMITS_MAX 8

struct ramp_limit {
	const struct provider *provider;
	const struct provider_item *item;
};

/*
 * Limits on ports or connections to one destination whose number lies within
 * low to high: of the provider of that name, of all where it is NULL or
 * none of those known.  How many; at most RAMP_LIMITS_MAX.
 */
size_t ramp_limits(const struct providers *p, const char *provider, int64_t low,
    int64_t high, struct ramp_limit out[RAMP_LIMITS_MAX]);

#endif
