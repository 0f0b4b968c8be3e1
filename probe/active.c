/*
 * The loop of an active command: signals, resolving, waiting, the control.
 */
#include "config.h"

#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/active_internal.h"
#include "probe/pathsocket.h"
#include "probe/progress.h"
#include "probe/resolve.h"
#include "probe/tlsfacts.h"

/* Descriptors that are no links: the loop's, the database's, a resolver's. */
#define DESCRIPTORS_SPARE 32
#define PROGRESS_US       200000

/* ------------------------------------------------------------- the start */

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct active *a = arg;

	(void)fd;
	(void)what;
	a->interrupted = true;
}

static void
on_due(evutil_socket_t fd, short what, void *arg)
{
	/* It only ends a turn of the loop. */
	(void)fd;
	(void)what;
	(void)arg;
}

/* One question to the resolver. */
struct question {
	const struct conf_path *path;
	struct active_side_state *side;
	enum failure failure;
	bool answered;
};

/* The first address with a route, IPv4 before IPv6. */
static void
take_address(struct question *q, const struct endpoint_address *list, size_t n)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t f, i;

	for (f = 0; f < 2; f++)
		for (i = 0; i < n; i++)
			if (q->side->address.family == 0 &&
			    list[i].family == families[f] &&
			    pathsocket_has_route(q->path, &list[i]))
				q->side->address = list[i];
}

static void
on_answer(void *arg, const struct resolve_answer *answer)
{
	struct question *q = arg;

	q->answered = true;
	q->failure = answer->failure;
	take_address(q, answer->addresses, answer->n);
}

static bool
is_answered(void *arg)
{
	return ((const struct question *)arg)->answered;
}

static int
find_address(struct active *a, struct active_side_state *side, struct err *e)
{
	struct question q = { .path = a->o->path, .side = side };
	const struct conf_endpoint *ep = side->endpoint;
	char ip[INET6_ADDRSTRLEN];
	struct resolver *r;

	if (ep->n_addresses > 0) {
		take_address(&q, ep->addresses, ep->n_addresses);
	} else {
		r = resolver_new(
		    a->base, a->o->path, a->o->conf.timeout_us[PHASE_DNS], e);
		if (r == NULL)
			return -1;
		resolver_ask(r, ep->host, ep->port, on_answer, &q);
		active_wait(a, INT64_MAX, is_answered, &q);
		resolver_free(r);
	}
	if (a->interrupted)
		return err_set(e, "%s: interrupted", ep->host);
	if (q.failure != FAILURE_NONE)
		return err_set(e, "%s: cannot be resolved: %s", ep->host,
		    failure_name(q.failure));
	if (side->address.family == 0)
		return err_set(e, "%s: path %s has no route to it", ep->host,
		    a->o->path->name);
	side->address.port = ep->port; /* one given as URL has none */
	endpoint_address_ip(&side->address, ip);
	snprintf(side->destination, sizeof(side->destination),
	    side->address.family == AF_INET6 ? "[%s]:%u" : "%s:%u", ip,
	    (unsigned)side->address.port);
	return 0;
}

static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int64_t
active_descriptors(const struct active *a)
{
	struct rlimit limit;

	(void)a;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur <= DESCRIPTORS_SPARE)
		return 0;
	if (limit.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (int64_t)limit.rlim_cur - DESCRIPTORS_SPARE;
}

static int
prepare(struct active *a, struct err *e)
{
	size_t i;

	a->sides[ACTIVE_ENDPOINT_SIDE].endpoint = a->o->endpoint;
	a->sides[ACTIVE_CONTROL_SIDE].endpoint = a->o->control;
	if (pathsocket_check(a->o->path, e) != 0)
		return -1;
	for (i = 0; i < ACTIVE_SIDES; i++)
		if (heldlink_tls(a->sides[i].endpoint, &a->sides[i].tls, e) !=
			0 ||
		    find_address(a, &a->sides[i], e) != 0)
			return -1;
	if (endpoint_address_equal(&a->sides[0].address, &a->sides[1].address))
		return err_set(e, "%s: the control is the destination itself",
		    a->sides[0].destination);
	return active_result_open(a, e);
}

struct active *
active_begin(const struct active_options *o, struct err *e)
{
	struct active *a = x_calloc(1, sizeof(*a));

	a->o = o;
	a->progress = isatty(STDERR_FILENO) && !o->json;
	raise_descriptors();
	a->base = event_base_new();
	if (a->base == NULL) {
		err_set(e, "libevent cannot start");
		active_free(a);
		return NULL;
	}
	a->timer = evtimer_new(a->base, on_due, a);
	a->signals[0] = evsignal_new(a->base, SIGINT, on_signal, a);
	a->signals[1] = evsignal_new(a->base, SIGTERM, on_signal, a);
	event_add(a->signals[0], NULL);
	event_add(a->signals[1], NULL);
	if (prepare(a, e) != 0) {
		active_free(a);
		return NULL;
	}
	return a;
}

void
active_free(struct active *a)
{
	size_t i;

	if (a == NULL)
		return;
	active_result_close(a);
	for (i = 0; i < ACTIVE_SIDES; i++)
		SSL_CTX_free(a->sides[i].tls);
	for (i = 0; i < 2; i++)
		if (a->signals[i] != NULL)
			event_free(a->signals[i]);
	if (a->timer != NULL)
		event_free(a->timer);
	if (a->base != NULL)
		event_base_free(a->base);
	castore_free_all();
	free(a);
}

/* ------------------------------------------------------------- the course */

void
active_order(struct active *a, enum active_side side,
    void (*on_change)(void *arg, struct heldlink *l), void *arg,
    struct heldlink_order *order)
{
	const struct active_side_state *s = &a->sides[side];

	memset(order, 0, sizeof(*order));
	order->base = a->base;
	order->path = a->o->path;
	order->endpoint = s->endpoint;
	order->address = s->address;
	order->tls = s->tls;
	order->connect_timeout_us = ACTIVE_CONNECT_TIMEOUT_US;
	order->answer_timeout_us = ACTIVE_ANSWER_TIMEOUT_US;
	order->on_change = on_change;
	order->arg = arg;
}

bool
active_wait(
    struct active *a, int64_t due_us, bool (*is_done)(void *arg), void *arg)
{
	struct timeval tv;
	int64_t rest_us;

	while (!a->interrupted && (is_done == NULL || !is_done(arg))) {
		rest_us = due_us - monotonic_now_us();
		if (rest_us <= 0)
			break;
		if (rest_us > 1000000)
			rest_us = 1000000;
		tv.tv_sec = rest_us / 1000000;
		tv.tv_usec = rest_us % 1000000;
		evtimer_add(a->timer, &tv);
		event_base_loop(a->base, EVLOOP_ONCE);
	}
	return !a->interrupted;
}

bool
active_interrupted(const struct active *a)
{
	return a->interrupted;
}

/* What became of the control's connection. */
struct control_check {
	bool done;
	bool up;
	struct active_look how;
	const char *text;
};

static void
on_control(void *arg, struct heldlink *l)
{
	struct control_check *c = arg;
	const struct heldlink_facts *f = heldlink_facts(l);

	c->done = true;
	c->up = f->state == HELDLINK_UP;
	c->how.end = f->end;
	c->how.at_once = c->up && f->syn_retransmits <= 0;
	c->text = f->text;
}

static bool
is_checked(void *arg)
{
	return ((const struct control_check *)arg)->done;
}

int
active_check_control(struct active *a, struct active_look *how)
{
	struct control_check c = { 0 };
	struct heldlink_order order;
	struct heldlink *l;

	active_order(a, ACTIVE_CONTROL_SIDE, on_control, &c, &order);
	l = heldlink_open(&order);
	active_wait(a, INT64_MAX, is_checked, &c);
	heldlink_free(l, HELDLINK_BY_RESET);
	if (how != NULL)
		*how = c.how;
	if (!c.done)
		return -1;
	if (!c.up)
		a->control_text = c.text;
	return c.up ? 1 : 0;
}

const char *
active_control_text(const struct active *a)
{
	return a->control_text;
}

const char *
active_destination(const struct active *a, enum active_side side)
{
	return a->sides[side].destination;
}

void
active_progress(struct active *a, const char *fmt, ...)
{
	int64_t now_us = monotonic_now_us();
	char line[256];
	va_list ap;

	if (!a->progress || now_us - a->drawn_us < PROGRESS_US)
		return;
	a->drawn_us = now_us;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	progress_draw_text(stderr, line);
}
