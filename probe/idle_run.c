#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/idle_run.h"

/* Connections are not opened all at once. */
#define OPEN_PAUSE_US 20000

/* Between two looks at the control. */
#define CONTROL_EVERY_US 10000000

/* Until late packets of the opening are in, and silence is silence. */
#define SETTLE_US 500000

/*
 * The direct path is silent for longer than what kills the other one, so that
 * it can show that it lives through that.
 */
#define BEYOND 1.25

/* A silence that is shorter than planned by more was broken. */
#define UNBROKEN 0.98

enum stage { STAGE_OPENING, STAGE_SILENT, STAGE_ASKED, STAGE_OVER };

/* One connection of a round. */
struct trial_link {
	struct round *round;
	struct idle_side *side;
	struct heldlink *link;
	int64_t planned_us; /* of silence */
	int64_t since_us;   /* when it began, monotonic */
	int64_t silence_us; /* when asked */
	int64_t segments;   /* come in once it had settled */
	enum stage stage;
	bool settled;
	bool kept; /* TCP's keep-alive came from the far end */
};

struct round {
	struct idle_run *run;
	int number;
	struct trial_link links[IDLE_SIDES * (IDLE_CONNECTIONS_MAX + 1)];
	size_t n;
	bool changed; /* since the last look */
	bool starved; /* one could not be opened: do others suffer? */
	enum heldlink_end not_opened; /* how the last such ended */
};

/* ----------------------------------------------------------------- trials */

static void
add_trial(struct trial_link *t, int64_t silence_us, enum idle_outcome outcome)
{
	struct idle_side *s = t->side;
	struct idle_trial *trial;

	s->trials = x_grow(s->trials, s->n, &s->capacity, sizeof(*s->trials));
	trial = &s->trials[s->n++];
	trial->silence_us = silence_us;
	trial->outcome = outcome;
	trial->round = t->round->number;
}

static void
finish(struct trial_link *t)
{
	t->stage = STAGE_OVER;
	t->round->changed = true;
}

/* It did not come up, or ended as neither NAT nor far end does. */
static void
give_up(struct trial_link *t, const struct heldlink_facts *f)
{
	t->side->not_opened++;
	t->round->not_opened = f->end;
	if (f->end == HELDLINK_STARVED || f->end == HELDLINK_REFUSED)
		t->round->starved = true;
	finish(t);
}

static void
on_end_in_silence(struct trial_link *t, const struct heldlink_facts *f)
{
	int64_t silence_us = f->ended_us - t->since_us;

	if (f->end == HELDLINK_RESET)
		add_trial(t, silence_us, IDLE_CUT);
	else if (f->end == HELDLINK_CLOSED)
		add_trial(t, silence_us, IDLE_CLOSED);
	else
		t->side->not_opened++;
	finish(t);
}

static void
on_end_when_asked(struct trial_link *t, const struct heldlink_facts *f)
{
	if (f->end == HELDLINK_SILENT)
		add_trial(t, t->silence_us, IDLE_LOST);
	else if (f->end == HELDLINK_RESET)
		add_trial(t, t->silence_us, IDLE_REFUSED);
	else if (f->end == HELDLINK_CLOSED)
		add_trial(t, t->silence_us, IDLE_CLOSED);
	else
		t->side->not_opened++;
	finish(t);
}

static void
on_change(void *arg, struct heldlink *l)
{
	const struct heldlink_facts *f = heldlink_facts(l);
	struct trial_link *t = arg;

	t->round->changed = true;
	if (f->state == HELDLINK_UP && t->stage == STAGE_OPENING) {
		t->stage = STAGE_SILENT;
		t->since_us = f->answered_us;
		t->side->opened++;
	} else if (f->state == HELDLINK_UP && t->stage == STAGE_ASKED) {
		/* Whether it would have lived without is not known. */
		if (t->kept)
			t->side->kept++;
		else
			add_trial(t, t->silence_us, IDLE_LIVED);
		finish(t);
	} else if (f->state == HELDLINK_ENDED && t->stage == STAGE_OPENING) {
		give_up(t, f);
	} else if (f->state == HELDLINK_ENDED && t->stage == STAGE_SILENT) {
		on_end_in_silence(t, f);
	} else if (f->state == HELDLINK_ENDED && t->stage == STAGE_ASKED) {
		on_end_when_asked(t, f);
	}
}

/* The silence is over: was it one, and does the connection live? */
static void
ask(struct trial_link *t, int64_t now_us)
{
	const struct heldlink_facts *f = heldlink_facts(t->link);

	t->silence_us = now_us -
	    (f->last_in_us > t->since_us ? f->last_in_us : t->since_us);
	if ((double)t->silence_us < UNBROKEN * (double)t->planned_us)
		t->side->spoken++;
	else
		t->kept = t->settled && t->segments != NOT_MEASURED &&
		    heldlink_segments(t->link) > t->segments;
	t->stage = STAGE_ASKED;
	heldlink_ask(t->link);
}

/* ----------------------------------------------------------------- rounds */

static bool
has_changed(void *arg)
{
	return ((const struct round *)arg)->changed;
}

static void
open_link(struct round *r, struct idle_side *side, int64_t planned_us)
{
	struct trial_link *t = &r->links[r->n++];
	struct heldlink_order order;

	memset(t, 0, sizeof(*t));
	t->round = r;
	t->side = side;
	t->planned_us = planned_us;
	active_order(r->run->a, ACTIVE_ENDPOINT_SIDE, on_change, t, &order);
	order.path = side->path;
	t->link = heldlink_open(&order);
}

static bool
open_links(struct round *r, const int64_t *silences_us, size_t n)
{
	struct idle_run *run = r->run;
	size_t i, side;

	for (i = 0; i < n; i++) {
		for (side = 0; side < run->n_sides; side++)
			open_link(r, &run->sides[side], silences_us[i]);
		if (!active_wait(
			run->a, monotonic_now_us() + OPEN_PAUSE_US, NULL, NULL))
			return false;
	}
	if (run->n_sides == IDLE_SIDES)
		open_link(r, &run->sides[1],
		    (int64_t)(BEYOND * (double)silences_us[n - 1]));
	return true;
}

static void
drop_links_beyond(
    struct round *r, const struct idle_side *side, int64_t silence_us)
{
	struct trial_link *t;
	size_t i;

	for (i = 0; i < r->n; i++) {
		t = &r->links[i];
		if (t->side != side || t->stage == STAGE_OVER ||
		    t->stage == STAGE_ASKED || t->planned_us <= silence_us)
			continue;
		heldlink_free(t->link, HELDLINK_BY_RESET);
		t->link = NULL;
		t->stage = STAGE_OVER;
	}
}

/* The shortest silence that is still going on; INT64_MAX: none is. */
static int64_t
shortest_pending(const struct round *r, const struct idle_side *side)
{
	int64_t shortest_us = INT64_MAX;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (r->links[i].side == side &&
		    r->links[i].stage != STAGE_OVER &&
		    r->links[i].planned_us < shortest_us)
			shortest_us = r->links[i].planned_us;
	return shortest_us;
}

/* Let go what can tell nothing more; whether anything is left. */
static bool
prune(struct round *r)
{
	struct idle_side *first = &r->run->sides[0];
	int64_t pending_us = shortest_pending(r, first);
	struct idle_estimate e;

	if (pending_us != INT64_MAX &&
	    idle_plan_is_decided(
		first->trials, first->n, r->number, pending_us)) {
		drop_links_beyond(r, first, 0);
		pending_us = shortest_pending(r, first);
	}
	if (r->run->n_sides < IDLE_SIDES)
		return pending_us != INT64_MAX;
	idle_estimate_find(&e, first->trials, first->n);
	if (pending_us == INT64_MAX && e.high_us != NOT_MEASURED)
		drop_links_beyond(r, &r->run->sides[1],
		    (int64_t)(BEYOND * (double)e.high_us) + 1);
	return pending_us != INT64_MAX ||
	    shortest_pending(r, &r->run->sides[1]) != INT64_MAX;
}

/* Ask whom it is time to ask; when it is time for the next. */
static int64_t
serve(struct round *r)
{
	int64_t now_us = monotonic_now_us(), next_us = INT64_MAX, due_us;
	struct trial_link *t;
	size_t i;

	for (i = 0; i < r->n; i++) {
		t = &r->links[i];
		if (t->stage != STAGE_SILENT)
			continue;
		due_us = t->since_us + t->planned_us;
		if (now_us >= due_us) {
			ask(t, now_us);
			continue;
		}
		if (!t->settled && now_us >= t->since_us + SETTLE_US) {
			t->settled = true;
			t->segments = heldlink_segments(t->link);
		}
		if (!t->settled && due_us > t->since_us + SETTLE_US)
			due_us = t->since_us + SETTLE_US;
		if (due_us < next_us)
			next_us = due_us;
	}
	return next_us;
}

static void
show(const struct round *r)
{
	int64_t now_us = monotonic_now_us(), last_us = now_us;
	const struct idle_side *first = &r->run->sides[0];
	size_t silent = 0, asked = 0, lived = 0, i;
	const struct trial_link *t;

	for (i = 0; i < r->n; i++) {
		t = &r->links[i];
		silent += t->stage == STAGE_SILENT;
		asked += t->stage == STAGE_ASKED;
		if (t->stage == STAGE_SILENT &&
		    t->since_us + t->planned_us > last_us)
			last_us = t->since_us + t->planned_us;
	}
	for (i = 0; i < first->n; i++)
		lived += first->trials[i].outcome == IDLE_LIVED;
	active_progress(r->run->a,
	    "round %d: %zu silent, %zu asked, %zu lived, %zu died, at most "
	    "%" PRId64 " s left",
	    r->number, silent, asked, lived, first->n - lived,
	    (last_us - now_us + 999999) / 1000000);
}

/*
 * Whether others are well.  One failure may be chance: two in a row end the
 * measurement.
 */
static enum measurement_end
look_after_others(struct idle_run *run, struct err *e)
{
	struct active_look how = { HELDLINK_NOT_ENDED, false };
	int tries, answered = 0;

	for (tries = 0; tries < 2 && answered == 0; tries++)
		answered = active_check_control(run->a, &how);
	if (answered < 0)
		return MEASUREMENT_INTERRUPTED;
	run->control_us = monotonic_now_us() + CONTROL_EVERY_US;
	if (answered > 0)
		return MEASUREMENT_FINISHED;
	err_set(e, "the control %s does not work (%s): stopped",
	    active_destination(run->a, ACTIVE_CONTROL_SIDE),
	    heldlink_end_name(how.end));
	return MEASUREMENT_STOPPED;
}

static enum measurement_end
wait_round(struct round *r, struct err *e)
{
	enum measurement_end end;
	int64_t next_us;

	while (prune(r)) {
		next_us = serve(r);
		show(r);
		r->changed = false;
		/* A second at most, for the progress line. */
		if (next_us > monotonic_now_us() + 1000000)
			next_us = monotonic_now_us() + 1000000;
		if (!active_wait(r->run->a, next_us, has_changed, r))
			return MEASUREMENT_INTERRUPTED;
		if (!r->starved && monotonic_now_us() < r->run->control_us)
			continue;
		end = look_after_others(r->run, e);
		if (end != MEASUREMENT_FINISHED)
			return end;
		r->starved = false;
	}
	return MEASUREMENT_FINISHED;
}

static enum measurement_end
run_round(struct idle_run *run, int number, const int64_t *silences_us,
    size_t n, struct err *e)
{
	enum measurement_end end = MEASUREMENT_INTERRUPTED;
	struct round *r = x_calloc(1, sizeof(*r));
	size_t opened = run->sides[0].opened, i;

	r->run = run;
	r->number = number;
	if (open_links(r, silences_us, n))
		end = wait_round(r, e);
	if (end == MEASUREMENT_FINISHED && run->sides[0].opened == opened) {
		err_set(e, "%s: no connection came up (%s)",
		    active_destination(run->a, ACTIVE_ENDPOINT_SIDE),
		    heldlink_end_name(r->not_opened));
		end = MEASUREMENT_FAILED;
	}
	for (i = 0; i < r->n; i++)
		heldlink_free(r->links[i].link, HELDLINK_BY_RESET);
	free(r);
	return end;
}

enum measurement_end
idle_run(struct idle_run *r, struct err *e)
{
	int64_t silences_us[IDLE_CONNECTIONS_MAX];
	const struct idle_side *first = &r->sides[0];
	enum measurement_end end;
	size_t n, before;

	end = look_after_others(r, e);
	while (end == MEASUREMENT_FINISHED) {
		n = idle_plan_round(r->plan, first->trials, first->n,
		    r->rounds + 1, silences_us);
		if (n == 0)
			break;
		before = first->n;
		r->rounds++;
		end = run_round(r, r->rounds, silences_us, n, e);
		/* The far end keeps all of them alive, and will again. */
		if (first->n == before)
			break;
	}
	return end;
}

void
idle_run_clear(struct idle_run *r)
{
	size_t i;

	for (i = 0; i < IDLE_SIDES; i++)
		free(r->sides[i].trials);
}
