/*
 * accuse [-r REPETITIONS] [-s SEED] [-j PROCESSES] [-n SLOTS] [-m WORD]: how
 * often does the whole verdict, episodes included, accuse a NAT whose path
 * fails no more than the direct one does, and how often does it name what is
 * there?
 *
 * Every repetition is a dataset with main endpoints, one in most rows, and a
 * control, each with a draw of its own of a null model, judged as
 * natdiff-report diff does.  Each draw is judged as often as there are looks:
 * the kinds of failure that could be taken for a cause.  Exits 1 where more
 * than 1 % of the verdicts accuse the NAT in an attainable null model, or a
 * plight is named less often than is expected (plus, in both, what chance
 * allows for with fewer than 2000 repetitions).  The same seed gives the same
 * numbers, whatever the number of processes.  -n leaves out models with more
 * slots, -m those without WORD in their names.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "report/evidence/verdict.h"
#include "report/stats/rates.h"
#include "tests/tools/nullmodels.h"
#include "tests/tools/trials.h"

#define ACCUSED_MOST 0.01
#define INTERVAL_US  10000000
#define TIMEOUT_US   10000000
#define FIRST_SLOT   175000000 /* of ten seconds: in the year 2025 */

/* What failures look like. */
enum look {
	LOOK_SILENT,     /* no SYN is answered: starved, dropped, down */
	LOOK_RECOVERING, /* half of them connect after some retransmits */
	LOOK_RESET,      /* cut off in the TLS handshake */
	LOOK_COUNT
};

static const char *const look_names[LOOK_COUNT] = { "silent", "recovering",
	"reset" };

/* Trouble with known truth. */
struct plight {
	const char *name;
	size_t n;        /* slots */
	size_t from, to; /* of the trouble */
	double share;    /* of the attempts in them that meet it */
	double burst;    /* mean, in slots; 0: independent */
	bool both;       /* on both paths in the same slots */
	enum look look;
	enum cause right;
	double least; /* it is named so often; 0: no promise */
};

static const struct plight plights[] = {
	{ .name = "a third starves, 1 hour",
	    .n = 360,
	    .to = 360,
	    .share = 1.0 / 3,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION,
	    .least = .95 },
	{ .name = "a third starves, 15 minutes",
	    .n = 90,
	    .to = 90,
	    .share = 1.0 / 3,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION },
	{ .name = "all starve, 5 minutes",
	    .n = 30,
	    .to = 30,
	    .share = 1,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION },
	{ .name = "all starve, 5 minutes of 60",
	    .n = 360,
	    .from = 100,
	    .to = 130,
	    .share = 1,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION },
	{ .name = "all starve, 15 minutes of 60",
	    .n = 360,
	    .from = 100,
	    .to = 190,
	    .share = 1,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION },
	{ .name = "all starve, 2 hours of a day",
	    .n = 8640,
	    .from = 4000,
	    .to = 4720,
	    .share = 1,
	    .look = LOOK_RECOVERING,
	    .right = CAUSE_NAT_PORT_EXHAUSTION },
	{ .name = "all are reset, 15 minutes of 60",
	    .n = 360,
	    .from = 100,
	    .to = 190,
	    .share = 1,
	    .look = LOOK_RESET,
	    .right = CAUSE_NAT_PATH_INTERFERENCE },
	{ .name = "both down, 10 minutes",
	    .n = 60,
	    .to = 60,
	    .share = 1,
	    .both = true,
	    .look = LOOK_SILENT,
	    .right = CAUSE_ENDPOINT_DOWN,
	    .least = .95 },
	{ .name = "both down now and then, 1 hour",
	    .n = 360,
	    .to = 360,
	    .share = .3,
	    .burst = 5,
	    .both = true,
	    .look = LOOK_SILENT,
	    .right = CAUSE_ENDPOINT_DOWN },
	{ .name = NULL },
};

/*
 * More than one endpoint, or host behind the NAT; and what cannot be had: where
 * the direct path fails in a few long bursts and the NAT's mean is smooth, by
 * itself or over many hosts, the direct path has often had none of its own yet.
 */
#define MAINS_MOST 6
#define HOSTS_MOST 8

struct setting {
	const char *name;
	struct nullmodel model;
	size_t mains, hosts;
};

#define MODEL(slots, direct, nat, attained)                               \
	{                                                                 \
		.n = slots, .direct_rate = .02, .direct_burst = direct,   \
		.nat_rate = .02, .nat_burst = nat, .attainable = attained \
	}

static const struct setting settings[] = {
	{ "6 endpoints, L=5, n=2000", MODEL(2000, 5, 5, true), MAINS_MOST, 1 },
	{ "6 endpoints, L=20, n=2000", MODEL(2000, 20, 20, true), MAINS_MOST,
	    1 },
	{ "8 hosts, L=5, n=2000", MODEL(2000, 5, 5, false), 1, HOSTS_MOST },
	{ "8 hosts, L=20, n=2000", MODEL(2000, 20, 20, false), 1, HOSTS_MOST },
	{ "8 hosts, L=5, n=20000", MODEL(20000, 5, 5, true), 1, HOSTS_MOST },
	{ "direct L=20, NAT independent", MODEL(20000, 20, 0, false), 1, 1 },
	{ .name = NULL },
};

/* Numbers that trials_run() adds up: nothing else may be in it. */
struct counts {
	uint64_t cause[CAUSE_COUNT];
	uint64_t moderate; /* of the right cause, exactly that strength */
	/* Accusations of the NAT, by what they rest on. */
	uint64_t by_test;
	uint64_t by_episode;
};

/* The failures at an endpoint, one a slot, as of nullmodels_draw(). */
struct draw {
	uint8_t *direct;
	uint8_t *nat[HOSTS_MOST];
};

/* What a row tries; one of m and p. */
struct row {
	uint64_t stream;
	const struct nullmodel *m;
	const struct plight *p;
	size_t n;
	size_t mains, hosts;
};

static struct trials trials = { "accuse", 2000, 1, 0 };
static uint64_t slots_most = UINT64_MAX;
static const char *word = "";
static struct scorecard card;

/* ------------------------------------------------------------- datasets */

static uint32_t
add_run(struct dataset *d, const char *agent, enum role role)
{
	struct series s = {
		.agent = names_add(&d->agents, agent),
		.host = names_add(&d->hosts, agent),
		.path =
		    dataset_path(d, role == ROLE_NAT ? "nat" : "direct", role),
		.interval_us = INTERVAL_US,
	};
	struct run r = { .uuid = { (uint8_t)(1 + d->n_runs) } };

	r.series = dataset_series(d, &s);
	d->runs = x_grow(d->runs, d->n_runs, &d->runs_capacity, sizeof(r));
	d->runs[d->n_runs] = r;
	return (uint32_t)d->n_runs++;
}

/* A duration of some base and an exponential tail of a tenth of it. */
static uint32_t
duration(struct rng *r, double base_us)
{
	return (uint32_t)(base_us * (1 - 0.1 * log1p(-rng_unit(r))));
}

/*
 * The total alone of the durations: latencies are compared at their own cost
 * and accuse nobody.
 */
static void
succeed(struct attempt_row *row, struct rng *r)
{
	row->status = 101;
	row->duration_us[DURATION_TOTAL] = duration(r, 75000);
	row->late = 0;
	row->segs_in = 1;
	row->certificate = CERTIFICATE_UNKNOWN + 1;
}

static void
fail_by(struct attempt_row *row, struct rng *r, enum look look)
{
	if (look == LOOK_RESET) {
		row->failure = FAILURE_TLS_RESET;
		row->phase = PHASE_TLS;
		row->duration_us[DURATION_TOTAL] = duration(r, 25000);
		row->segs_in = 1;
	} else if (look == LOOK_RECOVERING && rng_unit(r) < 0.5) {
		succeed(row, r);
		row->syn_retransmits = (uint8_t)(1 + 3 * rng_unit(r));
		row->duration_us[DURATION_TOTAL] +=
		    1000000u * row->syn_retransmits;
	} else {
		row->failure = FAILURE_CONNECT_TIMEOUT;
		row->phase = PHASE_CONNECT;
		row->syn_retransmits = 6;
		row->duration_us[DURATION_TOTAL] = TIMEOUT_US;
	}
}

static void
add_series(struct attempts *a, const uint8_t *failed, size_t n, uint32_t run,
    uint16_t target, enum look look, struct rng *r)
{
	struct attempt_row row;
	size_t i, p;

	for (i = 0; i < n; i++) {
		if (failed[i] == NULLMODELS_MISSING)
			continue;
		memset(&row, 0, sizeof(row));
		row.slot = FIRST_SLOT + (int64_t)i;
		row.run = run;
		row.target = target;
		row.observed = run > 0; /* all hosts leave through one NAT */
		row.late = row.segs_in = NO_COUNT;
		row.certificate = NO_INDEX;
		for (p = 0; p < DURATION_COUNT; p++)
			row.duration_us[p] = NO_DURATION;
		if (failed[i])
			fail_by(&row, r, look);
		else
			succeed(&row, r);
		attempts_add(a, &row);
	}
}

/*
 * What load would have made of the attempts: the draws are those of the main
 * endpoints, then of the control.
 */
static void
make_dataset(struct dataset *d, const struct row *row, const struct draw *draws,
    enum look look, struct rng *r)
{
	uint32_t run[1 + HOSTS_MOST], endpoint;
	struct endpoint *ep;
	char name[64];
	size_t i, h;

	dataset_init(d);
	d->inputs =
	    x_grow(d->inputs, 0, &d->inputs_capacity, sizeof(*d->inputs));
	memset(&d->inputs[d->n_inputs++], 0, sizeof(*d->inputs));
	d->pool_per_destination = true;
	run[0] = add_run(d, "vm", ROLE_DIRECT);
	for (h = 0; h < row->hosts; h++) {
		snprintf(name, sizeof(name), "host%zu", h);
		run[1 + h] = add_run(d, name, ROLE_NAT);
	}
	names_add(&d->addresses, "192.0.2.1");
	names_add(&d->addresses, "192.0.2.2");
	names_add(&d->certificates, "");
	names_add(&d->certificates, "CN=ca ok");
	for (i = 0; i <= row->mains; i++) {
		snprintf(name, sizeof(name), "endpoint%zu", i);
		endpoint = dataset_endpoint(d, name);
		ep = &d->endpoints[endpoint];
		ep->kind = x_strdup("endpoint");
		ep->url = x_strdup("wss://example.net/");
		ep->control = i == row->mains;
		snprintf(name, sizeof(name), "198.51.100.%zu:443", 1 + i);
		names_add(&d->targets, name);
		add_series(&ep->attempts, draws[i].direct, row->n, run[0],
		    (uint16_t)i, look, r);
		for (h = 0; h < row->hosts; h++)
			add_series(&ep->attempts, draws[i].nat[h], row->n,
			    run[1 + h], (uint16_t)i, look, r);
	}
	dataset_finish(d);
}

/* -------------------------------------------------------------- judging */

static bool
is_by_test(const struct verdict *v)
{
	size_t i;

	for (i = 0; i < v->n_endpoints; i++)
		if (v->endpoints[i].troubled)
			return true;
	return false;
}

static void
judge(const struct dataset *d, enum cause right, struct counts *c)
{
	struct gateway_facts gateway = { d->pool_per_destination, NULL };
	const struct pairs *pointers[MAINS_MOST + 1];
	struct pairs pairs[MAINS_MOST + 1];
	struct verdict v;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++) {
		pairs_find(&pairs[i], d, &d->endpoints[i].attempts);
		pointers[i] = &pairs[i];
	}
	verdict_make(&v, d, pointers, &card, &gateway);
	c->cause[v.cause]++;
	c->moderate += v.cause == right && v.strength == STRENGTH_MODERATE;
	if (cause_accuses_nat(v.cause)) {
		c->by_test += is_by_test(&v);
		c->by_episode += !is_by_test(&v);
	}
	verdict_clear(&v);
	for (i = 0; i < d->n_endpoints; i++)
		pairs_clear(&pairs[i]);
}

/* One draw of a null model for every endpoint, in every look. */
static void
try_null(
    const struct row *row, struct rng *r, struct draw *draws, struct counts *c)
{
	const struct nullmodel *m = row->m;
	struct dataset d;
	size_t i, h;
	int look;

	for (i = 0; i <= row->mains; i++) {
		nullmodels_draw(m, r, draws[i].direct, draws[i].nat[0]);
		for (h = 1; h < row->hosts; h++)
			nullmodels_series(r, m->kind, m->nat_rate, m->nat_burst,
			    draws[i].nat[h], m->n);
	}
	for (look = 0; look < LOOK_COUNT; look++) {
		make_dataset(&d, row, draws, (enum look)look, r);
		judge(&d, CAUSE_HEALTHY, &c[look]);
		dataset_clear(&d);
	}
}

/* The control stays clean. */
static void
try_plight(
    const struct row *row, struct rng *r, struct draw *draws, struct counts *c)
{
	const struct plight *p = row->p;
	struct dataset d;

	if (p->share < 1)
		nullmodels_series(r, NULLMODELS_GILBERT, p->share, p->burst,
		    draws[0].nat[0] + p->from, p->to - p->from);
	else
		memset(draws[0].nat[0] + p->from, 1, p->to - p->from);
	if (p->both)
		memcpy(draws[0].direct, draws[0].nat[0], p->n);
	make_dataset(&d, row, draws, p->look, r);
	judge(&d, p->right, c);
	dataset_clear(&d);
}

/* ------------------------------------------------------------ processes */

/* Repetitions of one process. */
static void
work(const void *arg, unsigned int part, void *counts)
{
	const struct row *row = arg;
	struct counts *c = counts; /* of each look */
	struct draw draws[MAINS_MOST + 1];
	struct rng r;
	uint64_t i;
	size_t k, h;

	for (k = 0; k <= row->mains; k++) {
		draws[k].direct = x_calloc(row->n, 1);
		for (h = 0; h < row->hosts; h++)
			draws[k].nat[h] = x_calloc(row->n, 1);
	}
	for (i = part; i < trials.repetitions; i += trials.processes) {
		rng_seed(&r, trials.seed, row->stream << 32 | i);
		if (row->m != NULL)
			try_null(row, &r, draws, c);
		else
			try_plight(row, &r, draws, c);
	}
	for (k = 0; k <= row->mains; k++) {
		free(draws[k].direct);
		for (h = 0; h < row->hosts; h++)
			free(draws[k].nat[h]);
	}
}

/* All repetitions of a row, over the processes. */
static void
run(const struct row *row, struct counts sum[LOOK_COUNT])
{
	trials_run(&trials, work, row, (uint64_t *)sum,
	    LOOK_COUNT * sizeof(*sum) / sizeof(uint64_t));
}

/* --------------------------------------------------------------- tables */

static double
percent(uint64_t count)
{
	return 100 * (double)count / (double)trials.repetitions;
}

static uint64_t
accused(const struct counts *c)
{
	return c->by_test + c->by_episode;
}

/* A cause, but not of the NAT. */
static uint64_t
named(const struct counts *c)
{
	return trials.repetitions - accused(c) - c->cause[CAUSE_HEALTHY] -
	    c->cause[CAUSE_INCONCLUSIVE] - c->cause[CAUSE_LATENCY_ONLY] -
	    c->cause[CAUSE_ENDPOINT_DOWN];
}

static bool
print_null(
    const char *name, bool attainable, enum look look, const struct counts *c)
{
	struct interval ci = rates_wilson(
	    (double)accused(c), (double)trials.repetitions, rates_z());
	bool right = !attainable ||
	    (double)accused(c) / (double)trials.repetitions <=
		ACCUSED_MOST + trials_chance(&trials, ACCUSED_MOST);
	int i;

	printf("%-30s %-10s %5.1f %4.1f-%4.1f %5.1f %5.1f | %5.1f %5.1f %5.1f "
	       "%5.1f",
	    look == 0 ? name : "", look_names[look], percent(accused(c)),
	    100 * ci.lo, 100 * ci.hi, percent(c->by_test),
	    percent(c->by_episode), percent(named(c)),
	    percent(c->cause[CAUSE_ENDPOINT_DOWN]),
	    percent(c->cause[CAUSE_HEALTHY] + c->cause[CAUSE_LATENCY_ONLY]),
	    percent(c->cause[CAUSE_INCONCLUSIVE]));
	for (i = 0; i < CAUSE_COUNT; i++)
		if (c->cause[i] > 0 && cause_accuses_nat((enum cause)i))
			printf(" %s", cause_name((enum cause)i));
	if (!attainable)
		printf("  (not attainable)");
	puts(right ? "" : "  WRONG");
	return right;
}

static int
run_null(const char *name, const struct row *row)
{
	struct counts c[LOOK_COUNT];
	int wrong = 0, look;

	if (row->n > slots_most || strstr(name, word) == NULL)
		return 0;
	run(row, c);
	for (look = 0; look < LOOK_COUNT; look++)
		wrong += !print_null(
		    name, row->m->attainable, (enum look)look, &c[look]);
	fflush(stdout);
	return wrong;
}

static int
run_nulls(void)
{
	const struct nullmodel *m;
	const struct setting *s;
	struct row row = { .mains = 1, .hosts = 1 };
	int wrong = 0;

	puts("Both paths alike: verdicts, in %");
	printf("%-30s %-10s %5s %9s %5s %5s | %5s %5s %5s %5s\n", "", "look",
	    "NAT", "95 %", "test", "epis.", "other", "down", "fine", "open");
	for (m = nullmodels_null; m->name != NULL; m++, row.stream++) {
		row.m = m;
		row.n = m->n;
		wrong += run_null(m->name, &row);
	}
	row.stream = 500;
	for (s = settings; s->name != NULL; s++, row.stream++) {
		row.m = &s->model;
		row.n = s->model.n;
		row.mains = s->mains;
		row.hosts = s->hosts;
		wrong += run_null(s->name, &row);
	}
	return wrong;
}

static bool
print_plight(const struct plight *p, const struct counts *c)
{
	struct interval ci = rates_wilson(
	    (double)c->cause[p->right], (double)trials.repetitions, rates_z());
	bool right = (double)c->cause[p->right] / (double)trials.repetitions >=
	    p->least - trials_chance(&trials, p->least);
	uint64_t other = trials.repetitions - c->cause[p->right] -
	    c->cause[CAUSE_INCONCLUSIVE] - c->cause[CAUSE_HEALTHY];

	printf("%-33s %-22s %5.1f %5.1f-%5.1f %5.1f | %5.1f %5.1f %5.1f%s\n",
	    p->name, cause_name(p->right), percent(c->cause[p->right]),
	    100 * ci.lo, 100 * ci.hi, percent(c->moderate), percent(other),
	    percent(c->cause[CAUSE_HEALTHY]),
	    percent(c->cause[CAUSE_INCONCLUSIVE]), right ? "" : "  WRONG");
	return right;
}

static int
run_plights(void)
{
	struct counts c[LOOK_COUNT];
	struct row row = { .stream = 1000, .mains = 1, .hosts = 1 };
	const struct plight *p;
	int wrong = 0;

	puts("\nTrouble at the main endpoint, a clean control: verdicts, in %");
	printf("%-33s %-22s %5s %11s %5s | %5s %5s %5s\n", "", "cause", "right",
	    "95 %", "mod.", "other", "fine", "open");
	for (p = plights; p->name != NULL; p++, row.stream++) {
		if (p->n > slots_most || strstr(p->name, word) == NULL)
			continue;
		row.p = p;
		row.n = p->n;
		run(&row, c);
		wrong += !print_plight(p, &c[0]);
		fflush(stdout);
	}
	return wrong;
}

int
main(int argc, char **argv)
{
	int opt, wrong;

	for (;;) {
		opt = getopt(argc, argv, TRIALS_OPTIONS "n:m:");
		if (opt == -1)
			break;
		if (opt == 'n') {
			slots_most = trials_number(&trials, optarg, UINT64_MAX);
		} else if (opt == 'm') {
			word = optarg;
		} else if (!trials_option(&trials, opt, optarg)) {
			fputs("usage: accuse " TRIALS_USAGE
			      " [-n SLOTS] [-m WORD]\n",
			    stderr);
			return 2;
		}
	}
	trials_begin(&trials);
	scorecard_default(&card);
	printf("%llu repetitions, seed %llu\n\n",
	    (unsigned long long)trials.repetitions,
	    (unsigned long long)trials.seed);
	wrong = run_nulls();
	wrong += run_plights();
	puts(
	    "\nNAT: the verdict accuses the NAT or the path through it, by a "
	    "difference of\nrates that the test shows or by an episode; other: "
	    "another cause is named;\ndown: endpoint_down; fine: healthy or "
	    "latency_only; open: inconclusive; mod.: the\nright cause at "
	    "moderate strength.");
	if (wrong > 0)
		printf("%d rows outside their limits\n", wrong);
	return wrong > 0;
}
