/*
 * Servers that misbehave, each in one way, on a port of its own chosen by the
 * kernel.
 *
 *	badserver [-a ADDRESS] [-c CERTIFICATE -k KEY]
 *
 * prints a line `NAME PORT` for each, then an empty line, and serves until it
 * is ended or its parent ends.  tcp-NAME misbehaves on the bare connection, as
 * tls-NAME does once the ClientHello is there; http-NAME misbehaves when the
 * request is there, https-NAME the same behind TLS.  Without a certificate
 * there is no https-NAME.
 *
 * A thread a connection: nothing here is meant to be fast.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTENERS_MAX 64
#define REQUEST_MAX   65536
/* A client that is gone without a word holds its thread this long. */
#define PATIENCE_S 300

/* A connection; ssl is NULL where there is no TLS. */
struct conn {
	int fd;
	SSL *ssl;
	size_t n; /* bytes of request */
	char request[REQUEST_MAX + 1];
};

enum layer { LAYER_TCP, LAYER_HTTP };

struct behaviour {
	const char *name;
	enum layer layer;
	void (*serve)(struct conn *c);
};

struct listener {
	const struct behaviour *what;
	bool tls;
	int fd;
};

static SSL_CTX *context;
static struct listener listeners[LISTENERS_MAX];

/* ------------------------------------------------------- bytes in and out */

static ssize_t
conn_read(struct conn *c, void *buf, size_t n)
{
	if (c->ssl != NULL)
		return SSL_read(c->ssl, buf, (int)n);
	return recv(c->fd, buf, n, 0);
}

/* False when the peer is gone. */
static bool
conn_write(struct conn *c, const void *buf, size_t n)
{
	const char *p = buf;
	ssize_t w;

	while (n > 0) {
		if (c->ssl != NULL)
			w = SSL_write(c->ssl, p, (int)n);
		else
			w = send(c->fd, p, n, MSG_NOSIGNAL);
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

static bool
conn_say(struct conn *c, const char *text)
{
	return conn_write(c, text, strlen(text));
}

/* Until the peer ends, or patience does. */
static void
drain(struct conn *c)
{
	char buf[16384];

	while (conn_read(c, buf, sizeof(buf)) > 0)
		;
}

/* The same below TLS. */
static void
drain_tcp(struct conn *c)
{
	char buf[16384];

	while (recv(c->fd, buf, sizeof(buf), 0) > 0)
		;
}

/* Our end is over, in order: a FIN, and no reset for what still comes. */
static void
finish(struct conn *c)
{
	if (c->ssl != NULL)
		SSL_shutdown(c->ssl);
	shutdown(c->fd, SHUT_WR);
	drain_tcp(c);
}

/* The connection is closed with a reset by the close() that follows. */
static void
reset_on_close(struct conn *c)
{
	struct linger l = { 1, 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

/* ---------------------------------------- the bare connection, and TLS's */

static void
tcp_silent(struct conn *c)
{
	struct pollfd p = { c->fd, POLLRDHUP, 0 };

	poll(&p, 1, PATIENCE_S * 1000);
}

static void
tcp_close(struct conn *c)
{
	finish(c);
}

static void
tcp_reset(struct conn *c)
{
	reset_on_close(c);
}

static void
tcp_garbage(struct conn *c)
{
	static const char garbage[] =
	    "\x8b\x01nonsense\xff\x00that is neither TLS nor HTTP\n\n\x7f";

	conn_write(c, garbage, sizeof(garbage) - 1);
	drain(c);
}

/* Something of a ClientHello is there. */
static bool
hello(struct conn *c)
{
	char buf[4096];

	return recv(c->fd, buf, sizeof(buf), 0) > 0;
}

static void
tls_silent(struct conn *c)
{
	drain(c);
}

static void
tls_close(struct conn *c)
{
	if (hello(c))
		finish(c);
}

static void
tls_reset(struct conn *c)
{
	if (hello(c))
		reset_on_close(c);
}

static void
tls_alert(struct conn *c)
{
	/* Record: alert, TLS 1.2, 2 bytes: fatal, handshake_failure. */
	static const unsigned char alert[] = { 21, 3, 3, 0, 2, 2, 40 };

	if (!hello(c))
		return;
	conn_write(c, alert, sizeof(alert));
	finish(c);
}

static void
tls_garbage(struct conn *c)
{
	if (hello(c))
		tcp_garbage(c);
}

/* ------------------------------------------------------------------- HTTP */

static void
http_ok(struct conn *c)
{
	conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n");
	drain(c);
}

static void
http_garbage(struct conn *c)
{
	tcp_garbage(c);
}

static void
http_drip(struct conn *c)
{
	static const char answer[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"
	    "X-Filler: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\r\n"
	    "\r\nok\n";
	size_t i;

	for (i = 0; i < sizeof(answer) - 1; i++) {
		if (!conn_write(c, answer + i, 1))
			return;
		sleep(1);
	}
	drain(c);
}

static void
http_drip_body(struct conn *c)
{
	conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 3600\r\n\r\n");
	while (conn_say(c, "."))
		sleep(1);
}

static void
http_endless_headers(struct conn *c)
{
	char line[64];
	unsigned long i;

	conn_say(c, "HTTP/1.1 200 OK\r\n");
	for (i = 0;; i++) {
		snprintf(line, sizeof(line), "X-Header-%lu: value\r\n", i);
		if (!conn_say(c, line))
			return;
	}
}

static void
http_endless_line(struct conn *c)
{
	char buf[4096];

	memset(buf, 'a', sizeof(buf));
	conn_say(c, "HTTP/1.1 200 OK\r\nX-Line: ");
	while (conn_write(c, buf, sizeof(buf)))
		;
}

static void
http_endless_status(struct conn *c)
{
	char buf[4096];

	memset(buf, 'O', sizeof(buf));
	conn_say(c, "HTTP/1.1 200 ");
	while (conn_write(c, buf, sizeof(buf)))
		;
}

static void
http_huge_body(struct conn *c)
{
	char buf[16384];

	memset(buf, 'b', sizeof(buf));
	conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n");
	while (conn_write(c, buf, sizeof(buf)))
		;
}

static void
http_endless_chunks(struct conn *c)
{
	conn_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	while (conn_say(c, "10\r\n0123456789abcdef\r\n"))
		;
}

static void
http_short_body(struct conn *c)
{
	conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort\n");
	finish(c);
}

static void
http_silent(struct conn *c)
{
	drain(c);
}

static void
http_eof(struct conn *c)
{
	finish(c);
}

/* Behind TLS: the connection ends without TLS having said so. */
static void
http_cut(struct conn *c)
{
	shutdown(c->fd, SHUT_WR);
	drain_tcp(c);
}

static void
http_reset(struct conn *c)
{
	reset_on_close(c);
}

static void
http_redirect(struct conn *c)
{
	conn_say(c,
	    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n"
	    "Content-Length: 0\r\n\r\n");
	drain(c);
}

/* -------------------------------------------------------------- WebSocket */

/* Where a header's value begins, or NULL. */
static const char *
header(const struct conn *c, const char *name)
{
	const char *p = strcasestr(c->request, name);

	if (p == NULL)
		return NULL;
	p += strlen(name);
	return p + strspn(p, ": \t");
}

/* Sec-WebSocket-Accept for the request's key, RFC 6455 section 4.2.2. */
static void
accept_value(const struct conn *c, char *out, size_t size)
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[EVP_MAX_MD_SIZE], text[EVP_MAX_MD_SIZE * 2];
	const char *key = header(c, "\r\nSec-WebSocket-Key");
	char joined[256];
	unsigned int n;

	if (key == NULL)
		key = "";
	snprintf(joined, sizeof(joined), "%.*s%s",
	    (int)(strcspn(key, "\r\n") % 128), key, guid);
	EVP_Digest(joined, strlen(joined), digest, &n, EVP_sha1(), NULL);
	EVP_EncodeBlock(text, digest, (int)n);
	snprintf(out, size, "%s", (const char *)text);
}

/* The 101, whole, or with one thing wrong. */
static bool
upgrade(struct conn *c, const char *upgrade_line, const char *accept)
{
	char value[128], answer[512];

	accept_value(c, value, sizeof(value));
	snprintf(answer, sizeof(answer),
	    "HTTP/1.1 101 Switching Protocols\r\n%sConnection: Upgrade\r\n"
	    "Sec-WebSocket-Accept: %s\r\n\r\n",
	    upgrade_line, accept != NULL ? accept : value);
	return conn_say(c, answer);
}

static bool
read_exactly(struct conn *c, unsigned char *buf, size_t n)
{
	ssize_t r;

	while (n > 0) {
		r = conn_read(c, buf, n);
		if (r <= 0)
			return false;
		buf += r;
		n -= (size_t)r;
	}
	return true;
}

/* A client's control frame (they are short), unmasked: its opcode or -1. */
static int
read_frame(struct conn *c, unsigned char *payload, size_t *n)
{
	unsigned char head[2], mask[4];
	size_t i;

	if (!read_exactly(c, head, 2) || (head[1] & 0x7f) > 125)
		return -1;
	*n = head[1] & 0x7f;
	if (!(head[1] & 0x80) || !read_exactly(c, mask, 4) ||
	    !read_exactly(c, payload, *n))
		return -1;
	for (i = 0; i < *n; i++)
		payload[i] ^= mask[i % 4];
	return head[0] & 0x0f;
}

static void
answer_frame(struct conn *c, int opcode, const unsigned char *payload, size_t n)
{
	unsigned char f[2 + 125];

	f[0] = (unsigned char)(0x80 | opcode);
	f[1] = (unsigned char)n;
	memcpy(f + 2, payload, n);
	conn_write(c, f, n + 2);
}

/* An echoing server that leaves one thing out. */
static void
websocket(struct conn *c, bool pong, bool close_answered)
{
	unsigned char payload[125];
	size_t n;
	int opcode;

	if (!upgrade(c, "Upgrade: websocket\r\n", NULL))
		return;
	for (;;) {
		opcode = read_frame(c, payload, &n);
		if (opcode == -1)
			return;
		if (opcode == 9 && pong)
			answer_frame(c, 10, payload, n);
		if (opcode == 8 && close_answered) {
			answer_frame(c, 8, payload, n);
			finish(c);
			return;
		}
	}
}

static void
http_ws(struct conn *c)
{
	websocket(c, true, true);
}

static void
http_no_pong(struct conn *c)
{
	websocket(c, false, true);
}

static void
http_no_close(struct conn *c)
{
	websocket(c, true, false);
}

static void
http_bad_accept(struct conn *c)
{
	upgrade(c, "Upgrade: websocket\r\n", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
	drain(c);
}

static void
http_no_upgrade(struct conn *c)
{
	upgrade(c, "", NULL);
	drain(c);
}

static void
http_bad_frame(struct conn *c)
{
	/* Reserved bits and a reserved opcode. */
	static const unsigned char frame[] = { 0xff, 0x7f, 1, 2, 3, 4, 5, 6, 7,
		8, 9 };

	upgrade(c, "Upgrade: websocket\r\n", NULL);
	conn_write(c, frame, sizeof(frame));
	drain(c);
}

static void
http_wrong_pong(struct conn *c)
{
	static const unsigned char other[] = "other";
	unsigned char payload[125];
	size_t n;

	upgrade(c, "Upgrade: websocket\r\n", NULL);
	while (read_frame(c, payload, &n) != -1)
		answer_frame(c, 10, other, 5);
}

static const struct behaviour behaviours[] = {
	{ "tcp-silent", LAYER_TCP, tcp_silent },
	{ "tcp-close", LAYER_TCP, tcp_close },
	{ "tcp-reset", LAYER_TCP, tcp_reset },
	{ "tcp-garbage", LAYER_TCP, tcp_garbage },
	{ "tls-silent", LAYER_TCP, tls_silent },
	{ "tls-close", LAYER_TCP, tls_close },
	{ "tls-reset", LAYER_TCP, tls_reset },
	{ "tls-alert", LAYER_TCP, tls_alert },
	{ "tls-garbage", LAYER_TCP, tls_garbage },
	{ "ok", LAYER_HTTP, http_ok },
	{ "garbage", LAYER_HTTP, http_garbage },
	{ "drip", LAYER_HTTP, http_drip },
	{ "drip-body", LAYER_HTTP, http_drip_body },
	{ "endless-headers", LAYER_HTTP, http_endless_headers },
	{ "endless-line", LAYER_HTTP, http_endless_line },
	{ "endless-status", LAYER_HTTP, http_endless_status },
	{ "huge-body", LAYER_HTTP, http_huge_body },
	{ "endless-chunks", LAYER_HTTP, http_endless_chunks },
	{ "short-body", LAYER_HTTP, http_short_body },
	{ "silent", LAYER_HTTP, http_silent },
	{ "eof", LAYER_HTTP, http_eof },
	{ "cut", LAYER_HTTP, http_cut },
	{ "reset", LAYER_HTTP, http_reset },
	{ "redirect", LAYER_HTTP, http_redirect },
	{ "ws", LAYER_HTTP, http_ws },
	{ "bad-accept", LAYER_HTTP, http_bad_accept },
	{ "no-upgrade", LAYER_HTTP, http_no_upgrade },
	{ "no-pong", LAYER_HTTP, http_no_pong },
	{ "wrong-pong", LAYER_HTTP, http_wrong_pong },
	{ "no-close", LAYER_HTTP, http_no_close },
	{ "bad-frame", LAYER_HTTP, http_bad_frame },
};
#define N_BEHAVIOURS (sizeof(behaviours) / sizeof(behaviours[0]))

/* ---------------------------------------------------------------- serving */

/* Up to the empty line. */
static bool
read_request(struct conn *c)
{
	ssize_t r;

	while (c->n < REQUEST_MAX) {
		r = conn_read(c, c->request + c->n, REQUEST_MAX - c->n);
		if (r <= 0)
			return false;
		c->n += (size_t)r;
		c->request[c->n] = '\0';
		if (strstr(c->request, "\r\n\r\n") != NULL)
			return true;
	}
	return false;
}

static bool
start_tls(struct conn *c)
{
	c->ssl = SSL_new(context);
	if (c->ssl == NULL)
		errx(1, "SSL_new failed");
	SSL_set_fd(c->ssl, c->fd);
	return SSL_accept(c->ssl) == 1;
}

struct job {
	const struct listener *at;
	int fd;
};

static void *
serve(void *arg)
{
	struct job *j = arg;
	struct conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		err(1, "calloc");
	c->fd = j->fd;
	if ((!j->at->tls || start_tls(c)) &&
	    (j->at->what->layer == LAYER_TCP || read_request(c)))
		j->at->what->serve(c);
	SSL_free(c->ssl);
	close(c->fd);
	free(c);
	free(j);
	return NULL;
}

static void
on_connection(const struct listener *l)
{
	struct timeval tv = { PATIENCE_S, 0 };
	struct job *j = malloc(sizeof(*j));
	pthread_t thread;
	int one = 1;

	if (j == NULL)
		err(1, "malloc");
	j->at = l;
	j->fd = accept(l->fd, NULL, NULL);
	if (j->fd == -1) {
		free(j);
		return;
	}
	setsockopt(j->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(j->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (pthread_create(&thread, NULL, serve, j) != 0)
		errx(1, "pthread_create failed");
	pthread_detach(thread);
}

/* Listen on a port of the kernel's choice, and say which. */
static void
open_listener(struct listener *l, const char *prefix,
    const struct behaviour *what, bool tls, struct in_addr address)
{
	struct sockaddr_in sin;
	socklen_t n = sizeof(sin);

	l->what = what;
	l->tls = tls;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr = address;
	l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd == -1 ||
	    bind(l->fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    listen(l->fd, 512) != 0 ||
	    getsockname(l->fd, (struct sockaddr *)&sin, &n) != 0)
		err(1, "%s%s", prefix, what->name);
	printf("%s%s %d\n", prefix, what->name, ntohs(sin.sin_port));
}

static void
load_certificate(const char *certificate, const char *key)
{
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL ||
	    SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		errx(1, "%s, %s: %s", certificate, key,
		    ERR_reason_error_string(ERR_get_error()));
}

static size_t
open_listeners(struct in_addr address)
{
	const struct behaviour *b;
	size_t n = 0;

	for (b = behaviours; b < behaviours + N_BEHAVIOURS; b++) {
		if (n + 2 > LISTENERS_MAX)
			errx(1, "LISTENERS_MAX is too small");
		if (b->layer == LAYER_TCP) {
			open_listener(&listeners[n++], "", b, false, address);
			continue;
		}
		open_listener(&listeners[n++], "http-", b, false, address);
		if (context != NULL)
			open_listener(
			    &listeners[n++], "https-", b, true, address);
	}
	printf("\n");
	fflush(stdout);
	return n;
}

static void
usage(void)
{
	fprintf(
	    stderr, "usage: badserver [-a ADDRESS] [-c CERTIFICATE -k KEY]\n");
	exit(2);
}

int
main(int argc, char **argv)
{
	struct pollfd p[LISTENERS_MAX];
	struct in_addr address;
	const char *certificate = NULL, *key = NULL;
	size_t i, n;
	int c;

	address.s_addr = htonl(INADDR_LOOPBACK);
	while ((c = getopt(argc, argv, "a:c:k:")) != -1) {
		if (c == 'a' && inet_pton(AF_INET, optarg, &address) != 1)
			errx(2, "%s: not an IPv4 address", optarg);
		else if (c == 'c')
			certificate = optarg;
		else if (c == 'k')
			key = optarg;
		else if (c != 'a')
			usage();
	}
	if (optind != argc || (certificate == NULL) != (key == NULL))
		usage();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGPIPE, SIG_IGN);
	if (certificate != NULL)
		load_certificate(certificate, key);
	n = open_listeners(address);
	for (i = 0; i < n; i++) {
		p[i].fd = listeners[i].fd;
		p[i].events = POLLIN;
	}
	for (;;) {
		if (poll(p, n, -1) == -1 && errno != EINTR)
			err(1, "poll");
		for (i = 0; i < n; i++)
			if (p[i].revents != 0)
				on_connection(&listeners[i]);
	}
}
