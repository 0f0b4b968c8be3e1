/*
 * The socket of a held link and its course: connect, TLS, asking, up, ended.
 */
#include "config.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/heldlink_internal.h"
#include "probe/pathsocket.h"
#include "probe/tlsfacts.h"

const char *
heldlink_end_name(enum heldlink_end end)
{
	static const char *const names[HELDLINK_ENDS] = {
		[HELDLINK_HOST] = "host",
		[HELDLINK_STARVED] = "starved",
		[HELDLINK_REFUSED] = "refused",
		[HELDLINK_SILENT] = "silent",
		[HELDLINK_RESET] = "reset",
		[HELDLINK_CLOSED] = "closed",
		[HELDLINK_BAD] = "bad",
		[HELDLINK_DENIED] = "denied",
	};

	return names[end];
}

/* ------------------------------------------------------------- the course */

static void
arm_timer(struct heldlink *l, int64_t wait_us)
{
	struct timeval tv = { wait_us / 1000000, wait_us % 1000000 };

	evtimer_add(l->timer, &tv);
}

/* The end, without a word to on_change. */
static void
end_link(struct heldlink *l, enum heldlink_end end, const char *text)
{
	struct heldlink_facts *f = &l->facts;

	f->state = HELDLINK_ENDED;
	f->end = end;
	f->text = text;
	f->ended_us = monotonic_now_us();
	if (l->readable != NULL) {
		event_del(l->readable);
		event_del(l->writable);
	}
	evtimer_del(l->timer);
}

void
heldlink_fail(struct heldlink *l, enum heldlink_end end, const char *text)
{
	end_link(l, end, text);
	l->order.on_change(l->order.arg, l);
}

void
heldlink_answered(struct heldlink *l)
{
	evtimer_del(l->timer);
	l->facts.state = HELDLINK_UP;
	l->facts.answered_us = monotonic_now_us();
	l->order.on_change(l->order.arg, l);
}

static enum heldlink_end
end_of_errno(int error, bool connected)
{
	switch (error) {
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EACCES:
	case EPROTO:
		return connected ? HELDLINK_RESET : HELDLINK_REFUSED;
	case ETIMEDOUT:
		return connected ? HELDLINK_SILENT : HELDLINK_STARVED;
	default:
		return HELDLINK_HOST;
	}
}

/* SYNs sent again: of a connect that stands, or that did not come about. */
static void
note_connect(struct heldlink *l)
{
	struct tcp_facts t = pathsocket_facts(l->fd);

	l->facts.syn_retransmits = t.retransmits;
	l->facts.segs_in = t.segs_in;
	if (l->facts.local.family == 0)
		l->facts.local = pathsocket_local(l->fd);
}

static void
ask_first(struct heldlink *l)
{
	l->facts.state = HELDLINK_ASKING;
	arm_timer(l, l->order.answer_timeout_us);
	heldlink_talk_ask(l);
	heldlink_talk_write(l);
}

/* One step of the TLS handshake. */
static void
secure(struct heldlink *l)
{
	int code;

	ERR_clear_error();
	errno = 0;
	code = SSL_connect(l->ssl);
	if (code == 1) {
		ask_first(l);
		return;
	}
	switch (SSL_get_error(l->ssl, code)) {
	case SSL_ERROR_WANT_READ:
		return;
	case SSL_ERROR_WANT_WRITE:
		event_add(l->writable, NULL);
		return;
	case SSL_ERROR_SYSCALL:
		l->facts.os_errno = errno;
		heldlink_fail(l,
		    errno == 0 ? HELDLINK_CLOSED : end_of_errno(errno, true),
		    "in the TLS handshake");
		return;
	default:
		heldlink_fail(l, HELDLINK_BAD,
		    ERR_reason_error_string(ERR_peek_last_error()));
		return;
	}
}

static void
begin_tls(struct heldlink *l)
{
	const char *host = l->order.endpoint->host;
	struct endpoint_address literal;
	char *name;

	l->ssl = SSL_new(l->order.tls);
	if (l->ssl == NULL || SSL_set_fd(l->ssl, l->fd) != 1) {
		heldlink_fail(l, HELDLINK_HOST, "no memory for TLS");
		return;
	}
	if (endpoint_address_parse(host, &literal) == 0)
		X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(l->ssl), host);
	else {
		SSL_set1_host(l->ssl, host);
		name = x_strdup(host); /* the macro takes no const */
		SSL_set_tlsext_host_name(l->ssl, name);
		free(name);
	}
	l->facts.state = HELDLINK_SECURING;
	arm_timer(l, l->order.answer_timeout_us);
	secure(l);
}

static void
on_connected(struct heldlink *l)
{
	int error = 0;
	socklen_t size = sizeof(error);

	note_connect(l);
	getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	if (error != 0) {
		l->facts.os_errno = error;
		heldlink_fail(l, end_of_errno(error, false), NULL);
		return;
	}
	l->facts.connected_us = monotonic_now_us();
	event_add(l->readable, NULL);
	if (l->order.tls != NULL)
		begin_tls(l);
	else
		ask_first(l);
}

/* ---------------------------------------------------- reading and writing */

static int
ssl_result(struct heldlink *l, int code, size_t *n)
{
	if (code > 0) {
		*n = (size_t)code;
		return 1;
	}
	switch (SSL_get_error(l->ssl, code)) {
	case SSL_ERROR_WANT_READ:
		return 0;
	case SSL_ERROR_WANT_WRITE:
		event_add(l->writable, NULL);
		return 0;
	case SSL_ERROR_SYSCALL:
		l->facts.os_errno = errno;
		l->io_end =
		    errno == 0 ? HELDLINK_CLOSED : end_of_errno(errno, true);
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		l->io_end = HELDLINK_CLOSED;
		return -1;
	default:
		/* OpenSSL 3: an end without close_notify is an error here. */
		l->io_end = ERR_GET_REASON(ERR_peek_last_error()) ==
			SSL_R_UNEXPECTED_EOF_WHILE_READING
		    ? HELDLINK_CLOSED
		    : HELDLINK_BAD;
		return -1;
	}
}

static int
plain_result(struct heldlink *l, ssize_t result, bool reading, size_t *n)
{
	if (result > 0 || (result == 0 && !reading)) {
		*n = (size_t)result;
		return 1;
	}
	if (result < 0 && (errno == EAGAIN || errno == EINTR)) {
		if (!reading)
			event_add(l->writable, NULL);
		return 0;
	}
	l->facts.os_errno = result < 0 ? errno : 0;
	l->io_end = result == 0 ? HELDLINK_CLOSED : end_of_errno(errno, true);
	return -1;
}

int
heldlink_receive(struct heldlink *l, void *buffer, size_t size, size_t *n)
{
	int result;

	ERR_clear_error();
	errno = 0;
	if (l->ssl != NULL)
		result = ssl_result(l, SSL_read(l->ssl, buffer, (int)size), n);
	else
		result = plain_result(l, recv(l->fd, buffer, size, 0), true, n);
	if (result > 0)
		l->facts.last_in_us = monotonic_now_us();
	return result;
}

int
heldlink_transmit(struct heldlink *l, const void *bytes, size_t size, size_t *n)
{
	ERR_clear_error();
	errno = 0;
	if (l->ssl != NULL)
		return ssl_result(l, SSL_write(l->ssl, bytes, (int)size), n);
	return plain_result(
	    l, send(l->fd, bytes, size, MSG_NOSIGNAL), false, n);
}

/* ------------------------------------------------------------- the events */

/* What the far end still says goes; its FIN is waited for. */
static void
finish_reading(struct heldlink *l)
{
	char buffer[4096];
	ssize_t n;

	do {
		n = recv(l->fd, buffer, sizeof(buffer), 0);
	} while (n > 0);
	if (n == 0)
		heldlink_fail(l, HELDLINK_CLOSED, NULL);
	else if (errno != EAGAIN && errno != EINTR)
		heldlink_fail(l, end_of_errno(errno, true), NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct heldlink *l = arg;

	(void)fd;
	(void)what;
	if (l->facts.state == HELDLINK_SECURING)
		secure(l);
	else if (l->facts.state == HELDLINK_FINISHING)
		finish_reading(l);
	else
		heldlink_talk_read(l);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct heldlink *l = arg;

	(void)fd;
	(void)what;
	if (l->facts.state == HELDLINK_CONNECTING)
		on_connected(l);
	else if (l->facts.state == HELDLINK_SECURING)
		secure(l);
	else if (l->facts.state != HELDLINK_FINISHING)
		heldlink_talk_write(l);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct heldlink *l = arg;

	(void)fd;
	(void)what;
	if (l->facts.state == HELDLINK_ENDED) {
		/* Ended within heldlink_open(): told now. */
		l->order.on_change(l->order.arg, l);
	} else if (l->facts.state == HELDLINK_CONNECTING) {
		note_connect(l);
		heldlink_fail(l, HELDLINK_STARVED, NULL);
	} else {
		heldlink_fail(l, HELDLINK_SILENT, NULL);
	}
}

static int
start_connect(struct heldlink *l)
{
	l->fd = pathsocket_open(
	    l->order.path, l->order.address.family, SOCK_STREAM);
	if (l->fd < 0)
		return -1;
	l->readable = event_new(
	    l->order.base, l->fd, EV_READ | EV_PERSIST, on_readable, l);
	l->writable = event_new(l->order.base, l->fd, EV_WRITE, on_writable, l);
	if (pathsocket_connect(l->fd, &l->order.address) != 0 &&
	    errno != EINPROGRESS)
		return -1;
	l->facts.local = pathsocket_local(l->fd);
	event_add(l->writable, NULL);
	return 0;
}

struct heldlink *
heldlink_open(const struct heldlink_order *o)
{
	struct heldlink *l = x_calloc(1, sizeof(*l));
	int error;

	l->order = *o;
	l->fd = -1;
	l->facts.syn_retransmits = l->facts.segs_in = NOT_MEASURED;
	text_init(&l->out, HELDLINK_ANSWER_MAX);
	text_init(&l->in, HELDLINK_ANSWER_MAX);
	RAND_bytes(l->facts.id, sizeof(l->facts.id));
	l->timer = evtimer_new(o->base, on_timer, l);
	l->facts.opened_us = monotonic_now_us();
	if (start_connect(l) == 0) {
		arm_timer(l, o->connect_timeout_us);
	} else {
		error = errno;
		end_link(l, end_of_errno(error, false), NULL);
		l->facts.os_errno = error;
		arm_timer(l, 0);
	}
	return l;
}

void
heldlink_ask(struct heldlink *l)
{
	l->facts.state = HELDLINK_ASKING;
	arm_timer(l, l->order.answer_timeout_us);
	heldlink_talk_ask(l);
	/* What fails at once is told by the loop. */
	event_add(l->writable, NULL);
}

void
heldlink_finish(struct heldlink *l)
{
	l->facts.state = HELDLINK_FINISHING;
	arm_timer(l, l->order.answer_timeout_us);
	ERR_clear_error();
	if (l->ssl != NULL)
		SSL_shutdown(l->ssl);
	shutdown(l->fd, SHUT_WR);
}

const struct heldlink_facts *
heldlink_facts(const struct heldlink *l)
{
	return &l->facts;
}

int64_t
heldlink_segments(const struct heldlink *l)
{
	return pathsocket_facts(l->fd).segs_in;
}

void
heldlink_free(struct heldlink *l, enum heldlink_closing how)
{
	struct linger now = { 1, 0 };

	if (l == NULL)
		return;
	if (l->readable != NULL) {
		event_free(l->readable);
		event_free(l->writable);
	}
	event_free(l->timer);
	heldlink_talk_clear(l);
	text_clear(&l->out);
	text_clear(&l->in);
	if (l->ssl != NULL && how == HELDLINK_BY_FIN &&
	    l->facts.state != HELDLINK_ENDED)
		SSL_shutdown(l->ssl);
	SSL_free(l->ssl);
	if (l->fd >= 0) {
		if (how == HELDLINK_BY_RESET)
			setsockopt(
			    l->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(l->fd);
	}
	free(l);
}

int
heldlink_tls(const struct conf_endpoint *ep, SSL_CTX **tls, struct err *e)
{
	X509_STORE *store;
	SSL_CTX *ctx;

	*tls = NULL;
	if (!conf_endpoint_uses_tls(ep))
		return 0;
	store = castore_get(ep->ca, e);
	if (store == NULL)
		return -1;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL)
		return err_set(e, "TLS: OpenSSL has no memory");
	SSL_CTX_set1_cert_store(ctx, store);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(
	    ctx, ep->verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* Thousands are held: no buffers for what is silent. */
	SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*tls = ctx;
	return 0;
}
