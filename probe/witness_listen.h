/*
 * Where a witness listens.
 */
#ifndef NATDIFF_PROBE_WITNESS_LISTEN_H
#define NATDIFF_PROBE_WITNESS_LISTEN_H

#include "natdiff/err.h"
#include "natdiff/record.h"

/*
 * Read ADDR:PORT, [ADDR]:PORT for IPv6, or :PORT for all addresses of both
 * families (family 0 then).  -1 where text is none of these.
 */
int witness_listen_parse(const char *text, struct endpoint_address *a);

/*
 * A bound, listening, non-blocking socket.  :PORT takes both families, or
 * IPv4 alone where the host has no IPv6.  *a becomes what the kernel bound,
 * with the port it chose for port 0.  -1 and e on failure.
 */
int witness_listen_open(struct endpoint_address *a, struct err *e);

/* An IPv4 address that came as an IPv6 one (::ffff:a.b.c.d) made IPv4. */
void witness_listen_unmap(struct endpoint_address *a);

#endif
