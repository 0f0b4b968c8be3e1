/*
 * Climbing.  Steps are small at first and where tries begin to fail; between
 * them, and as soon as a try waits longer than a first SYN should, one new
 * connection to the control tells whether others suffer.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/ramp_run.h"

#define STEP_MIN 8
#define STEP_MAX 64
/* The end: so many tries in a row without one that came through. */
#define REFUSED_IN_A_ROW STEP_MIN
/* Not all SYNs of a step at once: BURST of them, then a pause. */
#define BURST    16
#define BURST_US 20000
/* A SYN is sent again after 1 s: who waits longer was refused, or lost. */
#define SUSPICIOUS_US 1500000
/* Between steps, so that a step is no wave. */
#define STEP_PAUSE_US 100000
/* Looks at the control that agree, before a limit is the destination's. */
#define LOOKS_AGREE 3
/* Held links that are asked whether the path is still there. */
#define ASKED_MAX 3

struct ramp_link {
	struct ramp *ramp;
	struct heldlink *link; /* NULL: freed */
	struct ramp_try t;
	bool settled; /* up once, or ended */
	bool up;
	bool answered; /* after it was asked */
	enum heldlink_end end;
};

struct ramp {
	struct active *a;
	struct ramp_result *r;
	struct ramp_link **links;
	size_t n, capacity;
	int64_t max;
	int64_t held;      /* connected now */
	int64_t unsettled; /* opened, neither up nor ended */
	int64_t in_a_row;  /* tries that failed since the last that did not */
	bool few_descriptors; /* max is what this process can open */
};

/* --------------------------------------------------------------- the links */

static void
note_observed(struct ramp_result *r, const struct endpoint_address *seen)
{
	struct ramp_address *a;
	size_t i;

	if (seen->family == 0 || seen->port == 0)
		return;
	for (i = 0; i < r->n_addresses; i++)
		if (endpoint_address_same_ip(&r->addresses[i].address, seen))
			break;
	if (i == RAMP_ADDRESSES_MAX)
		return;
	a = &r->addresses[i];
	if (i == r->n_addresses) {
		r->n_addresses++;
		a->address = *seen;
		a->first = a->last = seen->port;
	}
	a->ports++;
	if (seen->port < a->first)
		a->first = seen->port;
	if (seen->port > a->last)
		a->last = seen->port;
}

static void
note_failure(struct ramp_link *k, const struct heldlink_facts *f)
{
	struct ramp_result *r = k->ramp->r;

	r->ends[f->end]++;
	if (f->end == HELDLINK_HOST && r->host_errno == 0)
		r->host_errno = f->os_errno;
	if (r->text == NULL && f->end != HELDLINK_STARVED) {
		r->text = f->text;
		r->status = f->status;
	}
}

/* Up, answered again, or ended; a link that ended is let go. */
static void
on_change(void *arg, struct heldlink *l)
{
	struct ramp_link *k = arg;
	struct ramp *p = k->ramp;
	const struct heldlink_facts *f = heldlink_facts(l);

	k->t.connected_us = f->connected_us;
	k->t.syn_retransmits = f->syn_retransmits;
	if (f->state == HELDLINK_UP) {
		k->answered = k->settled;
		if (!k->settled) {
			p->held++;
			if (p->held > p->r->most_up)
				p->r->most_up = p->held;
			note_observed(p->r, &f->observed);
		}
		k->up = true;
	} else {
		k->t.ended_us = f->ended_us;
		k->end = f->end;
		if (k->up) {
			p->held--;
			if (p->r->lost++ == 0)
				p->r->lost_how = f->end;
		} else {
			note_failure(k, f);
		}
		k->up = false;
		heldlink_free(l, HELDLINK_BY_RESET);
		k->link = NULL;
	}
	if (!k->settled)
		p->unsettled--;
	k->settled = true;
}

static void
open_link(struct ramp *p)
{
	struct ramp_link *k = x_calloc(1, sizeof(*k));
	struct heldlink_order order;

	p->links = x_grow(p->links, p->n, &p->capacity, sizeof(*p->links));
	p->links[p->n++] = k;
	k->ramp = p;
	active_order(p->a, ACTIVE_ENDPOINT_SIDE, on_change, k, &order);
	p->unsettled++;
	k->link = heldlink_open(&order);
	k->t.opened_us = heldlink_facts(k->link)->opened_us;
	k->t.syn_retransmits = NOT_MEASURED;
}

static bool
is_settled(void *arg)
{
	return ((const struct ramp *)arg)->unsettled == 0;
}

/* ------------------------------------------------------------ the control */

/* Ask one that is held, and wait for what comes. */
static bool
is_asked(void *arg)
{
	const struct ramp_link *k = arg;

	return k->answered || !k->up;
}

/* Whether connections that are there already still carry anything. */
static bool
held_answer(struct ramp *p)
{
	struct ramp_link *k;
	size_t i;
	int asked = 0;

	for (i = 0; i < p->n && asked < ASKED_MAX; i++) {
		k = p->links[i];
		if (!k->up || heldlink_facts(k->link)->state != HELDLINK_UP)
			continue;
		asked++;
		k->answered = false;
		heldlink_ask(k->link);
		active_wait(p->a, INT64_MAX, is_asked, k);
		if (k->answered)
			return true;
	}
	return false;
}

/* One look at it: whether it was answered, and whether by the first SYN. */
static bool
look_at_control(struct ramp *p, bool *at_once)
{
	struct active_look how;
	int works = active_check_control(p->a, &how);

	p->r->control_checks++;
	*at_once = how.at_once;
	if (works != 0)
		return true;
	p->r->control_failed++;
	p->r->control_end = how.end;
	return false;
}

/* Twice in a row is no loss: false where others suffer. */
static bool
control_works(struct ramp *p)
{
	bool at_once;
	int i;

	for (i = 0; i < 2; i++)
		if (look_at_control(p, &at_once))
			return true;
	return false;
}

/*
 * In a table that is full there is room now and then, as others close theirs,
 * so that a second or third SYN may come through: the control works by its
 * first, most times.
 */
static bool
control_suffers(struct ramp *p)
{
	int at_once = 0, late = 0;
	bool first;

	while (at_once < LOOKS_AGREE && late < LOOKS_AGREE &&
	    !active_interrupted(p->a)) {
		look_at_control(p, &first);
		if (first)
			at_once++;
		else
			late++;
	}
	return late == LOOKS_AGREE;
}

/* --------------------------------------------------------------- the climb */

static void
show(struct ramp *p)
{
	active_progress(p->a,
	    "ramp  %lld held  %lld waiting  %lld failed  control: %lld of "
	    "%lld failed",
	    (long long)p->held, (long long)p->unsettled,
	    (long long)(p->r->ends[HELDLINK_STARVED] +
		p->r->ends[HELDLINK_REFUSED]),
	    (long long)p->r->control_failed, (long long)p->r->control_checks);
}

enum step { STEP_GOOD, STEP_HARM, STEP_INTERRUPTED };

/* Open n, wait until it is clear what became of them, look at the control. */
static enum step
take_step(struct ramp *p, int64_t n)
{
	bool checked = false;
	int64_t i;

	for (i = 0; i < n; i++) {
		open_link(p);
		if (i % BURST == BURST - 1)
			active_wait(
			    p->a, monotonic_now_us() + BURST_US, NULL, NULL);
	}
	show(p);
	active_wait(p->a, monotonic_now_us() + SUSPICIOUS_US, is_settled, p);
	if (!is_settled(p) && !active_interrupted(p->a)) {
		show(p);
		checked = true;
		if (!control_works(p))
			return STEP_HARM;
	}
	active_wait(p->a, INT64_MAX, is_settled, p);
	show(p);
	if (active_interrupted(p->a))
		return STEP_INTERRUPTED;
	if (!checked && !control_works(p))
		return STEP_HARM;
	active_wait(p->a, monotonic_now_us() + STEP_PAUSE_US, NULL, NULL);
	return active_interrupted(p->a) ? STEP_INTERRUPTED : STEP_GOOD;
}

/* What the tries that failed say, when the control did not. */
static enum measurement_finding
finding_of_failures(const struct ramp_result *r)
{
	int64_t far_end = r->ends[HELDLINK_REFUSED] + r->ends[HELDLINK_SILENT] +
	    r->ends[HELDLINK_RESET] + r->ends[HELDLINK_CLOSED] +
	    r->ends[HELDLINK_BAD] + r->ends[HELDLINK_DENIED];

	if (far_end > r->ends[HELDLINK_STARVED])
		return RAMP_FAR_END;
	/* None at all is no limit: nobody is there, or nothing gets there. */
	return r->most_up > 0 ? RAMP_DESTINATION_LIMIT : RAMP_INCONCLUSIVE;
}

/* Tries that nobody answered, or not yet. */
static int64_t
starved(const struct ramp *p)
{
	return p->r->ends[HELDLINK_STARVED] + p->unsettled;
}

/*
 * Tries, one after another, until one fails: there may have been room for just
 * the last of a step, and for a few more where others closed connections since.
 */
static bool
any_starves(struct ramp *p)
{
	bool up = true;
	int i;

	for (i = 0; i < STEP_MIN && up && starved(p) == 0 && p->held < p->max &&
	     !active_interrupted(p->a);
	     i++) {
		open_link(p);
		active_wait(p->a, INT64_MAX, is_settled, p);
		up = p->links[p->n - 1]->up;
	}
	return starved(p) > 0;
}

/* The control failed: does the destination, too, and is the path there? */
static enum measurement_finding
finding_of_harm(struct ramp *p)
{
	bool starves = any_starves(p);

	p->r->held_answered = held_answer(p);
	return starves && p->r->held_answered && p->held > 0
	    ? RAMP_TOTAL_LIMIT
	    : RAMP_INCONCLUSIVE;
}

static void
stop_by_harm(struct ramp *p)
{
	p->r->ended_how = MEASUREMENT_STOPPED;
	p->r->finding = finding_of_harm(p);
}

/* No try comes through any more. */
static void
at_the_top(struct ramp *p)
{
	p->r->finding = finding_of_failures(p->r);
	if (p->r->finding == RAMP_DESTINATION_LIMIT && control_suffers(p))
		stop_by_harm(p);
}

static int64_t
next_step(const struct ramp *p, bool failed)
{
	int64_t step = failed ? STEP_MIN : p->held / 4;

	if (step < STEP_MIN)
		step = STEP_MIN;
	if (step > STEP_MAX)
		step = STEP_MAX;
	return step < p->max - p->held ? step : p->max - p->held;
}

static void
climb(struct ramp *p)
{
	struct ramp_result *r = p->r;
	int64_t step = next_step(p, false), before;
	size_t first;

	r->ended_how = MEASUREMENT_FINISHED;
	while (p->held < p->max) {
		before = p->held;
		first = p->n;
		switch (take_step(p, step)) {
		case STEP_HARM:
			stop_by_harm(p);
			return;
		case STEP_INTERRUPTED:
			r->ended_how = MEASUREMENT_INTERRUPTED;
			r->finding = RAMP_INCONCLUSIVE;
			return;
		case STEP_GOOD:
		default:
			break;
		}
		if (r->ends[HELDLINK_HOST] > 0) {
			r->finding = RAMP_HOST_LIMIT;
			return;
		}
		p->in_a_row = p->held > before
		    ? 0
		    : p->in_a_row + (int64_t)(p->n - first);
		if (p->in_a_row >= REFUSED_IN_A_ROW) {
			at_the_top(p);
			return;
		}
		step = next_step(p, p->held - before < (int64_t)(p->n - first));
	}
	r->finding = p->few_descriptors ? RAMP_HOST_LIMIT : RAMP_NO_LIMIT;
	if (p->few_descriptors)
		r->host_errno = EMFILE;
}

/* -------------------------------------------------------------- the result */

static void
estimate(struct ramp *p)
{
	struct ramp_try *tries = x_malloc((p->n + 1) * sizeof(*tries));
	size_t i, n = 0;

	/* Those that were cut short, and this host's own, are no tries. */
	for (i = 0; i < p->n; i++)
		if (p->links[i]->settled && p->links[i]->end != HELDLINK_HOST)
			tries[n++] = p->links[i]->t;
	ramp_estimate(tries, n, &p->r->estimate);
	free(tries);
}

void
ramp_run(struct active *a, int64_t max, struct ramp_result *r)
{
	struct ramp p = { .a = a, .r = r, .max = max };
	size_t i;

	memset(r, 0, sizeof(*r));
	p.few_descriptors = active_descriptors(a) < max;
	if (p.few_descriptors)
		p.max = active_descriptors(a);
	if (control_works(&p)) {
		climb(&p);
	} else {
		r->finding = RAMP_INCONCLUSIVE;
		r->ended_how = MEASUREMENT_FAILED;
	}
	if (active_interrupted(a)) {
		r->ended_how = MEASUREMENT_INTERRUPTED;
		r->finding = RAMP_INCONCLUSIVE;
	}
	r->tries = (int64_t)p.n;
	estimate(&p);
	for (i = 0; i < p.n; i++) {
		heldlink_free(p.links[i]->link, HELDLINK_BY_RESET);
		free(p.links[i]);
	}
	free(p.links);
}
