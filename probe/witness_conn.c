/*
 * A connection at a witness: handshake, requests, perhaps a WebSocket, end.
 *
 * It is the client that closes, where it can be had: who closes first keeps
 * the port in TIME_WAIT, and a far end that does so disturbs the very thing
 * that is measured.  For the same reason there is no TCP keep-alive.
 */
#include "config.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/witness_conn.h"

#define ANSWER_BYTES_MAX 4096

/* -------------------------------------------------------------------- ends */

static void
conn_free(struct witness_conn *c)
{
	struct witness *w = c->witness;

	LIST_REMOVE(c, next);
	w->n_conns--;
	if (c->dirty)
		TAILQ_REMOVE(&w->dirty, c, next_dirty);
	if (c->frames != NULL)
		wslay_event_context_free(c->frames);
	event_free(c->timer);
	bufferevent_free(c->bev);
	free(c);
}

void
witness_conn_end(struct witness_conn *c, enum arrival_end how)
{
	SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

	if (SSL_is_init_finished(ssl)) {
		SSL_shutdown(ssl);
		ERR_clear_error();
	}
	c->record.ended_at_us = walltime_now_us();
	c->record.ended = how;
	c->witness->totals.refused += how == ARRIVAL_REFUSED;
	recorder_put_arrival(c->witness->o.recorder, &c->record);
	conn_free(c);
}

/*
 * By hand and not by a high watermark: libevent 2.1 forgets what OpenSSL has
 * of a record when a watermark stops it in the middle of one.
 */
void
witness_conn_pace(struct witness_conn *c, bool waits)
{
	if (waits == c->waits)
		return;
	c->waits = waits;
	if (waits)
		bufferevent_disable(c->bev, EV_READ);
	else
		bufferevent_enable(c->bev, EV_READ);
}

void
witness_conn_linger(struct witness_conn *c, enum arrival_end why)
{
	c->phase = WITNESS_LINGER;
	c->why = why;
	witness_conn_pace(c, false);
	witness_conn_limit(c, WITNESS_LINGER_US);
}

void
witness_conn_limit(struct witness_conn *c, int64_t us)
{
	struct timeval tv;

	tv.tv_sec = (time_t)(us / 1000000);
	tv.tv_usec = (suseconds_t)(us % 1000000);
	event_add(c->timer, &tv);
}

static void
on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct witness_conn *c = arg;

	(void)fd;
	(void)what;
	witness_conn_end(
	    c, c->phase == WITNESS_LINGER ? c->why : ARRIVAL_TIMEOUT);
}

/*
 * How the client ended it.  errno is long gone by now, the state of the
 * socket is not: a FIN leads to CLOSE_WAIT, a reset to CLOSE.
 */
static enum arrival_end
how_ended(const struct witness_conn *c)
{
	bool tls_failed = bufferevent_get_openssl_error(c->bev) != 0;
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	if (c->phase == WITNESS_LINGER && c->why != ARRIVAL_CLOSED)
		return c->why;
	if (c->phase == WITNESS_HANDSHAKE && tls_failed)
		return ARRIVAL_BROKEN;
	if (getsockopt(bufferevent_getfd(c->bev), IPPROTO_TCP, TCP_INFO, &info,
		&size) == 0 &&
	    info.tcpi_state == TCP_CLOSE)
		return ARRIVAL_RESET;
	return tls_failed ? ARRIVAL_BROKEN : ARRIVAL_CLOSED;
}

/* ---------------------------------------------------------------- requests */

/* Whether who asks may: without a shared key everybody. */
static bool
is_admitted(const struct witness *w, const struct httprequest *r)
{
	const char *key = w->o.shared_key;

	return key == NULL ||
	    (r->shared_key != NULL && r->shared_key_size == strlen(key) &&
		CRYPTO_memcmp(r->shared_key, key, r->shared_key_size) == 0);
}

static void
note_request(struct witness_conn *c, const struct httprequest *r, int status)
{
	struct arrival_record *a = &c->record;
	struct witness_totals *t = &c->witness->totals;
	int64_t now_us = walltime_now_us();

	if (a->request_at_us == NOT_MEASURED) {
		a->request_at_us = now_us;
		a->requests = 0;
		t->requests++;
	}
	a->requests++;
	a->http_status = status;
	if (r->has_attempt_id && !a->has_attempt_id) {
		a->has_attempt_id = true;
		memcpy(a->attempt_id, r->attempt_id, sizeof(a->attempt_id));
	}
	if (status == 101) {
		a->upgrade_at_us = now_us;
		t->upgrades++;
	}
	witness_mark(c);
}

static void
answer(struct witness_conn *c, const struct httprequest *r)
{
	int status = r->status;
	struct text out;

	if (status < 400 && !is_admitted(c->witness, r))
		status = 403;
	/* Garbage is no request. */
	if (r->head_bytes > 0)
		note_request(c, r, status);
	text_init(&out, ANSWER_BYTES_MAX);
	witness_answer(&out, r, status, &c->record);
	bufferevent_write(c->bev, out.s, out.size);
	text_clear(&out);
	evbuffer_drain(bufferevent_get_input(c->bev), r->head_bytes);
	if (status == 101)
		witness_ws_begin(c);
	else if (status == 200 && r->keep_alive)
		witness_conn_limit(c, WITNESS_IDLE_US);
	else
		witness_conn_linger(c,
		    status == 200       ? ARRIVAL_CLOSED
			: status == 403 ? ARRIVAL_REFUSED
					: ARRIVAL_BROKEN);
}

/* One request at a time, the next one when its answer is sent. */
static void
read_request(struct witness_conn *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t size = evbuffer_get_length(in);
	struct httprequest r;

	witness_conn_pace(
	    c, evbuffer_get_length(bufferevent_get_output(c->bev)) > 0);
	if (size == 0 || c->waits)
		return;
	if (httprequest_parse(
		(const char *)evbuffer_pullup(in, -1), size, &r) == 1)
		answer(c, &r);
}

/* --------------------------------------------------------------- callbacks */

static void
on_progress(struct bufferevent *bev, void *arg)
{
	struct witness_conn *c = arg;
	struct evbuffer *in = bufferevent_get_input(bev);

	switch (c->phase) {
	case WITNESS_HANDSHAKE:
		break;
	case WITNESS_REQUEST:
		read_request(c);
		break;
	case WITNESS_WEBSOCKET:
		witness_conn_limit(c, c->witness->o.hold_us);
		witness_ws_run(c);
		break;
	case WITNESS_LINGER:
		evbuffer_drain(in, evbuffer_get_length(in));
		break;
	}
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct witness_conn *c = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		c->record.handshake_at_us = walltime_now_us();
		c->phase = WITNESS_REQUEST;
		witness_conn_limit(c, WITNESS_REQUEST_US);
		witness_mark(c);
	}
	if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		witness_conn_end(c, how_ended(c));
}

/* The ClientHello is complete, and nothing was answered yet. */
static int
on_client_hello(SSL *ssl, int *alert, void *arg)
{
	struct witness_conn *c = SSL_get_app_data(ssl);

	(void)alert;
	(void)arg;
	if (c->record.client_hello_at_us == NOT_MEASURED) {
		c->record.client_hello_at_us = walltime_now_us();
		c->witness->totals.hellos++;
		witness_mark(c);
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

void
witness_conn_prepare(SSL_CTX *tls)
{
	SSL_CTX_set_client_hello_cb(tls, on_client_hello, NULL);
}

void
witness_conn_new(struct witness *w, int fd, const struct arrival_record *r)
{
	struct witness_conn *c = x_calloc(1, sizeof(*c));
	SSL *ssl = SSL_new(w->o.tls);
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->witness = w;
	c->record = *r;
	c->timer = evtimer_new(w->base, on_timeout, c);
	if (ssl != NULL && c->timer != NULL) {
		SSL_set_app_data(ssl, c);
		c->bev = bufferevent_openssl_socket_new(w->base, fd, ssl,
		    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	}
	if (c->bev == NULL) {
		SSL_free(ssl);
		if (c->timer != NULL)
			event_free(c->timer);
		close(fd);
		free(c);
		return;
	}
	LIST_INSERT_HEAD(&w->conns, c, next);
	w->n_conns++;
	bufferevent_setcb(c->bev, on_progress, on_progress, on_event, c);
	bufferevent_set_max_single_read(c->bev, WITNESS_READ_MAX);
	witness_conn_limit(c, WITNESS_HANDSHAKE_US);
	witness_mark(c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
