/*
 * libcurl's multi interface under libevent: sockets become events, the
 * multi's timeout a timer.  What happens to an attempt is in attempt.c.
 */
#include "config.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <malloc.h>
#include <stdlib.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/attempt.h"
#include "probe/engine.h"
#include "probe/loopclock.h"

struct engine {
	struct event_base *base;
	CURLM *multi;
	struct event *timer; /* of the multi handle */
	struct loopclock clock;
	LIST_HEAD(, attempt) attempts;
	size_t in_flight;
	void (*on_done)(void *, struct attempt_record *);
	void *arg;
};

/* A socket that libcurl wants watched. */
struct watch {
	struct attempt *attempt;
	struct event *ev;
};

struct event_base *
engine_base(struct engine *en)
{
	return en->base;
}

CURLM *
engine_multi(struct engine *en)
{
	return en->multi;
}

int64_t
engine_enter(struct engine *en)
{
	struct timeval turn;

	/* The same for all callbacks of one turn of the loop. */
	event_base_gettimeofday_cached(en->base, &turn);
	return loopclock_enter(&en->clock,
	    (int64_t)turn.tv_sec * 1000000 + turn.tv_usec, monotonic_now_us());
}

void
engine_leave(struct engine *en)
{
	loopclock_leave(&en->clock, monotonic_now_us());
}

/* Finish what libcurl is done with. */
static void
collect_done(struct engine *en)
{
	struct attempt *a;
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(en->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		a = NULL;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &a);
		attempt_on_transfer_done(a, m->data.result);
	}
}

static void
on_socket_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watch *w = arg;
	struct attempt *a = w->attempt;
	struct engine *en = a->engine;
	int64_t lag_us = engine_enter(en);
	int running;

	attempt_on_socket_ready(a, lag_us);
	curl_multi_socket_action(en->multi, fd,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) |
		(what & EV_WRITE ? CURL_CSELECT_OUT : 0),
	    &running);
	collect_done(en);
	engine_leave(en);
}

static void
on_multi_timer(evutil_socket_t fd, short what, void *arg)
{
	struct engine *en = arg;
	int running;

	(void)fd;
	(void)what;
	engine_enter(en);
	curl_multi_socket_action(en->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_done(en);
	engine_leave(en);
}

/* libcurl: watch this socket for these. */
static int
on_socket_wanted(
    CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	struct engine *en = arg;
	struct watch *w = socket_arg;
	short events = EV_PERSIST;

	if (what == CURL_POLL_REMOVE) {
		if (w != NULL) {
			curl_multi_assign(en->multi, fd, NULL);
			event_free(w->ev);
			free(w);
		}
		return 0;
	}
	if (w == NULL) {
		w = x_calloc(1, sizeof(*w));
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &w->attempt);
		curl_multi_assign(en->multi, fd, w);
		attempt_on_socket_known(w->attempt);
	} else {
		event_free(w->ev);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	w->ev = event_new(en->base, fd, events, on_socket_ready, w);
	event_add(w->ev, NULL);
	return 0;
}

/* libcurl: call me in timeout_ms. */
static int
on_timer_wanted(CURLM *multi, long timeout_ms, void *arg)
{
	struct engine *en = arg;
	struct timeval tv;

	(void)multi;
	if (timeout_ms < 0) {
		evtimer_del(en->timer);
		return 0;
	}
	tv.tv_sec = timeout_ms / 1000;
	tv.tv_usec = (timeout_ms % 1000) * 1000;
	evtimer_add(en->timer, &tv);
	return 0;
}

struct engine *
engine_new(struct event_base *base,
    void (*on_done)(void *, struct attempt_record *), void *arg, struct err *e)
{
	struct engine *en = x_calloc(1, sizeof(*en));

	/* Its default, but now free() does not raise it. */
	mallopt(M_MMAP_THRESHOLD, ATTEMPT_PAGES_FROM);
	en->base = base;
	en->on_done = on_done;
	en->arg = arg;
	LIST_INIT(&en->attempts);
	en->multi = curl_multi_init();
	en->timer = evtimer_new(base, on_multi_timer, en);
	if (en->multi == NULL || en->timer == NULL) {
		err_set(e, "engine: libcurl or libevent cannot start");
		engine_free(en);
		return NULL;
	}
	curl_multi_setopt(en->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	curl_multi_setopt(en->multi, CURLMOPT_SOCKETDATA, en);
	curl_multi_setopt(en->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	curl_multi_setopt(en->multi, CURLMOPT_TIMERDATA, en);
	curl_multi_setopt(
	    en->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	return en;
}

void
engine_free(struct engine *en)
{
	if (en == NULL)
		return;
	if (en->multi != NULL)
		curl_multi_cleanup(en->multi);
	if (en->timer != NULL)
		event_free(en->timer);
	free(en);
}

void
engine_fire(struct engine *en, const struct attempt_order *o)
{
	struct attempt *a;
	int running;

	engine_enter(en);
	a = attempt_new(en, o);
	LIST_INSERT_HEAD(&en->attempts, a, entries);
	en->in_flight++;
	attempt_begin_phase(a, PHASE_CONNECT);
	curl_multi_add_handle(en->multi, a->easy);
	/* Not at the loop's next turn but now: the order of a pair counts. */
	curl_multi_socket_action(en->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_done(en);
	engine_leave(en);
}

void
engine_forget(struct engine *en, struct attempt *a)
{
	LIST_REMOVE(a, entries);
	en->in_flight--;
	curl_multi_remove_handle(en->multi, a->easy);
}

void
engine_deliver(struct engine *en, struct attempt_record *r)
{
	en->on_done(en->arg, r);
}

size_t
engine_in_flight(const struct engine *en)
{
	return en->in_flight;
}

void
engine_interrupt(struct engine *en)
{
	struct attempt *a;

	while ((a = LIST_FIRST(&en->attempts)) != NULL)
		attempt_finish(a, FAILURE_INTERRUPTED, a->phase, NULL);
}
