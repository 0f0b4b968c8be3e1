/*
 * Public ports in use, by destination: what a NAT's pool is used up by.  An
 * entry of the table whose source was translated holds one port of one
 * public address towards one destination, and no other entry holds the same,
 * so that entries are ports.
 */
#ifndef NATDIFF_PROBE_CONNTRACK_PORTS_H
#define NATDIFF_PROBE_CONNTRACK_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/census_tables.h"

/* An entry of the table, as far as it matters here. */
struct conntrack_entry {
	uint8_t protocol;               /* IPPROTO_X */
	struct endpoint_address inside; /* who asked */
	struct endpoint_address outside;
	struct endpoint_address destination;
	bool closed; /* the connection is over, its port not yet free */
};

/* The ports of one public address towards one destination. */
struct conntrack_use {
	uint8_t protocol;
	struct endpoint_address outside; /* without a port */
	struct endpoint_address destination;
	int64_t ports;
	int64_t closed; /* of these, held by connections that are over */
};

/* All zeros is an empty table. */
struct conntrack_ports {
	struct conntrack_use *uses; /* as they come */
	size_t n, capacity;
	int64_t translated; /* all entries with another source */
	/* Numbers of addresses, and the slots that find a use by them. */
	struct address_table outsides, destinations;
	struct conntrack_slot *slots;
	size_t n_slots; /* a power of 2, at least 2 n */
};

/* Count an entry, if its source was translated and it has ports. */
void conntrack_ports_add(
    struct conntrack_ports *p, const struct conntrack_entry *entry);

/*
 * Bring the at most n uses with most ports to the front, most first; how many
 * there are.  Nothing can be added then.
 */
size_t conntrack_ports_rank(struct conntrack_ports *p, size_t n);

void conntrack_ports_clear(struct conntrack_ports *p);

/*
 * Count the whole table of this network namespace, which needs CAP_NET_ADMIN.
 * -1 and e, and nothing to clear; e->sys is EPERM where the right is missing,
 * EINTR where the table changed too much meanwhile.
 */
int conntrack_ports_read(struct conntrack_ports *p, struct err *e);

#endif
