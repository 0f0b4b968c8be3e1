/*
 * Flows: the connections of a capture, by their four addresses and ports, and
 * what stands out in each.  Fed with packets in batches; memory is bounded
 * whatever they hold.  Pure.
 *
 * A connection begins with a SYN of another sequence number than the one
 * before it on the same tuple: that is a reuse.  A SYN of the same number is
 * a retransmit, or, within 5 ms, the same packet seen at two interfaces: no
 * system sends again so soon (RFC 6298 has 1 s; Linux 200 ms and more).
 * Where another SYN came in between, the first number again is a use of its
 * own: the NAT gave the tuple to somebody else and then back.  A SYN-ACK
 * answers the SYN before it, or, where the capture has them in the wrong order
 * (two processors wrote it, or two files were merged), the one behind it.
 */
#ifndef NATDIFF_IMPORT_FLOWS_H
#define NATDIFF_IMPORT_FLOWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/capture.h"
#include "natdiff/err.h"
#include "report/import/packet.h"

/* Tuples at a time, of 64 bytes each and 13 of the index. */
#define FLOWS_MAX 2500000

/* IPv6 addresses, and destinations by client, that are told apart. */
#define FLOWS_ADDRESSES_MAX (512 * 1024)
#define FLOWS_TARGETS_MAX   16384

/* In a full table, what was silent for so long makes room. */
#define FLOWS_SILENT_US INT64_C(600000000)

#define FLOWS_SAME_US   INT64_C(5000)

/* A SYN-ACK is late from here on: the client has sent again (RFC 6298). */
#define FLOWS_LATE_US INT64_C(1000000)

/* How long Linux holds TIME_WAIT. */
#define FLOWS_TIME_WAIT_US INT64_C(60000000)

/* Packets a batch, whose places in memory are fetched at once. */
#define FLOWS_BATCH 64

/* Where connections that are worth a row go, and destinations at the end. */
struct flows_sink {
	void *arg;
	int (*flow)(
	    void *arg, const struct capture_flow_record *f, struct err *e);
	int (*target)(
	    void *arg, const struct capture_target_record *t, struct err *e);
};

struct flows;

/*
 * seeds keep a hostile capture from choosing places in the table.  NULL and
 * e: the system has no room.
 */
struct flows *flows_new(
    const struct flows_sink *sink, const uint64_t seeds[2], struct err *e);
void flows_free(struct flows *f);

/* n of them, at most FLOWS_BATCH.  Totals have them by the next batch. */
int flows_add(struct flows *f, const struct packet *p, size_t n, struct err *e);

/* What is left, in order of time; then f only has its totals. */
int flows_end(struct flows *f, struct err *e);

/* The flow's part of the totals. */
const struct capture_record *flows_totals(const struct flows *f);

#endif
