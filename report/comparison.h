/*
 * Did the fix work?  The difference between the paths before, against that
 * after, by difference in differences: what hits both paths at once, such as
 * a bad day at the far end, cancels out.  Like hours with like only, and
 * refused where the two periods are not alike.  Says what changed, never why.
 * Pure.
 */
#ifndef NATDIFF_REPORT_COMPARISON_H
#define NATDIFF_REPORT_COMPARISON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/stats/block.h"
#include "report/stats/didiff.h"
#include "report/stats/interval.h"

#define COMPARISON_LEVEL 0.05 /* of the adjusted p */

/* Where the pairs of a period come from: slots that begin in [from, to). */
struct comparison_source {
	const struct dataset *d; /* both periods may have the same one */
	int64_t from_us;
	int64_t to_us;
};

enum comparison_period { BEFORE, AFTER, COMPARISON_PERIODS };

enum comparison_measure {
	MEASURE_FAILURES,
	MEASURE_SYN, /* attempts whose SYN was sent again */
	COMPARISON_MEASURES
};

/* Why nothing is compared. */
enum comparison_refusal {
	REFUSAL_NONE,
	REFUSAL_NO_PAIRS,
	REFUSAL_OVERLAP, /* after begins before the end of before */
	REFUSAL_HOURS,
	REFUSAL_LOAD,
	REFUSAL_TOO_FEW, /* fewer pairs than the block test's gate asks for */
	REFUSAL_COUNT
};

enum comparison_result {
	RESULT_REFUSED,
	RESULT_NOT_SHOWN,
	RESULT_WORKED,  /* less, and no difference is shown any more */
	RESULT_IN_PART, /* less, but a difference remains */
	RESULT_WORSE,
	RESULT_DIRECT_CHANGED, /* the difference did, by the direct path */
	RESULT_NOTHING_TO_FIX, /* changed, but the NAT was no worse before */
	RESULT_COUNT
};

/* One measure in one period, over the pairs in the hours that match. */
struct comparison_part {
	size_t pairs;
	double nat, direct;     /* rates; NaN without pairs */
	struct block_test test; /* of NAT minus direct */
	struct interval ci;
};

struct comparison_change {
	enum comparison_refusal refused;
	enum comparison_result result;
	struct comparison_part part[COMPARISON_PERIODS];
	/* After minus before; its p may be NaN where nothing varies. */
	struct didiff change;
	double p_adjusted; /* Holm, over the endpoints */
};

struct comparison_endpoint {
	char *name;                          /* owned */
	size_t pairs[COMPARISON_PERIODS];    /* in all hours */
	int64_t from_us[COMPARISON_PERIODS]; /* the first slot's start, */
	int64_t last_us[COMPARISON_PERIODS]; /* the last one's, */
	int64_t to_us[COMPARISON_PERIODS];   /* and the end of the latter */
	uint64_t hours[COMPARISON_PERIODS][DIDIFF_HOURS]; /* pairs; UTC */
	int hours_matched, hours_seen;
	/* Median census of the NAT's hosts in these hours; NaN: none. */
	double load[COMPARISON_PERIODS];
	double load_ratio; /* after by before; NaN: not known */
	struct comparison_change change[COMPARISON_MEASURES];
};

struct comparison {
	struct comparison_endpoint *endpoint; /* by name */
	size_t n;
	/* What to read first; NULL where there is no endpoint at all. */
	const struct comparison_endpoint *leader;
	enum comparison_measure measure; /* of it */
};

void comparison_make(struct comparison *c,
    const struct comparison_source source[COMPARISON_PERIODS]);
void comparison_clear(struct comparison *c);

/* Words for programs: "hours_differ", "worked_in_part", "failures". */
const char *comparison_refusal_name(enum comparison_refusal r);
const char *comparison_result_name(enum comparison_result r);
const char *comparison_measure_name(enum comparison_measure m);

/* Pairs that the gate still asks of a part; 0: none. */
size_t comparison_pairs_missing(const struct comparison_part *p);

#endif
