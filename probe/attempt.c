/*
 * The course of one attempt: its libcurl handle, its phases and their
 * timers, and the record that is left of it.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"

/* Bytes of a body in which the address that the far end saw is looked for. */
#define ADDRESS_BODY_MAX 4096

/* Received headers kept per attempt, and the size of a value. */
#define KEPT_HEADERS_MAX      16
#define KEPT_HEADER_BYTES_MAX 256

/* ------------------------------------------------------------ the phases */

static void
arm_timer(struct attempt *a, int64_t wait_us)
{
	struct timeval tv = { wait_us / 1000000, wait_us % 1000000 };

	evtimer_add(a->timer, &tv);
}

static void
on_phase_timer(evutil_socket_t fd, short what, void *arg)
{
	struct attempt *a = arg;
	struct engine *en = a->engine;
	struct symptom s;
	int64_t late_us;

	(void)fd;
	(void)what;
	engine_enter(en);
	late_us = monotonic_now_us() - a->deadline_us;
	if (late_us < 0) {
		/* libevent counts from the begin of its turn. */
		arm_timer(a, -late_us);
		engine_leave(en);
		return;
	}
	if (late_us > a->lag_us)
		a->lag_us = late_us;
	s = attempt_symptom(a);
	s.timed_out = true;
	attempt_fail(a, &s);
	engine_leave(en);
}

void
attempt_begin_phase(struct attempt *a, enum phase phase)
{
	int64_t timeout_us = a->order.timeout_us[phase];

	a->phase = phase;
	a->deadline_us = monotonic_now_us() + timeout_us;
	arm_timer(a, timeout_us);
}

void
attempt_on_socket_known(struct attempt *a)
{
	if (a->record.local.family == 0 && a->fd >= 0)
		a->record.local = pathsocket_local(a->fd);
}

void
attempt_on_socket_ready(struct attempt *a, int64_t lag_us)
{
	/*
	 * The outcome of a connect: read what the kernel counted before
	 * libcurl closes a failed one.  How long a good one waited for us is
	 * known exactly, from tcpi_rtt: note_connected().
	 */
	if (a->phase == PHASE_CONNECT) {
		if (a->fd >= 0)
			a->facts = pathsocket_facts(a->fd);
		a->connect_lag_us = lag_us;
	} else if (lag_us > a->lag_us) {
		a->lag_us = lag_us;
	}
}

/*
 * The connection is up and nothing was sent on it yet: tcpi_rtt is the time
 * from SYN to SYN-ACK, as the kernel saw it, whatever our loop was doing.
 */
static void
note_connected(struct attempt *a)
{
	struct attempt_record *r = &a->record;
	int64_t waited_us;

	if (a->connected_us != 0)
		return;
	a->connected_us = monotonic_now_us();
	waited_us = a->connected_us - a->opened_us;
	attempt_on_socket_known(a);
	a->facts = pathsocket_facts(a->fd);
	r->connect_us = waited_us;
	r->syn_retransmits = a->facts.retransmits;
	if (!a->facts.established)
		return;
	r->connect_segs_in = a->facts.segs_in;
	/* After a retransmitted SYN tcpi_rtt is not the connect time. */
	if (a->facts.retransmits > 0 || a->facts.rtt_us == NOT_MEASURED)
		return;
	r->kernel_rtt_us = a->facts.rtt_us;
	if (r->kernel_rtt_us < waited_us)
		r->connect_us = r->kernel_rtt_us;
	if (waited_us - r->connect_us > a->lag_us)
		a->lag_us = waited_us - r->connect_us;
}

void
attempt_note_first_byte(struct attempt *a)
{
	if (a->first_byte_us != 0)
		return;
	a->first_byte_us = monotonic_now_us();
	attempt_begin_phase(a, PHASE_DONE);
}

/* ----------------------------------------------------- libcurl's callbacks */

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct attempt *a = arg;

	(void)purpose;
	a->opened_us = monotonic_now_us();
	a->record.started_at_us = walltime_now_us();
	a->fd = pathsocket_open(a->order.path, to->family, to->socktype);
	if (a->fd < 0) {
		a->open_errno = errno;
		return CURL_SOCKET_BAD;
	}
	return a->fd;
}

static int
on_close_socket(void *arg, curl_socket_t fd)
{
	struct attempt *a = arg;

	if (fd == a->fd) {
		a->facts = pathsocket_facts(fd);
		a->fd = -1;
	}
	return close(fd);
}

static CURLcode
on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
	struct attempt *a = arg;

	(void)easy;
	note_connected(a);
	a->tls_us = monotonic_now_us();
	attempt_begin_phase(a, PHASE_TLS);
	if (tls_facts_watch(
		ctx, a->order.store, a->order.endpoint->verify, &a->tls) != 0)
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

/* Everything is up, the request follows. */
static int
on_before_request(
    void *arg, char *to_ip, char *local_ip, int to_port, int local_port)
{
	struct attempt *a = arg;

	(void)to_ip;
	(void)local_ip;
	(void)to_port;
	(void)local_port;
	note_connected(a);
	a->request_us = monotonic_now_us();
	attempt_begin_phase(a, PHASE_REQUEST);
	return CURL_PREREQFUNC_OK;
}

static size_t
on_header_line(char *line, size_t size, size_t count, void *arg)
{
	struct attempt *a = arg;
	struct http_header h;

	size *= count;
	attempt_note_first_byte(a);
	a->head_bytes += size;
	if (a->head_bytes > HTTP_HEAD_BYTES_MAX) {
		a->head_too_large = true;
		return 0;
	}
	if (http_header_split(line, size, &h))
		attempt_note_header(a, &h);
	return size;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct attempt *a = arg;

	size *= count;
	attempt_note_first_byte(a);
	a->body_bytes += size;
	if (conf_endpoint_is_special(a->order.endpoint))
		text_add(&a->body, bytes, size);
	if (a->body_bytes > HTTP_BODY_BYTES_MAX) {
		a->body_enough = true;
		return 0;
	}
	return size;
}

/* -------------------------------------------------------------- beginning */

static void
add_header(struct attempt *a, const char *line)
{
	struct curl_slist *longer = curl_slist_append(a->headers, line);

	if (longer == NULL) {
		fputs("natdiff: out of memory\n", stderr);
		exit(1);
	}
	a->headers = longer;
}

/* The request's headers: our marks first, then the configured ones. */
static void
make_headers(struct attempt *a)
{
	char id[2 * ATTEMPT_ID_SIZE + 1], line[128];
	uint8_t span[8];
	size_t i;

	for (i = 0; i < ATTEMPT_ID_SIZE; i++)
		snprintf(id + 2 * i, 3, "%02x", a->record.id[i]);
	RAND_bytes(span, sizeof(span));
	/* W3C Trace Context, "sampled". */
	snprintf(line, sizeof(line),
	    "traceparent: 00-%s-%02x%02x%02x%02x%02x%02x%02x%02x-01", id,
	    span[0], span[1], span[2], span[3], span[4], span[5], span[6],
	    span[7]);
	add_header(a, line);
	snprintf(line, sizeof(line), "X-Request-Id: %s", id);
	add_header(a, line);
	for (i = 0; i < a->order.endpoint->n_headers; i++)
		add_header(a, a->order.endpoint->headers[i]);
}

/* The URL for libcurl, which speaks http and https. */
static char *
make_url(const struct conf_endpoint *ep)
{
	bool v6 = strchr(ep->host, ':') != NULL;

	return x_asprintf("%s://%s%s%s:%u%s",
	    conf_endpoint_uses_tls(ep) ? "https" : "http", v6 ? "[" : "",
	    ep->host, v6 ? "]" : "", ep->port, ep->resource);
}

/* Have libcurl dial the pinned address, with the URL's SNI and Host. */
static void
pin_address(struct attempt *a)
{
	const struct endpoint_address *to = &a->order.target;
	char ip[INET6_ADDRSTRLEN], line[INET6_ADDRSTRLEN + 16];

	endpoint_address_ip(to, ip);
	snprintf(line, sizeof(line),
	    to->family == AF_INET6 ? "::[%s]:%u" : "::%s:%u", ip, to->port);
	a->connect_to = curl_slist_append(NULL, line);
}

/* Longer than all phases: our own timers end an attempt, libcurl's never. */
static long
connect_timeout_ms(const int64_t *timeout_us)
{
	int64_t sum_us = 60000000;
	int p;

	for (p = 0; p < PHASE_COUNT; p++)
		sum_us += timeout_us[p];
	return (long)(sum_us / 1000);
}

static void
set_options(struct attempt *a)
{
	const struct conf_endpoint *ep = a->order.endpoint;
	char *url = make_url(ep);
	CURL *c = a->easy;

	curl_easy_setopt(c, CURLOPT_PRIVATE, a);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, a->curl_error);
	curl_easy_setopt(c, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(c, CURLOPT_CONNECT_TO, a->connect_to);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, a->headers);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "natdiff/" PACKAGE_VERSION);

	/* One connection, one request, nothing from the environment. */
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS,
	    connect_timeout_ms(a->order.timeout_us));
	if (conf_endpoint_is_websocket(ep))
		/* FORBID_REUSE would lose the socket here. */
		curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	else
		curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);

	/*
	 * The CA store is ours; libcurl would read a file per handshake, and
	 * 7.88 would put the first store it saw into every later handshake.
	 */
	curl_easy_setopt(c, CURLOPT_CA_CACHE_TIMEOUT, 0L);
	curl_easy_setopt(c, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(c, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, ep->verify ? 1L : 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, ep->verify ? 2L : 0L);

	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, a);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	curl_easy_setopt(c, CURLOPT_CLOSESOCKETDATA, a);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
	curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, a);
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_before_request);
	curl_easy_setopt(c, CURLOPT_PREREQDATA, a);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header_line);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
}

struct attempt *
attempt_new(struct engine *en, const struct attempt_order *o)
{
	struct attempt *a = x_calloc(1, sizeof(*a));

	a->engine = en;
	a->order = *o;
	a->fd = -1;
	attempt_record_init(&a->record);
	RAND_bytes(a->record.id, sizeof(a->record.id));
	a->record.run = o->run;
	a->record.endpoint = o->endpoint_number;
	a->record.slot = o->slot;
	a->record.seq = o->seq;
	a->record.target = o->target;
	a->record.resolution_serial = o->resolution_serial;
	a->record.started_at_us = walltime_now_us();
	a->opened_us = monotonic_now_us();
	tls_facts_init(&a->tls);
	a->facts = (struct tcp_facts){ false, NOT_MEASURED, NOT_MEASURED,
		NOT_MEASURED, NOT_MEASURED };
	text_init(&a->body, ADDRESS_BODY_MAX);
	a->timer = evtimer_new(engine_base(en), on_phase_timer, a);
	a->easy = curl_easy_init();
	if (a->timer == NULL || a->easy == NULL) {
		fputs("natdiff: out of memory\n", stderr);
		exit(1);
	}
	make_headers(a);
	pin_address(a);
	set_options(a);
	return a;
}

/* ------------------------------------------------------------- the response */

static void
keep_header(struct attempt *a, const struct http_header *h)
{
	struct attempt_record *r = &a->record;
	struct header_record *kept;
	size_t size = h->value_size;

	if (r->n_headers == KEPT_HEADERS_MAX)
		return;
	if (size > KEPT_HEADER_BYTES_MAX)
		size = KEPT_HEADER_BYTES_MAX;
	r->headers =
	    x_reallocarray(r->headers, r->n_headers + 1, sizeof(*r->headers));
	kept = &r->headers[r->n_headers++];
	kept->name = x_strndup(h->name, h->name_size);
	kept->value = x_strndup(h->value, size);
}

void
attempt_note_header(void *arg, const struct http_header *h)
{
	struct attempt *a = arg;
	const struct conf_endpoint *ep = a->order.endpoint;
	char date[64];
	time_t at;
	size_t i;

	for (i = 0; i < ep->n_record; i++)
		if (http_header_is(h, ep->record[i]))
			keep_header(a, h);
	if (http_header_is(h, "X-Observed-Source") &&
	    conf_endpoint_is_special(ep))
		http_find_address(h->value, h->value_size, &a->record.observed);
	if (http_header_is(h, "Date") && h->value_size < sizeof(date)) {
		memcpy(date, h->value, h->value_size);
		date[h->value_size] = '\0';
		at = curl_getdate(date, NULL);
		if (at != -1)
			a->record.server_date_offset_us =
			    (int64_t)at * 1000000 - walltime_now_us();
	}
}

/* ---------------------------------------------------------------- the end */

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
