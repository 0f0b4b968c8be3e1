/*
 * Generators of failure series.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "tests/tools/nullmodels.h"

#define SHAPE   1.5 /* of Pareto outages */
#define WARM_UP 100 /* mean cycles before the first slot */

const struct nullmodel nullmodels_null[] = {
	{ .name = "independent 2 %, n=2000",
	    .n = 2000,
	    .direct_rate = .02,
	    .nat_rate = .02,
	    .attainable = true },
	{ .name = "L=5, n=2000",
	    .n = 2000,
	    .direct_rate = .02,
	    .direct_burst = 5,
	    .nat_rate = .02,
	    .nat_burst = 5,
	    .attainable = true },
	{ .name = "L=20, n=2000",
	    .n = 2000,
	    .direct_rate = .02,
	    .direct_burst = 20,
	    .nat_rate = .02,
	    .nat_burst = 20,
	    .attainable = true },
	{ .name = "L=5, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 5,
	    .nat_rate = .02,
	    .nat_burst = 5,
	    .attainable = true },
	{ .name = "L=20, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 20,
	    .nat_rate = .02,
	    .nat_burst = 20,
	    .attainable = true },
	{ .name = "L=60, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 60,
	    .nat_rate = .02,
	    .nat_burst = 60,
	    .attainable = true },
	{ .name = "L=200, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 200,
	    .nat_rate = .02,
	    .nat_burst = 200,
	    .attainable = true },
	{ .name = "L=20, shared outages, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 20,
	    .nat_rate = .02,
	    .nat_burst = 20,
	    .shared_rate = .01,
	    .shared_burst = 20,
	    .attainable = true },
	{ .name = "L=20, 10 % missing, n=20000",
	    .n = 20000,
	    .direct_rate = .02,
	    .direct_burst = 20,
	    .nat_rate = .02,
	    .nat_burst = 20,
	    .missing = .1,
	    .attainable = true },
	{ .name = "Pareto outages, n=20000",
	    .n = 20000,
	    .kind = NULLMODELS_PARETO,
	    .direct_rate = .02,
	    .direct_burst = 20,
	    .nat_rate = .02,
	    .nat_burst = 20,
	    .attainable = true },
	{ .name = "20 %, L=20, n=2000",
	    .n = 2000,
	    .direct_rate = .2,
	    .direct_burst = 20,
	    .nat_rate = .2,
	    .nat_burst = 20,
	    .attainable = true },
	{ .name = "20 %, L=60, n=2000",
	    .n = 2000,
	    .direct_rate = .2,
	    .direct_burst = 60,
	    .nat_rate = .2,
	    .nat_burst = 60,
	    .attainable = true },
	{ .name = "0.1 %, L=20, n=100000",
	    .n = 100000,
	    .direct_rate = .001,
	    .direct_burst = 20,
	    .nat_rate = .001,
	    .nat_burst = 20,
	    .attainable = true },
	{ .name = "direct independent, NAT L=20",
	    .n = 20000,
	    .direct_rate = .02,
	    .nat_rate = .02,
	    .nat_burst = 20 },
	{ .name = "direct independent, NAT L=60",
	    .n = 20000,
	    .direct_rate = .02,
	    .nat_rate = .02,
	    .nat_burst = 60 },
	{ .name = NULL },
};

const struct nullmodel nullmodels_power[] = {
	{ .name = "independent, 1 % vs 3 %, n=1000",
	    .n = 1000,
	    .direct_rate = .01,
	    .nat_rate = .03,
	    .power = .831 },
	{ .name = "L=5, 1 % vs 3 %, n=7043",
	    .n = 7043,
	    .direct_rate = .01,
	    .direct_burst = 5,
	    .nat_rate = .03,
	    .nat_burst = 5,
	    .power = .802 },
	{ .name = "L=20, 1 % vs 3 %, n=30519",
	    .n = 30519,
	    .direct_rate = .01,
	    .direct_burst = 20,
	    .nat_rate = .03,
	    .nat_burst = 20,
	    .power = .807 },
	{ .name = "L=20, 0.1 % vs 10 %, n=2000",
	    .n = 2000,
	    .direct_rate = .001,
	    .direct_burst = 20,
	    .nat_rate = .1,
	    .nat_burst = 20,
	    .power = .746 },
	{ .name = NULL },
};

/* splitmix64, to fill the state. */
static uint64_t
split_mix(uint64_t *x)
{
	uint64_t z = *x += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void
rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
	uint64_t x = seed;
	int i;

	x = split_mix(&x) ^ stream;
	for (i = 0; i < 4; i++)
		r->s[i] = split_mix(&x);
}

static uint64_t
rotate(uint64_t x, int k)
{
	return (x << k) | (x >> (64 - k));
}

uint64_t
rng_next(struct rng *r)
{
	uint64_t result = rotate(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = rotate(r->s[3], 45);
	return result;
}

double
rng_unit(struct rng *r)
{
	return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* Slots until something of chance p happens, 1 and more, at most limit. */
static size_t
geometric(struct rng *r, double p, size_t limit)
{
	double k;

	if (p >= 1)
		return 1;
	k = 1 + floor(log1p(-rng_unit(r)) / log1p(-p));
	return k < (double)limit ? (size_t)k : limit;
}

static void
gilbert(struct rng *r, double rate, double burst, uint8_t *failed, size_t n)
{
	double leave = 1 / burst, enter = rate / (1 - rate) / burst;
	bool bad = rng_unit(r) < rate;
	size_t i = 0, stay;

	while (i < n) {
		stay = geometric(r, bad ? leave : enter, n - i);
		memset(failed + i, bad, stay);
		i += stay;
		bad = !bad;
	}
}

static void
pareto(struct rng *r, double rate, double burst, uint8_t *failed, size_t n)
{
	double good = burst * (1 - rate) / rate, end;
	double least = burst * (SHAPE - 1) / SHAPE;
	double t = -WARM_UP * (good + burst);
	bool bad = rng_unit(r) < rate;
	size_t i = 0;

	while (i < n) {
		if (bad)
			end = t + least * pow(1 - rng_unit(r), -1 / SHAPE);
		else
			end = t - good * log1p(-rng_unit(r));
		for (; i < n && (double)i < end; i++)
			failed[i] = bad;
		t = end;
		bad = !bad;
	}
}

void
nullmodels_series(struct rng *r, enum nullmodels_kind kind, double rate,
    double burst, uint8_t *failed, size_t n)
{
	if (rate <= 0)
		memset(failed, 0, n);
	else if (kind == NULLMODELS_PARETO)
		pareto(r, rate, burst, failed, n);
	else
		gilbert(r, rate, burst > 0 ? burst : 1 / (1 - rate), failed, n);
}

static void
drop(struct rng *r, double share, uint8_t *failed, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (rng_unit(r) < share)
			failed[i] = NULLMODELS_MISSING;
}

void
nullmodels_draw(
    const struct nullmodel *m, struct rng *r, uint8_t *direct, uint8_t *nat)
{
	uint8_t *shared;
	size_t i;

	nullmodels_series(
	    r, m->kind, m->direct_rate, m->direct_burst, direct, m->n);
	nullmodels_series(r, m->kind, m->nat_rate, m->nat_burst, nat, m->n);
	if (m->shared_rate > 0) {
		shared = x_malloc(m->n);
		nullmodels_series(
		    r, m->kind, m->shared_rate, m->shared_burst, shared, m->n);
		for (i = 0; i < m->n; i++) {
			direct[i] |= shared[i];
			nat[i] |= shared[i];
		}
		free(shared);
	}
	if (m->missing > 0) {
		drop(r, m->missing, direct, m->n);
		drop(r, m->missing, nat, m->n);
	}
}
