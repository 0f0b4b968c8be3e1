/*
 * simulate [-r REPETITIONS] [-s SEED] [-j PROCESSES]: how often do the tests
 * cry wolf where both paths are alike, and how often do they find a
 * difference that is there?  Prints both and exits 1 where the block test
 * passes 7 % in a null model in which it can keep 5 %, or its power is more
 * than 3 points below what is expected (plus, in both, what chance allows
 * for with so many repetitions).  The same seed gives the same numbers,
 * whatever the number of processes.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "report/stats/block.h"
#include "report/stats/rates.h"
#include "tests/tools/nullmodels.h"
#include "tests/tools/trials.h"

#define LEVEL       0.05
#define CONFIRMED   0.01
#define FALSE_MOST  0.07
#define POWER_SLACK 0.03

/* Numbers that trials_run() adds up: nothing else may be in it. */
struct counts {
	uint64_t fisher;
	uint64_t mid_p;
	uint64_t block; /* without asking for the gate */
	uint64_t gate;
	uint64_t gated;     /* rejected, gate passed */
	uint64_t worse;     /* of those, "NAT worse" */
	uint64_t confirmed; /* and at 1 % */
	uint64_t covered;   /* the robust interval holds the true difference */
};

static struct trials trials = { "simulate", 4000, 1, 0 };

/* One draw: the naive tests, then ours. */
static void
one(const struct nullmodel *m, struct rng *r, uint8_t *direct, uint8_t *nat,
    int32_t *d, struct counts *c)
{
	int64_t xd = 0, nd = 0, xn = 0, nn = 0;
	struct rates_cells cells = { 0, 0, 0, 0 };
	struct interval ci;
	struct block_test b;
	double truth = (m->nat_rate - m->direct_rate) * (1 - m->shared_rate);
	size_t i, pairs = 0;
	bool rejected;

	nullmodels_draw(m, r, direct, nat);
	for (i = 0; i < m->n; i++) {
		if (direct[i] != NULLMODELS_MISSING) {
			nd++;
			xd += direct[i];
		}
		if (nat[i] != NULLMODELS_MISSING) {
			nn++;
			xn += nat[i];
		}
		if (direct[i] == NULLMODELS_MISSING ||
		    nat[i] == NULLMODELS_MISSING)
			continue;
		d[pairs++] = nat[i] - direct[i];
		cells.both_failed += nat[i] & direct[i];
		cells.nat_only += nat[i] > direct[i];
		cells.direct_only += nat[i] < direct[i];
	}
	cells.both_ok = (double)pairs - cells.both_failed - cells.nat_only -
	    cells.direct_only;
	c->fisher += rates_fisher(xd, nd, xn, nn) <= LEVEL;
	c->mid_p +=
	    rates_mcnemar((int64_t)cells.nat_only, (int64_t)cells.direct_only)
		.mid_p <= LEVEL;
	block_test(d, pairs, 1, &b);
	ci = block_interval(&b, &cells);
	rejected = b.robust_p <= LEVEL;
	c->block += rejected;
	c->gate += b.gate;
	c->gated += rejected && b.gate;
	c->worse += rejected && b.gate && b.est > 0;
	c->confirmed += b.robust_p <= CONFIRMED && b.gate && b.est > 0;
	c->covered += ci.lo <= truth && truth <= ci.hi;
}

/* A model, and where its random numbers begin. */
struct row {
	const struct nullmodel *m;
	uint64_t stream;
};

/* Repetitions of one process. */
static void
work(const void *arg, unsigned int part, void *counts)
{
	const struct row *row = arg;
	const struct nullmodel *m = row->m;
	uint8_t *direct = x_malloc(m->n), *nat = x_malloc(m->n);
	int32_t *d = x_calloc(m->n, sizeof(*d));
	struct rng r;
	uint64_t i;

	for (i = part; i < trials.repetitions; i += trials.processes) {
		rng_seed(&r, trials.seed, row->stream << 32 | i);
		one(m, &r, direct, nat, d, counts);
	}
	free(direct);
	free(nat);
	free(d);
}

static double
share(uint64_t count)
{
	return (double)count / (double)trials.repetitions;
}

static bool
is_right(const struct nullmodel *m, const struct counts *c)
{
	double got = share(c->gated);

	if (m->power > 0)
		return got >=
		    m->power - POWER_SLACK - trials_chance(&trials, m->power);
	return !m->attainable ||
	    got <= FALSE_MOST + trials_chance(&trials, FALSE_MOST);
}

static int
run_all(const char *title, const struct nullmodel *m, uint64_t first_row)
{
	struct counts c;
	struct row row;
	int wrong = 0;

	printf("%s\n", title);
	printf("%-31s %6s %6s %6s | %6s %6s %6s %6s %6s\n", "", "Fisher",
	    "mid-p", "block", "gated", "worse", "1 %", "gate", "cover");
	for (; m->name != NULL; m++, first_row++) {
		row.m = m;
		row.stream = first_row;
		trials_run(&trials, work, &row, (uint64_t *)&c,
		    sizeof(c) / sizeof(uint64_t));
		printf("%-31s %6.3f %6.3f %6.3f | %6.3f %6.3f %6.3f %6.2f "
		       "%6.3f",
		    m->name, share(c.fisher), share(c.mid_p), share(c.block),
		    share(c.gated), share(c.worse), share(c.confirmed),
		    share(c.gate), share(c.covered));
		if (m->power > 0)
			printf("  expected %.3f", m->power);
		else if (!m->attainable)
			printf("  (known weakness)");
		if (!is_right(m, &c)) {
			printf("  WRONG");
			wrong++;
		}
		putchar('\n');
		fflush(stdout);
	}
	return wrong;
}

int
main(int argc, char **argv)
{
	int opt, wrong;

	for (;;) {
		opt = getopt(argc, argv, TRIALS_OPTIONS);
		if (opt == -1)
			break;
		if (!trials_option(&trials, opt, optarg)) {
			fputs("usage: simulate " TRIALS_USAGE "\n", stderr);
			return 2;
		}
	}
	trials_begin(&trials);
	printf("%llu repetitions, seed %llu; share of rejections at 5 %%\n\n",
	    (unsigned long long)trials.repetitions,
	    (unsigned long long)trials.seed);
	wrong = run_all("Both paths alike: false alarms", nullmodels_null, 0);
	putchar('\n');
	wrong += run_all("NAT worse: power", nullmodels_power, 1000);
	printf("\nblock: the block test; gated: and its gate passed; worse: "
	       "and \"NAT worse\";\n1 %%: that at p <= 0.01; gate: share that "
	       "passes; cover: of the 95 %% interval.\n");
	if (wrong > 0)
		printf("%d rows outside their limits\n", wrong);
	return wrong > 0;
}
