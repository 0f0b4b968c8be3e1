/*
 * Resolving and firing within one slot.
 */
#include "config.h"

#include <event2/event.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/pathsocket.h"
#include "probe/sampler.h"
#include "probe/slotwork.h"

/* The addresses of one endpoint on one lane. */
struct answer {
	struct slotwork *work;
	struct lane *lane;
	int endpoint;
	bool ready;
	int64_t serial; /* of the resolution, 0: pinned */
	enum failure failure;
	struct endpoint_address *addresses;
	size_t n;
	bool has_route[2]; /* IPv4, IPv6 */
};

struct slotwork {
	struct slotwork_context *context;
	int64_t slot;
	int64_t begin_us; /* wall clock */
	struct shot *shots;
	size_t n_shots, next;
	struct answer *answers; /* lanes x endpoints */
	size_t waiting;         /* of them not ready */
	struct event *timer;
	bool cancelled;
	bool name_was_slow; /* a shot was due before its name was resolved */
};

static const int families[2] = { AF_INET, AF_INET6 };

int64_t
slotwork_slot(const struct slotwork *w)
{
	return w->slot;
}

static struct answer *
answer_of(struct slotwork *w, size_t lane, int endpoint)
{
	return &w->answers[lane * w->context->conf->n_endpoints +
	    (size_t)endpoint];
}

static void
slotwork_free(struct slotwork *w)
{
	size_t i, n = w->context->n_lanes * w->context->conf->n_endpoints;

	for (i = 0; i < n; i++)
		free(w->answers[i].addresses);
	free(w->answers);
	free(w->shots);
	event_free(w->timer);
	free(w);
}

/* ------------------------------------------------------------- resolving */

/* Which families the lane has a route for, by asking the kernel. */
static void
find_routes(struct answer *a)
{
	size_t f, i;

	for (f = 0; f < 2; f++)
		for (i = 0; i < a->n && !a->has_route[f]; i++)
			if (a->addresses[i].family == families[f])
				a->has_route[f] = pathsocket_has_route(
				    a->lane->path, &a->addresses[i]);
	/* Without any route the attempts shall say so. */
	if (!a->has_route[0] && !a->has_route[1])
		a->has_route[0] = a->has_route[1] = true;
}

static void
set_addresses(struct answer *a, const struct endpoint_address *list, size_t n)
{
	a->n = n;
	a->addresses = x_calloc(n, sizeof(*list));
	if (n > 0)
		memcpy(a->addresses, list, n * sizeof(*list));
	find_routes(a);
}

static void
record_resolution(struct answer *a, const struct resolve_answer *answer)
{
	struct slotwork_context *c = a->work->context;
	struct resolution_record r = { 0 };

	a->serial = ++c->next_serial;
	r.serial = a->serial;
	r.run = a->lane->run;
	r.endpoint = c->endpoint_numbers[a->endpoint];
	r.slot = a->work->slot;
	r.started_at_us = answer->started_at_us;
	r.duration_us = answer->duration_us;
	r.failure = answer->failure;
	if (answer->failure_text != NULL)
		r.failure_text = x_strdup(answer->failure_text);
	r.addresses = resolve_answer_text(answer);
	recorder_put_resolution(c->recorder, &r);
}

static void schedule(struct slotwork *w);

static void
on_answer(void *arg, const struct resolve_answer *answer)
{
	struct answer *a = arg;
	struct slotwork *w = a->work;

	a->ready = true;
	w->waiting--;
	if (!w->cancelled) {
		record_resolution(a, answer);
		a->failure = answer->failure;
		set_addresses(a, answer->addresses, answer->n);
		schedule(w);
	} else if (w->waiting == 0) {
		slotwork_free(w);
	}
}

/* Whether a path fires in this slot at all: a fleet takes turns. */
static bool
lane_has_turn(const struct slotwork *w, const struct lane *lane)
{
	return lane->path->role != ROLE_NAT ||
	    plan_is_our_turn(recorder_agent(w->context->recorder), w->slot,
		w->context->rotation);
}

static bool
endpoint_has_shots(const struct slotwork *w, int endpoint)
{
	size_t i;

	for (i = 0; i < w->n_shots; i++)
		if (w->shots[i].endpoint == endpoint)
			return true;
	return false;
}

/* Pinned, a literal, or to be asked for. */
static void
begin_answer(struct answer *a, const struct conf_endpoint *ep)
{
	struct endpoint_address literal;

	if (ep->n_addresses > 0) {
		set_addresses(a, ep->addresses, ep->n_addresses);
		a->ready = true;
	} else if (endpoint_address_parse(ep->host, &literal) == 0) {
		literal.port = ep->port;
		set_addresses(a, &literal, 1);
		a->ready = true;
	}
}

static void
resolve_all(struct slotwork *w)
{
	struct slotwork_context *c = w->context;
	size_t lane, n = c->conf->n_endpoints, i;
	struct answer *a;
	int ep;

	for (lane = 0; lane < c->n_lanes; lane++) {
		for (ep = 0; ep < (int)n; ep++) {
			a = answer_of(w, lane, ep);
			a->work = w;
			a->lane = &c->lanes[lane];
			a->endpoint = ep;
			if (!lane_has_turn(w, a->lane) ||
			    !endpoint_has_shots(w, ep))
				a->ready = true;
			else
				begin_answer(a, &c->conf->endpoints[ep]);
			w->waiting += !a->ready;
		}
	}
	/* Answers may come at once: count all of them first. */
	for (i = 0; i < c->n_lanes * n; i++) {
		a = &w->answers[i];
		if (!a->ready)
			resolver_ask(a->lane->resolver,
			    c->conf->endpoints[a->endpoint].host,
			    c->conf->endpoints[a->endpoint].port, on_answer, a);
	}
}

/* ------------------------------------------------------------- firing */

/* The name did not resolve: an attempt without a target. */
static void
record_unresolved(
    struct slotwork *w, const struct answer *a, const struct shot *shot)
{
	struct slotwork_context *c = w->context;
	struct attempt_record r;

	attempt_record_init(&r);
	RAND_bytes(r.id, sizeof(r.id));
	r.run = a->lane->run;
	r.endpoint = c->endpoint_numbers[shot->endpoint];
	r.slot = w->slot;
	r.seq = shot->seq;
	r.resolution_serial = a->serial;
	r.started_at_us = walltime_now_us();
	r.failure = a->failure;
	r.failed_phase = PHASE_DNS;
	c->on_unresolved(c->arg, &r);
}

/* Whether there was an address of that family to fire at. */
static bool
fire_family(struct slotwork *w, const struct answer *a, const struct shot *shot,
    int family)
{
	struct slotwork_context *c = w->context;
	const struct conf_endpoint *ep = &c->conf->endpoints[shot->endpoint];
	struct attempt_order o = { 0 };
	int picked;

	picked = plan_pick_address(
	    ep->name, w->slot, shot->seq, family, a->addresses, a->n);
	if (picked < 0)
		return false;
	o.endpoint = ep;
	o.path = a->lane->path;
	o.timeout_us = c->conf->timeout_us;
	o.store = c->stores[shot->endpoint];
	o.run = a->lane->run;
	o.endpoint_number = c->endpoint_numbers[shot->endpoint];
	o.slot = w->slot;
	o.seq = shot->seq;
	o.resolution_serial = a->serial;
	o.target = a->addresses[picked];
	sampler_count(c->sampler, &o.target, 1);
	engine_fire(c->engine, &o);
	return true;
}

/*
 * One shot on one lane: an attempt at an address of each family.  How many is
 * known only now: it was planned as one.
 */
static void
fire_lane(struct slotwork *w, size_t lane, const struct shot *shot)
{
	struct answer *a = answer_of(w, lane, shot->endpoint);
	int64_t attempts = 0;
	size_t f;

	if (!lane_has_turn(w, a->lane))
		return;
	if (a->failure != FAILURE_NONE) {
		record_unresolved(w, a, shot);
		attempts = 1;
	} else {
		for (f = 0; f < 2; f++)
			attempts += a->has_route[f] &&
			    fire_family(w, a, shot, families[f]);
	}
	a->lane->fired += attempts;
	if (attempts > 1)
		a->lane->planned += attempts - 1;
}

/* Paths of one host act at the same instant, in alternating order. */
static void
fire(struct slotwork *w, const struct shot *shot)
{
	size_t n = w->context->n_lanes, i;

	for (i = 0; i < n; i++)
		fire_lane(w, shot->reversed ? n - 1 - i : i, shot);
}

static bool
shot_is_ready(struct slotwork *w, const struct shot *shot)
{
	size_t i;

	for (i = 0; i < w->context->n_lanes; i++)
		if (!answer_of(w, i, shot->endpoint)->ready)
			return false;
	return true;
}

/*
 * Fire what is due and arm the timer for what is next.  A shot whose name is
 * still being resolved holds the later ones up: their order is the plan's.
 */
static void
schedule(struct slotwork *w)
{
	int64_t wait_us = 0;
	struct timeval tv;

	while (w->next < w->n_shots) {
		const struct shot *shot = &w->shots[w->next];

		wait_us = w->begin_us + shot->offset_us - walltime_now_us();
		if (wait_us > 0)
			break;
		if (!shot_is_ready(w, shot)) {
			w->name_was_slow = true;
			break;
		}
		w->next++;
		/*
		 * What was due while the machine slept is planned, not fired;
		 * what waited for its name is fired, or is a failure of it.
		 */
		if (!w->context->late_is_fine && !w->name_was_slow &&
		    -wait_us > w->context->conf->interval_us)
			continue;
		fire(w, shot);
		if (w->cancelled)
			return;
	}
	if (w->next < w->n_shots && wait_us <= 0)
		return; /* on_answer() comes back here */
	if (w->next == w->n_shots)
		wait_us = 0; /* the end, from the loop */
	tv.tv_sec = wait_us / 1000000;
	tv.tv_usec = wait_us % 1000000;
	evtimer_add(w->timer, &tv);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct slotwork *w = arg;

	(void)fd;
	(void)what;
	if (w->next < w->n_shots || w->waiting > 0) {
		schedule(w);
		return;
	}
	w->context->on_slot_done(w->context->arg, w);
	slotwork_free(w);
}

/* What w is to fire in its slot is counted as planned. */
static void
plan(struct slotwork *w, bool first)
{
	struct slotwork_context *c = w->context;
	size_t i;

	w->shots = plan_slot_shots(c->conf, w->slot, first, &w->n_shots);
	for (i = 0; i < c->n_lanes; i++)
		if (lane_has_turn(w, &c->lanes[i]))
			c->lanes[i].planned += (int64_t)w->n_shots;
}

void
slotwork_skip(struct slotwork_context *c, int64_t slot, bool first)
{
	struct slotwork w = { .context = c, .slot = slot };

	plan(&w, first);
	free(w.shots);
}

struct slotwork *
slotwork_begin(struct slotwork_context *c, int64_t slot, bool first)
{
	struct slotwork *w = x_calloc(1, sizeof(*w));

	w->context = c;
	w->slot = slot;
	w->begin_us = slot * c->conf->interval_us;
	plan(w, first);
	w->answers =
	    x_calloc(c->n_lanes * c->conf->n_endpoints, sizeof(*w->answers));
	w->timer = evtimer_new(c->base, on_timer, w);
	resolve_all(w);
	schedule(w);
	return w;
}

void
slotwork_rearm(struct slotwork *w)
{
	schedule(w);
}

void
slotwork_cancel(struct slotwork *w)
{
	w->cancelled = true;
	evtimer_del(w->timer);
	/* Else the last answer frees it. */
	if (w->waiting == 0)
		slotwork_free(w);
}
