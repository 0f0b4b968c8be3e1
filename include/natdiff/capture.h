/*
 * What an imported packet capture says, as rows of the store.
 */
#ifndef NATDIFF_CAPTURE_H
#define NATDIFF_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/record.h"

/* What became of the older connection when its tuple was used again. */
enum capture_reuse {
	CAPTURE_REUSE_NONE,
	CAPTURE_REUSE_ALIVE,      /* it was not closed */
	CAPTURE_REUSE_TIME_WAIT,  /* closed less than 60 s ago */
	CAPTURE_REUSE_AFTER,      /* closed earlier, or by a reset */
	CAPTURE_REUSE_UNANSWERED, /* it never was one */
	CAPTURE_REUSES
};

/* How a connection ended within the capture; who sent the first FIN. */
enum capture_end {
	CAPTURE_OPEN,
	CAPTURE_CLOSED_BY_CLIENT,
	CAPTURE_CLOSED_BY_SERVER,
	CAPTURE_RESET_BY_CLIENT,
	CAPTURE_RESET_BY_SERVER,
	CAPTURE_ENDS
};

/* In the store; NULL for none.  The parser gives CAPTURE_REUSES. */
const char *capture_reuse_name(enum capture_reuse r);
enum capture_reuse capture_reuse_parse(const char *name);
const char *capture_end_name(enum capture_end end);

/* A capture as a whole: numbers over all of its TCP packets. */
struct capture_record {
	int64_t import_id;
	int64_t from_at_us, to_at_us; /* NOT_MEASURED: no packet of TCP */
	int64_t packets;
	int64_t tcp_packets;
	int64_t cut_packets; /* too short for their TCP flags */
	int64_t flows;       /* tuples; a forgotten one counts again */
	int64_t connections; /* SYNs that began one */
	int64_t answered;    /* of these, with a SYN-ACK */
	int64_t syn_retransmits;
	int64_t syn_acks_missing, syn_acks_late;
	int64_t client_resets, server_resets;
	int64_t challenges, challenge_resets;
	int64_t reuses[CAPTURE_REUSES];
	int64_t seen_twice; /* SYNs, at two interfaces */
	int64_t flows_kept; /* that have something for a row */
	/* What the bounds of memory left out. */
	int64_t packets_left_out, targets_left_out, rows_left_out;
};

/* The connections of one client address to one destination. */
struct capture_target_record {
	struct endpoint_address client; /* no port */
	struct endpoint_address destination;
	int64_t from_at_us, to_at_us; /* of their SYNs */
	int64_t connections, answered, syn_retransmits;
	uint32_t key[2]; /* while reading */
};

/* A connection with something that stands out. */
struct capture_flow_record {
	struct endpoint_address client, destination;
	int64_t at_us, ended_at_us; /* of its packets */
	bool has_syn;               /* the capture has its beginning */
	int64_t syn_retransmits;
	const char *syn_times; /* us after the first, a blank between */
	int64_t syn_ack_us;    /* NOT_MEASURED: none came */
	int64_t syn_acks;
	int64_t client_resets, server_resets;
	int64_t challenge_us; /* NOT_MEASURED: none */
	bool challenge_reset;
	enum capture_reuse reuse;
	int64_t reuse_us;
	enum capture_end ended;
};

#endif
