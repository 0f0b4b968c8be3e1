/*
 * What the census's files share: the sockets as they are counted.
 */
#ifndef NATDIFF_PROBE_CENSUS_TALLY_H
#define NATDIFF_PROBE_CENSUS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/census.h"
#include "probe/census_tables.h"

struct inet_diag_msg;

/* A socket's inode and destination: to find the process that owns it. */
struct inode {
	uint32_t inode;
	uint32_t destination;
	bool held; /* a process was seen that has it open */
};

struct tally {
	bool closed; /* count only destinations that are known already */
	bool want_inodes;
	struct address_table destinations;
	struct census_record *counts; /* by number of destination */
	size_t counts_capacity;
	struct address_table locals;
	struct pair_set pairs; /* destination, local */
	struct census_record total;
	uint64_t ports[65536 / 64]; /* bits: local ports in use */
	struct inode *inodes;
	size_t n_inodes, inodes_capacity;
};

/* census_tally.c */

void tally_clear(struct tally *t);

/* Count one socket, if it has a far end. */
void tally_add_socket(struct tally *t, const struct inet_diag_msg *m);

/* The number of a destination, with its counts; NO_ADDRESS: not wanted. */
size_t tally_find_destination(
    struct tally *t, const struct endpoint_address *a);

/* Distinct local ports within first..last, NOT_MEASURED where these are. */
int64_t tally_ports(const struct tally *t, int64_t first, int64_t last);

/* An IPv6 address that wraps an IPv4 one becomes it. */
void census_unmap(struct endpoint_address *a);

/* census_dump.c */

/*
 * Count all sockets into t.  With closed set, only the n known destinations
 * are counted on their own.  -1 and e where the kernel refuses; there is
 * nothing to clear then.
 */
int census_dump(struct tally *t, const struct endpoint_address *known, size_t n,
    bool closed, bool want_inodes, struct err *e);

/* census_owners.c */

/*
 * Give each line, which line_of finds by the number of its destination (NULL:
 * it has none), the names of the processes that hold most of its sockets.
 * t's inodes get sorted, and marked held where a process was seen.
 */
void census_name_owners(struct tally *t, struct census_line **line_of);

#endif
