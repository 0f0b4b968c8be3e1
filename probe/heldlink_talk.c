/*
 * What is said on a held link: a request and its answer, or an upgrade and
 * then pings and pongs.
 */
#include "config.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/heldlink_internal.h"
#include "probe/httpreply.h"
#include "probe/wsframes.h"

/* ------------------------------------------------------------- the asking */

static void
add_hex(char *out, const uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		out += snprintf(out, 3, "%02x", bytes[i]);
}

/* The lines of every request: who asks, and the configured ones. */
static char **
header_lines(const struct heldlink *l, size_t *n)
{
	const struct conf_endpoint *ep = l->order.endpoint;
	char **lines = x_calloc(ep->n_headers + 3, sizeof(*lines));
	char id[2 * ATTEMPT_ID_SIZE + 1], span[17];
	uint8_t bytes[8];
	size_t i;

	add_hex(id, l->facts.id, sizeof(l->facts.id));
	RAND_bytes(bytes, sizeof(bytes));
	add_hex(span, bytes, sizeof(bytes));
	lines[0] = x_strdup("User-Agent: natdiff/" PACKAGE_VERSION);
	lines[1] = x_asprintf("traceparent: 00-%s-%s-01", id, span);
	lines[2] = x_asprintf("X-Request-Id: %s", id);
	for (i = 0; i < ep->n_headers; i++)
		lines[3 + i] = x_strdup(ep->headers[i]);
	*n = ep->n_headers + 3;
	return lines;
}

static void
add_request(struct heldlink *l)
{
	const struct conf_endpoint *ep = l->order.endpoint;
	char *host = conf_endpoint_host_header(ep), key[WS_KEY_SIZE];
	size_t n, i;
	char **lines = header_lines(l, &n);

	if (conf_endpoint_is_websocket(ep)) {
		ws_make_key(key);
		ws_accept_for(key, l->accept);
		ws_request(&l->out, ep->resource, host, key, lines, n);
	} else {
		text_addf(&l->out, "GET %s HTTP/1.1\r\nHost: %s\r\n",
		    ep->resource, host);
		text_addf(&l->out, "Accept: */*\r\n");
		for (i = 0; i < n; i++)
			text_addf(&l->out, "%s\r\n", lines[i]);
		text_addf(&l->out, "\r\n");
	}
	for (i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
	free(host);
}

void
heldlink_talk_ask(struct heldlink *l)
{
	struct wslay_event_msg ping = { WSLAY_PING, l->facts.id,
		sizeof(l->facts.id) };

	if (l->frames != NULL) {
		wslay_event_queue_msg(l->frames, &ping);
	} else {
		text_clear(&l->in);
		text_clear(&l->out);
		l->sent = 0;
		add_request(l);
	}
	l->facts.asked_us = monotonic_now_us();
}

/* ------------------------------------------------------------ the frames */

static ssize_t
on_frames_want_bytes(wslay_event_context_ptr ctx, uint8_t *buffer, size_t size,
    int flags, void *arg)
{
	struct heldlink *l = arg;
	size_t n = wsframes_take(&l->in, &l->taken, buffer, size);
	int status;

	(void)flags;
	if (n > 0)
		return (ssize_t)n;
	status = heldlink_receive(l, buffer, size, &n);
	return wsframes_tell(ctx, status<0, status> 0 ? n : 0);
}

static ssize_t
on_frames_have_bytes(wslay_event_context_ptr ctx, const uint8_t *bytes,
    size_t size, int flags, void *arg)
{
	size_t n = 0;
	int status;

	(void)flags;
	status = heldlink_transmit(arg, bytes, size, &n);
	return wsframes_tell(ctx, status<0, status> 0 ? n : 0);
}

/* A pong is noted here and told by run_frames(), when wslay is done. */
static void
on_message(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct heldlink *l = arg;

	(void)ctx;
	if (m->opcode == WSLAY_PONG && m->msg_length == sizeof(l->facts.id) &&
	    memcmp(m->msg, l->facts.id, sizeof(l->facts.id)) == 0)
		l->pong = true;
}

static int
start_frames(struct heldlink *l)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_frames_want_bytes,
		.send_callback = on_frames_have_bytes,
		.genmask_callback = wsframes_mask,
		.on_msg_recv_callback = on_message,
	};

	if (wslay_event_context_client_init(&l->frames, &callbacks, l) != 0)
		return -1;
	wslay_event_config_set_max_recv_msg_length(
	    l->frames, HTTP_BODY_BYTES_MAX);
	return 0;
}

static void
run_frames(struct heldlink *l)
{
	l->io_end = HELDLINK_NOT_ENDED;
	if (wslay_event_recv(l->frames) != 0 ||
	    wslay_event_send(l->frames) != 0) {
		heldlink_fail(l,
		    l->io_end != HELDLINK_NOT_ENDED ? l->io_end : HELDLINK_BAD,
		    NULL);
		return;
	}
	if (wslay_event_get_close_received(l->frames)) {
		heldlink_fail(l, HELDLINK_CLOSED, "a WebSocket close frame");
		return;
	}
	if (!wslay_event_get_read_enabled(l->frames)) {
		heldlink_fail(l, HELDLINK_BAD, "frames that break RFC 6455");
		return;
	}
	if (wslay_event_want_write(l->frames))
		event_add(l->writable, NULL);
	if (l->pong && l->facts.state == HELDLINK_ASKING) {
		l->pong = false;
		heldlink_answered(l);
	}
}

/* ------------------------------------------------------------- the answer */

/* What of the headers counts. */
struct answer {
	struct heldlink *l;
	struct ws_verdict verdict;
	bool chunked;
	bool has_length;
	unsigned long long length;
};

static void
on_header(void *arg, const struct http_header *h)
{
	struct answer *a = arg;
	char digits[24];

	ws_judge_header(&a->verdict, h);
	if (http_header_is(h, "X-Observed-Source"))
		http_find_address(
		    h->value, h->value_size, &a->l->facts.observed);
	if (http_header_is(h, "Transfer-Encoding"))
		a->chunked = http_header_has_token(h, "chunked");
	if (http_header_is(h, "Content-Length") &&
	    h->value_size < sizeof(digits)) {
		memcpy(digits, h->value, h->value_size);
		digits[h->value_size] = '\0';
		a->has_length = true;
		a->length = strtoull(digits, NULL, 10);
	}
}

/* Whether all of the body is there. */
static bool
body_complete(
    const struct answer *a, const struct text *in, const struct httpreply *r)
{
	static const char last_chunk[] = "0\r\n\r\n";
	size_t size = in->size - r->head_bytes;

	if (r->status == 204 || r->status == 304)
		return true;
	if (a->chunked)
		return size >= sizeof(last_chunk) - 1 &&
		    memcmp(in->s + in->size - (sizeof(last_chunk) - 1),
			last_chunk, sizeof(last_chunk) - 1) == 0;
	return !a->has_length || size >= a->length;
}

/* A complete head is there: what does it say? */
static void
judge(struct heldlink *l, const struct httpreply *r)
{
	bool websocket = conf_endpoint_is_websocket(l->order.endpoint);
	struct answer a = { .l = l };
	struct httpreply again;

	ws_judge_init(&a.verdict, l->accept);
	httpreply_parse(l->in.s, l->in.size, &again, on_header, &a);
	l->facts.status = r->status;
	if (!websocket) {
		if (body_complete(&a, &l->in, r))
			heldlink_answered(l);
		return;
	}
	if (r->status != 101) {
		heldlink_fail(l, HELDLINK_DENIED, "the upgrade was refused");
		return;
	}
	l->taken = r->head_bytes;
	if (ws_judge(&a.verdict, r->status) != FAILURE_NONE ||
	    start_frames(l) != 0) {
		heldlink_fail(l, HELDLINK_BAD, "an upgrade against RFC 6455");
		return;
	}
	heldlink_answered(l);
}

static void
drop_head(struct text *in, size_t size)
{
	memmove(in->s, in->s + size, in->size - size + 1);
	in->size -= size;
}

static void
read_answer(struct heldlink *l)
{
	struct httpreply r;
	int complete;

	for (;;) {
		complete = httpreply_parse(l->in.s, l->in.size, &r, NULL, NULL);
		if (complete != 1 || r.status >= 200 || r.status == 101)
			break;
		drop_head(&l->in, r.head_bytes);
		if (l->in.size == 0)
			return;
	}
	if (complete < 0)
		heldlink_fail(l, HELDLINK_BAD, "no HTTP response");
	else if (complete == 1)
		judge(l, &r);
}

void
heldlink_talk_read(struct heldlink *l)
{
	char buffer[4096];
	bool got = false;
	size_t n = 0;
	int status;

	if (l->frames != NULL) {
		run_frames(l);
		return;
	}
	for (;;) {
		status = heldlink_receive(l, buffer, sizeof(buffer), &n);
		if (status <= 0)
			break;
		/* Unasked bytes of a server are read past. */
		if (l->facts.state != HELDLINK_ASKING)
			continue;
		got = true;
		if (text_add(&l->in, buffer, n) != 0) {
			heldlink_fail(l, HELDLINK_BAD, "a very long answer");
			return;
		}
	}
	if (status < 0) {
		heldlink_fail(l, l->io_end, NULL);
		return;
	}
	if (got)
		read_answer(l);
}

void
heldlink_talk_write(struct heldlink *l)
{
	size_t n = 0;
	int status;

	if (l->frames != NULL) {
		run_frames(l);
		return;
	}
	while (l->sent < l->out.size) {
		status = heldlink_transmit(
		    l, l->out.s + l->sent, l->out.size - l->sent, &n);
		if (status < 0)
			heldlink_fail(l, l->io_end, NULL);
		if (status <= 0)
			return;
		l->sent += n;
	}
}

void
heldlink_talk_clear(struct heldlink *l)
{
	if (l->frames != NULL)
		wslay_event_context_free(l->frames);
}
