/*
 * A cable with a delay: forwards Ethernet frames between two interfaces, each
 * after a random time.  For kernels without netem; needs CAP_NET_RAW in the
 * namespace of the interfaces and nothing more.
 *
 *	delaylink [-s SEED] [-o none|flow|all] -d MIN[-MAX] -a IF -b IF
 *
 * MIN and MAX are milliseconds.  Order is kept within a flow (-o flow): a
 * connection sees no reordering, and connections that begin together still
 * get delays of their own, which with -o all would run up to the largest.
 *
 * Frames travel with their virtio_net_hdr, so that checksums not yet filled
 * in and segments not yet cut by the sender's interface stay what they are.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Largest frame with offloads, and the virtio header before it. */
#define FRAME_MAX (65536 + 256)
/* Frames on the way; more are lost, as on a real link. */
#define WAITING_MAX 65536
/* Flows share a place in the table now and then: order is kept all the same. */
#define FLOWS 16384
/* Buffers of the sockets, for bursts. */
#define SOCKET_BYTES (16 * 1024 * 1024)

enum order { ORDER_NONE, ORDER_FLOW, ORDER_ALL };

struct frame {
	int64_t due_ns;
	uint64_t number; /* equal times leave in the order of arrival */
	int to;
	size_t size;
	unsigned char bytes[];
};

struct link {
	int fd[2];
	int64_t min_ns;
	int64_t max_ns;
	enum order order;
	uint64_t random;
	uint64_t arrived;
	int64_t last_ns[2][FLOWS]; /* when a flow's newest frame leaves */
	struct frame *heap[WAITING_MAX];
	size_t waiting;
};

static struct link link_;

static int64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* xorshift64*, Vigna 2016. */
static uint64_t
next_random(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 0x2545F4914F6CDD1DU;
}

static int64_t
random_delay(struct link *l)
{
	uint64_t span = (uint64_t)(l->max_ns - l->min_ns) + 1;

	return l->min_ns + (int64_t)(next_random(&l->random) % span);
}

/* FNV-1a */
static uint32_t
hash(uint32_t h, const unsigned char *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ p[i]) * 16777619U;
	return h;
}

/* A frame's flow: addresses and ports of TCP and UDP, else the protocol. */
static uint32_t
flow_of(const unsigned char *f, size_t n)
{
	uint32_t h = 2166136261U;
	size_t ip, header;

	if (n < 14)
		return 0;
	h = hash(h, f + 12, 2);
	if (f[12] == 0x08 && f[13] == 0x00 && n >= 14 + 20) {
		ip = 14;
		header = (size_t)(f[ip] & 0xf) * 4;
		h = hash(h, f + ip + 9, 1);
		h = hash(h, f + ip + 12, 8);
		if ((f[ip + 9] == 6 || f[ip + 9] == 17) && n >= ip + header + 4)
			h = hash(h, f + ip + header, 4);
	} else if (f[12] == 0x86 && f[13] == 0xdd && n >= 14 + 40) {
		ip = 14;
		h = hash(h, f + ip + 6, 1);
		h = hash(h, f + ip + 8, 32);
		if ((f[ip + 6] == 6 || f[ip + 6] == 17) && n >= ip + 44)
			h = hash(h, f + ip + 40, 4);
	}
	return h % FLOWS;
}

static bool
sooner(const struct frame *a, const struct frame *b)
{
	if (a->due_ns != b->due_ns)
		return a->due_ns < b->due_ns;
	return a->number < b->number;
}

static void
heap_push(struct link *l, struct frame *f)
{
	size_t i = l->waiting++;

	while (i > 0 && sooner(f, l->heap[(i - 1) / 2])) {
		l->heap[i] = l->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	l->heap[i] = f;
}

static struct frame *
heap_pop(struct link *l)
{
	struct frame *top = l->heap[0];
	struct frame *last = l->heap[--l->waiting];
	size_t i = 0, child;

	for (;;) {
		child = 2 * i + 1;
		if (child >= l->waiting)
			break;
		if (child + 1 < l->waiting &&
		    sooner(l->heap[child + 1], l->heap[child]))
			child++;
		if (!sooner(l->heap[child], last))
			break;
		l->heap[i] = l->heap[child];
		i = child;
	}
	l->heap[i] = last;
	return top;
}

static int64_t
due(struct link *l, int from, const unsigned char *f, size_t n)
{
	int64_t t = now_ns() + random_delay(l), *last;

	if (l->order == ORDER_NONE)
		return t;
	last = &l->last_ns[from][l->order == ORDER_FLOW ? flow_of(f, n) : 0];
	if (t < *last)
		t = *last;
	*last = t;
	return t;
}

/* Take in what has arrived at one end. */
static void
receive(struct link *l, int from)
{
	static unsigned char buf[FRAME_MAX];
	const size_t vnet = 10; /* struct virtio_net_hdr */
	struct frame *f;
	ssize_t n;

	for (;;) {
		n = recv(l->fd[from], buf, sizeof(buf), MSG_DONTWAIT);
		if (n == -1 && errno != EAGAIN && errno != EINTR &&
		    errno != ENETDOWN)
			err(1, "recv");
		if (n < (ssize_t)vnet)
			return;
		if (l->waiting == WAITING_MAX)
			continue;
		f = malloc(sizeof(*f) + (size_t)n);
		if (f == NULL)
			err(1, "malloc");
		f->size = (size_t)n;
		f->to = !from;
		f->number = l->arrived++;
		memcpy(f->bytes, buf, f->size);
		f->due_ns = due(l, from, buf + vnet, f->size - vnet);
		heap_push(l, f);
	}
}

/* A frame that cannot be sent is lost: the other end is down, or full. */
static void
send_due(struct link *l)
{
	struct frame *f;

	while (l->waiting > 0 && l->heap[0]->due_ns <= now_ns()) {
		f = heap_pop(l);
		if (send(l->fd[f->to], f->bytes, f->size, 0) == -1 &&
		    errno != ENETDOWN && errno != ENOBUFS && errno != EAGAIN)
			warn("send of %zu bytes", f->size);
		free(f);
	}
}

static int
open_end(const char *name)
{
	struct sockaddr_ll sll;
	int fd, one = 1, size = SOCKET_BYTES;

	memset(&sll, 0, sizeof(sll));
	sll.sll_family = AF_PACKET;
	sll.sll_protocol = htons(ETH_P_ALL);
	sll.sll_ifindex = (int)if_nametoindex(name);
	if (sll.sll_ifindex == 0)
		err(1, "%s", name);
	/* Protocol 0: nothing arrives before the options are set. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd == -1)
		err(1, "socket");
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		err(1, "PACKET_VNET_HDR");
	if (setsockopt(
		fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)))
		err(1, "PACKET_IGNORE_OUTGOING");
	/* Best effort: the unforced size is the system's largest. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (bind(fd, (struct sockaddr *)&sll, sizeof(sll)) != 0)
		err(1, "bind to %s", name);
	return fd;
}

/* Never returns. */
static void
forward(struct link *l)
{
	struct pollfd p[2] = { { l->fd[0], POLLIN, 0 },
		{ l->fd[1], POLLIN, 0 } };
	struct timespec ts, *wait;
	int64_t ns;

	for (;;) {
		wait = NULL;
		if (l->waiting > 0) {
			ns = l->heap[0]->due_ns - now_ns();
			if (ns < 0)
				ns = 0;
			ts.tv_sec = (time_t)(ns / 1000000000);
			ts.tv_nsec = (long)(ns % 1000000000);
			wait = &ts;
		}
		if (ppoll(p, 2, wait, NULL) == -1 && errno != EINTR)
			err(1, "ppoll");
		receive(l, 0);
		receive(l, 1);
		send_due(l);
	}
}

static void
usage(void)
{
	fprintf(stderr,
	    "usage: delaylink [-s SEED] [-o none|flow|all] -d MIN[-MAX] "
	    "-a IF -b IF\n");
	exit(2);
}

/* MIN or MIN-MAX in milliseconds, fractions allowed. */
static void
parse_delay(struct link *l, const char *s)
{
	char *end;
	double min, max;

	min = max = strtod(s, &end);
	if (*end == '-')
		max = strtod(end + 1, &end);
	if (end == s || *end != '\0' || !(min >= 0) || !(max >= min) ||
	    max > 60000)
		errx(2, "-d: %s: expected MIN-MAX in ms", s);
	l->min_ns = (int64_t)(min * 1e6);
	l->max_ns = (int64_t)(max * 1e6);
}

static enum order
parse_order(const char *s)
{
	if (strcmp(s, "none") == 0)
		return ORDER_NONE;
	if (strcmp(s, "flow") == 0)
		return ORDER_FLOW;
	if (strcmp(s, "all") == 0)
		return ORDER_ALL;
	errx(2, "-o: %s: expected none, flow or all", s);
}

int
main(int argc, char **argv)
{
	struct link *l = &link_;
	const char *a = NULL, *b = NULL;
	uint64_t seed = 1;
	bool delay = false;
	int c, i;

	l->order = ORDER_FLOW;
	while ((c = getopt(argc, argv, "a:b:d:o:s:")) != -1) {
		if (c == 'a') {
			a = optarg;
		} else if (c == 'b') {
			b = optarg;
		} else if (c == 'd') {
			parse_delay(l, optarg);
			delay = true;
		} else if (c == 'o') {
			l->order = parse_order(optarg);
		} else if (c == 's') {
			seed = strtoull(optarg, NULL, 10);
		} else {
			usage();
		}
	}
	if (a == NULL || b == NULL || !delay || optind != argc)
		usage();
	/* Neighbouring seeds are made far apart; zero would stay zero. */
	l->random = seed * 0x9E3779B97F4A7C15U + 1;
	for (i = 0; i < 10; i++)
		next_random(&l->random);
	l->fd[0] = open_end(a);
	l->fd[1] = open_end(b);
	forward(l);
}
