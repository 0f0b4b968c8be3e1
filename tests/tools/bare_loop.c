/*
 * What a TLS handshake takes when nobody wants to know anything about it:
 * OpenSSL under epoll, one SSL_CTX, the certificate verified, one GET each on
 * a connection of its own.  A yardstick for natdiff-probe.
 *
 *	bare_loop [-n NUMBER] [-c AT-ONCE] [-t SECONDS] CA URL-PATH ADDRESS PORT
 *
 * makes NUMBER (1000) such requests, AT-ONCE (100) of them at a time, gives up
 * after SECONDS (60) and prints "N ok, N failed, N open".
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#define EVENTS_MAX 256

struct client {
	int fd;
	SSL *ssl;
	bool sent; /* the request */
	size_t got;
};

static struct {
	SSL_CTX *tls;
	struct sockaddr_in peer;
	const char *host;
	char request[512];
	int epoll;
	long wanted, begun, ok, failed;
} loop;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
usage(void)
{
	fputs("usage: bare_loop [-n NUMBER] [-c AT-ONCE] [-t SECONDS]"
	      " CA URL-PATH ADDRESS PORT\n",
	    stderr);
	exit(2);
}

static void
begin(struct client *c)
{
	struct epoll_event ev = { .events = EPOLLOUT, .data.ptr = c };

	memset(c, 0, sizeof(*c));
	loop.begun++;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		err(1, "socket");
	if (connect(c->fd, (struct sockaddr *)&loop.peer, sizeof(loop.peer)) !=
		0 &&
	    errno != EINPROGRESS)
		err(1, "connect");
	c->ssl = SSL_new(loop.tls);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 ||
	    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), loop.host) !=
		1)
		errx(1, "cannot make a connection");
	SSL_set_connect_state(c->ssl);
	if (epoll_ctl(loop.epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		err(1, "epoll_ctl");
}

/* One is over; the next begins in its place. */
static void
end(struct client *c)
{
	if (c->got > 0)
		loop.ok++;
	else
		loop.failed++;
	SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	close(c->fd);
	c->ssl = NULL;
	if (loop.begun < loop.wanted)
		begin(c);
}

/* Go on as far as it goes; false: it is over. */
static bool
advance(struct client *c, int *result)
{
	char buffer[4096];

	if (!SSL_is_init_finished(c->ssl)) {
		*result = SSL_do_handshake(c->ssl);
		return *result == 1;
	}
	if (!c->sent) {
		*result =
		    SSL_write(c->ssl, loop.request, (int)strlen(loop.request));
		c->sent = *result > 0;
		return c->sent;
	}
	*result = SSL_read(c->ssl, buffer, sizeof(buffer));
	if (*result > 0)
		c->got += (size_t)*result;
	return *result > 0;
}

static void
on_ready(struct client *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int result;

	while (advance(c, &result))
		continue;
	switch (SSL_get_error(c->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		break;
	case SSL_ERROR_WANT_WRITE:
		ev.events = EPOLLOUT;
		break;
	default:
		end(c);
		return;
	}
	if (epoll_ctl(loop.epoll, EPOLL_CTL_MOD, c->fd, &ev) != 0)
		err(1, "epoll_ctl");
}

static void
run(double until)
{
	struct epoll_event events[EVENTS_MAX];
	double left;
	int i, n;

	while (loop.ok + loop.failed < loop.wanted) {
		left = until - now();
		if (left <= 0)
			break;
		n = epoll_wait(
		    loop.epoll, events, EVENTS_MAX, (int)(left * 1e3) + 1);
		if (n < 0 && errno != EINTR)
			err(1, "epoll_wait");
		for (i = 0; i < n; i++)
			on_ready(events[i].data.ptr);
	}
}

static void
prepare(char **argv)
{
	struct rlimit files;

	signal(SIGPIPE, SIG_IGN);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	loop.tls = SSL_CTX_new(TLS_client_method());
	if (loop.tls == NULL ||
	    SSL_CTX_load_verify_locations(loop.tls, argv[0], NULL) != 1)
		errx(1, "%s: cannot be read", argv[0]);
	SSL_CTX_set_verify(loop.tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_session_cache_mode(loop.tls, SSL_SESS_CACHE_OFF);
	loop.host = argv[2];
	snprintf(loop.request, sizeof(loop.request),
	    "GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n",
	    argv[1], argv[2], argv[3]);
	loop.peer.sin_family = AF_INET;
	loop.peer.sin_port = htons((uint16_t)atoi(argv[3]));
	if (inet_pton(AF_INET, argv[2], &loop.peer.sin_addr) != 1)
		errx(2, "%s: not an IPv4 address", argv[2]);
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll < 0)
		err(1, "epoll_create1");
}

int
main(int argc, char **argv)
{
	struct client *clients;
	double seconds = 60;
	long at_once = 100;
	int c;

	loop.wanted = 1000;
	while ((c = getopt(argc, argv, "n:c:t:")) != -1) {
		if (c == 'n')
			loop.wanted = atol(optarg);
		else if (c == 'c')
			at_once = atol(optarg);
		else if (c == 't')
			seconds = atof(optarg);
		else
			usage();
	}
	if (argc - optind != 4 || loop.wanted < 1 || at_once < 1)
		usage();
	prepare(argv + optind);
	clients = calloc((size_t)at_once, sizeof(*clients));
	if (clients == NULL)
		errx(1, "out of memory");
	while (loop.begun < at_once && loop.begun < loop.wanted)
		begin(&clients[loop.begun]);
	run(now() + seconds);
	printf("%ld ok, %ld failed, %ld open\n", loop.ok, loop.failed,
	    loop.begun - loop.ok - loop.failed);
	return loop.failed > 0;
}
