/*
 * Episodes: stretches of slots in which one path fails while the other
 * works.  That one exists is a fact about its slots; it says nothing of how
 * often.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_EPISODES_H
#define NATDIFF_EVIDENCE_EPISODES_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/pairs.h"

#define EPISODE_GAP_SLOTS   2 /* good slots within an episode */
#define EPISODE_BAD_SLOTS   5
#define EPISODE_TROUBLE     10   /* attempts with trouble in it */
#define EPISODE_OTHER_SHARE 0.05 /* failures of the other path in it */
#define EPISODE_CHANCE      0.01 /* that isolated failures look like it */

struct episode {
	enum role role;    /* of the path that fails */
	uint32_t endpoint; /* in the dataset */
	int64_t from_slot;
	int64_t to_slot; /* the first one after it */
	size_t bad_slots;
	/* Of the pairs in it. */
	size_t nat_attempts, nat_failed;
	size_t direct_attempts, direct_failed;
};

struct episodes {
	struct episode *episode; /* by endpoint, then role, then time */
	size_t n, capacity;
};

/*
 * Add the episodes of one endpoint, of both roles by the same rule.  With
 * several hosts behind the NAT it has trouble, or fails, in a slot where most
 * of them do: there are more of them than direct hosts, and each can have an
 * outage of its own.
 */
void episodes_find(struct episodes *e, const struct dataset *d,
    uint32_t endpoint, const struct pairs *pairs);

void episodes_clear(struct episodes *e);

#endif
