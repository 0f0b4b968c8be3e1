#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/latency.h"
#include "tests/tools/nullmodels.h"

/*
 * Hollander and Wolfe's depression data (the example of R's wilcox.test), in
 * thousandths: estimate 0.46, exact interval 0.01 to 0.786.
 */
Test(latency, gives_what_the_textbook_has)
{
	int64_t d[9] = { 952, -147, 1022, 430, 620, 590, 490, -80, 10 };
	struct latency_shift r;

	latency_compare(d, 9, &r);
	cr_expect_eq(r.rank.n, 9);
	cr_expect_eq(r.rank.v, 40);
	cr_expect_float_eq(r.rank.p, 0.04401, 5e-6);
	cr_expect_eq(r.hl, 460);
	cr_expect_eq(r.naive.lo, 10);
	cr_expect_eq(r.naive.hi, 786);
	cr_expect_eq(r.median, 490);
}

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* Every Walsh sum written out. */
static double
hl_one_by_one(const int64_t *d, size_t n)
{
	int64_t *w = x_calloc(n * (n + 1) / 2, sizeof(*w));
	size_t i, j, m = 0;
	double hl;

	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			if (d[i] != 0 && d[j] != 0)
				w[m++] = d[i] + d[j];
	qsort(w, m, sizeof(*w), ascending);
	hl = m > 0 ? ((double)w[(m - 1) / 2] + (double)w[m / 2]) / 4 : NAN;
	free(w);
	return hl;
}

Test(latency, hodges_lehmann_is_the_median_of_all_averages)
{
	struct latency_shift r;
	uint64_t range;
	struct rng g;
	int64_t d[80];
	double hl;
	size_t n, i;
	int round;

	rng_seed(&g, 8, 1);
	for (round = 0; round < 1500; round++) {
		n = 1 + rng_next(&g) % 80;
		range = UINT64_C(1) << (1 + rng_next(&g) % 32);
		for (i = 0; i < n; i++)
			d[i] = (int64_t)(rng_next(&g) % range) -
			    (int64_t)(range / 3);
		hl = hl_one_by_one(d, n);
		latency_compare(d, n, &r);
		if (isnan(hl)) {
			cr_expect(isnan(r.hl) && isnan(r.naive.lo));
			continue;
		}
		cr_expect_eq(r.hl, hl, "round %d", round);
		cr_expect(r.naive.lo <= hl && hl <= r.naive.hi);
		cr_expect(isnan(r.shown.lo) ||
		    (r.shown.lo <= r.naive.lo && r.shown.hi >= r.naive.hi));
	}
}

Test(latency, turns_round_with_the_paths)
{
	struct latency_shift a, b;
	int64_t d[400], e[400];
	struct rng g;
	size_t n, i;
	int round;

	rng_seed(&g, 9, 1);
	for (round = 0; round < 200; round++) {
		n = 2 + rng_next(&g) % 399;
		for (i = 0; i < n; i++) {
			d[i] = 1 + (int64_t)(rng_next(&g) % 1000) - 400;
			if (d[i] == 0)
				d[i] = 7;
			e[i] = -d[i];
		}
		latency_compare(d, n, &a);
		latency_compare(e, n, &b);
		cr_expect_eq(
		    a.rank.v + b.rank.v, (double)n * (double)(n + 1) / 2);
		cr_expect_float_eq(a.rank.p, b.rank.p, 1e-14);
		cr_expect_eq(a.hl, -b.hl);
		cr_expect_eq(a.naive.lo, -b.naive.hi);
		cr_expect_eq(a.rank.block.p, b.rank.block.p);
	}
}

Test(latency, zeros_and_nothing_are_no_difference)
{
	int64_t zeros[5] = { 0, 0, 0, 0, 0 };
	struct latency_shift r;

	latency_compare(zeros, 5, &r);
	cr_expect(r.rank.v == 0 && r.rank.p == 1 && r.rank.n == 0);
	cr_expect(r.rank.n_zero == 5 && r.median == 0 && isnan(r.hl));
	latency_compare(NULL, 0, &r);
	cr_expect(isnan(r.rank.v) && isnan(r.rank.p) && isnan(r.median));
	cr_expect_eq(r.rank.block.blocks, 0);
}

/* Slow noise: what is shown must be wider than what independence claims. */
Test(latency, shown_interval_widens_when_differences_hang_together)
{
	struct latency_shift r;
	int64_t d[2000];
	struct rng g;
	double x = 0;
	size_t i;

	rng_seed(&g, 10, 1);
	for (i = 0; i < 2000; i++) {
		x = 0.9 * x + rng_unit(&g) - 0.5;
		d[i] = (int64_t)(x * 1e5);
	}
	latency_compare(d, 2000, &r);
	cr_expect(r.rank.block.deff > 4);
	cr_expect(r.shown.hi - r.shown.lo > 2 * (r.naive.hi - r.naive.lo));
}

Test(latency, failures_rank_worst)
{
	struct latency_failures r;
	int64_t d[6];

	d[0] = latency_difference(true, 100, true, 150);
	d[1] = latency_difference(true, 100, false, 0);
	d[2] = latency_difference(false, 0, true, 90);
	d[3] = latency_difference(false, 0, false, 0);
	d[4] = latency_difference(true, 300, true, 200);
	d[5] = latency_difference(true, 1, true, 1);
	cr_expect_eq(d[0], 50);
	cr_expect_eq(d[1], LATENCY_FAILED);
	cr_expect_eq(d[2], -LATENCY_FAILED);
	cr_expect_eq(d[3], 0);
	latency_with_failures(d, 6, &r);
	cr_expect(r.worse == 2 && r.better == 2 && r.tie == 2);
	cr_expect(r.net == 0 && r.win_ratio == 1 && r.sign_p == 1);
	cr_expect_eq(r.rank.v, 1 + 3.5);
	latency_with_failures(d, 2, &r);
	cr_expect(isinf(r.win_ratio) && r.net == 1);
	latency_with_failures(d + 3, 1, &r);
	cr_expect(isnan(r.win_ratio) && r.net == 0);
	latency_with_failures(d, 0, &r);
	cr_expect(isnan(r.net) && isnan(r.sign_p) && isnan(r.rank.p));
}

/* 1 ... n in some order: the answers are known at any size. */
Test(latency, takes_millions)
{
	size_t n = 2000000, i;
	int64_t *d = x_calloc(n, sizeof(*d));
	struct latency_shift r;

	for (i = 0; i < n; i++)
		d[i] = (int64_t)((i * 1234577) % n) + 1;
	latency_compare(d, n, &r);
	cr_expect_eq(r.hl, (double)(n + 1) / 2);
	cr_expect_eq(r.rank.v, (double)n * (double)(n + 1) / 2);
	cr_expect_eq(r.median, (double)(n + 1) / 2);
	cr_expect(r.naive.lo < r.hl && r.hl < r.naive.hi);
	cr_expect(r.naive.hi - r.naive.lo < 5000);
	free(d);
}

Test(latency, the_same_shift_in_every_pair_has_a_p)
{
	struct latency_shift s;
	int64_t d[600];
	size_t i;

	for (i = 0; i < 600; i++)
		d[i] = 4000;
	latency_compare(d, 600, &s);
	cr_expect_float_eq(s.hl, 4000, 1e-9);
	cr_expect(isnan(s.rank.block.p));
	cr_expect_float_eq(latency_p(&s), ldexp(1, -19), 1e-20);
	for (i = 0; i < 600; i++)
		d[i] = 0;
	latency_compare(d, 600, &s);
	cr_expect(latency_p(&s) == 1);
	latency_compare(d, 0, &s);
	cr_expect(isnan(latency_p(&s)));
}
