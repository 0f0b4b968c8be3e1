/*
 * The TCP sockets of a path: made so that they leave by it, and asked what
 * the kernel saw.
 */
#ifndef NATDIFF_PROBE_PATHSOCKET_H
#define NATDIFF_PROBE_PATHSOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "natdiff/err.h"
#include "natdiff/record.h"
#include "probe/conf.h"

/*
 * A non-blocking socket of the given family and type (SOCK_STREAM or
 * SOCK_DGRAM), bound to the path's interface, source address (of the same
 * family) and mark.  -1 with errno.
 */
int pathsocket_open(const struct conf_path *path, int family, int type);

/* connect(2) to an address with its port. */
int pathsocket_connect(int fd, const struct endpoint_address *to);

/* Bind an open socket as pathsocket_open() does; -1 with errno. */
int pathsocket_bind(const struct conf_path *path, int fd, int family);

/*
 * Whether this process may use the path at all: -1 where a mark needs a
 * privilege that is missing.
 */
int pathsocket_check(const struct conf_path *path, struct err *e);

/* Whether the path has a route to the address now; nothing is sent. */
bool pathsocket_has_route(
    const struct conf_path *path, const struct endpoint_address *to);

/* The local address and port; family 0 where there is none. */
struct endpoint_address pathsocket_local(int fd);

/* The same of a socket address as the kernel fills it in, and back. */
struct endpoint_address pathsocket_address(const struct sockaddr_storage *ss);
socklen_t pathsocket_sockaddr(
    const struct endpoint_address *a, struct sockaddr_storage *ss);

/* What TCP_INFO says, NOT_MEASURED where it does not. */
struct tcp_facts {
	bool established; /* also where the far end has closed since */
	int64_t rtt_us;
	int64_t retransmits; /* all of the connection's life */
	int64_t segs_in;
	int64_t dsack_dups;
};

/* Read the facts of fd; all NOT_MEASURED where that fails. */
struct tcp_facts pathsocket_facts(int fd);

#endif
