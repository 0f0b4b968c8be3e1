/*
 * A WebSocket attempt after the connect: the upgrade, one ping answered by
 * its pong, a close handshake.  libcurl carries the bytes
 * (CURLOPT_CONNECT_ONLY), wslay the frames.
 */
#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"
#include "probe/wsframes.h"
#include "probe/wsupgrade.h"

#define PING_SIZE 8

enum ws_state { WS_UPGRADE, WS_PING, WS_CLOSE };

struct websocket {
	struct attempt *attempt;
	enum ws_state state;
	struct event *readable;
	struct event *writable;

	/* The upgrade. */
	struct text out; /* holds secrets */
	size_t sent;
	struct text in;
	char accept[WS_ACCEPT_SIZE];
	struct ws_verdict verdict;

	/* Frames. */
	wslay_event_context_ptr frames;
	size_t taken; /* of in: bytes after the head, already read by wslay */
	uint8_t ping[PING_SIZE];
	int64_t ping_us;
	bool eof;
	CURLcode io_error; /* what stopped a read or a write, CURLE_OK: none */
};

/* ------------------------------------------------------------- bytes */

/* Read what is there: 0 and *n bytes (0: none yet), -1 at the end. */
static int
receive(struct websocket *ws, void *buffer, size_t size, size_t *n)
{
	struct attempt *a = ws->attempt;
	CURLcode c = curl_easy_recv(a->easy, buffer, size, n);

	if (c == CURLE_AGAIN) {
		*n = 0;
		return 0;
	}
	if (c == CURLE_OK && *n > 0) {
		a->record.bytes_in += (int64_t)*n;
		return 0;
	}
	ws->eof = c == CURLE_OK;
	ws->io_error = c;
	return -1;
}

static int
transmit(struct websocket *ws, const void *bytes, size_t size, size_t *n)
{
	struct attempt *a = ws->attempt;
	CURLcode c = curl_easy_send(a->easy, bytes, size, n);

	if (c == CURLE_AGAIN) {
		*n = 0;
		return 0;
	}
	if (c == CURLE_OK) {
		a->record.bytes_out += (int64_t)*n;
		return 0;
	}
	ws->io_error = c;
	return -1;
}

/* The connection ended or broke: the attempt with it. */
static void
fail_io(struct websocket *ws)
{
	struct attempt *a = ws->attempt;
	struct symptom s = attempt_symptom(a);
	long os_errno = 0;

	if (ws->eof && ws->state == WS_CLOSE) {
		/* Our close frame was read: some servers just hang up. */
		attempt_finish(a, FAILURE_NONE, PHASE_DONE, NULL);
		return;
	}
	if (!ws->eof)
		curl_easy_getinfo(a->easy, CURLINFO_OS_ERRNO, &os_errno);
	s.curl_code = ws->eof ? CURLE_GOT_NOTHING : (int)ws->io_error;
	s.os_errno = (int)os_errno;
	attempt_fail(a, &s);
}

/* ------------------------------------------------------------- frames */

static ssize_t
on_frames_want_bytes(wslay_event_context_ptr ctx, uint8_t *buffer, size_t size,
    int flags, void *arg)
{
	struct websocket *ws = arg;
	size_t n = wsframes_take(&ws->in, &ws->taken, buffer, size);
	int status;

	(void)flags;
	if (n > 0)
		return (ssize_t)n;
	status = receive(ws, buffer, size, &n);
	return wsframes_tell(ctx, status != 0, n);
}

static ssize_t
on_frames_have_bytes(wslay_event_context_ptr ctx, const uint8_t *bytes,
    size_t size, int flags, void *arg)
{
	size_t n;
	int status;

	(void)flags;
	status = transmit(arg, bytes, size, &n);
	return wsframes_tell(ctx, status != 0, n);
}

static void
on_message(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct websocket *ws = arg;

	if (m->opcode != WSLAY_PONG || ws->state != WS_PING ||
	    m->msg_length != PING_SIZE ||
	    memcmp(m->msg, ws->ping, PING_SIZE) != 0)
		return;
	ws->attempt->record.ws_ping_us = monotonic_now_us() - ws->ping_us;
	ws->state = WS_CLOSE;
	wslay_event_queue_close(ctx, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0);
}

static int
start_frames(struct websocket *ws)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_frames_want_bytes,
		.send_callback = on_frames_have_bytes,
		.genmask_callback = wsframes_mask,
		.on_msg_recv_callback = on_message,
	};
	struct wslay_event_msg ping = { WSLAY_PING, ws->ping, PING_SIZE };

	if (wslay_event_context_client_init(&ws->frames, &callbacks, ws) != 0)
		return -1;
	/* Messages of the server are read past, not kept. */
	wslay_event_config_set_max_recv_msg_length(
	    ws->frames, HTTP_BODY_BYTES_MAX);
	RAND_bytes(ws->ping, PING_SIZE);
	ws->state = WS_PING;
	ws->ping_us = monotonic_now_us();
	return wslay_event_queue_msg(ws->frames, &ping);
}

/*
 * Let wslay read and write what it can.  The attempt may be gone after this.
 */
static void
run_frames(struct websocket *ws)
{
	struct attempt *a = ws->attempt;

	if (wslay_event_recv(ws->frames) != 0 ||
	    wslay_event_send(ws->frames) != 0) {
		if (ws->io_error != CURLE_OK || ws->eof)
			fail_io(ws);
		else
			attempt_finish(a, FAILURE_UNKNOWN, PHASE_DONE,
			    "websocket frames cannot be made or read");
		return;
	}
	if (wslay_event_get_close_received(ws->frames)) {
		/* wslay has answered with its own close by now. */
		attempt_finish(a, FAILURE_NONE, PHASE_DONE, NULL);
		return;
	}
	if (!wslay_event_get_read_enabled(ws->frames)) {
		attempt_finish(a, FAILURE_UNKNOWN, PHASE_DONE,
		    "websocket frames break RFC 6455");
		return;
	}
	if (wslay_event_want_write(ws->frames))
		event_add(ws->writable, NULL);
}

/* ------------------------------------------------------------- upgrade */

static void
on_reply_header(void *arg, const struct http_header *h)
{
	struct websocket *ws = arg;

	attempt_note_header(ws->attempt, h);
	ws_judge_header(&ws->verdict, h);
}

/* A complete head is in ws->in: what does it say? */
static void
judge_reply(struct websocket *ws, const struct httpreply *reply)
{
	struct attempt *a = ws->attempt;
	enum failure f = ws_judge(&ws->verdict, reply->status);

	a->record.http_status = reply->status;
	ws->taken = reply->head_bytes;
	attempt_note_first_byte(a);
	if (f != FAILURE_NONE) {
		attempt_finish(a, f, PHASE_REQUEST, NULL);
		return;
	}
	if (reply->status != 101) { /* reached, whatever it answers */
		attempt_finish(a, FAILURE_NONE, PHASE_DONE, NULL);
		return;
	}
	if (start_frames(ws) != 0) {
		attempt_finish(a, FAILURE_UNKNOWN, PHASE_DONE,
		    "websocket: no memory for frames");
		return;
	}
	run_frames(ws);
}

/* An interim response (RFC 9110 section 15.2) is no answer: drop it. */
static void
drop_head(struct websocket *ws, size_t size)
{
	memmove(ws->in.s, ws->in.s + size, ws->in.size - size);
	ws->in.size -= size;
	ws->in.s[ws->in.size] = '\0';
}

static void
read_reply(struct websocket *ws)
{
	struct attempt *a = ws->attempt;
	struct httpreply reply;
	struct symptom s;
	char buffer[4096];
	int complete;
	size_t n;

	for (;;) {
		if (receive(ws, buffer, sizeof(buffer), &n) != 0) {
			fail_io(ws);
			return;
		}
		if (n == 0)
			return;
		if (text_add(&ws->in, buffer, n) != 0) {
			s = attempt_symptom(a);
			s.too_large = true;
			attempt_fail(a, &s);
			return;
		}
		do {
			complete = httpreply_parse(
			    ws->in.s, ws->in.size, &reply, NULL, NULL);
			if (complete == 1 && reply.status < 200 &&
			    reply.status != 101)
				drop_head(ws, reply.head_bytes);
			else
				break;
		} while (ws->in.size > 0);
		if (complete < 0) {
			attempt_finish(
			    a, FAILURE_HTTP_BAD_RESPONSE, PHASE_REQUEST, NULL);
			return;
		}
		if (complete == 1 && ws->in.size > 0) {
			httpreply_parse(
			    ws->in.s, ws->in.size, &reply, on_reply_header, ws);
			judge_reply(ws, &reply);
			return;
		}
	}
}

static void
write_request(struct websocket *ws)
{
	size_t n;

	while (ws->sent < ws->out.size) {
		if (transmit(ws, ws->out.s + ws->sent, ws->out.size - ws->sent,
			&n) != 0) {
			fail_io(ws);
			return;
		}
		if (n == 0) {
			event_add(ws->writable, NULL);
			return;
		}
		ws->sent += n;
	}
}

/* ------------------------------------------------------------- events */

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct websocket *ws = arg;
	struct engine *en = ws->attempt->engine;

	(void)fd;
	(void)what;
	attempt_on_socket_ready(ws->attempt, engine_enter(en));
	if (ws->state == WS_UPGRADE)
		read_reply(ws);
	else
		run_frames(ws);
	engine_leave(en);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct websocket *ws = arg;
	struct engine *en = ws->attempt->engine;

	(void)fd;
	(void)what;
	engine_enter(en);
	if (ws->state == WS_UPGRADE)
		write_request(ws);
	else
		run_frames(ws);
	engine_leave(en);
}

static void
make_request(struct websocket *ws)
{
	struct attempt *a = ws->attempt;
	const struct conf_endpoint *ep = a->order.endpoint;
	char key[WS_KEY_SIZE], *host = conf_endpoint_host_header(ep),
			       **lines = NULL;
	const struct curl_slist *h;
	size_t n = 0, capacity = 0;

	ws_make_key(key);
	ws_accept_for(key, ws->accept);
	ws_judge_init(&ws->verdict, ws->accept);
	for (h = a->headers; h != NULL; h = h->next) {
		lines = x_grow(lines, n, &capacity, sizeof(*lines));
		lines[n++] = h->data;
	}
	lines = x_grow(lines, n, &capacity, sizeof(*lines));
	lines[n] = x_strdup("User-Agent: natdiff/" PACKAGE_VERSION);
	ws_request(&ws->out, ep->resource, host, key, lines, n + 1);
	free(lines[n]);
	free(lines);
	free(host);
}

void
websocket_begin(struct attempt *a)
{
	struct websocket *ws = x_calloc(1, sizeof(*ws));
	curl_socket_t fd = CURL_SOCKET_BAD;

	curl_easy_getinfo(a->easy, CURLINFO_ACTIVESOCKET, &fd);
	a->ws = ws;
	a->record.bytes_in = a->record.bytes_out = 0;
	ws->attempt = a;
	text_init(&ws->out, 1024 * 1024);
	text_init(&ws->in, HTTP_HEAD_BYTES_MAX);
	ws->readable = event_new(
	    engine_base(a->engine), fd, EV_READ | EV_PERSIST, on_readable, ws);
	ws->writable =
	    event_new(engine_base(a->engine), fd, EV_WRITE, on_writable, ws);
	make_request(ws);
	event_add(ws->readable, NULL);
	write_request(ws);
}

enum failure
websocket_timeout(const struct websocket *ws, enum failure f)
{
	switch (ws->state) {
	case WS_PING:
		return FAILURE_WEBSOCKET_PONG_TIMEOUT;
	case WS_CLOSE:
		return FAILURE_WEBSOCKET_CLOSE_TIMEOUT;
	case WS_UPGRADE:
	default:
		return f;
	}
}

void
websocket_free(struct websocket *ws)
{
	if (ws == NULL)
		return;
	if (ws->frames != NULL)
		wslay_event_context_free(ws->frames);
	event_free(ws->readable);
	event_free(ws->writable);
	if (ws->out.s != NULL)
		explicit_bzero(ws->out.s, ws->out.size);
	text_clear(&ws->out);
	text_clear(&ws->in);
	free(ws);
}
