/*
 * The end of an attempt: why it failed, and what completes its record.
 */
#include "config.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"

struct symptom
attempt_symptom(const struct attempt *a)
{
	struct symptom s = { 0 };

	s.phase = a->phase;
	s.verify = a->tls.verify;
	s.alert = a->tls.alert;
	s.eof = a->tls.eof;
	s.too_large = a->head_too_large;
	return s;
}

void
attempt_fail(struct attempt *a, const struct symptom *s)
{
	enum phase phase;
	enum failure f = classify(s, &phase);
	const char *text = NULL;

	if (a->ws != NULL && s->timed_out)
		f = websocket_timeout(a->ws, f);
	if (!s->timed_out) {
		a->record.curl_code = s->curl_code;
		if (s->os_errno != 0)
			a->record.os_errno = s->os_errno;
		text = a->curl_error[0] != '\0' ? a->curl_error
		    : s->os_errno != 0          ? strerror(s->os_errno)
						: NULL;
	}
	attempt_finish(a, f, phase, text);
}

void
attempt_on_transfer_done(struct attempt *a, CURLcode result)
{
	struct symptom s;
	long os_errno = 0;

	if (result == CURLE_OK &&
	    conf_endpoint_is_websocket(a->order.endpoint)) {
		websocket_begin(a);
		return;
	}
	if (result == CURLE_OK || a->body_enough) {
		attempt_finish(a, FAILURE_NONE, PHASE_DONE, NULL);
		return;
	}
	curl_easy_getinfo(a->easy, CURLINFO_OS_ERRNO, &os_errno);
	s = attempt_symptom(a);
	s.curl_code = (int)result;
	s.os_errno = a->open_errno != 0 ? a->open_errno : (int)os_errno;
	attempt_fail(a, &s);
}

/*
 * Durations of the phases that were reached, up to the end in end_us; what
 * lies between them is other_us, so that all add up to total_us.
 */
static void
fill_durations(struct attempt *a, bool failed, enum phase last, int64_t end_us)
{
	struct attempt_record *r = &a->record;
	int64_t sum_us;

	r->total_us = end_us - a->opened_us;
	if (a->connected_us == 0) {
		r->connect_us = r->total_us;
		if (a->connect_lag_us > a->lag_us)
			a->lag_us = a->connect_lag_us;
	}
	sum_us = r->connect_us;
	if (a->tls_us != 0) {
		r->tls_us =
		    (a->tls.done_us != 0 && !(failed && last == PHASE_TLS)
			    ? a->tls.done_us
			    : end_us) -
		    a->tls_us;
		sum_us += r->tls_us;
	}
	if (a->request_us != 0 && last >= PHASE_REQUEST) {
		r->request_us =
		    (a->first_byte_us != 0 ? a->first_byte_us : end_us) -
		    a->request_us;
		sum_us += r->request_us;
	}
	if (a->first_byte_us != 0) {
		r->done_us = end_us - a->first_byte_us;
		sum_us += r->done_us;
	}
	r->other_us = r->total_us - sum_us;
}

static void
fill_tcp(struct attempt *a)
{
	struct attempt_record *r = &a->record;

	if (a->fd >= 0)
		a->facts = pathsocket_facts(a->fd);
	if (a->connected_us == 0) {
		r->syn_retransmits = a->facts.retransmits;
		return;
	}
	r->dsack_dups = a->facts.dsack_dups;
	if (a->facts.retransmits != NOT_MEASURED &&
	    r->syn_retransmits != NOT_MEASURED)
		r->late_retransmits = a->facts.retransmits - r->syn_retransmits;
}

static void
fill_tls(struct attempt *a)
{
	struct attempt_record *r = &a->record;

	if (a->tls.done_us != 0) {
		r->tls_version = x_strdup(a->tls.version);
		r->tls_cipher = x_strdup(a->tls.cipher);
	}
	r->has_cert = a->tls.has_cert;
	memcpy(r->cert_sha256, a->tls.cert_sha256, SHA256_SIZE);
	r->cert_issuer = a->tls.cert_issuer;
	a->tls.cert_issuer = NULL;
	if (a->tls.verify >= 0)
		r->cert_verify = a->tls.verify;
	if (a->tls.alert >= 0)
		r->tls_alert = a->tls.alert;
}

/* What libcurl counted; a WebSocket has counted for itself. */
static void
fill_http(struct attempt *a)
{
	struct attempt_record *r = &a->record;
	long status = 0, head = 0, request = 0;
	curl_off_t body = 0;

	if (a->request_us == 0)
		return;
	curl_easy_getinfo(a->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(a->easy, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(a->easy, CURLINFO_REQUEST_SIZE, &request);
	curl_easy_getinfo(a->easy, CURLINFO_SIZE_DOWNLOAD_T, &body);
	if (status > 0)
		r->http_status = status;
	r->bytes_in = head + body;
	r->bytes_out = request;
	if (r->observed.family == 0 && a->body.size > 0)
		http_find_address(a->body.s, a->body.size, &r->observed);
}

void
attempt_finish(
    struct attempt *a, enum failure failure, enum phase phase, const char *text)
{
	struct engine *en = a->engine;
	struct attempt_record *r = &a->record;

	fill_tcp(a);
	fill_durations(a, failure != FAILURE_NONE, phase, monotonic_now_us());
	fill_tls(a);
	if (a->ws == NULL)
		fill_http(a);
	r->failure = failure;
	r->failed_phase = phase;
	r->failure_text = text != NULL ? x_strdup(text) : NULL;
	r->loop_lag_us = a->lag_us;

	websocket_free(a->ws);
	event_free(a->timer);
	engine_forget(en, a);
	curl_easy_cleanup(a->easy);
	curl_slist_free_all(a->headers);
	curl_slist_free_all(a->connect_to);
	tls_facts_clear(&a->tls);
	text_clear(&a->body);
	engine_deliver(en, r); /* what it owns is gone with it */
	free(a);
}
