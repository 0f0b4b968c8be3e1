/*
 * Paired latency.  Differences are whole microseconds, NAT minus direct, one
 * a pair, in slot order.
 */
#ifndef NATDIFF_STATS_LATENCY_H
#define NATDIFF_STATS_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/stats/block.h"
#include "report/stats/interval.h"

/* A failure's latency: slower than every success. */
#define LATENCY_FAILED INT64_C(1000000000000000)

struct latency_rank {
	size_t n;                /* differences that are not zero */
	size_t n_zero;           /* dropped */
	double v;                /* sum of the positive ranks */
	double p;                /* two-sided, as if independent */
	struct block_test block; /* of the signed ranks */
};

struct latency_shift {
	struct latency_rank rank;
	double median;         /* of all differences */
	double hl;             /* Hodges-Lehmann estimate, us */
	struct interval naive; /* its interval, as if independent */
	struct interval shown; /* widened by the design effect */
};

/*
 * The p that decides: that of the blocks of signed ranks.  A shift that is the
 * same in every pair leaves no variance to compare it with, and then it is
 * that of the signs of the blocks.
 */
double latency_p(const struct latency_shift *s);

struct latency_failures {
	size_t worse; /* pairs in which the NAT was worse */
	size_t better;
	size_t tie;
	double net;       /* (worse - better) / pairs */
	double win_ratio; /* worse / better, Inf at better = 0 */
	double sign_p;    /* exact sign test */
	struct latency_rank rank;
};

/*
 * Wilcoxon's signed rank test of d[0..n): zeros dropped, mid-ranks, variance
 * corrected for ties, continuity correction (R's wilcox.test(exact = FALSE)).
 * And the block test of the signed ranks.  All zero: v 0, p 1; n = 0: NaN.
 */
void latency_signed_rank(const int64_t *d, size_t n, struct latency_rank *out);

/*
 * The shift between the paths from the pairs in which both succeeded: median
 * of all (d_i + d_j) / 2, i <= j, over the non-zero differences, and two of
 * their order statistics (Hodges and Lehmann 1963).  Exact, by bisection on
 * whole sums: O(n + different values * log range).  Differences are below 2^32
 * - 1 either way.  NaN without a non-zero difference; shown is NaN where the
 * widened ranks leave the sample.  d is room to work in: the differences are
 * gone then.
 */
void latency_compare(int64_t *d, size_t n, struct latency_shift *out);

/*
 * The difference of one pair with failures ranked worst: LATENCY_FAILED where
 * only the NAT failed, -LATENCY_FAILED where only direct did, 0 where both.
 */
int64_t latency_difference(
    bool direct_ok, int64_t direct_us, bool nat_ok, int64_t nat_us);

/* Compare with failures ranked worst; d as from latency_difference(). */
void latency_with_failures(
    const int64_t *d, size_t n, struct latency_failures *out);

#endif
