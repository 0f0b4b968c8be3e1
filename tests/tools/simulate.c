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

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "report/stats/block.h"
#include "report/stats/rates.h"
#include "tests/tools/nullmodels.h"

#define LEVEL       0.05
#define CONFIRMED   0.01
#define FALSE_MOST  0.07
#define POWER_SLACK 0.03

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

static uint64_t repetitions = 4000, seed = 1;
static unsigned int processes;

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

/* Repetitions of one process, to fd. */
static void
work(const struct nullmodel *m, uint64_t row, unsigned int part, int fd)
{
	uint8_t *direct = x_malloc(m->n), *nat = x_malloc(m->n);
	int32_t *d = x_calloc(m->n, sizeof(*d));
	struct counts c = { 0 };
	struct rng r;
	uint64_t i;

	for (i = part; i < repetitions; i += processes) {
		rng_seed(&r, seed, row << 32 | i);
		one(m, &r, direct, nat, d, &c);
	}
	free(direct);
	free(nat);
	free(d);
	if (write(fd, &c, sizeof(c)) != sizeof(c))
		_exit(1);
}

static void
add(struct counts *sum, const struct counts *c)
{
	sum->fisher += c->fisher;
	sum->mid_p += c->mid_p;
	sum->block += c->block;
	sum->gate += c->gate;
	sum->gated += c->gated;
	sum->worse += c->worse;
	sum->confirmed += c->confirmed;
	sum->covered += c->covered;
}

static void
fail(const char *what)
{
	fprintf(stderr, "simulate: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* All repetitions of a row, over the processes. */
static void
run(const struct nullmodel *m, uint64_t row, struct counts *sum)
{
	struct counts c;
	unsigned int i;
	int fd[2], status;
	pid_t pid;

	*sum = (struct counts){ 0 };
	if (pipe(fd) != 0)
		fail("pipe");
	for (i = 0; i < processes; i++) {
		pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0) {
			work(m, row, i, fd[1]);
			_exit(0);
		}
	}
	close(fd[1]);
	for (i = 0; i < processes; i++) {
		/* Less than PIPE_BUF: whole or not at all. */
		if (read(fd[0], &c, sizeof(c)) != sizeof(c))
			fail("a process died");
		add(sum, &c);
	}
	close(fd[0]);
	for (i = 0; i < processes; i++)
		if (wait(&status) < 0 || status != 0)
			fail("wait");
}

static double
share(uint64_t count)
{
	return (double)count / (double)repetitions;
}

/* 2.5 standard errors of a share; 0 with enough repetitions to be precise. */
static double
chance(double p)
{
	if (repetitions >= 2000)
		return 0;
	return 2.5 * sqrt(p * (1 - p) / (double)repetitions);
}

static bool
is_right(const struct nullmodel *m, const struct counts *c)
{
	double got = share(c->gated);

	if (m->power > 0)
		return got >= m->power - POWER_SLACK - chance(m->power);
	return !m->attainable || got <= FALSE_MOST + chance(FALSE_MOST);
}

static int
run_all(const char *title, const struct nullmodel *m, uint64_t first_row)
{
	struct counts c;
	int wrong = 0;

	printf("%s\n", title);
	printf("%-31s %6s %6s %6s | %6s %6s %6s %6s %6s\n", "", "Fisher",
	    "mid-p", "block", "gated", "worse", "1 %", "gate", "cover");
	for (; m->name != NULL; m++, first_row++) {
		run(m, first_row, &c);
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

static uint64_t
number(const char *s, uint64_t most)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno != 0 || *s < '0' || *s > '9' || *end != '\0' || v > most) {
		fprintf(stderr, "simulate: no number: %s\n", s);
		exit(2);
	}
	return v;
}

int
main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int opt, wrong;

	processes = cpus > 0 ? (unsigned int)cpus : 1;
	while ((opt = getopt(argc, argv, "r:s:j:")) != -1) {
		if (opt == 'r') {
			repetitions = number(optarg, UINT32_MAX);
		} else if (opt == 's') {
			seed = number(optarg, UINT64_MAX);
		} else if (opt == 'j') {
			processes = (unsigned int)number(optarg, 1024);
		} else {
			fputs("usage: simulate [-r REPETITIONS] [-s SEED] "
			      "[-j PROCESSES]\n",
			    stderr);
			return 2;
		}
	}
	if (repetitions == 0 || processes == 0) {
		fputs("simulate: nothing to do\n", stderr);
		return 2;
	}
	printf("%llu repetitions, seed %llu; share of rejections at 5 %%\n\n",
	    (unsigned long long)repetitions, (unsigned long long)seed);
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
