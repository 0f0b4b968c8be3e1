/*
 * Opens TCP connections and holds them: what an application that keeps many
 * connections does to a NAT.  Says once what became of the first attempt at
 * each, then stays until it is ended.
 *
 *	hold [-k] [-n NUMBER] [-t TIMEOUT_MS] ADDRESS PORT
 *
 * prints one line, `connected N starved N failed N retransmits N`, when every
 * connection is there or its time is over; starved are those still without
 * an answer, retransmits are the SYNs sent again by all.  With -k lost and
 * starved connections are tried again each second.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <err.h>
#include <errno.h>
#include <linux/tcp.h>
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

/* Ports of one address: more cannot be held from here. */
#define HOLD_MAX 65535
/* Descriptors that are not connections. */
#define HOLD_SPARE 16

enum state { STATE_CLOSED, STATE_CONNECTING, STATE_UP };

struct held {
	int fd;
	enum state state;
};

struct totals {
	long connected;
	long starved;
	long failed;
	unsigned long retransmits;
};

static struct addrinfo *peer;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static unsigned int
retransmits(int fd)
{
	struct tcp_info ti;
	socklen_t n = sizeof(ti);

	memset(&ti, 0, sizeof(ti));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &n) != 0)
		return 0;
	return ti.tcpi_total_retrans;
}

static void
held_close(struct held *h)
{
	if (h->fd != -1)
		close(h->fd);
	h->fd = -1;
	h->state = STATE_CLOSED;
}

static void
held_open(struct held *h)
{
	h->fd = socket(peer->ai_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (h->fd == -1)
		err(1, "socket");
	h->state = STATE_UP;
	if (connect(h->fd, peer->ai_addr, peer->ai_addrlen) == 0)
		return;
	if (errno == EINPROGRESS)
		h->state = STATE_CONNECTING;
	else
		held_close(h);
}

/* The socket reported something: it connected, or it is dead. */
static void
on_ready(struct held *h, short revents)
{
	char buf[4096];
	int e = 0;
	socklen_t n = sizeof(e);

	if (h->state == STATE_CONNECTING) {
		getsockopt(h->fd, SOL_SOCKET, SO_ERROR, &e, &n);
		if (e != 0)
			held_close(h);
		else if (revents & POLLOUT)
			h->state = STATE_UP;
		return;
	}
	if (revents & (POLLERR | POLLHUP))
		held_close(h);
	else if ((revents & POLLIN) && recv(h->fd, buf, sizeof(buf), 0) <= 0 &&
	    errno != EAGAIN)
		held_close(h);
}

static void
wait_ready(struct held *h, struct pollfd *p, size_t n, int timeout_ms)
{
	size_t i;

	for (i = 0; i < n; i++) {
		p[i].fd = h[i].fd;
		p[i].events = h[i].state == STATE_CONNECTING ? POLLOUT : POLLIN;
	}
	if (poll(p, n, timeout_ms) <= 0)
		return;
	for (i = 0; i < n; i++)
		if (p[i].revents != 0)
			on_ready(&h[i], p[i].revents);
}

static size_t
count(const struct held *h, size_t n, enum state s)
{
	size_t i, found = 0;

	for (i = 0; i < n; i++)
		found += h[i].state == s;
	return found;
}

static struct totals
sum_up(const struct held *h, size_t n)
{
	struct totals t = { 0, 0, 0, 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		t.connected += h[i].state == STATE_UP;
		t.starved += h[i].state == STATE_CONNECTING;
		t.failed += h[i].state == STATE_CLOSED;
		if (h[i].fd != -1)
			t.retransmits += retransmits(h[i].fd);
	}
	return t;
}

/* Room for n connections; what cannot be had is said. */
static void
raise_limit(size_t n)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		err(1, "getrlimit");
	if (rl.rlim_cur >= n + HOLD_SPARE)
		return;
	if (rl.rlim_max < n + HOLD_SPARE)
		errx(1,
		    "%zu connections need %zu descriptors, the limit is %lu", n,
		    n + HOLD_SPARE, (unsigned long)rl.rlim_max);
	rl.rlim_cur = n + HOLD_SPARE;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		err(1, "setrlimit");
}

static size_t
number(const char *s, long min, long max, const char *what)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 10);
	if (errno != 0 || end == s || *end != '\0' || v < min || v > max)
		errx(2, "%s: %s, expected %ld to %ld", what, s, min, max);
	return (size_t)v;
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: hold [-k] [-n NUMBER] [-t TIMEOUT_MS] ADDRESS PORT\n");
	exit(2);
}

/* Lost and starved ones again, once a second, for ever. */
static void
keep(struct held *h, struct pollfd *p, size_t n, bool again)
{
	int64_t due = now_ms() + 1000;
	size_t i;

	for (;;) {
		wait_ready(h, p, n, again ? 200 : -1);
		if (!again || now_ms() < due)
			continue;
		due = now_ms() + 1000;
		for (i = 0; i < n; i++)
			if (h[i].state == STATE_CLOSED)
				held_open(&h[i]);
	}
}

int
main(int argc, char **argv)
{
	struct addrinfo hints;
	struct held *h;
	struct pollfd *p;
	struct totals t;
	int64_t end;
	size_t i, n = 1, timeout_ms = 3000;
	bool again = false;
	int c, r;

	while ((c = getopt(argc, argv, "kn:t:")) != -1) {
		if (c == 'k')
			again = true;
		else if (c == 'n')
			n = number(optarg, 1, HOLD_MAX, "-n");
		else if (c == 't')
			timeout_ms = number(optarg, 1, 3600000, "-t");
		else
			usage();
	}
	if (argc - optind != 2)
		usage();
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	r = getaddrinfo(argv[optind], argv[optind + 1], &hints, &peer);
	if (r != 0)
		errx(2, "%s %s: %s", argv[optind], argv[optind + 1],
		    gai_strerror(r));
	raise_limit(n);
	signal(SIGPIPE, SIG_IGN);
	h = calloc(n, sizeof(*h));
	p = calloc(n, sizeof(*p));
	if (h == NULL || p == NULL)
		err(1, "calloc");

	end = now_ms() + (int64_t)timeout_ms;
	for (i = 0; i < n; i++)
		held_open(&h[i]);
	while (count(h, n, STATE_CONNECTING) > 0 && now_ms() < end)
		wait_ready(h, p, n, (int)(end - now_ms()) + 1);
	t = sum_up(h, n);
	printf("connected %ld starved %ld failed %ld retransmits %lu\n",
	    t.connected, t.starved, t.failed, t.retransmits);
	fflush(stdout);

	/* The starved ones go on by themselves: the kernel's SYN timer. */
	if (!again)
		for (i = 0; i < n; i++)
			if (h[i].state == STATE_CONNECTING)
				held_close(&h[i]);
	keep(h, p, n, again);
}
