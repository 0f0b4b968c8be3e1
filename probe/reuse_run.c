/*
 * Filling, closing, trying.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/reuse_run.h"

/* Tries in a row that find no place: the pool is full. */
#define FULL_AFTER 8
#define STEP       8
/*
 * A try has one SYN: it is given up before the kernel sends the second, after
 * 1 s, so that its moment is known.
 */
#define TRY_US 900000
/* Between tries: the resolution of what is found. */
#define TRY_EVERY_US 250000
/* Closed at once: one may be taken by somebody else. */
#define CLOSED_AT_ONCE   4
#define CONTROL_EVERY_US 5000000

struct reuse_held {
	struct reuse *reuse;
	struct heldlink *link; /* NULL: freed */
	struct reuse_link facts;
	bool settled;
	bool up;
	bool closing; /* by FIN: the far end's is waited for */
};

struct reuse {
	struct active *a;
	struct reuse_result *r;
	int64_t max;
	int64_t wait_us;
	struct reuse_held **links;
	size_t n, capacity;
	int64_t held;
	int64_t unsettled;
	int64_t ups; /* that came up, ever */
	int64_t control_due_us;
	bool harm;
};

const char *
reuse_why_name(enum reuse_why w)
{
	static const char *const names[REUSE_WHYS] = {
		[REUSE_WHY_CONTROL] = "control_failed",
		[REUSE_WHY_NOTHING] = "no_connections",
		[REUSE_WHY_UNTOLD] = "ports_not_told",
		[REUSE_WHY_KEPT] = "local_port_kept",
		[REUSE_WHY_IN_TURN] = "ports_in_turn",
		[REUSE_WHY_TOO_LARGE] = "pool_too_large",
		[REUSE_WHY_NO_RETURN] = "no_return",
	};

	return names[w];
}

/* --------------------------------------------------------------- the links */

static void
on_change(void *arg, struct heldlink *l)
{
	struct reuse_held *k = arg;
	struct reuse *p = k->reuse;
	const struct heldlink_facts *f = heldlink_facts(l);

	if (!k->settled)
		p->unsettled--;
	k->settled = true;
	k->facts.local_port = f->local.port;
	if (f->state == HELDLINK_UP) {
		k->up = true;
		k->facts.observed = f->observed;
		p->held++;
		p->ups++;
		return;
	}
	if (k->closing) {
		p->unsettled--;
		/* Without the far end's FIN it is not closed for the NAT. */
		if (f->end == HELDLINK_CLOSED)
			k->facts.closed_us = f->ended_us;
	} else if (k->up) {
		p->held--;
	} else {
		k->facts.refused = f->end == HELDLINK_STARVED;
	}
	k->up = false;
	heldlink_free(l, HELDLINK_BY_RESET);
	k->link = NULL;
}

static void
open_link(struct reuse *p)
{
	struct reuse_held *k = x_calloc(1, sizeof(*k));
	struct heldlink_order order;

	p->links = x_grow(p->links, p->n, &p->capacity, sizeof(*p->links));
	p->links[p->n++] = k;
	k->reuse = p;
	active_order(p->a, ACTIVE_ENDPOINT_SIDE, on_change, k, &order);
	order.connect_timeout_us = TRY_US;
	p->unsettled++;
	k->link = heldlink_open(&order);
	k->facts.opened_us = heldlink_facts(k->link)->opened_us;
}

static void
close_link(struct reuse_held *k, enum heldlink_closing how)
{
	k->facts.closing = how;
	k->up = false;
	k->reuse->held--;
	if (how == HELDLINK_BY_FIN) {
		k->closing = true;
		k->reuse->unsettled++;
		heldlink_finish(k->link);
		return;
	}
	k->facts.closed_us = monotonic_now_us();
	heldlink_free(k->link, HELDLINK_BY_RESET);
	k->link = NULL;
}

/* The oldest that is up; NULL where none is. */
static struct reuse_held *
oldest(const struct reuse *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->links[i]->up)
			return p->links[i];
	return NULL;
}

static bool
is_settled(void *arg)
{
	return ((const struct reuse *)arg)->unsettled == 0;
}

/* Go on?  Looks at the control now and then. */
static bool
goes_on(struct reuse *p)
{
	int works, i;

	if (p->harm || active_interrupted(p->a))
		return false;
	if (monotonic_now_us() < p->control_due_us)
		return true;
	for (i = 0; i < 2; i++) {
		p->r->control_checks++;
		works = active_check_control(p->a, NULL);
		p->control_due_us = monotonic_now_us() + CONTROL_EVERY_US;
		if (works != 0)
			return works > 0;
		p->r->control_failed++;
	}
	p->harm = true;
	return false;
}

static bool
wait_settled(struct reuse *p)
{
	return active_wait(p->a, INT64_MAX, is_settled, p);
}

/*
 * Open until FULL_AFTER in a row find no place: true; false where max is
 * reached first, or it does not go on.
 */
static bool
fill(struct reuse *p)
{
	int64_t in_a_row = 0, before, n, i;

	while (p->held < p->max && goes_on(p)) {
		before = p->ups;
		n = p->max - p->held < STEP ? p->max - p->held : STEP;
		for (i = 0; i < n; i++)
			open_link(p);
		if (!wait_settled(p))
			return false;
		active_progress(p->a, "reuse  %lld held", (long long)p->held);
		in_a_row = p->ups > before ? 0 : in_a_row + n;
		if (in_a_row >= FULL_AFTER)
			return goes_on(p) && p->held > 0;
	}
	return false;
}

/* ------------------------------------------------------------ a full pool */

struct tried {
	const struct reuse *reuse;
	int64_t ups;
};

static bool
is_one_up(void *arg)
{
	const struct tried *t = arg;

	return t->reuse->ups > t->ups;
}

/* Close some, then try again and again until one comes up. */
static void
wait_for_return(struct reuse *p, enum heldlink_closing how)
{
	struct tried t = { p, p->ups };
	int64_t from_us, due_us;
	int64_t n = p->held / 2 < CLOSED_AT_ONCE ? p->held / 2 : CLOSED_AT_ONCE;
	struct reuse_held *k;

	for (n = n > 0 ? n : 1; n > 0; n--) {
		k = oldest(p);
		if (k != NULL)
			close_link(k, how);
	}
	wait_settled(p);
	from_us = monotonic_now_us();
	due_us = from_us + TRY_EVERY_US;
	active_wait(p->a, due_us, NULL, NULL);
	while (p->ups == t.ups && goes_on(p) &&
	    monotonic_now_us() - from_us < p->wait_us) {
		open_link(p);
		due_us += TRY_EVERY_US;
		if (due_us < monotonic_now_us())
			due_us = monotonic_now_us();
		active_progress(p->a,
		    "reuse  after %s: closed %lld s ago, not back yet",
		    how == HELDLINK_BY_FIN ? "FIN" : "reset",
		    (long long)((monotonic_now_us() - from_us) / 1000000));
		active_wait(p->a, due_us, is_one_up, &t);
	}
	wait_settled(p);
}

static void
measure_full(struct reuse *p)
{
	wait_for_return(p, HELDLINK_BY_FIN);
	if (goes_on(p) && fill(p))
		wait_for_return(p, HELDLINK_BY_RESET);
}

/* ----------------------------------------------------------- a large pool */

static size_t
copy_facts(const struct reuse *p, struct reuse_link **facts)
{
	size_t i;

	*facts = x_malloc((p->n + 1) * sizeof(**facts));
	for (i = 0; i < p->n; i++)
		(*facts)[i] = p->links[i]->facts;
	return p->n;
}

static void
know_pool(struct reuse *p)
{
	struct reuse_link *facts;
	size_t n = copy_facts(p, &facts);

	reuse_pool(facts, n, &p->r->pool);
	free(facts);
}

/* Why it is not worth to go on with the pool as it looks. */
static enum reuse_why
why_not(const struct reuse *p)
{
	const struct reuse_pool *pool = &p->r->pool;

	if (pool->told == 0)
		return REUSE_WHY_UNTOLD;
	if (pool->order == REUSE_ORDER_KEPT)
		return REUSE_WHY_KEPT;
	if (pool->order == REUSE_ORDER_IN_TURN)
		return REUSE_WHY_IN_TURN;
	if (pool->order == REUSE_ORDER_UNKNOWN ||
	    p->max < reuse_links_needed(pool->size))
		return REUSE_WHY_TOO_LARGE;
	return REUSE_WHY_NONE;
}

/* Close the oldest and open a new one, max times over twice the wait. */
static void
churn(struct reuse *p)
{
	int64_t every_us = 2 * p->wait_us / p->max;
	int64_t due_us = monotonic_now_us(), i;
	struct reuse_held *k;

	for (i = 0; i < p->max && goes_on(p); i++) {
		k = oldest(p);
		if (k == NULL)
			return;
		close_link(k, i % 2 == 0 ? HELDLINK_BY_FIN : HELDLINK_BY_RESET);
		open_link(p);
		due_us += every_us;
		active_progress(p->a, "reuse  %lld of %lld connections",
		    (long long)i, (long long)p->max);
		active_wait(p->a, due_us, NULL, NULL);
	}
	wait_settled(p);
}

/* -------------------------------------------------------------- the result */

static void
judge(struct reuse *p, enum heldlink_closing how, enum reuse_why why)
{
	struct reuse_result *r = p->r;
	struct reuse_link *facts;
	size_t n = copy_facts(p, &facts);
	struct reuse_estimate *e = &r->estimate[how];

	reuse_estimate(facts, n, how, r->full, e);
	free(facts);
	r->why[how] = REUSE_WHY_NONE;
	if (e->high != NOT_MEASURED)
		return;
	if (p->harm)
		r->why[how] = REUSE_WHY_CONTROL;
	else if (why != REUSE_WHY_NONE)
		r->why[how] = why;
	else if (e->low != NOT_MEASURED)
		r->why[how] = REUSE_WHY_NO_RETURN;
	else
		r->why[how] = p->ups == 0 || active_interrupted(p->a) || r->full
		    ? REUSE_WHY_NOTHING
		    : REUSE_WHY_NO_RETURN;
}

static void
end_all(struct reuse *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		heldlink_free(p->links[i]->link, HELDLINK_BY_RESET);
		free(p->links[i]);
	}
	free(p->links);
}

void
reuse_run(
    struct active *a, int64_t max, int64_t wait_us, struct reuse_result *r)
{
	struct reuse p = { .a = a, .r = r, .max = max, .wait_us = wait_us };
	enum reuse_why why = REUSE_WHY_NONE;

	memset(r, 0, sizeof(*r));
	r->full = fill(&p);
	r->held = p.held;
	know_pool(&p);
	if (r->full) {
		measure_full(&p);
	} else if (!p.harm && !active_interrupted(a) && p.ups > 0) {
		why = why_not(&p);
		if (why == REUSE_WHY_TOO_LARGE && r->pool.size != NOT_MEASURED)
			r->links_needed = reuse_links_needed(r->pool.size);
		if (why == REUSE_WHY_NONE)
			churn(&p);
		know_pool(&p);
	}
	r->links = (int64_t)p.n;
	r->ended_how = MEASUREMENT_FINISHED;
	if (p.ups == 0)
		r->ended_how = MEASUREMENT_FAILED;
	if (p.harm)
		r->ended_how = MEASUREMENT_STOPPED;
	if (active_interrupted(a))
		r->ended_how = MEASUREMENT_INTERRUPTED;
	judge(&p, HELDLINK_BY_FIN, why);
	judge(&p, HELDLINK_BY_RESET, why);
	end_all(&p);
}
