/*
 * Picking measurements.
 */
#include "config.h"

#include <string.h>

#include "report/evidence/measured.h"

/* The last ports are those that the attempts themselves take: one in twenty. */
#define NEARLY 20

/* Silent attempts at the ceiling: fewer are chance. */
#define REACHED_LEAST 3

/* Measured beside each other: no longer apart. */
#define BESIDE_US INT64_C(3600000000)

static bool
is_of_series(
    const struct dataset *d, const struct measurement *m, uint32_t series)
{
	const struct series *s = &d->series[series];

	return m->agent == s->agent && m->host == s->host && m->path == s->path;
}

/* A ramp ends by stopping where it found that all suffer. */
static bool
is_complete(const struct measurement *m)
{
	return m->ended_how == MEASUREMENT_FINISHED ||
	    (m->ended_how == MEASUREMENT_STOPPED &&
		m->finding == RAMP_TOTAL_LIMIT);
}

static bool
is_asked(const struct dataset *d, const struct measurement *m,
    const struct scope *scope)
{
	if (d->paths[m->path].role != ROLE_NAT || !is_complete(m))
		return false;
	return scope->nat_series == ALL_SERIES ||
	    is_of_series(d, m, scope->nat_series);
}

const struct measurement *
measured_last(const struct dataset *d, const struct scope *scope,
    enum measurement_finding finding)
{
	size_t i;

	for (i = d->n_measurements; i > 0; i--)
		if (d->measurements[i - 1].finding == finding &&
		    is_asked(d, &d->measurements[i - 1], scope))
			return &d->measurements[i - 1];
	return NULL;
}

/* ------------------------------------------------------------- ceilings */

/* The last ramp of an attempt's own host and path. */
static const struct measurement *
ramp_of(
    const struct dataset *d, uint32_t series, enum measurement_finding finding)
{
	struct scope own = { INT64_MIN, INT64_MAX, series };

	return measured_last(d, &own, finding);
}

void
measured_ceiling(struct ceiling *c, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum measurement_finding finding)
{
	const struct measurement *ramp = NULL;
	const struct host_sample *sample;
	struct pairs asked;
	uint32_t series, last = ALL_SERIES, nat;
	int64_t held;
	bool reached;
	size_t i;

	memset(c, 0, sizeof(*c));
	if (measured_last(d, scope, finding) == NULL)
		return;
	asked = pairs_between(pairs, a, scope->from_slot, scope->to_slot);
	for (i = 0; i < asked.n; i++) {
		nat = pair_at(&asked, i).nat;
		series = attempt_series(d, a, nat);
		if (scope->nat_series != ALL_SERIES &&
		    scope->nat_series != series)
			continue;
		if (series != last)
			ramp = ramp_of(d, series, finding);
		last = series;
		sample = facts_sample(d, a, nat);
		if (ramp == NULL || ramp->low == NOT_MEASURED || sample == NULL)
			continue;
		held = finding == RAMP_TOTAL_LIMIT ? sample->sockets
						   : sample->busiest;
		if (held == NOT_MEASURED)
			continue;
		c->ramp = ramp;
		reached =
		    ramp->low > 0 && held >= ramp->low - ramp->low / NEARLY;
		if (outcome_of(a, nat, OUTCOME_SILENT) == 1) {
			c->silent_known++;
			c->silent_reached += reached;
		} else if (outcome_of(a, nat, OUTCOME_TROUBLE) == 0) {
			c->clean_reached += reached;
		}
	}
}

bool
measured_ceiling_is_reached(const struct ceiling *c)
{
	return c->silent_reached >= REACHED_LEAST &&
	    c->silent_reached * 2 > c->silent_known &&
	    c->silent_reached > c->clean_reached;
}

/* ----------------------------------------------------------------- idle */

/* Whether the direct path lived through what the NAT path did not. */
static bool
outlives(const struct dataset *d, const struct measurement *direct,
    const struct measurement *nat)
{
	return direct->kind == MEASUREMENT_IDLE &&
	    d->paths[direct->path].role == ROLE_DIRECT && is_complete(direct) &&
	    direct->finding != IDLE_INCONCLUSIVE &&
	    direct->low != NOT_MEASURED && direct->low >= nat->high &&
	    strcmp(direct->destination, nat->destination) == 0 &&
	    direct->started_at_us <= nat->ended_at_us + BESIDE_US &&
	    nat->started_at_us <= direct->ended_at_us + BESIDE_US;
}

const struct measurement *
measured_idle(const struct dataset *d, const struct scope *scope,
    const struct measurement **direct)
{
	const struct measurement *m;
	size_t i, k;

	for (i = d->n_measurements; i > 0; i--) {
		m = &d->measurements[i - 1];
		if (m->kind != MEASUREMENT_IDLE || !is_asked(d, m, scope))
			continue;
		/* The last one counts: what came before it was changed. */
		if ((m->finding != IDLE_SILENT && m->finding != IDLE_RESET) ||
		    m->high == NOT_MEASURED)
			return NULL;
		for (k = 0; k < d->n_measurements; k++) {
			if (outlives(d, &d->measurements[k], m)) {
				*direct = &d->measurements[k];
				return m;
			}
		}
		return NULL;
	}
	return NULL;
}
