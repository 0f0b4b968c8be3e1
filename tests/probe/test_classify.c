#include "config.h"

#include <criterion/criterion.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/x509_vfy.h>

#include "probe/classify.h"

/* Far from any row, so that only the errno can have decided. */
#define NO_ROW       CURLE_FAILED_INIT

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static struct symptom
symptom(enum phase phase, int curl_code, int os_errno)
{
	struct symptom s = { 0 };

	s.phase = phase;
	s.curl_code = curl_code;
	s.os_errno = os_errno;
	s.verify = -1;
	s.alert = -1;
	return s;
}

static void
expect(const struct symptom *s, enum failure failure, enum phase phase)
{
	enum phase got_phase = PHASE_COUNT;
	enum failure got = classify(s, &got_phase);

	cr_expect_eq(got, failure,
	    "curl %d, errno %d, phase %s, alert %d, verify %ld: %s, not %s",
	    s->curl_code, s->os_errno, phase_name(s->phase), s->alert,
	    s->verify, failure_name(got), failure_name(failure));
	cr_expect_eq(got_phase, phase,
	    "curl %d, errno %d, phase %s: is of phase %s, not %s", s->curl_code,
	    s->os_errno, phase_name(s->phase), phase_name(got_phase),
	    phase_name(phase));
}

/* Of a connect; libcurl says CURLE_COULDNT_CONNECT to all of them. */
static const struct {
	int os_errno;
	enum failure failure;
} connects[] = {
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
	{ ENODEV, FAILURE_ADDRESS_NOT_AVAILABLE },
	{ EACCES, FAILURE_PERMISSION_DENIED },
	{ EPERM, FAILURE_PERMISSION_DENIED },
	{ EMFILE, FAILURE_TOO_MANY_OPEN_FILES },
	{ ENFILE, FAILURE_TOO_MANY_OPEN_FILES },
	{ ENOBUFS, FAILURE_NO_BUFFER_SPACE },
	{ ENOMEM, FAILURE_NO_BUFFER_SPACE },
	{ EINVAL, FAILURE_UNKNOWN },
	{ 0, FAILURE_UNKNOWN },
};

Test(classify, an_errno_of_a_connect_has_a_name)
{
	struct symptom s;
	size_t i;

	for (i = 0; i < COUNT(connects); i++) {
		cr_expect_eq(classify_errno(connects[i].os_errno),
		    connects[i].failure, "errno %d", connects[i].os_errno);
		s = symptom(
		    PHASE_CONNECT, CURLE_COULDNT_CONNECT, connects[i].os_errno);
		expect(&s, connects[i].failure, PHASE_CONNECT);
	}
}

Test(classify, in_a_connect_the_errno_says_more_than_libcurl)
{
	struct symptom s =
	    symptom(PHASE_CONNECT, CURLE_OPERATION_TIMEDOUT, ECONNREFUSED);

	expect(&s, FAILURE_CONNECTION_REFUSED, PHASE_CONNECT);
}

static const struct {
	int curl_code;
	int os_errno;
	enum phase phase;
	enum failure failure;
} table[] = {
	{ CURLE_OPERATION_TIMEDOUT, 0, PHASE_CONNECT, FAILURE_CONNECT_TIMEOUT },

	{ NO_ROW, ECONNRESET, PHASE_TLS, FAILURE_TLS_RESET },
	{ NO_ROW, EPIPE, PHASE_TLS, FAILURE_TLS_RESET },
	{ NO_ROW, ETIMEDOUT, PHASE_TLS, FAILURE_TLS_TIMEOUT },
	{ NO_ROW, EHOSTUNREACH, PHASE_TLS, FAILURE_HOST_UNREACHABLE },
	{ NO_ROW, ENETUNREACH, PHASE_TLS, FAILURE_NETWORK_UNREACHABLE },
	{ CURLE_SSL_CONNECT_ERROR, 0, PHASE_TLS, FAILURE_SSL_FAILED_HANDSHAKE },
	{ CURLE_SSL_CIPHER, 0, PHASE_TLS, FAILURE_SSL_FAILED_HANDSHAKE },
	{ CURLE_OPERATION_TIMEDOUT, 0, PHASE_TLS, FAILURE_TLS_TIMEOUT },
	/* What libcurl says with these; the errno goes first. */
	{ CURLE_SSL_CONNECT_ERROR, ECONNRESET, PHASE_TLS, FAILURE_TLS_RESET },
	{ CURLE_SSL_CONNECT_ERROR, EPIPE, PHASE_TLS, FAILURE_TLS_RESET },
	{ CURLE_SSL_CONNECT_ERROR, ETIMEDOUT, PHASE_TLS, FAILURE_TLS_TIMEOUT },
	{ CURLE_SSL_CONNECT_ERROR, EHOSTUNREACH, PHASE_TLS,
	    FAILURE_HOST_UNREACHABLE },
	{ CURLE_SSL_CONNECT_ERROR, ENETUNREACH, PHASE_TLS,
	    FAILURE_NETWORK_UNREACHABLE },
	/* An errno that says nothing leaves it to the code. */
	{ CURLE_SSL_CONNECT_ERROR, EAGAIN, PHASE_TLS,
	    FAILURE_SSL_FAILED_HANDSHAKE },
	{ CURLE_SSL_CIPHER, EAGAIN, PHASE_TLS, FAILURE_SSL_FAILED_HANDSHAKE },

	{ NO_ROW, ECONNRESET, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ NO_ROW, ECONNRESET, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ NO_ROW, EPIPE, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ NO_ROW, EPIPE, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ NO_ROW, ETIMEDOUT, PHASE_REQUEST, FAILURE_REQUEST_TIMEOUT },
	{ NO_ROW, ETIMEDOUT, PHASE_DONE, FAILURE_REQUEST_TIMEOUT },
	{ NO_ROW, EHOSTUNREACH, PHASE_REQUEST, FAILURE_HOST_UNREACHABLE },
	{ NO_ROW, EHOSTUNREACH, PHASE_DONE, FAILURE_HOST_UNREACHABLE },
	{ NO_ROW, ENETUNREACH, PHASE_REQUEST, FAILURE_NETWORK_UNREACHABLE },
	{ NO_ROW, ENETUNREACH, PHASE_DONE, FAILURE_NETWORK_UNREACHABLE },
	{ CURLE_RECV_ERROR, ECONNRESET, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ CURLE_RECV_ERROR, ECONNRESET, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ CURLE_RECV_ERROR, ETIMEDOUT, PHASE_REQUEST, FAILURE_REQUEST_TIMEOUT },
	{ CURLE_SEND_ERROR, ETIMEDOUT, PHASE_DONE, FAILURE_REQUEST_TIMEOUT },
	{ CURLE_SEND_ERROR, EHOSTUNREACH, PHASE_REQUEST,
	    FAILURE_HOST_UNREACHABLE },
	{ CURLE_RECV_ERROR, ENETUNREACH, PHASE_DONE,
	    FAILURE_NETWORK_UNREACHABLE },

	{ CURLE_UNSUPPORTED_PROTOCOL, 0, PHASE_REQUEST,
	    FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_OUT_OF_MEMORY, 0, PHASE_REQUEST, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_OUT_OF_MEMORY, 0, PHASE_DONE, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_RECV_ERROR, 0, PHASE_REQUEST, FAILURE_REQUEST_EOF },
	{ CURLE_RECV_ERROR, 0, PHASE_DONE, FAILURE_REQUEST_EOF },
	{ CURLE_SEND_ERROR, 0, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ CURLE_SEND_ERROR, 0, PHASE_DONE, FAILURE_REQUEST_RESET },
	{ CURLE_UNSUPPORTED_PROTOCOL, EAGAIN, PHASE_REQUEST,
	    FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_OUT_OF_MEMORY, EAGAIN, PHASE_REQUEST,
	    FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_OUT_OF_MEMORY, EAGAIN, PHASE_DONE, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_RECV_ERROR, EAGAIN, PHASE_REQUEST, FAILURE_REQUEST_EOF },
	{ CURLE_RECV_ERROR, EAGAIN, PHASE_DONE, FAILURE_REQUEST_EOF },
	{ CURLE_SEND_ERROR, EAGAIN, PHASE_REQUEST, FAILURE_REQUEST_RESET },
	{ CURLE_SEND_ERROR, EAGAIN, PHASE_DONE, FAILURE_REQUEST_RESET },

	/* What fits nowhere keeps libcurl's own text beside it. */
	{ NO_ROW, 0, PHASE_DNS, FAILURE_UNKNOWN },
	{ NO_ROW, 0, PHASE_TLS, FAILURE_UNKNOWN },
	{ NO_ROW, 0, PHASE_REQUEST, FAILURE_UNKNOWN },
	{ NO_ROW, 0, PHASE_DONE, FAILURE_UNKNOWN },
	{ NO_ROW, EINVAL, PHASE_TLS, FAILURE_UNKNOWN },
	{ NO_ROW, EINVAL, PHASE_REQUEST, FAILURE_UNKNOWN },
	{ NO_ROW, EINVAL, PHASE_DONE, FAILURE_UNKNOWN },
	/* A row is of its phase alone. */
	{ NO_ROW, ECONNRESET, PHASE_DNS, FAILURE_UNKNOWN },
	{ NO_ROW, EPIPE, PHASE_DNS, FAILURE_UNKNOWN },
	{ NO_ROW, ETIMEDOUT, PHASE_DNS, FAILURE_UNKNOWN },
	{ NO_ROW, EHOSTUNREACH, PHASE_DNS, FAILURE_UNKNOWN },
	{ NO_ROW, ENETUNREACH, PHASE_DNS, FAILURE_UNKNOWN },
	{ CURLE_OPERATION_TIMEDOUT, 0, PHASE_DNS, FAILURE_UNKNOWN },
	{ CURLE_SSL_CONNECT_ERROR, 0, PHASE_CONNECT, FAILURE_UNKNOWN },
	{ CURLE_SSL_CIPHER, 0, PHASE_CONNECT, FAILURE_UNKNOWN },
	{ CURLE_SSL_CONNECT_ERROR, 0, PHASE_REQUEST, FAILURE_UNKNOWN },
	{ CURLE_UNSUPPORTED_PROTOCOL, 0, PHASE_CONNECT, FAILURE_UNKNOWN },
	{ CURLE_OUT_OF_MEMORY, 0, PHASE_CONNECT, FAILURE_UNKNOWN },
	{ CURLE_RECV_ERROR, 0, PHASE_TLS, FAILURE_UNKNOWN },
	{ CURLE_SEND_ERROR, 0, PHASE_TLS, FAILURE_UNKNOWN },
};

Test(classify, code_errno_and_phase_have_a_name)
{
	struct symptom s;
	size_t i;

	for (i = 0; i < COUNT(table); i++) {
		s = symptom(
		    table[i].phase, table[i].curl_code, table[i].os_errno);
		expect(&s, table[i].failure, table[i].phase);
	}
}

static const struct {
	int curl_code;
	enum failure failure;
} whenever[] = {
	{ CURLE_GOT_NOTHING, FAILURE_REQUEST_EOF },
	{ CURLE_PARTIAL_FILE, FAILURE_REQUEST_EOF },
	{ CURLE_WEIRD_SERVER_REPLY, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_BAD_CONTENT_ENCODING, FAILURE_HTTP_BAD_RESPONSE },
	{ CURLE_HTTP2, FAILURE_HTTP_BAD_RESPONSE },
};

Test(classify, a_code_that_says_it_all_says_it_in_every_phase)
{
	struct symptom s;
	enum phase p;
	size_t i;

	for (i = 0; i < COUNT(whenever); i++)
		for (p = PHASE_DNS; p < PHASE_COUNT; p++) {
			s = symptom(p, whenever[i].curl_code, 0);
			expect(&s, whenever[i].failure, p);
			s.os_errno = EAGAIN;
			if (p != PHASE_CONNECT)
				expect(&s, whenever[i].failure, p);
		}
}

static const enum failure timeouts[PHASE_COUNT] = {
	[PHASE_DNS] = FAILURE_DNS_TIMEOUT,
	[PHASE_CONNECT] = FAILURE_CONNECT_TIMEOUT,
	[PHASE_TLS] = FAILURE_TLS_TIMEOUT,
	[PHASE_REQUEST] = FAILURE_REQUEST_TIMEOUT,
	[PHASE_DONE] = FAILURE_REQUEST_TIMEOUT,
};

Test(classify, a_phase_timer_gives_the_timeout_of_its_phase)
{
	struct symptom s;
	enum phase p;

	for (p = PHASE_DNS; p < PHASE_COUNT; p++) {
		s = symptom(p, CURLE_OK, 0);
		s.timed_out = true;
		expect(&s, timeouts[p], p);
	}
}

Test(classify, a_phase_timer_goes_before_all_else)
{
	struct symptom s =
	    symptom(PHASE_REQUEST, CURLE_PEER_FAILED_VERIFICATION, ECONNRESET);

	s.timed_out = true;
	s.too_large = true;
	s.eof = true;
	s.alert = 40;
	expect(&s, FAILURE_REQUEST_TIMEOUT, PHASE_REQUEST);
}

static const struct {
	long verify;
	enum failure failure;
} certificates[] = {
	{ -1, FAILURE_SSL_INVALID_HOSTNAME },
	{ X509_V_OK, FAILURE_SSL_INVALID_HOSTNAME },
	{ X509_V_ERR_HOSTNAME_MISMATCH, FAILURE_SSL_INVALID_HOSTNAME },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, FAILURE_SSL_INVALID_HOSTNAME },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
	    FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
	    FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_CERT_UNTRUSTED, FAILURE_SSL_UNKNOWN_AUTHORITY },
	{ X509_V_ERR_CERT_HAS_EXPIRED, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_CERT_NOT_YET_VALID, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_CERT_REVOKED, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_INVALID_PURPOSE, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, FAILURE_SSL_INVALID_CERTIFICATE },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, FAILURE_SSL_INVALID_CERTIFICATE },
};

Test(classify, a_refused_certificate_is_of_the_handshake)
{
	struct symptom s;
	size_t i;

	for (i = 0; i < COUNT(certificates); i++) {
		s = symptom(PHASE_TLS, CURLE_PEER_FAILED_VERIFICATION, 0);
		s.verify = certificates[i].verify;
		expect(&s, certificates[i].failure, PHASE_TLS);
		/* The name is checked when the handshake is over. */
		s.phase = PHASE_REQUEST;
		expect(&s, certificates[i].failure, PHASE_TLS);
	}
}

Test(classify, a_certificate_that_was_refused_goes_before_an_old_errno)
{
	struct symptom s =
	    symptom(PHASE_TLS, CURLE_PEER_FAILED_VERIFICATION, ECONNRESET);

	s.verify = X509_V_ERR_CERT_HAS_EXPIRED;
	expect(&s, FAILURE_SSL_INVALID_CERTIFICATE, PHASE_TLS);
}

Test(classify, a_verdict_alone_refuses_nothing)
{
	struct symptom s = symptom(PHASE_REQUEST, CURLE_GOT_NOTHING, 0);

	/* "verify: no": recorded, not refused. */
	s.verify = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
	expect(&s, FAILURE_REQUEST_EOF, PHASE_REQUEST);
}

Test(classify, an_end_within_the_handshake_is_no_protocol_failure)
{
	struct symptom s = symptom(PHASE_TLS, CURLE_SSL_CONNECT_ERROR, 0);

	s.eof = true;
	expect(&s, FAILURE_TLS_EOF, PHASE_TLS);
	s.os_errno = ECONNRESET;
	expect(&s, FAILURE_TLS_RESET, PHASE_TLS);
}

Test(classify, an_end_outside_the_handshake_is_not_of_it)
{
	struct symptom s = symptom(PHASE_REQUEST, CURLE_RECV_ERROR, 0);

	s.eof = true;
	expect(&s, FAILURE_REQUEST_EOF, PHASE_REQUEST);
}

Test(classify, an_alert_refuses_the_handshake)
{
	/* 0 is close_notify's number, but an alert all the same. */
	static const int alerts[] = { 0, 40, 42, 70, 112 };
	struct symptom s;
	size_t i;

	for (i = 0; i < COUNT(alerts); i++) {
		s = symptom(PHASE_TLS, CURLE_SSL_CONNECT_ERROR, 0);
		s.alert = alerts[i];
		expect(&s, FAILURE_SSL_FAILED_HANDSHAKE, PHASE_TLS);
		/* It says more than the end and the reset that follow it. */
		s.eof = true;
		expect(&s, FAILURE_SSL_FAILED_HANDSHAKE, PHASE_TLS);
		s.os_errno = ECONNRESET;
		expect(&s, FAILURE_SSL_FAILED_HANDSHAKE, PHASE_TLS);
	}
}

Test(classify, an_alert_after_our_finished_is_of_the_handshake)
{
	/* TLS 1.3: "certificate required" meets us in the request. */
	struct symptom s = symptom(PHASE_REQUEST, CURLE_RECV_ERROR, 0);

	s.alert = 116;
	expect(&s, FAILURE_SSL_FAILED_HANDSHAKE, PHASE_TLS);
	s.os_errno = ECONNRESET;
	expect(&s, FAILURE_SSL_FAILED_HANDSHAKE, PHASE_TLS);
}

Test(classify, an_alert_within_an_answer_is_no_handshake)
{
	struct symptom s = symptom(PHASE_DONE, CURLE_RECV_ERROR, 0);

	s.alert = 80;
	expect(&s, FAILURE_REQUEST_EOF, PHASE_DONE);
}

Test(classify, headers_past_the_bound_are_a_bad_response)
{
	struct symptom s = symptom(PHASE_DONE, CURLE_WRITE_ERROR, 0);

	expect(&s, FAILURE_UNKNOWN, PHASE_DONE);
	s.too_large = true;
	expect(&s, FAILURE_HTTP_BAD_RESPONSE, PHASE_DONE);
	s.phase = PHASE_REQUEST;
	s.os_errno = ECONNRESET;
	expect(&s, FAILURE_HTTP_BAD_RESPONSE, PHASE_REQUEST);
}
