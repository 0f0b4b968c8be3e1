#include "config.h"

#include <criterion/criterion.h>
#include <math.h>

#include "report/stats/events.h"
#include "tests/tools/nullmodels.h"

/* Straight from the definition. */
static struct events_coincidence
one_by_one(const uint32_t *fails, const uint8_t *logged, size_t n)
{
	struct events_coincidence e = { 0, 0 };
	size_t s, i, k;
	int64_t t;

	for (s = 0; s < n; s++) {
		t = 0;
		for (i = 0; i < n; i++) {
			k = (i + s) % n;
			if (logged[k] || logged[(k + n - 1) % n])
				t += fails[i];
		}
		if (s == 0)
			e.together = t;
		e.p += t >= e.together;
	}
	e.p /= (double)n;
	return e;
}

Test(events, counts_every_shift)
{
	struct events_coincidence a, b;
	uint8_t logged[120], f[120];
	uint32_t fails[120];
	struct rng r;
	size_t n, i;
	int round;

	rng_seed(&r, 14, 1);
	for (round = 0; round < 400; round++) {
		n = 1 + rng_next(&r) % 120;
		nullmodels_series(&r, NULLMODELS_GILBERT,
		    (double)(rng_next(&r) % 10) / 10, 4, logged, n);
		nullmodels_series(&r, NULLMODELS_GILBERT,
		    (double)(rng_next(&r) % 10) / 10, 4, f, n);
		for (i = 0; i < n; i++)
			fails[i] = f[i] ? (uint32_t)(rng_next(&r) % 4) : 0;
		events_coincide(fails, logged, n, &a);
		b = one_by_one(fails, logged, n);
		cr_expect_eq(a.together, b.together);
		cr_expect_float_eq(a.p, b.p, 1e-12);
	}
}

Test(events, nothing_logged_or_failed_is_no_coincidence)
{
	static const uint32_t fails[4] = { 0, 2, 0, 1 }, none[4] = { 0 };
	static const uint8_t logged[4] = { 1, 0, 0, 0 }, quiet[4] = { 0 };
	struct events_coincidence e;

	events_coincide(fails, quiet, 4, &e);
	cr_expect(e.together == 0 && e.p == 1);
	events_coincide(none, logged, 4, &e);
	cr_expect(e.together == 0 && e.p == 1);
	events_coincide(fails, logged, 4, &e);
	cr_expect(e.together == 2 && e.p == 0.5);
	events_coincide(fails, logged, 0, &e);
	cr_expect(isnan(e.p));
}

/* Both bursty, unrelated: the level holds. */
Test(events, bursts_alone_do_not_convince)
{
	uint8_t f[1000], logged[1000];
	struct events_coincidence e;
	uint32_t fails[1000];
	int round, found = 0;
	struct rng r;
	size_t i;

	rng_seed(&r, 15, 1);
	for (round = 0; round < 400; round++) {
		nullmodels_series(
		    &r, NULLMODELS_GILBERT, 0.03, 20, logged, 1000);
		nullmodels_series(&r, NULLMODELS_GILBERT, 0.03, 20, f, 1000);
		for (i = 0; i < 1000; i++)
			fails[i] = f[i];
		events_coincide(fails, logged, 1000, &e);
		found += e.p <= 0.05;
	}
	cr_expect(found <= 28, "%d of 400", found);
}
