/*
 * Series of failures of two paths with known truth, for measuring how often
 * a method cries wolf and how often it finds what is there.
 *
 * Gilbert-Elliott with rate pi and mean burst L: a stationary chain of two
 * states in which every attempt fails in the bad one and none in the good
 * one; the bad state is left with 1/L and entered with pi/(1-pi)/L.  Bursts
 * of 1/(1-pi) are independent failures.  Pareto: bad sojourns Pareto of shape
 * 1.5 and mean L, good ones exponential with mean L(1-pi)/pi.
 */
#ifndef NATDIFF_TESTS_NULLMODELS_H
#define NATDIFF_TESTS_NULLMODELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NULLMODELS_MISSING 2 /* no attempt in this slot */

/* xoshiro256**: the same numbers everywhere. */
struct rng {
	uint64_t s[4];
};

enum nullmodels_kind { NULLMODELS_GILBERT, NULLMODELS_PARETO };

struct nullmodel {
	const char *name;
	size_t n; /* slots */
	enum nullmodels_kind kind;
	double direct_rate;
	double direct_burst; /* mean, slots; 0: independent */
	double nat_rate;
	double nat_burst;
	double shared_rate; /* a third series that fails both paths */
	double shared_burst;
	double missing;  /* share of attempts that are not there, each path */
	bool attainable; /* a null model in which 5 % can be kept */
	double power;    /* expected power; 0 in null models */
};

/* Null models, and alternatives; each ended by one without a name. */
extern const struct nullmodel nullmodels_null[];
extern const struct nullmodel nullmodels_power[];

/* A stream of its own for every pair of numbers. */
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
double rng_unit(struct rng *r); /* in [0, 1) */

/* failed[0..n) is 1 where an attempt fails. */
void nullmodels_series(struct rng *r, enum nullmodels_kind kind, double rate,
    double burst, uint8_t *failed, size_t n);

/* One draw of both paths, m->n slots each; 0, 1 or NULLMODELS_MISSING. */
void nullmodels_draw(
    const struct nullmodel *m, struct rng *r, uint8_t *direct, uint8_t *nat);

#endif
