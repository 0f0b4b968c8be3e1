/*
 * The witness: listening, the loop, and what is recorded when.
 */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/listener.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/pathsocket.h"
#include "probe/witness_conn.h"
#include "probe/witness_listen.h"

/*
 * Changes of an arrival are put into the queue of the recorder this often,
 * which commits within another quarter of a second.  Most connections are
 * over by then and are one row, written once.
 */
static const struct timeval flush_every = { 0, 250000 };

/* How far a report can trust in the silence of a witness that was killed. */
static const struct timeval alive_every = { 10, 0 };

/* Without descriptors (of the system, not of ours) accepting waits. */
static const struct timeval accept_again = { 0, 200000 };

/* For WebSockets to answer the close when the witness ends. */
static const struct timeval stop_within = { 1, 0 };

/* --------------------------------------------------------------- recording */

void
witness_mark(struct witness_conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	TAILQ_INSERT_TAIL(&c->witness->dirty, c, next_dirty);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct witness *w = arg;
	struct witness_conn *c;

	(void)fd;
	(void)what;
	while (!TAILQ_EMPTY(&w->dirty)) {
		c = TAILQ_FIRST(&w->dirty);
		TAILQ_REMOVE(&w->dirty, c, next_dirty);
		c->dirty = false;
		recorder_put_arrival(w->o.recorder, &c->record);
	}
}

static void
on_alive(evutil_socket_t fd, short what, void *arg)
{
	struct witness *w = arg;

	(void)fd;
	(void)what;
	recorder_witness_alive(w->o.recorder, walltime_now_us(), false);
}

/* --------------------------------------------------------------- accepting */

static void
arrival_init(struct arrival_record *r, int fd, const struct sockaddr *from,
    socklen_t size)
{
	struct sockaddr_storage ss = { 0 };

	memset(r, 0, sizeof(*r));
	r->accepted_at_us = walltime_now_us();
	r->client_hello_at_us = r->handshake_at_us = NOT_MEASURED;
	r->request_at_us = r->upgrade_at_us = NOT_MEASURED;
	r->ended_at_us = r->requests = r->http_status = NOT_MEASURED;
	memcpy(&ss, from, size < sizeof(ss) ? size : sizeof(ss));
	r->observed = pathsocket_address(&ss);
	r->listen = pathsocket_local(fd);
	witness_listen_unmap(&r->observed);
	witness_listen_unmap(&r->listen);
}

static void
on_accept(struct evconnlistener *evl, evutil_socket_t fd, struct sockaddr *from,
    int size, void *arg)
{
	struct witness *w = ((struct listener *)arg)->witness;
	struct arrival_record r;

	(void)evl;
	arrival_init(&r, fd, from, (socklen_t)size);
	r.id = w->next_arrival++;
	w->totals.arrivals++;
	if (w->n_conns < w->o.max_connections) {
		witness_conn_new(w, fd, &r);
		return;
	}
	close(fd);
	r.ended_at_us = r.accepted_at_us;
	r.ended = ARRIVAL_REFUSED;
	w->totals.refused++;
	recorder_put_arrival(w->o.recorder, &r);
}

static void
on_accept_again(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	evconnlistener_enable(l->evl);
}

static void
on_accept_trouble(struct evconnlistener *evl, void *arg)
{
	struct listener *l = arg;

	evconnlistener_disable(evl);
	event_add(l->again, &accept_again);
}

int
witness_listen(struct witness *w, int fd, struct err *e)
{
	struct listener *l = x_calloc(1, sizeof(*l));

	l->witness = w;
	l->again = evtimer_new(w->base, on_accept_again, l);
	l->evl = evconnlistener_new(w->base, on_accept, l,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (l->evl == NULL || l->again == NULL) {
		if (l->evl != NULL)
			evconnlistener_free(l->evl);
		else
			close(fd);
		if (l->again != NULL)
			event_free(l->again);
		free(l);
		return err_set(e, "listening: out of memory");
	}
	evconnlistener_set_error_cb(l->evl, on_accept_trouble);
	l->next = w->listeners;
	w->listeners = l;
	return 0;
}

static void
stop_listening(struct witness *w)
{
	struct listener *l;

	while (w->listeners != NULL) {
		l = w->listeners;
		w->listeners = l->next;
		evconnlistener_free(l->evl);
		event_free(l->again);
		free(l);
	}
}

/* ------------------------------------------------------------------ ending */

static void
end_all(struct witness *w)
{
	while (!LIST_EMPTY(&w->conns))
		witness_conn_end(LIST_FIRST(&w->conns), ARRIVAL_STOPPED);
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct witness *w = arg;
	struct witness_conn *c, *next;

	(void)fd;
	(void)what;
	if (w->stopping) {
		event_base_loopbreak(w->base);
		return;
	}
	w->stopping = true;
	stop_listening(w);
	for (c = LIST_FIRST(&w->conns); c != NULL; c = next) {
		next = LIST_NEXT(c, next);
		if (c->phase == WITNESS_WEBSOCKET)
			witness_ws_stop(c);
		else
			witness_conn_end(c, ARRIVAL_STOPPED);
	}
	event_base_loopexit(
	    w->base, LIST_EMPTY(&w->conns) ? NULL : &stop_within);
}

/* -------------------------------------------------------------------- life */

struct witness *
witness_new(const struct witness_options *o, struct err *e)
{
	static const int numbers[2] = { SIGINT, SIGTERM };
	struct witness *w = x_calloc(1, sizeof(*w));
	size_t i;

	w->o = *o;
	w->next_arrival = o->first_arrival;
	witness_conn_prepare(o->tls);
	LIST_INIT(&w->conns);
	TAILQ_INIT(&w->dirty);
	w->base = event_base_new();
	if (w->base != NULL) {
		w->flush = event_new(w->base, -1, EV_PERSIST, on_flush, w);
		w->alive = event_new(w->base, -1, EV_PERSIST, on_alive, w);
		for (i = 0; i < 2; i++)
			w->signals[i] =
			    evsignal_new(w->base, numbers[i], on_signal, w);
	}
	if (w->flush == NULL || w->alive == NULL || w->signals[0] == NULL ||
	    w->signals[1] == NULL) {
		witness_free(w);
		err_set(e, "libevent: cannot start");
		return NULL;
	}
	event_add(w->flush, &flush_every);
	event_add(w->alive, &alive_every);
	for (i = 0; i < 2; i++)
		event_add(w->signals[i], NULL);
	return w;
}

void
witness_free(struct witness *w)
{
	struct event *events[4];
	size_t i;

	if (w == NULL)
		return;
	end_all(w);
	stop_listening(w);
	events[0] = w->flush;
	events[1] = w->alive;
	events[2] = w->signals[0];
	events[3] = w->signals[1];
	for (i = 0; i < 4; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (w->base != NULL)
		event_base_free(w->base);
	free(w);
}

int
witness_run(struct witness *w, struct witness_totals *totals, struct err *e)
{
	int result = event_base_dispatch(w->base);

	end_all(w);
	recorder_witness_alive(w->o.recorder, walltime_now_us(), true);
	*totals = w->totals;
	if (result < 0)
		return err_set(e, "libevent: the loop failed");
	return 0;
}
