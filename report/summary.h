/*
 * What the attempts at one endpoint come to: counts by path, and the same by
 * target, host, public address and hour.  Description, no inference.
 *
 * An attempt that its agent cut short (interrupted) is counted apart: it is
 * no attempt here.
 */
#ifndef NATDIFF_REPORT_SUMMARY_H
#define NATDIFF_REPORT_SUMMARY_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/stats/interval.h"

/* The least that is counted. */
struct tally {
	size_t ok, failed, interrupted;
	size_t syn_known; /* attempts whose SYN retransmits are known */
	size_t syn_with;  /* of these, with one or more */
	unsigned syn_max;
};

/* Quantiles of a duration over the attempts that succeeded; NaN at n = 0. */
struct duration_summary {
	size_t n;
	double p50_us, p90_us, p99_us;
};

struct status_count {
	uint16_t status;
	size_t count;
};

/* One path in some part of the attempts. */
struct path_summary {
	uint32_t path; /* in dataset.paths */
	struct tally tally;
	size_t local;            /* failures that the host itself made */
	double rate;             /* failed of ok + failed; NaN without any */
	struct interval rate_ci; /* Wilson */
	size_t failures[PHASE_COUNT][FAILURE_COUNT];
	struct status_count *statuses; /* ascending */
	size_t n_statuses;
	struct duration_summary durations[DURATION_COUNT];
};

/* The attempts with something in common; paths in the order of dataset. */
struct part {
	uint32_t key; /* a target, a host (as a series), an address */
	struct path_summary *paths;
	size_t n_paths;
};

struct parts {
	struct part *part;
	size_t n, capacity;
};

struct hour {
	int64_t from_us;
	uint32_t path;
	struct tally tally;
};

struct summary {
	struct part all;
	struct parts targets;   /* key NO_INDEX: not resolved */
	struct parts hosts;     /* key: the first series of the host */
	struct parts addresses; /* observed ones only */
	struct hour *hours;     /* by time, then path; only those with any */
	size_t n_hours;
};

void summary_make(
    struct summary *s, const struct dataset *d, const struct attempts *a);
void summary_clear(struct summary *s);

/* Count an attempt; returns how it ended. */
enum failure tally_add(struct tally *t, const struct attempts *a, size_t i);

/* The failure rate of a tally, NaN without attempts, and its interval. */
double tally_rate(const struct tally *t, struct interval *ci);

#endif
