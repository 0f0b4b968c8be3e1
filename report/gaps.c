/*
 * Finding silences, in two passes: what distance is usual, and where it is
 * passed.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/gaps.h"

#define STEP_BITS 44 /* a slot number has fewer */
#define TOO_FAR   4  /* times the usual distance */

/* A series at one endpoint. */
struct pace {
	size_t endpoint; /* where it has the most slots */
	size_t slots;
	int64_t usual;           /* distance, rounded down to a power of two */
	int64_t last;            /* slot; -1: none yet */
	size_t steps[STEP_BITS]; /* distances by their logarithm */
	size_t n;
};

/* The binary logarithm of a distance of at least 1, rounded down. */
static int
log2_of(int64_t step)
{
	int bits = 0;

	while (step > 1 && bits < STEP_BITS - 1) {
		step >>= 1;
		bits++;
	}
	return bits;
}

/* The median of the distances seen, as a power of two. */
static int64_t
usual_step(const struct pace *p)
{
	size_t sum = 0;
	int bits;

	for (bits = 0; bits < STEP_BITS - 1; bits++) {
		sum += p->steps[bits];
		if (sum * 2 >= p->n)
			break;
	}
	return INT64_C(1) << bits;
}

/* Measure the distances at one endpoint; keep them where it is the largest. */
static void
measure(const struct dataset *d, size_t endpoint, struct pace *paces)
{
	const struct attempts *a = &d->endpoints[endpoint].attempts;
	struct pace *p;
	int64_t slot;
	size_t i;

	for (i = 0; i < d->n_series; i++) {
		memset(paces[i].steps, 0, sizeof(paces[i].steps));
		paces[i].n = 0;
		paces[i].last = -1;
	}
	for (i = 0; i < a->n; i++) {
		p = &paces[attempt_series(d, a, i)];
		slot = attempt_slot(a, i);
		if (p->last >= 0 && slot > p->last) {
			p->steps[log2_of(slot - p->last)]++;
			p->n++;
		}
		p->last = slot;
	}
	for (i = 0; i < d->n_series; i++) {
		p = &paces[i];
		if (p->n < p->slots || p->last < 0)
			continue;
		p->slots = p->n;
		p->endpoint = endpoint;
		p->usual = usual_step(p);
	}
}

/* The gaps at one endpoint, of the series for which it is the one to take. */
static void
find(const struct dataset *d, size_t endpoint, struct pace *paces,
    struct gap *gaps)
{
	const struct attempts *a = &d->endpoints[endpoint].attempts;
	int64_t interval, slot;
	struct pace *p;
	struct gap *g;
	uint32_t series;
	bool any = false;
	size_t i;

	for (i = 0; i < d->n_series; i++) {
		paces[i].last = -1;
		any |= paces[i].endpoint == endpoint;
	}
	for (i = 0; any && i < a->n; i++) {
		series = attempt_series(d, a, i);
		p = &paces[series];
		g = &gaps[series];
		if (p->endpoint != endpoint)
			continue;
		interval = d->series[series].interval_us;
		slot = attempt_slot(a, i);
		if (p->last < 0)
			g->first_us = slot * interval;
		else if (slot - p->last > TOO_FAR * p->usual) {
			g->count++;
			if ((slot - p->last) * interval >
			    g->to_us - g->from_us) {
				g->from_us = p->last * interval;
				g->to_us = slot * interval;
			}
		}
		p->last = slot;
		g->last_us = slot * interval;
	}
}

struct gap *
gaps_find(const struct dataset *d)
{
	struct pace *paces = x_calloc(d->n_series + 1, sizeof(*paces));
	struct gap *gaps = x_calloc(d->n_series + 1, sizeof(*gaps));
	int64_t far_us;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++)
		measure(d, i, paces);
	for (i = 0; i < d->n_endpoints; i++)
		find(d, i, paces, gaps);
	for (i = 0; i < d->n_series; i++) {
		if (paces[i].usual == 0)
			continue;
		far_us =
		    (TOO_FAR * paces[i].usual + 1) * d->series[i].interval_us;
		gaps[i].begins_late = gaps[i].first_us - d->first_us > far_us;
		gaps[i].ends_early = d->last_us - gaps[i].last_us > far_us;
	}
	free(paces);
	return gaps;
}
