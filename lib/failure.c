/*
 * Names of failures and phases.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "natdiff/failure.h"

static const char *const failure_names[FAILURE_COUNT] = {
	[FAILURE_NONE] = NULL,
	[FAILURE_DNS_NXDOMAIN] = "dns_nxdomain_error",
	[FAILURE_DNS_SERVFAIL] = "dns_servfail_error",
	[FAILURE_DNS_REFUSED] = "dns_refused_error",
	[FAILURE_DNS_NO_ANSWER] = "dns_no_answer",
	[FAILURE_DNS_TIMEOUT] = "dns_timeout",
	[FAILURE_CONNECT_TIMEOUT] = "connect_timeout",
	[FAILURE_CONNECTION_REFUSED] = "connection_refused",
	[FAILURE_CONNECTION_RESET] = "connection_reset",
	[FAILURE_HOST_UNREACHABLE] = "host_unreachable",
	[FAILURE_NETWORK_UNREACHABLE] = "network_unreachable",
	[FAILURE_NETWORK_DOWN] = "network_down",
	[FAILURE_ADDRESS_NOT_AVAILABLE] = "address_not_available",
	[FAILURE_PERMISSION_DENIED] = "permission_denied",
	[FAILURE_TOO_MANY_OPEN_FILES] = "too_many_open_files",
	[FAILURE_NO_BUFFER_SPACE] = "no_buffer_space",
	[FAILURE_TLS_TIMEOUT] = "tls_timeout",
	[FAILURE_TLS_RESET] = "tls_reset",
	[FAILURE_TLS_EOF] = "tls_eof",
	[FAILURE_SSL_FAILED_HANDSHAKE] = "ssl_failed_handshake",
	[FAILURE_SSL_INVALID_HOSTNAME] = "ssl_invalid_hostname",
	[FAILURE_SSL_UNKNOWN_AUTHORITY] = "ssl_unknown_authority",
	[FAILURE_SSL_INVALID_CERTIFICATE] = "ssl_invalid_certificate",
	[FAILURE_REQUEST_TIMEOUT] = "request_timeout",
	[FAILURE_REQUEST_RESET] = "request_reset",
	[FAILURE_REQUEST_EOF] = "request_eof",
	[FAILURE_HTTP_BAD_RESPONSE] = "http_bad_response",
	[FAILURE_WEBSOCKET_BAD_HANDSHAKE] = "websocket_bad_handshake",
	[FAILURE_WEBSOCKET_BAD_ACCEPT] = "websocket_bad_accept",
	[FAILURE_WEBSOCKET_PONG_TIMEOUT] = "websocket_pong_timeout",
	[FAILURE_WEBSOCKET_CLOSE_TIMEOUT] = "websocket_close_timeout",
	[FAILURE_INTERRUPTED] = "interrupted",
	[FAILURE_UNKNOWN] = "unknown_failure",
};

static const char *const phase_names[PHASE_COUNT] = {
	[PHASE_DNS] = "dns",
	[PHASE_CONNECT] = "connect",
	[PHASE_TLS] = "tls",
	[PHASE_REQUEST] = "request",
	[PHASE_DONE] = "done",
};

const char *
failure_name(enum failure f)
{
	return f < FAILURE_COUNT ? failure_names[f] : NULL;
}

enum failure
failure_parse(const char *name)
{
	int f;

	if (name == NULL)
		return FAILURE_NONE;
	for (f = FAILURE_NONE + 1; f < FAILURE_COUNT; f++)
		if (strcmp(name, failure_names[f]) == 0)
			return (enum failure)f;
	return FAILURE_COUNT;
}

bool
failure_is_local(enum failure f)
{
	return f == FAILURE_ADDRESS_NOT_AVAILABLE ||
	    f == FAILURE_PERMISSION_DENIED ||
	    f == FAILURE_TOO_MANY_OPEN_FILES || f == FAILURE_NO_BUFFER_SPACE;
}

bool
failure_is_dns(enum failure f)
{
	return f >= FAILURE_DNS_NXDOMAIN && f <= FAILURE_DNS_TIMEOUT;
}

const char *
phase_name(enum phase p)
{
	return p < PHASE_COUNT ? phase_names[p] : NULL;
}

enum phase
phase_parse(const char *name)
{
	int p;

	for (p = 0; p < PHASE_COUNT; p++)
		if (strcmp(name, phase_names[p]) == 0)
			return (enum phase)p;
	return PHASE_COUNT;
}
