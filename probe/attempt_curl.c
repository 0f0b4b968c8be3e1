/*
 * The libcurl handle of an attempt: its request, its options, and what
 * libcurl calls on the way.
 */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"

/* libcurl's buffer for what comes: an answer may take several readings. */
#define BUFFER_BYTES 2048L

/* ----------------------------------------------------- libcurl's callbacks */

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct attempt *a = arg;

	(void)purpose;
	a->opened_us = monotonic_now_us();
	a->record.started_at_us = walltime_now_us();
	/* Its time counts from here: so does its limit. */
	attempt_begin_phase(a, PHASE_CONNECT);
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
	attempt_note_connected(a);
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
	attempt_note_connected(a);
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

/* ----------------------------------------------------------- the request */

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

	/* A thousand may wait at once, each in little memory. */
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, ATTEMPT_PAGES_FROM);

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

void
attempt_set_up(struct attempt *a)
{
	make_headers(a);
	pin_address(a);
	set_options(a);
}
