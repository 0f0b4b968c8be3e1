/*
 * The closed list of ways in which an attempt fails, and the phases in which
 * it does.  The names are those of the store, of every report and of the
 * command line; names that OONI has too (ooni/spec, df-007-errors.md) mean
 * the same here.
 */
#ifndef NATDIFF_FAILURE_H
#define NATDIFF_FAILURE_H

#include <stdbool.h>

enum phase {
	PHASE_DNS,
	PHASE_CONNECT,
	PHASE_TLS,
	PHASE_REQUEST, /* HTTP: to the first byte; WebSocket: the upgrade */
	PHASE_DONE,    /* HTTP: to the last byte; WebSocket: ping and close */
	PHASE_COUNT
};

enum failure {
	FAILURE_NONE, /* the attempt reached the far end */

	FAILURE_DNS_NXDOMAIN,
	FAILURE_DNS_SERVFAIL,
	FAILURE_DNS_REFUSED,
	FAILURE_DNS_NO_ANSWER,
	FAILURE_DNS_TIMEOUT,

	FAILURE_CONNECT_TIMEOUT,
	FAILURE_CONNECTION_REFUSED,
	FAILURE_CONNECTION_RESET,
	FAILURE_HOST_UNREACHABLE,
	FAILURE_NETWORK_UNREACHABLE,
	FAILURE_NETWORK_DOWN,

	/* Of this host's own making: failure_is_local(). */
	FAILURE_ADDRESS_NOT_AVAILABLE,
	FAILURE_PERMISSION_DENIED,
	FAILURE_TOO_MANY_OPEN_FILES,
	FAILURE_NO_BUFFER_SPACE,

	FAILURE_TLS_TIMEOUT,
	FAILURE_TLS_RESET,
	FAILURE_TLS_EOF,
	FAILURE_SSL_FAILED_HANDSHAKE,
	FAILURE_SSL_INVALID_HOSTNAME,
	FAILURE_SSL_UNKNOWN_AUTHORITY,
	FAILURE_SSL_INVALID_CERTIFICATE,

	FAILURE_REQUEST_TIMEOUT,
	FAILURE_REQUEST_RESET,
	FAILURE_REQUEST_EOF,
	FAILURE_HTTP_BAD_RESPONSE,
	FAILURE_WEBSOCKET_BAD_HANDSHAKE, /* a 101 that breaks RFC 6455 */
	FAILURE_WEBSOCKET_BAD_ACCEPT,
	FAILURE_WEBSOCKET_PONG_TIMEOUT,
	FAILURE_WEBSOCKET_CLOSE_TIMEOUT,

	FAILURE_INTERRUPTED, /* the agent was told to stop */
	FAILURE_UNKNOWN,     /* the library's own text stands beside it */
	FAILURE_COUNT
};

/* The name of a failure; NULL for FAILURE_NONE. */
const char *failure_name(enum failure f);

/*
 * The failure of a name, FAILURE_NONE for NULL; FAILURE_COUNT where there is
 * no such name.
 */
enum failure failure_parse(const char *name);

/* Whether the probing host itself made it: a veto on blaming a path. */
bool failure_is_local(enum failure f);

/* The resolver's: the attempt never had an address. */
bool failure_is_dns(enum failure f);

const char *phase_name(enum phase p);

/* The phase of a name, PHASE_COUNT where there is no such name. */
enum phase phase_parse(const char *name);

#endif
