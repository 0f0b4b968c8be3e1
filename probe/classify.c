/*
 * The one table of failures.  docs: natdiff-probe(1), FAILURES.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <stddef.h>

#include "probe/classify.h"

#define ANY -1

static const struct {
	int os_errno;
	enum failure failure;
} connect_errnos[] = {
	{ ECONNREFUSED, FAILURE_CONNECTION_REFUSED },
	{ ECONNRESET, FAILURE_CONNECTION_RESET },
	{ EPIPE, FAILURE_CONNECTION_RESET },
	{ ETIMEDOUT, FAILURE_CONNECT_TIMEOUT },
	{ EHOSTUNREACH, FAILURE_HOST_UNREACHABLE },
	{ EHOSTDOWN, FAILURE_HOST_UNREACHABLE },
	{ ENETUNREACH, FAILURE_NETWORK_UNREACHABLE },
	{ ENETDOWN, FAILURE_NETWORK_DOWN },
	{ EADDRNOTAVAIL, FAILURE_ADDRESS_NOT_AVAILABLE },
	{ EADDRINUSE, FAILURE_ADDRESS_NOT_AVAILABLE },
	/* The interface of the path is not there. */
	{ ENODEV, FAILURE_ADDRESS_NOT_AVAILABLE },
	{ EACCES, FAILURE_PERMISSION_DENIED },
	{ EPERM, FAILURE_PERMISSION_DENIED },
	{ EMFILE, FAILURE_TOO_MANY_OPEN_FILES },
	{ ENFILE, FAILURE_TOO_MANY_OPEN_FILES },
	{ ENOBUFS, FAILURE_NO_BUFFER_SPACE },
	{ ENOMEM, FAILURE_NO_BUFFER_SPACE },
};

/* What a phase timer that ran out is called. */
static const enum failure timeouts[PHASE_COUNT] = {
	[PHASE_DNS] = FAILURE_DNS_TIMEOUT,
	[PHASE_CONNECT] = FAILURE_CONNECT_TIMEOUT,
	[PHASE_TLS] = FAILURE_TLS_TIMEOUT,
	[PHASE_REQUEST] = FAILURE_REQUEST_TIMEOUT,
	[PHASE_DONE] = FAILURE_REQUEST_TIMEOUT,
};

/*
 * curl code, errno and phase to a name; the first row that fits.  Rows of
 * connect with an errno come from connect_errnos[].
 */
static const struct row {
	int curl_code;
	int os_errno;
	int phase;
	enum failure failure;
} rows[] = {
	{ CURLE_OPERATION_TIMEDOUT, ANY, PHASE_CONNECT,
	    FAILURE_CONNECT_TIMEOUT },
	{ ANY, ECONNRESET, PHASE_TLS, FAILURE_TLS_RESET },
	{ ANY, EPIPE, PHASE_TLS, FAILURE_TLS_RESET },
	{ ANY, ETIMEDOUT, PHASE_TLS, FAILURE_TLS_TIMEOUT },
	{ ANY, EHOSTUNREACH, PHASE_TLS, FAILURE_HOST_UNREACHABLE },
	{ ANY, ENETUNREACH, PHASE_TLS, FAILURE_NETWORK_UNREACHABLE },
	{ CURLE_SSL_CONNECT_ERROR, ANY, PHASE_TLS,
	    FAILURE_SSL_FAILED_HANDSHAKE },
	{ CURLE_SSL_CIPHER, ANY, PHASE_TLS, FAILURE_SSL_FAILED_HANDSHAKE },
	{ CURLE_OPERATION_TIMEDOUT, ANY, PHASE_TLS, FAILURE_TLS_TIMEOUT },

	{ ANY, ECONNRESET, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ ANY, ECONNRESET, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ ANY, EPIPE, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ ANY, EPIPE, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ ANY, ETIMEDOUT, PHASE_REQUEST, FAILURE_REQUEST_TIMEOUT },
	{ ANY, ETIMEDOUT, PHASE_DONE, FAILURE_REQUEST_TIMEOUT },
	{ ANY, EHOSTUNREACH, PHASE_REQUEST, FAILURE_HOST_UNREACHABLE },
	{ ANY, EHOSTUNREACH, PHASE_DONE, FAILURE_HOST_UNREACHABLE },
	{ ANY, ENETUNREACH, PHASE_REQUEST, FAILURE_NETWORK_UNREACHABLE },
	{ ANY, ENETUNREACH, PHASE_DONE, FAILURE_NETWORK_UNREACHABLE },
	{ CURLE_GOT_NOTHING, ANY, ANY, FAILURE_REQUEST_EOF },
	{ CURLE_PARTIAL_FILE, ANY, ANY, FAILURE_REQUEST_EOF },
	{ CURLE_UNSUPPORTED_PROTOCOL, ANY, PHASE_REQUEST,
	    FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_WEIRD_SERVER_REPLY, ANY, ANY, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_BAD_CONTENT_ENCODING, ANY, ANY, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_HTTP2, ANY, ANY, FAILURE_HTTP_BAD_RESPONSE },
	/* libcurl 7.88 says so of a header line beyond its own bound. */
	{ CURLE_OUT_OF_MEMORY, ANY, PHASE_REQUEST, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_OUT_OF_MEMORY, ANY, PHASE_DONE, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_RECV_ERROR, ANY, PHASE_REQUEST, FAILURE_REQUEST_EOF },
	{ CURLE_RECV_ERROR, ANY, PHASE_DONE, FAILURE_REQUEST_EOF },
	{ CURLE_SEND_ERROR, ANY, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ CURLE_SEND_ERROR, ANY, PHASE_DONE, FAILURE_REQUEST_RESET },
};

static bool
row_fits(const struct row *r, const struct symptom *s)
{
	return (r->curl_code == ANY || r->curl_code == s->curl_code) &&
	    (r->os_errno == ANY || r->os_errno == s->os_errno) &&
	    (r->phase == ANY || r->phase == (int)s->phase);
}

enum failure
classify_errno(int os_errno)
{
	size_t i;

	for (i = 0; i < sizeof(connect_errnos) / sizeof(connect_errnos[0]); i++)
		if (connect_errnos[i].os_errno == os_errno)
			return connect_errnos[i].failure;
	return FAILURE_UNKNOWN;
}

/* A certificate that was refused, by what X509_verify_cert(3) said. */
static enum failure
classify_verify(long verify)
{
	switch (verify) {
	case -1:
	case X509_V_OK: /* the chain is good, the name is not */
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return FAILURE_SSL_INVALID_HOSTNAME;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_UNTRUSTED:
		return FAILURE_SSL_UNKNOWN_AUTHORITY;
	default:
		return FAILURE_SSL_INVALID_CERTIFICATE;
	}
}

enum failure
classify(const struct symptom *s, enum phase *phase)
{
	size_t i;

	*phase = s->phase;
	if (s->timed_out)
		return timeouts[s->phase];
	if (s->too_large)
		return FAILURE_HTTP_BAD_RESPONSE;
	if (s->curl_code == CURLE_PEER_FAILED_VERIFICATION) {
		*phase = PHASE_TLS;
		return classify_verify(s->verify);
	}
	if (s->phase == PHASE_CONNECT && s->os_errno != 0)
		return classify_errno(s->os_errno);
	/*
	 * TLS 1.3: the server's refusal may come after our Finished.  An alert
	 * after its answer began is no refusal any more.
	 */
	if (s->alert >= 0 &&
	    (s->phase == PHASE_TLS || s->phase == PHASE_REQUEST)) {
		*phase = PHASE_TLS;
		return FAILURE_SSL_FAILED_HANDSHAKE;
	}
	if (s->phase == PHASE_TLS && s->eof && s->os_errno == 0)
		return FAILURE_TLS_EOF;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (row_fits(&rows[i], s))
			return rows[i].failure;
	return FAILURE_UNKNOWN;
}
