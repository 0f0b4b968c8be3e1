/*
 * Who eats the ports: this host's own TCP sockets by destination and state,
 * from the kernel's sock_diag(7), without root.
 *
 * A socket counts where it has a far end and is not the far end's own
 * attempt to reach us (SYN_RECV).  A v4-mapped IPv6 address is the IPv4
 * address in it.
 *
 * local_ports are distinct pairs of local address and port: what an NAT
 * needs a port of its own for.  For a destination that is nearly the number
 * of its sockets; for the total, one local port that serves many
 * destinations (a server's, or one reused by the kernel) counts once.
 * ports_in_use are distinct port numbers, whatever the address: what
 * ip_local_port_range offers.
 */
#ifndef NATDIFF_PROBE_CENSUS_H
#define NATDIFF_PROBE_CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/*
 * Count the sockets that have a far end: one record a wanted destination, in
 * their order, then one for all of them (family 0).  *records is new memory,
 * n_wanted + 1 long; 0, or -1 and e where the kernel refuses.
 * ports_in_use, where not NULL, gets the distinct local ports within
 * first..last, NOT_MEASURED where these are.  own is left 0.
 */
int census_count(const struct endpoint_address *wanted, size_t n_wanted,
    int64_t first, int64_t last, struct census_record **records,
    int64_t *ports_in_use, struct err *e);

#define CENSUS_OWNERS_MAX 3
#define CENSUS_NAME_SIZE  16 /* the kernel's TASK_COMM_LEN */

/* A process name that holds sockets; all processes of that name together. */
struct census_owner {
	char name[CENSUS_NAME_SIZE]; /* printable ASCII */
	int64_t sockets;
};

struct census_line {
	struct census_record counts;
	struct census_owner owners[CENSUS_OWNERS_MAX]; /* most sockets first */
	size_t n_owners;
};

/* All destinations as one reading of the kernel's tables shows them. */
struct census {
	struct census_line *lines; /* most sockets first */
	size_t n_lines;
	size_t n_destinations; /* n_lines is smaller where max cut them */
	struct census_record total;
	int64_t ports_in_use;
	/* Open, but in no process that we may look into; 0 without owners. */
	int64_t unnamed_sockets;
};

/*
 * Take a census of the max busiest destinations, with the names of the
 * processes that own their sockets where owners is set.  -1 and e where the
 * kernel refuses; c is empty then.
 */
int census_take(struct census *c, size_t max, int64_t first, int64_t last,
    bool owners, struct err *e);
void census_clear(struct census *c);

/* All sockets of a line: the states' sum. */
int64_t census_sockets(const struct census_record *r);

#endif
