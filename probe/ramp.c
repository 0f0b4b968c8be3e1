/*
 * The estimate behind a ramp.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"
#include "probe/ramp.h"

/* A connect that took so long was retransmitted: the first comes after 1 s. */
#define RETRANSMITTED_US 900000

/* Refusals may be so many times those of the first half and still be loss. */
#define LOSS_FACTOR 3.0

bool
ramp_was_refused(const struct ramp_try *t)
{
	if (t->connected_us == 0)
		return true;
	if (t->syn_retransmits != NOT_MEASURED)
		return t->syn_retransmits > 0;
	return t->connected_us - t->opened_us > RETRANSMITTED_US;
}

/*
 * From which try on refusals are more than loss: the start of the suffix
 * with the largest sum of (refused - r); n where there is none.
 */
static size_t
refusals_begin(const struct ramp_try *t, size_t n)
{
	size_t i, best = n, half = 0;
	double r, sum = 0, most = 0;

	for (i = 0; i < n / 2; i++)
		half += ramp_was_refused(&t[i]);
	r = n < 2 ? 0 : LOSS_FACTOR * (double)half / (double)(n / 2);
	for (i = n; i-- > 0;) {
		sum += (ramp_was_refused(&t[i]) ? 1 : 0) - r;
		if (ramp_was_refused(&t[i]) && sum > most) {
			most = sum;
			best = i;
		}
	}
	/* So much loss that it says nothing: the first refusal then. */
	for (i = 0; best == n && i < n; i++)
		if (ramp_was_refused(&t[i]))
			best = i;
	return best;
}

/* Places that were taken when try i was opened. */
static int64_t
taken_at(const struct ramp_try *t, size_t i)
{
	int64_t taken = 0;
	size_t k;

	for (k = 0; k < i; k++) {
		if (t[k].connected_us == 0 ||
		    (t[k].ended_us != 0 && t[k].ended_us < t[i].opened_us))
			continue;
		/* Its first SYN was before ours, or it was in by then. */
		if (!ramp_was_refused(&t[k]) ||
		    t[k].connected_us < t[i].opened_us)
			taken++;
	}
	return taken;
}

static int
compare_times(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The most that were connected at once. */
static int64_t
most_at_once(const struct ramp_try *t, size_t n)
{
	int64_t *begins = x_malloc((n + 1) * sizeof(*begins));
	int64_t *ends = x_malloc((n + 1) * sizeof(*ends)), now, most = 0;
	size_t i, n_begins = 0, n_ends = 0, ended = 0;

	for (i = 0; i < n; i++) {
		if (t[i].connected_us == 0)
			continue;
		begins[n_begins++] = t[i].connected_us;
		if (t[i].ended_us != 0)
			ends[n_ends++] = t[i].ended_us;
	}
	qsort(begins, n_begins, sizeof(*begins), compare_times);
	qsort(ends, n_ends, sizeof(*ends), compare_times);
	for (i = 0; i < n_begins; i++) {
		while (ended < n_ends && ends[ended] <= begins[i])
			ended++;
		now = (int64_t)(i + 1 - ended);
		if (now > most)
			most = now;
	}
	free(begins);
	free(ends);
	return most;
}

/* SYNs of the tries that began after the last success, all in vain. */
static int64_t
last_syns(const struct ramp_try *t, size_t n)
{
	int64_t last_us = 0, syns = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (t[i].connected_us > last_us)
			last_us = t[i].connected_us;
	for (i = 0; i < n; i++)
		if (t[i].opened_us >= last_us && t[i].connected_us == 0)
			syns += t[i].syn_retransmits == NOT_MEASURED
			    ? 1
			    : 1 + t[i].syn_retransmits;
	return syns;
}

void
ramp_estimate(const struct ramp_try *t, size_t n, struct ramp_estimate *e)
{
	size_t begin = refusals_begin(t, n);
	double p;

	e->best = most_at_once(t, n);
	e->low = begin == n ? e->best : taken_at(t, begin);
	e->last_syns = last_syns(t, n);
	e->high = NOT_MEASURED;
	if (e->last_syns > 0) {
		p = fmin(0.9, 3.0 / (double)e->last_syns);
		e->high = e->best +
		    (int64_t)ceil(p / (1 - p) * (double)(e->best - e->low));
	}
}
