/*
 * The resolver: c-ares' sockets and timer as libevent events.
 */
#include "config.h"

#include <ares.h>
#include <arpa/inet.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/pathsocket.h"
#include "probe/resolve.h"

/* Tries of one question, UDP being what it is; the second waits double. */
#define TRIES 2

/* One socket of c-ares. */
struct watch {
	struct resolver *resolver;
	ares_socket_t fd;
	struct event *ev;
	LIST_ENTRY(watch) entries;
};

struct question {
	uint16_t port;
	int64_t started_at_us;
	int64_t started_us; /* monotonic */
	void (*on_answer)(void *, const struct resolve_answer *);
	void *arg;
};

struct resolver {
	struct event_base *base;
	const struct conf_path *path;
	ares_channel channel;
	struct event *timer;
	bool bind; /* the name servers are not on this host */
	LIST_HEAD(, watch) watches;
};

/* What c-ares says, as a failure.  Also the table of the manual. */
static const struct {
	int status;
	enum failure failure;
} statuses[] = {
	{ ARES_SUCCESS, FAILURE_NONE },
	{ ARES_ENOTFOUND, FAILURE_DNS_NXDOMAIN },
	{ ARES_ENODATA, FAILURE_DNS_NO_ANSWER },
	{ ARES_ESERVFAIL, FAILURE_DNS_SERVFAIL },
	{ ARES_EREFUSED, FAILURE_DNS_REFUSED },
	{ ARES_ETIMEOUT, FAILURE_DNS_TIMEOUT },
	/* No name server took the question: nobody answered it. */
	{ ARES_ECONNREFUSED, FAILURE_DNS_TIMEOUT },
	{ ARES_EDESTRUCTION, FAILURE_INTERRUPTED },
	{ ARES_ECANCELLED, FAILURE_INTERRUPTED },
};

static enum failure
failure_of(int status)
{
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].failure;
	return FAILURE_UNKNOWN;
}

/* Have the timer run when c-ares wants to be called next. */
static void
arm_timer(struct resolver *r)
{
	struct timeval tv;

	if (ares_timeout(r->channel, NULL, &tv) != NULL)
		evtimer_add(r->timer, &tv);
	else
		evtimer_del(r->timer);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	(void)fd;
	(void)what;
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_timer(r);
}

static void
on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = ((struct watch *)arg)->resolver;

	ares_process_fd(r->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
	    what & EV_WRITE ? fd : ARES_SOCKET_BAD);
	arm_timer(r);
}

/* c-ares says which of its sockets want what. */
static void
on_socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
	struct watch *w;

	LIST_FOREACH (w, &r->watches, entries)
		if (w->fd == fd)
			break;
	if (w == NULL && !readable && !writable)
		return;
	if (w == NULL) {
		w = x_calloc(1, sizeof(*w));
		w->resolver = r;
		w->fd = fd;
		LIST_INSERT_HEAD(&r->watches, w, entries);
	}
	if (w->ev != NULL)
		event_free(w->ev);
	w->ev = NULL;
	if (!readable && !writable) {
		LIST_REMOVE(w, entries);
		free(w);
		return;
	}
	w->ev = event_new(r->base, fd,
	    (short)(EV_PERSIST | (readable ? EV_READ : 0) |
		(writable ? EV_WRITE : 0)),
	    on_socket_ready, w);
	event_add(w->ev, NULL);
}

static int
on_socket_made(ares_socket_t fd, int type, void *arg)
{
	struct resolver *r = arg;
	int domain = AF_INET;
	socklen_t size = sizeof(domain);

	(void)type;
	if (!r->bind)
		return 0;
	getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size);
	return pathsocket_bind(r->path, fd, domain);
}

/* Whether any name server is reached over the loopback interface. */
static bool
server_is_local(struct resolver *r)
{
	struct ares_addr_port_node *servers, *s;
	bool local = false;

	if (ares_get_servers_ports(r->channel, &servers) != ARES_SUCCESS)
		return true;
	for (s = servers; s != NULL; s = s->next) {
		if (s->family == AF_INET)
			local |= (ntohl(s->addr.addr4.s_addr) >> 24) == 127;
		else
			local |= IN6_IS_ADDR_LOOPBACK(
			    (const struct in6_addr *)&s->addr.addr6);
	}
	ares_free_data(servers);
	return local;
}

struct resolver *
resolver_new(struct event_base *base, const struct conf_path *path,
    int64_t timeout_us, struct err *e)
{
	struct resolver *r = x_calloc(1, sizeof(*r));
	struct ares_options o = { 0 };
	int status;

	r->base = base;
	r->path = path;
	LIST_INIT(&r->watches);
	/*
	 * NOCHECKRESP: SERVFAIL and REFUSED are answers to report, not
	 * reasons to ask somebody else.  NOSEARCH: the name as it is written.
	 */
	o.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH;
	o.timeout = (int)(timeout_us / 1000 / ((1 << TRIES) - 1));
	o.tries = TRIES;
	o.sock_state_cb = on_socket_state;
	o.sock_state_cb_data = r;
	status = ares_init_options(&r->channel, &o,
	    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
		ARES_OPT_SOCK_STATE_CB);
	if (status != ARES_SUCCESS) {
		err_set(e, "resolver: %s", ares_strerror(status));
		free(r);
		return NULL;
	}
	r->bind = !server_is_local(r);
	ares_set_socket_configure_callback(r->channel, on_socket_made, r);
	r->timer = evtimer_new(base, on_timer, r);
	return r;
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	ares_destroy(r->channel);
	event_free(r->timer);
	free(r);
}

static int
by_address(const void *a, const void *b)
{
	const struct endpoint_address *x = a, *y = b;

	if (x->family != y->family)
		return x->family - y->family;
	return memcmp(&x->ip, &y->ip, sizeof(x->ip));
}

/* The addresses of an answer, sorted, each once; new memory. */
static struct endpoint_address *
take_addresses(const struct ares_addrinfo *info, uint16_t port, size_t *n)
{
	const struct ares_addrinfo_node *node;
	struct endpoint_address *list = NULL;
	size_t capacity = 0, i, kept = 0;

	*n = 0;
	for (node = info->nodes; node != NULL; node = node->ai_next) {
		struct endpoint_address a = { 0 };

		a.family = node->ai_family;
		a.port = port;
		if (a.family == AF_INET)
			a.ip.v4 = ((const struct sockaddr_in *)(const void *)
				       node->ai_addr)
				      ->sin_addr;
		else if (a.family == AF_INET6)
			a.ip.v6 = ((const struct sockaddr_in6 *)(const void *)
				       node->ai_addr)
				      ->sin6_addr;
		else
			continue;
		if (*n == CONF_ADDRESSES_MAX)
			break;
		list = x_grow(list, *n, &capacity, sizeof(*list));
		list[(*n)++] = a;
	}
	if (*n > 0)
		qsort(list, *n, sizeof(*list), by_address);
	for (i = 0; i < *n; i++)
		if (i == 0 || by_address(&list[i], &list[kept - 1]) != 0)
			list[kept++] = list[i];
	*n = kept;
	return list;
}

static void
on_addrinfo(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct question *q = arg;
	struct resolve_answer answer = { 0 };
	struct endpoint_address *addresses = NULL;

	(void)timeouts;
	answer.started_at_us = q->started_at_us;
	answer.duration_us = monotonic_now_us() - q->started_us;
	answer.failure = failure_of(status);
	if (status == ARES_SUCCESS) {
		addresses = take_addresses(info, q->port, &answer.n);
		if (answer.n == 0)
			answer.failure = FAILURE_DNS_NO_ANSWER;
	} else {
		answer.failure_text = ares_strerror(status);
	}
	answer.addresses = addresses;
	q->on_answer(q->arg, &answer);
	free(addresses);
	if (info != NULL)
		ares_freeaddrinfo(info);
	free(q);
}

void
resolver_ask(struct resolver *r, const char *host, uint16_t port,
    void (*on_answer)(void *, const struct resolve_answer *), void *arg)
{
	struct ares_addrinfo_hints hints = { 0 };
	struct question *q = x_calloc(1, sizeof(*q));

	q->port = port;
	q->started_at_us = walltime_now_us();
	q->started_us = monotonic_now_us();
	q->on_answer = on_answer;
	q->arg = arg;
	hints.ai_family = AF_UNSPEC;
	hints.ai_flags = ARES_AI_NOSORT;
	ares_getaddrinfo(r->channel, host, NULL, &hints, on_addrinfo, q);
	arm_timer(r);
}

char *
resolve_answer_text(const struct resolve_answer *answer)
{
	char ip[INET6_ADDRSTRLEN];
	struct text t;
	size_t i;

	if (answer->n == 0)
		return NULL;
	text_init(&t, CONF_ADDRESSES_MAX * INET6_ADDRSTRLEN);
	for (i = 0; i < answer->n; i++)
		text_addf(&t, "%s%s", i > 0 ? " " : "",
		    endpoint_address_ip(&answer->addresses[i], ip));
	return t.s;
}
