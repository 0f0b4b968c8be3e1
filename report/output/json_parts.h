/*
 * Inside report/output: pieces of the JSON report.  Each returns a new
 * reference.
 */
#ifndef NATDIFF_OUTPUT_JSON_PARTS_H
#define NATDIFF_OUTPUT_JSON_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "natdiff/json_values.h"
#include "natdiff/record.h"
#include "report/report.h"
#include "report/stats/interval.h"

json_t *json_count(size_t n);
json_t *json_number(double value); /* null for NaN, 3 for 3.0 */
json_t *json_interval(struct interval i);
json_t *json_moment(int64_t at_us);
const char *json_role(enum role role);

/* Of the verdict (json_verdict.c). */
json_t *json_contrast(const struct endpoint_verdict *v, enum outcome o);
json_t *json_test(const struct contrast *c, double p_adjusted);
json_t *json_latency(const struct endpoint_verdict *v);
json_t *json_episodes(const struct report *r);
json_t *json_evidence(const struct report *r);
json_t *json_verdict(const struct report *r);
json_t *json_gateway(const struct report *r);
json_t *json_advice(const struct report *r);

/* Of what a far end saw (json_ledger.c); null where there was none. */
json_t *json_ledger(const struct report *r);
json_t *json_egress(const struct report *r);

/* Of before and after (json_comparison.c); null where c is NULL. */
json_t *json_comparison(const struct comparison *c);

/* Where and when (json_where.c). */
json_t *json_where(const struct verdict *v);
json_t *json_hours_of_day(const struct endpoint_verdict *v);
json_t *json_change_point(const struct endpoint_verdict *v);

/* Add to part, a host or an address of the endpoint, the tests of its own. */
void json_add_host_tests(json_t *part, const struct dataset *d,
    const struct endpoint_verdict *v, uint32_t series);
void json_add_target_tests(
    json_t *part, const struct endpoint_verdict *v, uint32_t target);

#endif
