/*
 * The part of plan_describe() that is about NAT ports.
 */
#ifndef NATDIFF_PROBE_PLAN_FOOTPRINT_H
#define NATDIFF_PROBE_PLAN_FOOTPRINT_H

#include "natdiff/text.h"
#include "probe/plan.h"

/* Add the footprint in words, with its arithmetic. */
void plan_describe_footprint(
    const struct conf *c, const struct footprint *f, struct text *out);

#endif
