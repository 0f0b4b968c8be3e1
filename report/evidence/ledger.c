/*
 * Matching attempts with what a witness saw.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/ledger.h"

/* Clocks that nothing is known of agree so well, for want of a better word. */
#define CLOCK_SLACK_US 2000000

#define NO_WITNESS     UINT32_MAX

/* A failed attempt that no id tells of, by the witness's clock. */
struct window {
	int64_t from_us, to_us;
	uint32_t path;
	uint32_t witness;
	uint8_t *state; /* of the attempt */
};

/* What making a ledger needs in between. */
struct work {
	struct ledger *l;
	const struct dataset *d;
	uint32_t *witness_of;        /* by endpoint, or NO_WITNESS */
	struct ledger_clock *clocks; /* by agent, then input */
	int64_t *first_us, *last_us; /* arrivals, by input */
	uint8_t *of_path;  /* by address, then path: seen to come from it */
	bool *has_address; /* by path */
	struct window *windows;
	size_t n_windows, windows_capacity;
};

/* -------------------------------------------------------------- clocks */

static struct ledger_clock *
clock_of(
    const struct work *w, const struct attempts *a, size_t i, uint32_t witness)
{
	const struct series *s = &w->d->series[attempt_series(w->d, a, i)];

	return &w->clocks[s->agent * w->d->n_inputs + witness];
}

static int64_t
known_us(const struct attempts *a, size_t i, enum duration d)
{
	return attempt_duration_us(a, d, i) == NO_DURATION
	    ? NOT_MEASURED
	    : attempt_duration_us(a, d, i);
}

static void
narrow(struct ledger_clock *c, int64_t least_us, int64_t most_us)
{
	if (c->attempts == 0 || least_us > c->least_us)
		c->least_us = least_us;
	if (c->attempts == 0 || most_us < c->most_us)
		c->most_us = most_us;
	c->attempts++;
}

/* One attempt that both saw: begun, accepted, asked, done, in this order. */
static void
learn_clock(struct work *w, const struct attempts *a, size_t i)
{
	const struct arrival *seen = &w->d->arrivals[attempt_arrival(a, i) - 1];
	struct ledger_clock *c = clock_of(w, a, i, seen->witness);
	const struct series *s = &w->d->series[attempt_series(w->d, a, i)];
	int64_t begun_us = attempt_started_us(w->d, a, i);
	/* The column is that coarse. */
	int64_t room_us = s->interval_us / OFFSET_UNIT + 1;
	int64_t connect_us = known_us(a, i, DURATION_CONNECT);
	int64_t tls_us = known_us(a, i, DURATION_TLS);
	int64_t total_us = known_us(a, i, DURATION_TOTAL);
	int64_t least_us, most_us, up_us;

	if (total_us == NOT_MEASURED)
		return;
	/*
	 * Of the phases the network's part alone is counted, a loop that was
	 * late comes on top: up was after that, and before all was done.
	 */
	up_us = (connect_us != NOT_MEASURED ? connect_us : 0) +
	    (tls_us != NOT_MEASURED ? tls_us : 0);
	least_us = seen->accepted_us - begun_us - total_us;
	most_us = seen->accepted_us - begun_us;
	if (seen->request_us != NOT_MEASURED) {
		if (seen->request_us - begun_us - total_us > least_us)
			least_us = seen->request_us - begun_us - total_us;
		if (seen->request_us - begun_us - up_us < most_us)
			most_us = seen->request_us - begun_us - up_us;
	}
	c->agent = s->agent;
	c->host = s->host;
	c->witness = seen->witness;
	narrow(c, least_us - room_us, most_us + room_us);
}

/* A clock that drifts has more than one offset: all of them count. */
static void
settle_clocks(struct work *w)
{
	size_t n = w->d->agents.n * w->d->n_inputs, i;
	struct ledger_clock *c;
	int64_t swap_us;

	w->l->clocks = x_calloc(n + 1, sizeof(*w->l->clocks));
	for (i = 0; i < n; i++) {
		c = &w->clocks[i];
		if (c->attempts == 0) {
			c->least_us = -CLOCK_SLACK_US;
			c->most_us = CLOCK_SLACK_US;
			continue;
		}
		if (c->least_us > c->most_us) {
			swap_us = c->least_us;
			c->least_us = c->most_us;
			c->most_us = swap_us;
			c->drift_us = c->most_us - c->least_us;
		}
		w->l->clocks[w->l->n_clocks++] = *c;
	}
}

/* ---------------------------------------------- what was seen by its id */

static void
note_address(struct work *w, uint32_t address, uint32_t path)
{
	w->of_path[address * w->d->n_paths + path] = 1;
	w->has_address[path] = true;
}

/* Which endpoints are far ends of ours: one of their attempts was seen. */
static void
find_witnesses(struct work *w)
{
	const struct dataset *d = w->d;
	const struct attempts *a;
	const struct arrival *seen;
	uint32_t address;
	size_t e, i;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		w->witness_of[e] = NO_WITNESS;
		for (i = 0; i < a->n; i++) {
			if (attempt_observed(a, i) != NO_INDEX) {
				address = names_find(&d->arrival_addresses,
				    d->addresses.text[attempt_observed(a, i)]);
				if (address != UINT32_MAX)
					note_address(
					    w, address, attempt_path(d, a, i));
			}
			if (attempt_arrival(a, i) == NO_ARRIVAL)
				continue;
			seen = &d->arrivals[attempt_arrival(a, i) - 1];
			w->witness_of[e] = seen->witness;
			note_address(w, seen->address, attempt_path(d, a, i));
			learn_clock(w, a, i);
		}
	}
	for (i = 0; i < d->n_arrivals; i++) {
		seen = &d->arrivals[i];
		if (seen->accepted_us < w->first_us[seen->witness])
			w->first_us[seen->witness] = seen->accepted_us;
		if (seen->accepted_us > w->last_us[seen->witness])
			w->last_us[seen->witness] = seen->accepted_us;
	}
}

/* Neither the host itself nor a name kept it from being sent. */
static bool
was_sent(const struct attempts *a, size_t i)
{
	return attempt_failure(a, i) != FAILURE_INTERRUPTED &&
	    outcome_of(a, i, OUTCOME_FAILED) >= 0;
}

static void
add_window(struct work *w, const struct attempts *a, size_t i, uint32_t witness,
    uint8_t *state)
{
	const struct ledger_clock *c = clock_of(w, a, i, witness);
	int64_t begun_us = attempt_started_us(w->d, a, i);
	int64_t total_us = known_us(a, i, DURATION_TOTAL);
	struct window *new;

	if (total_us == NOT_MEASURED)
		total_us = 0;
	w->windows = x_grow(w->windows, w->n_windows, &w->windows_capacity,
	    sizeof(*w->windows));
	new = &w->windows[w->n_windows++];
	new->from_us = begun_us + c->least_us;
	new->to_us = begun_us + total_us + c->most_us;
	new->path = attempt_path(w->d, a, i);
	new->witness = witness;
	new->state = state;
}

/* Whether anything came to the witness before and after an attempt. */
static bool
was_there(
    const struct work *w, const struct attempts *a, size_t i, uint32_t witness)
{
	const struct ledger_clock *c = clock_of(w, a, i, witness);
	int64_t begun_us = attempt_started_us(w->d, a, i);

	return begun_us + c->most_us >= w->first_us[witness] &&
	    begun_us + c->least_us <= w->last_us[witness];
}

static void
ask_endpoint(struct work *w, size_t e, struct ledger_path *paths)
{
	const struct attempts *a = &w->d->endpoints[e].attempts;
	uint32_t witness = w->witness_of[e];
	uint8_t *state = x_calloc(a->n + 1, 1);
	const struct arrival *seen;
	size_t i;

	w->l->state[e] = state;
	for (i = 0; i < a->n; i++) {
		if (!was_sent(a, i))
			continue;
		if (attempt_arrival(a, i) != NO_ARRIVAL) {
			seen = &w->d->arrivals[attempt_arrival(a, i) - 1];
			state[i] = seen->request_us != NOT_MEASURED
			    ? LEDGER_REQUESTED
			    : LEDGER_ACCEPTED;
		} else if (!was_there(w, a, i, witness)) {
			paths[attempt_path(w->d, a, i)].outside++;
		} else {
			state[i] = LEDGER_UNSEEN;
			if (attempt_failed(a, i))
				add_window(w, a, i, witness, &state[i]);
		}
	}
}

/* ------------------------------------- connections that gave no id */

static int
compare_windows(const void *a, const void *b)
{
	const struct window *x = a, *y = b;

	if (x->to_us != y->to_us)
		return x->to_us < y->to_us ? -1 : 1;
	return (x->from_us > y->from_us) - (x->from_us < y->from_us);
}

/*
 * Whether a connection can be of a path: it came from an address of that; of
 * a path without a known one, from none that another has.
 */
static bool
can_be_of(const struct work *w, const struct arrival *seen, uint32_t path)
{
	const uint8_t *of = &w->of_path[seen->address * w->d->n_paths];
	size_t p;

	if (w->has_address[path])
		return of[path] != 0;
	for (p = 0; p < w->d->n_paths; p++)
		if (of[p] != 0)
			return false;
	return true;
}

/* The first connection without an id at that time or later. */
static size_t
first_unnamed(const struct dataset *d, int64_t at_us)
{
	size_t lo = d->n_named_arrivals, hi = d->n_arrivals, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (d->arrivals[mid].accepted_us < at_us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/*
 * As many as can be are given to failed attempts, each once: windows by their
 * end, each with the earliest connection that is left.  An attempt's request
 * has its id: one without is somebody else's.
 */
static void
match_unnamed(struct work *w)
{
	const struct dataset *d = w->d;
	uint8_t *used = x_calloc(d->n_arrivals + 1, 1);
	const struct arrival *seen;
	const struct window *t;
	size_t i, k;

	if (w->n_windows > 0)
		qsort(w->windows, w->n_windows, sizeof(*w->windows),
		    compare_windows);
	for (i = 0; i < w->n_windows; i++) {
		t = &w->windows[i];
		for (k = first_unnamed(d, t->from_us); k < d->n_arrivals; k++) {
			seen = &d->arrivals[k];
			if (seen->accepted_us > t->to_us)
				break;
			if (used[k] || seen->request_us != NOT_MEASURED ||
			    seen->witness != t->witness ||
			    !can_be_of(w, seen, t->path))
				continue;
			used[k] = 1;
			*t->state = LEDGER_ACCEPTED;
			break;
		}
	}
	free(used);
}

/* --------------------------------------------------------------- counts */

static void
count(struct ledger_counts *c, const struct attempts *a, size_t i,
    enum ledger_state state)
{
	bool failed = attempt_failed(a, i);

	c->sent++;
	c->accepted += state >= LEDGER_ACCEPTED;
	c->requested += state == LEDGER_REQUESTED;
	c->failed += failed;
	c->failed_seen += failed && state >= LEDGER_ACCEPTED;
	c->connected_unseen += failed && state == LEDGER_UNSEEN &&
	    attempt_phase(a, i) > PHASE_CONNECT;
}

static void
count_all(struct work *w, struct ledger_path *paths)
{
	const struct dataset *d = w->d;
	const struct attempts *a;
	struct ledger_path *p;
	struct ledger *l = w->l;
	size_t e, i;

	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; l->state[e] != NULL && i < a->n; i++) {
			if (l->state[e][i] == LEDGER_NOT_ASKED)
				continue;
			p = &paths[attempt_path(d, a, i)];
			count(&p->counts, a, i,
			    (enum ledger_state)l->state[e][i]);
			count(&l->all, a, i, (enum ledger_state)l->state[e][i]);
		}
	}
	l->paths = x_calloc(d->n_paths + 1, sizeof(*l->paths));
	for (i = 0; i < d->n_paths; i++) {
		p = &paths[i];
		p->path = (uint32_t)i;
		p->unnamed_known = w->has_address[i];
		if (p->counts.sent + p->outside > 0)
			l->paths[l->n_paths++] = *p;
	}
}

void
ledger_make(struct ledger *l, const struct dataset *d)
{
	struct ledger_path *paths;
	struct work w = { .l = l, .d = d };
	size_t i;

	memset(l, 0, sizeof(*l));
	l->n_endpoints = d->n_endpoints;
	l->state = x_calloc(d->n_endpoints + 1, sizeof(*l->state));
	if (d->n_arrivals == 0)
		return;
	paths = x_calloc(d->n_paths + 1, sizeof(*paths));
	w.witness_of = x_calloc(d->n_endpoints + 1, sizeof(*w.witness_of));
	w.clocks = x_calloc(d->agents.n * d->n_inputs + 1, sizeof(*w.clocks));
	w.first_us = x_calloc(d->n_inputs, sizeof(*w.first_us));
	w.last_us = x_calloc(d->n_inputs, sizeof(*w.last_us));
	w.of_path = x_calloc(d->arrival_addresses.n * d->n_paths + 1, 1);
	w.has_address = x_calloc(d->n_paths + 1, sizeof(*w.has_address));
	for (i = 0; i < d->n_inputs; i++) {
		w.first_us[i] = INT64_MAX;
		w.last_us[i] = INT64_MIN;
	}
	find_witnesses(&w);
	settle_clocks(&w);
	for (i = 0; i < d->n_inputs; i++)
		l->lost = d->inputs[i].lost_arrivals > INT64_MAX - l->lost
		    ? INT64_MAX
		    : l->lost + d->inputs[i].lost_arrivals;
	for (i = 0; i < d->n_endpoints; i++)
		if (w.witness_of[i] != NO_WITNESS)
			ask_endpoint(&w, i, paths);
	match_unnamed(&w);
	count_all(&w, paths);
	free(paths);
	free(w.witness_of);
	free(w.clocks);
	free(w.first_us);
	free(w.last_us);
	free(w.of_path);
	free(w.has_address);
	free(w.windows);
}

void
ledger_clear(struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->n_endpoints; i++)
		free(l->state[i]);
	free(l->state);
	free(l->paths);
	free(l->clocks);
	memset(l, 0, sizeof(*l));
}

static void
contrast_endpoint(struct ledger_contrast *c, const struct dataset *d,
    const struct attempts *a, const uint8_t *state, const struct pairs *pairs,
    const struct scope *scope)
{
	struct pairs asked =
	    pairs_between(pairs, a, scope->from_slot, scope->to_slot);
	struct pair p;
	size_t i;

	for (i = 0; i < asked.n; i++) {
		p = pair_at(&asked, i);
		if ((scope->nat_series != ALL_SERIES &&
			attempt_series(d, a, p.nat) != scope->nat_series) ||
		    state[p.direct] < LEDGER_ACCEPTED ||
		    state[p.nat] == LEDGER_NOT_ASKED ||
		    !attempt_failed(a, p.nat))
			continue;
		c->failed++;
		c->unseen += state[p.nat] == LEDGER_UNSEEN;
	}
}

void
ledger_contrast(struct ledger_contrast *c, const struct ledger *l,
    const struct dataset *d, const struct pairs *const *pairs,
    const struct scope *scope)
{
	size_t e;

	memset(c, 0, sizeof(*c));
	for (e = 0; e < d->n_endpoints; e++)
		if (l->state[e] != NULL)
			contrast_endpoint(c, d, &d->endpoints[e].attempts,
			    l->state[e], pairs[e], scope);
	c->doubtful =
	    l->lost < (int64_t)c->unseen ? (size_t)l->lost : c->unseen;
}
