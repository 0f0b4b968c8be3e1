/*
 * Pairs: the attempts of a direct and a nat path that were made at the same
 * endpoint and address, in the same slot, with the same sequence number.
 * Pure: reads a dataset, knows no clock and no SQL.
 *
 *   - Every nat attempt has at most one partner, a direct one may have many:
 *     with many hosts behind a NAT and one direct host, each host's attempt
 *     is compared with the direct one.  A host that owns both paths has its
 *     own direct attempt as the partner; else it is that of the first direct
 *     series (dataset.h).
 *   - Only attempts with the same interval pair: slots are numbers of
 *     intervals.
 *   - An attempt that failed in dns has no address.  It pairs with a like one
 *     of the other path only (both failed).  Where the other side did resolve
 *     the name, both are half pairs: whether the paths treat connections
 *     differently cannot be learnt from a connection that was never tried,
 *     and trouble with names is a finding of its own.
 *   - An attempt that its agent cut short (interrupted) is no attempt here.
 *   - Of the attempts of one series for the same key, the one earliest in the
 *     slot counts; the others are repeats (an agent started again within the
 *     slot, or the clock was set back): left out.
 */
#ifndef NATDIFF_REPORT_PAIRS_H
#define NATDIFF_REPORT_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/packed.h"

struct pair {
	uint32_t direct; /* indexes into the attempts of the endpoint */
	uint32_t nat;
};

/* Clocks differ where most pairs begin apart by a quarter of the interval. */
#define PAIRS_SHIFT_PART 4

/* The pairs in slot order: pair_at() of 0 to n - 1. */
struct pairs {
	size_t n;
	size_t from; /* a view begins there */
	struct packed nat, direct;
	/* Of the pairs. */
	size_t both_ok, nat_only, direct_only, both_failed;
	size_t apart; /* began more than a tenth of the interval apart */
	/* Of those that both succeeded: by more than a quarter of it. */
	size_t nat_later, nat_earlier;
	/* Of the attempts without a partner. */
	size_t half_nat;    /* nat attempts without a direct one */
	size_t half_direct; /* direct attempts without a nat one */
	size_t half_dns;    /* of both: the address is missing */
	/* Set aside. */
	size_t spare; /* direct, and another direct attempt was the partner */
	size_t repeats;
};

/* Pair the attempts of one endpoint; O(n), as they are sorted. */
void pairs_find(
    struct pairs *p, const struct dataset *d, const struct attempts *a);

void pairs_clear(struct pairs *p);

/* Put one more behind the others; counts nothing. */
void pairs_add(struct pairs *p, struct pair pair);

/* i < p->n */
static inline struct pair
pair_at(const struct pairs *p, size_t i)
{
	struct pair pair = {
		.direct = (uint32_t)packed_get(&p->direct, p->from + i),
		.nat = (uint32_t)packed_get(&p->nat, p->from + i),
	};

	return pair;
}

/*
 * The pairs whose NAT side is of a slot in [from, to): a view of those of a,
 * without their counts and not to be cleared.  O(log n).
 */
struct pairs pairs_between(const struct pairs *p, const struct attempts *a,
    int64_t from_slot, int64_t to_slot);

#endif
