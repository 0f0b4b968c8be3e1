/*
 * The wire: a packet capture of the probe's own handshakes, for import and for
 * a provider's Wireshark.  Only SYNs, FINs, RSTs and packets without payload
 * to and from the destinations that are measured, 96 bytes of each; a thread
 * of its own, of low priority, writes them.
 */
#ifndef NATDIFF_PROBE_WIRE_H
#define NATDIFF_PROBE_WIRE_H

#include <stdint.h>

#include "natdiff/err.h"
#include "probe/conf.h"

/* A capture ends at this size: months of handshakes, and no full disk. */
#define WIRE_BYTES_MAX 1000000000

struct wire;

/*
 * Begin to capture into file, which is made anew with mode 0600.  Names are
 * resolved here; addresses that they get later are added as attempts come
 * back.  NULL and e where it is not permitted, or cannot be.
 */
struct wire *wire_open(const struct conf *c, const char *file, struct err *e);

/* A destination of an attempt; one that is known costs nothing. */
void wire_add(struct wire *w, const struct endpoint_address *target);

/* What came of it. */
struct wire_result {
	int64_t packets;
	int64_t dropped; /* by the kernel: the thread was too slow */
	int full;        /* WIRE_BYTES_MAX was reached */
	int sys;         /* errno of a write that failed, or 0 */
};

/* End it; NULL does nothing. */
void wire_close(struct wire *w, struct wire_result *result);

#endif
