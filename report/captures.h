/*
 * Imported packet captures, in memory: when each was taken, the connections of
 * each client address to each destination, and those that stand out.
 */
#ifndef NATDIFF_REPORT_CAPTURES_H
#define NATDIFF_REPORT_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/capture.h"
#include "report/names.h"

struct capture_span {
	int64_t from_us, to_us;
	int64_t packets;
	bool complete; /* nothing of it was left out */
};

struct capture_client {
	uint32_t span;
	uint32_t address; /* in captures.addresses */
	uint32_t target;  /* in captures.targets */
	int64_t connections;
};

struct capture_flow {
	uint32_t span, address, target;
	int64_t at_us;
	bool has_syn, answered, challenged;
	bool answered_late; /* after a second SYN only */
	uint8_t reuse;      /* enum capture_reuse */
	int64_t syn_retransmits;
};

struct captures {
	struct capture_span *spans;
	size_t n_spans, spans_capacity;
	struct capture_client *clients;
	size_t n_clients, clients_capacity;
	struct capture_flow *flows; /* by target, then time */
	size_t n_flows, flows_capacity;
	struct names addresses, targets; /* "address:port" as in dataset.h */
};

void captures_clear(struct captures *c);

/*
 * The number of a capture; UINT32_MAX: it is there already, by another
 * file.
 */
uint32_t captures_add(struct captures *c, const struct capture_span *s);
void captures_add_client(struct captures *c, const struct capture_client *k);
void captures_add_flow(struct captures *c, const struct capture_flow *f);

/* When all were added. */
void captures_finish(struct captures *c);

/* The first flow of a target from at_us on: an index, perhaps n_flows. */
size_t captures_find(const struct captures *c, uint32_t target, int64_t at_us);

#endif
