/*
 * Many repetitions of a draw, counted, over several processes.
 */
#ifndef NATDIFF_TESTS_TRIALS_H
#define NATDIFF_TESTS_TRIALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trials {
	const char *program; /* for messages */
	uint64_t repetitions;
	uint64_t seed;
	unsigned int processes; /* 0: one a processor */
};

/* Options that all such programs have; each is followed by a number. */
#define TRIALS_OPTIONS "r:s:j:"
#define TRIALS_USAGE   "[-r REPETITIONS] [-s SEED] [-j PROCESSES]"

/* Take one of them; false where it is none.  Exits at what is no number. */
bool trials_option(struct trials *t, int option, const char *value);
uint64_t trials_number(const struct trials *t, const char *s, uint64_t most);

/* After the options: exits where there is nothing to do. */
void trials_begin(struct trials *t);

/*
 * The n sums of what work() counts in all processes, from 0 on.  Process part
 * does the repetitions part, part + t->processes and so on.  Exits where that
 * fails.
 */
void trials_run(const struct trials *t,
    void (*work)(const void *row, unsigned int part, void *counts),
    const void *row, uint64_t *sums, size_t n);

/* 2.5 standard errors of a share; 0 with enough repetitions to be precise. */
double trials_chance(const struct trials *t, double p);

#endif
