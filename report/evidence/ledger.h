/*
 * The ledger: what was sent to a far end of ours on each path, against what
 * that far end, the witness, wrote down.  Attempts are known there by their
 * id as soon as their request came.  A connection that got no further than
 * the accept has no id: of these, as many as fit into the times of failed
 * attempts are counted as theirs.  A request without one is a stranger's.
 * Pure.
 */
#ifndef NATDIFF_EVIDENCE_LEDGER_H
#define NATDIFF_EVIDENCE_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/contrast.h"
#include "report/pairs.h"

/* How far an attempt came, by the far end. */
enum ledger_state {
	LEDGER_NOT_ASKED, /* never sent, or the witness was not there */
	LEDGER_UNSEEN,
	LEDGER_ACCEPTED,
	LEDGER_REQUESTED
};

struct ledger_counts {
	size_t sent;
	size_t accepted; /* and further; by id, or by time and address */
	size_t requested;
	size_t failed;
	size_t failed_seen;      /* of the failed ones, accepted */
	size_t connected_unseen; /* failed after a connect nobody accepted */
};

struct ledger_path {
	uint32_t path; /* in dataset.paths */
	struct ledger_counts counts;
	size_t
	    outside; /* sent when the witness is not known to have listened */
	/* False: connections without an id could not be told to be of it. */
	bool unnamed_known;
};

/*
 * How far a witness's clock is ahead of a host's, by attempts that both saw:
 * none was accepted before it was begun, asked before it was up, or either
 * after all was done.
 */
struct ledger_clock {
	uint32_t agent;   /* in dataset.agents */
	uint32_t host;    /* in dataset.hosts */
	uint32_t witness; /* in dataset.inputs */
	size_t attempts;  /* 0: nothing is known */
	int64_t least_us, most_us;
	/* They contradict each other by that much: one of them drifts. */
	int64_t drift_us;
};

struct ledger {
	struct ledger_path *paths; /* those with something sent, in order */
	size_t n_paths;
	struct ledger_counts all;
	int64_t lost; /* connections that came and could not be written down */
	struct ledger_clock *clocks; /* those with attempts */
	size_t n_clocks;
	uint8_t **state; /* by endpoint, then attempt; NULL: no such far end */
	size_t n_endpoints;
};

void ledger_make(struct ledger *l, const struct dataset *d);
void ledger_clear(struct ledger *l);

/*
 * Of the pairs at far ends of ours in which the direct side arrived and the
 * NAT side failed: how many, and how many of these no connection came of.
 * As many of the unseen as the witness lost may have come all the same.
 */
struct ledger_contrast {
	size_t failed;
	size_t unseen;
	size_t doubtful; /* of the unseen */
};
void ledger_contrast(struct ledger_contrast *c, const struct ledger *l,
    const struct dataset *d, const struct pairs *const *pairs,
    const struct scope *scope);

#endif
