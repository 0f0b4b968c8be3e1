/*
 * What comes of flows: a row for each connection that stands out, destinations
 * by client, and totals.
 */
#ifndef NATDIFF_IMPORT_FLOWROWS_H
#define NATDIFF_IMPORT_FLOWROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/capture.h"
#include "natdiff/err.h"
#include "report/import/flows.h"
#include "report/import/flowtable.h"

/* SYN retransmits of a connection whose times are kept. */
#define FLOWROWS_TIMES 8

struct flowrows_times {
	uint32_t us[FLOWROWS_TIMES];
};

struct flowrows {
	struct flows_sink sink;
	const struct flowtable *table;
	struct flowrows_times *times;
	size_t n_times, times_capacity;
	struct capture_target_record *targets;
	uint32_t *target_slot; /* 1 + index in targets */
	size_t n_targets, targets_capacity;
	struct capture_record totals;
	bool failed;   /* the sink refused; no more rows */
	struct err *e; /* of the call at work */
};

/* table has the addresses and stays. */
void flowrows_init(struct flowrows *r, const struct flows_sink *sink,
    const struct flowtable *table);
void flowrows_clear(struct flowrows *r);

/* Count, for the totals and the destination: a first SYN, */
void flowrows_syn(struct flowrows *r, const struct flow *c);

/* the first SYN-ACK to it, */
void flowrows_answer(struct flowrows *r, const struct flow *c);

/* and the SYN once more, so long after the first; c keeps when. */
void flowrows_again(
    struct flowrows *r, struct flow *c, int64_t at_us, uint32_t since_us);

/* Whether a connection has something that is worth a row. */
bool flowrows_stands_out(const struct flow *c);

/* A connection is over, or its tuple is used again: its row, if any. */
void flowrows_emit(struct flowrows *r, const struct flow *c);

/* The destinations to the sink; -1: it has refused, now or before. */
int flowrows_end(struct flowrows *r);

#endif
