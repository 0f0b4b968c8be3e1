/*
 * WebSocket frames of a witness: messages are echoed, pings answered.  wslay
 * speaks the protocol; here is how much of it a client gets at once.
 */
#include "config.h"

#include <event2/buffer.h>

#include "probe/witness_conn.h"

/*
 * Bytes that wslay reads before what it answers is sent: a ping takes 6, its
 * pong some 150 in wslay's queue.
 */
#define FRAME_BUDGET 1024

static ssize_t
on_frames_want_bytes(wslay_event_context_ptr ctx, uint8_t *buffer, size_t size,
    int flags, void *arg)
{
	struct witness_conn *c = arg;
	int n;

	(void)flags;
	if (size > c->frame_budget)
		size = c->frame_budget;
	n = evbuffer_remove(bufferevent_get_input(c->bev), buffer, size);
	if (n <= 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	c->frame_budget -= (size_t)n;
	return n;
}

static ssize_t
on_frames_have_bytes(wslay_event_context_ptr ctx, const uint8_t *bytes,
    size_t size, int flags, void *arg)
{
	struct witness_conn *c = arg;
	struct evbuffer *out = bufferevent_get_output(c->bev);

	(void)flags;
	if (evbuffer_get_length(out) >= WITNESS_WS_OUT_MAX) {
		wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
		return -1;
	}
	if (bufferevent_write(c->bev, bytes, size) != 0) {
		wslay_event_set_error(ctx, WSLAY_ERR_CALLBACK_FAILURE);
		return -1;
	}
	return (ssize_t)size;
}

static void
on_message(wslay_event_context_ptr ctx,
    const struct wslay_event_on_msg_recv_arg *m, void *arg)
{
	struct wslay_event_msg echo = { m->opcode, m->msg, m->msg_length };

	(void)arg;
	if (m->opcode == WSLAY_TEXT_FRAME || m->opcode == WSLAY_BINARY_FRAME)
		wslay_event_queue_msg(ctx, &echo);
}

/* All frames are exchanged: what is left is for the client to close. */
static bool
is_over(const struct witness_conn *c)
{
	return !wslay_event_want_write(c->frames) &&
	    (!wslay_event_get_read_enabled(c->frames) ||
		(wslay_event_get_close_received(c->frames) &&
		    wslay_event_get_close_sent(c->frames)));
}

/*
 * Read and answer until there is nothing left to read, or the client does
 * not take what it is sent.
 */
void
witness_ws_run(struct witness_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t left;

	do {
		left = evbuffer_get_length(in);
		c->frame_budget =
		    wslay_event_want_write(c->frames) ? 0 : FRAME_BUDGET;
		if ((c->frame_budget > 0 && wslay_event_recv(c->frames) != 0) ||
		    wslay_event_send(c->frames) != 0) {
			witness_conn_end(c, ARRIVAL_BROKEN);
			return;
		}
		if (is_over(c)) {
			witness_conn_linger(c,
			    wslay_event_get_close_received(c->frames)
				? ARRIVAL_CLOSED
				: ARRIVAL_BROKEN);
			return;
		}
	} while (evbuffer_get_length(in) > 0 && evbuffer_get_length(in) < left);
	/* What is left is not read because the client reads nothing. */
	witness_conn_pace(c, evbuffer_get_length(in) > 0);
}

void
witness_ws_begin(struct witness_conn *c)
{
	static const struct wslay_event_callbacks callbacks = {
		.recv_callback = on_frames_want_bytes,
		.send_callback = on_frames_have_bytes,
		.on_msg_recv_callback = on_message,
	};

	if (wslay_event_context_server_init(&c->frames, &callbacks, c) != 0) {
		witness_conn_end(c, ARRIVAL_BROKEN);
		return;
	}
	wslay_event_config_set_max_recv_msg_length(
	    c->frames, WITNESS_WS_MESSAGE_MAX);
	c->phase = WITNESS_WEBSOCKET;
	witness_conn_limit(c, c->witness->o.hold_us);
	witness_ws_run(c);
}

void
witness_ws_stop(struct witness_conn *c)
{
	wslay_event_queue_close(c->frames, WSLAY_CODE_GOING_AWAY, NULL, 0);
	witness_ws_run(c);
}
