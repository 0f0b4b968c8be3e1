/*
 * Episodes: could so many bad slots so close together be chance, and do the
 * NAT's episodes outnumber those of the direct path?
 */
#ifndef NATDIFF_STATS_SCAN_H
#define NATDIFF_STATS_SCAN_H

#include <stdint.h>

/*
 * Upper bound of the chance that some window of w consecutive slots among n
 * holds bad or more bad ones, when slots are bad independently of each other
 * at the rate bad_all / n seen overall:
 *	min(1, (n - w + 1) P(Binomial(w, bad_all / n) >= bad)).
 * It is conservative twice: the rate contains the window itself, and
 * Bonferroni over overlapping windows.  1 where nothing is bad, NaN where
 * the numbers do not fit each other.
 */
double scan_bound(int64_t bad, int64_t w, int64_t bad_all, int64_t n);

/*
 * One-sided exact p of at least nat of nat + direct episodes being the NAT's
 * when both paths are alike: P(Binomial(nat + direct, 1/2) >= nat).  1
 * without an episode.
 */
double scan_more_episodes(int64_t nat, int64_t direct);

#endif
