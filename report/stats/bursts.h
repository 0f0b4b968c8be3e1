/*
 * How bursty the failures of one path are.  Describes; the tests use the
 * dependence time of block.h.
 */
#ifndef NATDIFF_STATS_BURSTS_H
#define NATDIFF_STATS_BURSTS_H

#include <stdbool.h>
#include <stddef.h>

/* What is counted of a path's attempts, one after the other; 0 at first. */
struct burst_count {
	size_t n, fails;
	size_t count, longest, runs; /* as below */
	size_t run;                  /* failures in the run at hand */
	bool first, last;
};

struct bursts {
	size_t count;   /* runs of failures */
	size_t longest; /* attempts in the longest one */
	size_t runs;    /* runs of either kind; 0 below two attempts */
	double runs_z;  /* Wald-Wolfowitz; below 0: failures cluster */
	double acf1;    /* autocorrelation at lag 1 */
};

/* The next attempt, in slot order. */
static inline void
bursts_add(struct burst_count *b, bool failed)
{
	if (b->n == 0)
		b->first = failed;
	if (b->n == 0 || failed != b->last) {
		b->runs++;
		b->count += failed;
		b->run = 0;
	}
	b->n++;
	b->last = failed;
	if (!failed)
		return;
	b->fails++;
	if (++b->run > b->longest)
		b->longest = b->run;
}

/* The next n attempts: none failed. */
static inline void
bursts_add_ok(struct burst_count *b, size_t n)
{
	if (n == 0)
		return;
	bursts_add(b, false);
	b->n += n - 1;
}

/* runs_z and acf1 are NaN where all attempts ended the same way. */
void bursts_describe(const struct burst_count *b, struct bursts *out);

#endif
