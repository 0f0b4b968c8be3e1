/*
 * Ladder, bisection and estimate.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"
#include "probe/idle_plan.h"

/* Of the trials, those that may not fit and still leave a limit. */
#define CONTRARY_SHARE 0.1

/*
 * A timer is as coarse as it likes: so near to the limit either outcome fits.
 */
#define NEAR 0.05

/* The last of a later round is that much longer than what died. */
#define LATER 0.02

/* Where the shortest silence kills: how much shorter to begin again. */
#define BELOW 20

/* Ladders that are tried where none of them shows a limit or none. */
#define LADDERS_MAX 3

/* A limit that both paths have differs by no more than that. */
#define SAME_SHARE 0.1

static const char *const outcome_names[IDLE_OUTCOMES] = {
	[IDLE_LIVED] = "lived",
	[IDLE_LOST] = "lost",
	[IDLE_REFUSED] = "refused",
	[IDLE_CUT] = "cut",
	[IDLE_CLOSED] = "closed",
};

const char *
idle_outcome_name(enum idle_outcome o)
{
	return outcome_names[o];
}

/* -------------------------------------------------------------- estimate */

static int
by_silence(const void *a, const void *b)
{
	const struct idle_trial *x = a, *y = b;

	if (x->silence_us != y->silence_us)
		return x->silence_us < y->silence_us ? -1 : 1;
	/* Where both happened at once, the one that lived stands first. */
	return (x->outcome != IDLE_LIVED) - (y->outcome != IDLE_LIVED);
}

/*
 * Where to cut the sorted trials so that fewest stand on the wrong side: the
 * number of those before the cut.  Of equal cuts the first, below the deaths.
 */
static size_t
best_cut(const struct idle_trial *sorted, size_t n)
{
	size_t cut = 0, wrong = 0, fewest, i;

	for (i = 0; i < n; i++)
		wrong += sorted[i].outcome == IDLE_LIVED;
	fewest = wrong;
	for (i = 0; i < n; i++) {
		if (sorted[i].outcome == IDLE_LIVED)
			wrong--;
		else
			wrong++;
		if (wrong < fewest) {
			fewest = wrong;
			cut = i + 1;
		}
	}
	return cut;
}

/* How most of the connections that died did. */
static enum measurement_finding
manner(const size_t count[IDLE_OUTCOMES])
{
	size_t reset = count[IDLE_REFUSED] + count[IDLE_CUT];

	if (count[IDLE_CLOSED] > reset && count[IDLE_CLOSED] > count[IDLE_LOST])
		return IDLE_FAR_END;
	return reset > count[IDLE_LOST] ? IDLE_RESET : IDLE_SILENT;
}

/* Whether trial i fits a limit at the cut, or is so near that it may. */
static bool
fits(const struct idle_trial *sorted, size_t n, size_t cut, size_t i)
{
	double at = (double)sorted[cut < n ? cut : n - 1].silence_us;

	return (sorted[i].outcome == IDLE_LIVED) == (i < cut) ||
	    fabs((double)sorted[i].silence_us / at - 1) <= NEAR;
}

/* The trials that fit, added up. */
struct fitting {
	int64_t first_death, last_life; /* by silence; INT64_MAX, 0: none */
	size_t count[IDLE_OUTCOMES];
	int round; /* of a death */
};

static void
add_fitting(
    struct idle_estimate *e, struct fitting *f, const struct idle_trial *t)
{
	f->count[t->outcome]++;
	if (t->outcome == IDLE_LIVED) {
		f->last_life = t->silence_us;
		return;
	}
	if (f->first_death == INT64_MAX)
		f->first_death = t->silence_us;
	e->agreed |= f->round != 0 && f->round != t->round;
	f->round = t->round;
}

/*
 * The limit lies where the deaths begin: from the last that lived before
 * them to the first that died after the last that lived, which where they
 * mix may be the last itself.
 */
static void
find_bounds(struct idle_estimate *e, const struct idle_trial *sorted, size_t n,
    size_t cut, struct fitting *f)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (fits(sorted, n, cut, i))
			add_fitting(e, f, &sorted[i]);
		else
			e->contrary++;
	}
	if (f->first_death != INT64_MAX)
		e->high_us = f->last_life;
	for (i = n; i > 0; i--) {
		if (!fits(sorted, n, cut, i - 1))
			continue;
		if (sorted[i - 1].outcome != IDLE_LIVED &&
		    sorted[i - 1].silence_us >= f->last_life)
			e->high_us = sorted[i - 1].silence_us;
		if (sorted[i - 1].outcome == IDLE_LIVED &&
		    sorted[i - 1].silence_us <= f->first_death &&
		    e->low_us == NOT_MEASURED)
			e->low_us = sorted[i - 1].silence_us;
	}
	if (e->low_us != NOT_MEASURED && e->high_us != NOT_MEASURED)
		e->best_us = (int64_t)llround(
		    sqrt((double)e->low_us * (double)e->high_us));
}

void
idle_estimate_find(
    struct idle_estimate *e, const struct idle_trial *trials, size_t n)
{
	struct fitting f = { .first_death = INT64_MAX };
	struct idle_trial *sorted;
	size_t i;

	memset(e, 0, sizeof(*e));
	e->low_us = e->high_us = e->best_us = NOT_MEASURED;
	e->finding = IDLE_INCONCLUSIVE;
	if (n == 0)
		return;
	sorted = x_calloc(n, sizeof(*sorted));
	memcpy(sorted, trials, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_silence);
	for (i = 0; i < n; i++)
		e->lived += sorted[i].outcome == IDLE_LIVED;
	e->died = n - e->lived;
	find_bounds(e, sorted, n, best_cut(sorted, n), &f);
	if ((double)e->contrary > CONTRARY_SHARE * (double)n)
		e->finding = IDLE_INCONCLUSIVE;
	else if (e->high_us == NOT_MEASURED)
		e->finding = IDLE_NO_LIMIT;
	else
		e->finding = manner(f.count);
	free(sorted);
}

/* ------------------------------------------------------------------ plan */

/* n silences from first to last, each the same factor longer. */
static void
lay(int64_t *silences_us, size_t n, int64_t first_us, int64_t last_us)
{
	double step = n < 2
	    ? 0
	    : log((double)last_us / (double)first_us) / (double)(n - 1);
	size_t i;

	for (i = 0; i < n; i++)
		silences_us[i] =
		    (int64_t)llround((double)first_us * exp(step * (double)i));
}

/*
 * Both ends of the bracket once more, the upper one a little later, for what
 * died there may have died by a hair; and between them as many as bring it
 * within what is asked for, or as there may be.
 */
static size_t
lay_between(
    const struct idle_plan *p, int64_t *silences_us, int64_t low, int64_t high)
{
	int64_t last = high + (int64_t)(LATER * (double)high);
	/* A little closer, for silences are never quite those planned. */
	double parts = log((double)last / (double)low) / log1p(p->within * 0.8);
	size_t n = parts < 1 ? 2 : (size_t)ceil(parts) + 1;

	if (n > p->connections)
		n = p->connections;
	lay(silences_us, n, low, last);
	return n;
}

static bool
is_done(const struct idle_plan *p, const struct idle_estimate *e)
{
	if (e->finding == IDLE_NO_LIMIT)
		return true;
	return e->finding != IDLE_INCONCLUSIVE && e->low_us != NOT_MEASURED &&
	    e->agreed &&
	    (double)e->high_us <= (double)e->low_us * (1 + p->within);
}

size_t
idle_plan_round(const struct idle_plan *p, const struct idle_trial *trials,
    size_t n, int round, int64_t silences_us[IDLE_CONNECTIONS_MAX])
{
	struct idle_estimate e;

	idle_estimate_find(&e, trials, n);
	if (round > p->rounds_max || (n > 0 && is_done(p, &e)))
		return 0;
	if (e.low_us == NOT_MEASURED && e.high_us != NOT_MEASURED) {
		lay(silences_us, p->connections, e.high_us / BELOW, e.high_us);
		return p->connections;
	}
	/* Nothing is known, or what is known does not fit together. */
	if (e.finding == IDLE_INCONCLUSIVE) {
		if (round > LADDERS_MAX)
			return 0;
		lay(silences_us, p->connections, p->min_us, p->max_us);
		return p->connections;
	}
	return lay_between(p, silences_us, e.low_us, e.high_us);
}

bool
idle_plan_is_decided(
    const struct idle_trial *trials, size_t n, int round, int64_t shortest_us)
{
	size_t died = 0, i;

	for (i = 0; i < n; i++)
		died += trials[i].round == round &&
		    trials[i].outcome != IDLE_LIVED &&
		    trials[i].silence_us < shortest_us;
	return died >= 2;
}

/* --------------------------------------------------------------- meaning */

static const char *const whose_names[IDLE_WHOSE_COUNT] = {
	[IDLE_WHOSE_NAT] = "nat",
	[IDLE_WHOSE_FAR_END] = "far_end",
	[IDLE_WHOSE_UNKNOWN] = "unknown",
};

const char *
idle_whose_name(enum idle_whose w)
{
	return whose_names[w];
}

static bool
has_limit(const struct idle_estimate *e)
{
	return e->finding != IDLE_NO_LIMIT && e->finding != IDLE_INCONCLUSIVE &&
	    e->high_us != NOT_MEASURED;
}

enum idle_whose
idle_whose(const struct idle_estimate *nat, const struct idle_estimate *direct)
{
	if (!has_limit(nat) || direct == NULL)
		return IDLE_WHOSE_UNKNOWN;
	if (direct->finding != IDLE_INCONCLUSIVE &&
	    direct->low_us != NOT_MEASURED &&
	    (double)direct->low_us >= (double)nat->high_us * (1 + SAME_SHARE))
		return IDLE_WHOSE_NAT;
	if (has_limit(direct) &&
	    (double)direct->high_us <= (double)nat->high_us * (1 + SAME_SHARE))
		return IDLE_WHOSE_FAR_END;
	return IDLE_WHOSE_UNKNOWN;
}

int64_t
idle_keepalive_us(const struct idle_estimate *e)
{
	int64_t seconds;

	if (e->low_us == NOT_MEASURED || e->finding == IDLE_INCONCLUSIVE)
		return NOT_MEASURED;
	seconds = e->low_us / 2000000;
	return seconds < 1 ? NOT_MEASURED : seconds * 1000000;
}
