/*
 * After how long a silent connection dies: which silences to try next, and
 * what those that were tried say.  Pure: no clock and no socket.
 *
 * A first round tries a ladder of silences at once, a connection each; each
 * later round lays its connections between the longest silence that was
 * lived through and the shortest that was not, and tries these two again.
 * Two rounds must agree, since an outage of the path, too, kills whatever is
 * silent from some moment on.
 */
#ifndef NATDIFF_PROBE_IDLE_PLAN_H
#define NATDIFF_PROBE_IDLE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/measurement.h"

#define IDLE_CONNECTIONS_MIN 6
#define IDLE_CONNECTIONS_MAX 64

/* How a connection came through its silence. */
enum idle_outcome {
	IDLE_LIVED,   /* asked after it, it answered */
	IDLE_LOST,    /* asked after it: no answer */
	IDLE_REFUSED, /* asked after it: a reset */
	IDLE_CUT,     /* reset while it was silent */
	IDLE_CLOSED,  /* closed by the far end while it was silent */
	IDLE_OUTCOMES
};

/* "lived", "lost", ... */
const char *idle_outcome_name(enum idle_outcome o);

/* One connection that was silent. */
struct idle_trial {
	int64_t silence_us; /* until it was asked, or ended by itself */
	enum idle_outcome outcome;
	int round; /* from 1 */
};

struct idle_plan {
	int64_t min_us, max_us; /* of the ladder */
	double within;          /* 0.1: high is to be at most 1.1 low */
	size_t connections;     /* in a round; IDLE_CONNECTIONS_X */
	int rounds_max;
};

/* What the trials say. */
struct idle_estimate {
	enum measurement_finding finding; /* IDLE_X */
	int64_t low_us;  /* lived through; NOT_MEASURED: none was */
	int64_t high_us; /* died of; NOT_MEASURED: none did */
	int64_t best_us; /* between them, NOT_MEASURED without either */
	size_t lived, died;
	size_t contrary; /* trials that do not fit the limit */
	bool agreed;     /* by deaths of two rounds */
};

void idle_estimate_find(
    struct idle_estimate *e, const struct idle_trial *trials, size_t n);

/*
 * The silences of the round to come, shortest first; how many, 0 when there
 * is no more to be learned, or no round left.
 */
size_t idle_plan_round(const struct idle_plan *p,
    const struct idle_trial *trials, size_t n, int round,
    int64_t silences_us[IDLE_CONNECTIONS_MAX]);

/*
 * Whether the round's trials so far decide what its connections that are
 * still silent would say: two have died that were silent for less than any
 * of them, shortest_us, will be.
 */
bool idle_plan_is_decided(
    const struct idle_trial *trials, size_t n, int round, int64_t shortest_us);

/* Whose the limit is that the NAT path shows. */
enum idle_whose {
	IDLE_WHOSE_NAT,     /* the direct path lived through it */
	IDLE_WHOSE_FAR_END, /* the direct path shows the same */
	IDLE_WHOSE_UNKNOWN, /* no direct path, or it does not tell */
	IDLE_WHOSE_COUNT
};

/* "nat", "far_end", "unknown" */
const char *idle_whose_name(enum idle_whose w);

/* direct is NULL where there is none. */
enum idle_whose idle_whose(
    const struct idle_estimate *nat, const struct idle_estimate *direct);

/*
 * How often a connection must speak to live, in whole seconds: half of what
 * was lived through, so that one late word does not end it.  NOT_MEASURED
 * where nothing was, or that would be less than a second.
 */
int64_t idle_keepalive_us(const struct idle_estimate *e);

#endif
