/*
 * Datasets by hand, for tests of what reads them.
 */
#ifndef NATDIFF_TESTS_HANDMADE_H
#define NATDIFF_TESTS_HANDMADE_H

#include "report/dataset.h"

/* Of every run, unless it is said. */
#define HANDMADE_INTERVAL_US INT64_C(10000000)

/* One input, one target and one endpoint: their indices are 0. */
void handmade_begin(struct dataset *d, const char *endpoint, const char *kind);

uint32_t handmade_endpoint(
    struct dataset *d, const char *name, const char *kind);

/*
 * A run of a host, which is its agent, too, on the path "nat" or "direct"; its
 * index until dataset_finish().
 */
uint32_t handmade_run(struct dataset *d, const char *host, enum role role);
uint32_t handmade_run_every(
    struct dataset *d, const char *host, enum role role, int64_t interval_us);

/* Runs of a host on the direct path and of two on the path "nat". */
struct handmade_hosts {
	uint32_t direct, nat[2];
};

struct handmade_hosts handmade_three_hosts(struct dataset *d);

/*
 * An attempt at target 0, to be changed and added: a failure is one of the
 * connect, no time was measured, no SYN sent again.
 */
struct attempt_row handmade_attempt(
    uint32_t run, int64_t slot, enum failure failure);
void handmade_add(
    struct dataset *d, uint32_t endpoint, const struct attempt_row *row);

/*
 * New, to be changed before the next one is made: a sample without a
 * measurement, and a measurement that finished in a minute.
 */
struct host_sample *handmade_sample(
    struct dataset *d, uint32_t run, int64_t at_us);
struct measurement *handmade_measurement(struct dataset *d, uint32_t run,
    enum measurement_finding finding, int64_t at_us);

void handmade_census(struct dataset *d, uint32_t run, uint32_t target,
    int64_t at_us, int64_t open, int64_t time_wait);

#endif
