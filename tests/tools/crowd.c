/*
 * Many connections to a witness at once, well behaved or not.
 *
 *	crowd [-n NUMBER] [-m MODE] [-t SECONDS] [-r RATE] ADDRESS PORT
 *
 * MODE, what each connection does once it is there:
 *
 *	idle      TLS, a WebSocket, then silence (the default)
 *	silent    nothing at all
 *	half      half a ClientHello
 *	garbage   bytes that are no TLS
 *	headers   TLS, then a request's headers without end
 *	pings     a WebSocket, then pings without end, reading nothing
 *	messages  a WebSocket, then messages without end, reading nothing
 *
 * prints "N up in S s", goes on for SECONDS, or else until standard input
 * ends, and then says what is left: "N answer" a ping in idle, "N open" in
 * the other modes.
 *
 * With -r it opens so many connections a second for SECONDS, each instead of
 * the oldest of NUMBER, which is reset, and says how many there were: "N of M
 * connections in S s".
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#define NUMBER_MAX 60000
#define SPARE      16
/* One block of what is sent without end. */
#define BLOCK_SIZE 4096

enum mode { IDLE, SILENT, HALF, GARBAGE, HEADERS, PINGS, MESSAGES, MODES };

static const char *const mode_names[MODES] = { "idle", "silent", "half",
	"garbage", "headers", "pings", "messages" };

struct member {
	int fd;
	SSL *ssl; /* NULL: none */
	size_t sent;
};

static struct addrinfo *peer;
static SSL_CTX *tls;
static unsigned char block[BLOCK_SIZE];

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
	fputs("usage: crowd [-n NUMBER] [-m MODE] [-t SECONDS] [-r RATE] "
	      "ADDRESS PORT\n",
	    stderr);
	exit(2);
}

static void
drop(struct member *m)
{
	SSL_free(m->ssl);
	m->ssl = NULL;
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

/* What is sent again and again; frames are masked with zeros. */
static void
make_block(enum mode mode)
{
	static const unsigned char ping[6] = { 0x89, 0x80 };
	static const char line[] =
	    "X-Endless: 0123456789012345678901234567\r\n";
	size_t i, size = mode == PINGS ? sizeof(ping) : sizeof(line) - 1;
	const void *unit = mode == PINGS ? (const void *)ping : line;

	for (i = 0; i < BLOCK_SIZE; i++)
		block[i] = ((const unsigned char *)unit)[i % size];
	if (mode == GARBAGE)
		memset(block, 'x', BLOCK_SIZE);
	if (mode != MESSAGES)
		return;
	/* One binary frame with a length of 16 bits. */
	memset(block, 0, BLOCK_SIZE);
	block[0] = 0x82;
	block[1] = 0x80 | 126;
	block[2] = (BLOCK_SIZE - 8) >> 8;
	block[3] = (BLOCK_SIZE - 8) & 0xff;
}

/* A block holds a whole number of these, so that frames stay frames. */
static size_t
block_size(enum mode mode)
{
	return mode == PINGS ? BLOCK_SIZE / 6 * 6 : BLOCK_SIZE;
}

static int
dial(void)
{
	struct timeval patience = { 20, 0 };
	int on = 1;
	int fd = socket(peer->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, peer->ai_addr, peer->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
upgrade(SSL *ssl, const char *request)
{
	char reply[2048];
	size_t size = 0;
	int n;

	if (SSL_write(ssl, request, (int)strlen(request)) <= 0)
		return false;
	while (size < sizeof(reply) - 1) {
		n = SSL_read(
		    ssl, reply + size, (int)(sizeof(reply) - 1 - size));
		if (n <= 0)
			return false;
		size += (size_t)n;
		reply[size] = '\0';
		if (strstr(reply, "\r\n\r\n") != NULL)
			return strncmp(reply, "HTTP/1.1 101", 12) == 0;
	}
	return false;
}

/* The beginning of a TLS record of 512 bytes with a ClientHello. */
static const unsigned char half_hello[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01,
	0x00, 0x01, 0xfc, 0x03, 0x03 };

static bool
begin_plain(struct member *m, enum mode mode)
{
	if (mode == HALF)
		return send(m->fd, half_hello, sizeof(half_hello),
			   MSG_NOSIGNAL) == (ssize_t)sizeof(half_hello);
	if (mode == GARBAGE)
		return send(m->fd, block, BLOCK_SIZE, MSG_NOSIGNAL) > 0;
	return true;
}

static bool
begin_tls(struct member *m, enum mode mode)
{
	m->ssl = SSL_new(tls);
	if (m->ssl == NULL)
		errx(1, "out of memory");
	SSL_set_fd(m->ssl, m->fd);
	if (SSL_connect(m->ssl) != 1)
		return false;
	if (mode == HEADERS)
		return SSL_write(m->ssl, "GET / HTTP/1.1\r\n", 16) == 16;
	return upgrade(m->ssl,
	    "GET / HTTP/1.1\r\nHost: crowd\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

static bool
begin(struct member *m, enum mode mode)
{
	m->fd = dial();
	if (m->fd >= 0 &&
	    (mode == SILENT || mode == HALF || mode == GARBAGE
		    ? begin_plain(m, mode)
		    : begin_tls(m, mode)))
		return true;
	drop(m);
	return false;
}

/* One block more, as far as it is taken. */
static void
push(struct member *m, enum mode mode)
{
	size_t size = block_size(mode), at = m->sent % size;
	int n;

	ERR_clear_error();
	n = SSL_write(m->ssl, block + at, (int)(size - at));
	if (n > 0)
		m->sent += (size_t)n;
	else if (SSL_get_error(m->ssl, n) != SSL_ERROR_WANT_WRITE)
		drop(m);
}

static bool
answers_ping(struct member *m)
{
	static const unsigned char ping[6] = { 0x89, 0x80 };
	unsigned char pong[2];

	return m->ssl != NULL && SSL_write(m->ssl, ping, 6) == 6 &&
	    SSL_read(m->ssl, pong, 2) == 2 && pong[0] == 0x8a;
}

/* Whether the far end has neither closed nor reset it. */
static bool
is_open(const struct member *m)
{
	struct pollfd p = { .fd = m->fd, .events = POLLRDHUP };

	return m->fd >= 0 && poll(&p, 1, 0) >= 0 &&
	    (p.revents & (POLLRDHUP | POLLERR | POLLHUP)) == 0;
}

/* Until the time is over, or standard input. */
static void
go_on(struct member *all, int n, enum mode mode, double seconds)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	double until = now() + seconds;
	bool pushing = mode == HEADERS || mode == PINGS || mode == MESSAGES;
	int i;

	for (i = 0; pushing && i < n; i++)
		if (all[i].fd >= 0)
			fcntl(all[i].fd, F_SETFL, O_NONBLOCK);
	for (;;) {
		if (seconds > 0) {
			if (now() >= until)
				return;
			usleep(20000);
		} else if (poll(&in, 1, 20) > 0) {
			return;
		}
		for (i = 0; pushing && i < n; i++)
			if (all[i].fd >= 0)
				push(&all[i], mode);
	}
}

/* Closed without a TIME_WAIT that would keep our port. */
static void
reset(struct member *m)
{
	const struct linger at_once = { 1, 0 };

	if (m->fd >= 0)
		setsockopt(
		    m->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	drop(m);
}

/* So many connections a second, or as many as there can be. */
static void
churn(struct member *all, int n, enum mode mode, double rate, double seconds)
{
	double began = now(), passed;
	long tried = 0, up = 0;

	for (passed = 0; passed < seconds; passed = now() - began) {
		if ((double)tried >= passed * rate) {
			usleep(500);
			continue;
		}
		reset(&all[tried % n]);
		up += begin(&all[tried % n], mode);
		tried++;
	}
	printf("%ld of %ld connections in %.1f s\n", up, tried, passed);
}

/* All at once, until the time is over. */
static void
stay(struct member *all, int n, enum mode mode, double seconds)
{
	double began = now();
	int up = 0, left = 0, i;

	for (i = 0; i < n; i++)
		up += begin(&all[i], mode);
	printf("%d up in %.1f s\n", up, now() - began);
	fflush(stdout);
	go_on(all, n, mode, seconds);
	for (i = 0; i < n; i++)
		left += mode == IDLE ? answers_ping(&all[i]) : is_open(&all[i]);
	printf("%d %s\n", left, mode == IDLE ? "answer" : "open");
}

static void
allow_descriptors(int n)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0)
		err(1, "RLIMIT_NOFILE");
	if (r.rlim_max != RLIM_INFINITY && r.rlim_max < (rlim_t)n + SPARE)
		errx(1, "%d connections: at most %lu descriptors are allowed",
		    n, (unsigned long)r.rlim_max);
	r.rlim_cur = (rlim_t)n + SPARE;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		err(1, "RLIMIT_NOFILE");
}

static enum mode
parse_mode(const char *name)
{
	int i;

	for (i = 0; i < MODES; i++)
		if (strcmp(name, mode_names[i]) == 0)
			return (enum mode)i;
	usage();
	return IDLE;
}

int
main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	double seconds = 0, rate = 0;
	struct member *all;
	enum mode mode = IDLE;
	int n = 1, option, i;

	while ((option = getopt(argc, argv, "n:m:t:r:")) != -1) {
		if (option == 'n')
			n = atoi(optarg);
		else if (option == 'm')
			mode = parse_mode(optarg);
		else if (option == 't')
			seconds = atof(optarg);
		else if (option == 'r')
			rate = atof(optarg);
		else
			usage();
	}
	if (argc - optind != 2 || n < 1 || n > NUMBER_MAX ||
	    (rate > 0 && seconds <= 0))
		usage();
	if (getaddrinfo(argv[optind], argv[optind + 1], &hints, &peer) != 0)
		usage();
	signal(SIGPIPE, SIG_IGN);
	allow_descriptors(n);
	tls = SSL_CTX_new(TLS_client_method());
	all = calloc((size_t)n, sizeof(*all));
	if (tls == NULL || all == NULL)
		errx(1, "out of memory");
	SSL_CTX_set_mode(tls,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	for (i = 0; i < n; i++)
		all[i].fd = -1;
	make_block(mode);
	if (rate > 0)
		churn(all, n, mode, rate, seconds);
	else
		stay(all, n, mode, seconds);
	for (i = 0; i < n; i++)
		drop(&all[i]);
	SSL_CTX_free(tls);
	freeaddrinfo(peer);
	free(all);
	return 0;
}
