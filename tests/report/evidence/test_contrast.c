#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/contrast.h"
#include "tests/report/handmade.h"
#include "tests/tools/nullmodels.h"

static const struct scope everything = { INT64_MIN, INT64_MAX, ALL_SERIES };

static struct dataset d;
static struct pairs pairs;
static struct handmade_hosts of;

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	of = handmade_three_hosts(&d);
}

static void
end(void)
{
	pairs_clear(&pairs);
	dataset_clear(&d);
}

TestSuite(contrast, .init = begin, .fini = end);

/* An attempt that succeeded with a status of 200 and no retransmits. */
static struct attempt_row
fine(uint32_t run, int64_t slot)
{
	struct attempt_row row = handmade_attempt(run, slot, FAILURE_NONE);

	row.syn_retransmits = 0;
	row.segs_in = 1;
	row.late = 0;
	row.status = 200;
	return row;
}

static void
add(uint32_t run, int64_t slot, bool failed)
{
	struct attempt_row row = fine(run, slot);

	if (failed)
		row = handmade_attempt(run, slot, FAILURE_CONNECT_TIMEOUT);
	handmade_add(&d, 0, &row);
}

/* "FSTILA", a letter for each outcome that has, "?" for one not known. */
static void
check_outcomes(const struct attempt_row *row, const char *expected)
{
	static const char letters[] = "FSTILA";
	struct attempts a = { 0 };
	char seen[OUTCOME_COUNT + 1] = "";
	enum outcome o;
	int has;

	attempts_add(&a, row);
	for (o = 0; o < OUTCOME_COUNT; o++) {
		has = outcome_of(&a, 0, o);
		seen[o] = '-';
		if (has != 0)
			seen[o] = has < 0 ? '?' : letters[o];
	}
	cr_expect_str_eq(seen, expected);
	attempts_clear(&a);
}

Test(contrast, outcomes_are_known_or_not)
{
	struct attempt_row row = fine(of.nat[0], 0);

	check_outcomes(&row, "------");
	row.status = 503;
	check_outcomes(&row, "-----A");
	row.late = NO_COUNT;
	check_outcomes(&row, "----?A");
	row = fine(of.nat[0], 0);
	row.late = 2;
	check_outcomes(&row, "----L-");
	row.syn_retransmits = 1;
	check_outcomes(&row, "-STIL-");
	row.segs_in = 2; /* something answered before the SYN-ACK */
	check_outcomes(&row, "-ST-L-");
	row.syn_retransmits = NO_COUNT;
	check_outcomes(&row, "-?--L-");
	row = handmade_attempt(of.nat[0], 0, FAILURE_CONNECT_TIMEOUT);
	row.syn_retransmits = 3;
	row.late = NO_COUNT;
	check_outcomes(&row, "FSTI??");
	row.failure = FAILURE_DNS_TIMEOUT;
	check_outcomes(&row, "??????");
	row.failure = FAILURE_ADDRESS_NOT_AVAILABLE;
	check_outcomes(&row, "??????");
}

/* Four slots: all well, one of two hosts fails, both do, direct fails, too. */
static void
add_slots(void)
{
	static const char *const slots[] = { "...", ".x.", ".xx", "xx." };
	int64_t slot;

	for (slot = 0; slot < 4; slot++) {
		add(of.direct, slot, slots[slot][0] == 'x');
		add(of.nat[0], slot, slots[slot][1] == 'x');
		add(of.nat[1], slot, slots[slot][2] == 'x');
	}
}

static void
finish(void)
{
	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
}

Test(contrast, hosts_of_a_slot_are_one_value)
{
	static const int32_t expected[] = { 0, 1, 2, -1 };
	struct outcome_series s;

	add_slots();
	finish();
	contrast_series(&s, &d, &d.endpoints[0].attempts, &pairs, &everything,
	    OUTCOME_FAILED);
	cr_assert(s.n == 4 && s.unit == 2 && s.x != NULL && s.real == NULL);
	cr_expect_arr_eq(s.x, expected, sizeof(expected));
	cr_expect(s.slot[0] == 0 && s.slot[3] == 3);
	cr_expect(s.cells.both_ok == 1.5 && s.cells.nat_only == 1.5);
	cr_expect(s.cells.direct_only == 0.5 && s.cells.both_failed == 0.5);
	contrast_series_clear(&s);
}

Test(contrast, a_number_of_hosts_that_varies_makes_averages)
{
	static const double expected[] = { 0, 0.5, 1, -0.5, 1 };
	struct outcome_series s;

	add_slots();
	add(of.direct, 4, false);
	add(of.nat[0], 4, true);
	finish();
	contrast_series(&s, &d, &d.endpoints[0].attempts, &pairs, &everything,
	    OUTCOME_FAILED);
	cr_assert(s.n == 5 && s.unit == 0 && s.x == NULL && s.real != NULL);
	cr_expect_arr_eq(s.real, expected, sizeof(expected));
	cr_expect(s.cells.both_ok == 1.5 && s.cells.nat_only == 2.5);
	cr_expect(s.cells.direct_only == 0.5 && s.cells.both_failed == 0.5);
	contrast_series_clear(&s);
}

Test(contrast, counts_the_pairs_in_which_both_sides_know)
{
	struct contrast c[OUTCOME_COUNT];
	struct attempt_row row;

	add_slots();
	/* Not the path's doing, on either side: no pair of any outcome. */
	row = handmade_attempt(of.nat[0], 4, FAILURE_ADDRESS_NOT_AVAILABLE);
	handmade_add(&d, 0, &row);
	add(of.direct, 4, false);
	row = handmade_attempt(of.direct, 5, FAILURE_ADDRESS_NOT_AVAILABLE);
	handmade_add(&d, 0, &row);
	add(of.nat[1], 5, true);
	finish();
	contrasts_find(
	    c, OUTCOMES_ALL, &d, &d.endpoints[0].attempts, &pairs, &everything);
	cr_expect_eq(c[OUTCOME_FAILED].pairs, 8);
	cr_expect_eq(c[OUTCOME_FAILED].nat, 4);
	cr_expect_eq(c[OUTCOME_FAILED].direct, 2);
	cr_expect_eq(c[OUTCOME_FAILED].nat_only, 3);
	cr_expect_eq(c[OUTCOME_FAILED].direct_only, 1);
	/* A status is known where both succeeded. */
	cr_expect_eq(c[OUTCOME_STATUS].pairs, 3);
	cr_expect_eq(c[OUTCOME_STATUS].nat, 0);
	/* Most hosts of a slot. */
	cr_expect_eq(c[OUTCOME_FAILED].nat_bursts.count, 1);
	cr_expect_eq(c[OUTCOME_FAILED].nat_bursts.longest, 1);
	cr_expect_eq(c[OUTCOME_FAILED].direct_bursts.count, 1);
}

Test(contrast, a_scope_is_of_some_slots_or_one_host)
{
	struct scope scope = { 1, 3, ALL_SERIES };
	struct contrast c[OUTCOME_COUNT];
	const struct attempts *a;

	add_slots();
	finish();
	a = &d.endpoints[0].attempts;
	contrasts_find(c, OUTCOME_BIT(OUTCOME_FAILED), &d, a, &pairs, &scope);
	cr_expect(c[OUTCOME_FAILED].pairs == 4 && c[OUTCOME_FAILED].nat == 3);
	scope = everything;
	scope.nat_series = attempt_series(&d, a, pair_at(&pairs, 1).nat);
	contrasts_find(c, OUTCOME_BIT(OUTCOME_FAILED), &d, a, &pairs, &scope);
	cr_expect(c[OUTCOME_FAILED].pairs == 4 && c[OUTCOME_FAILED].nat == 1);
}

/* Most are quiet, in runs; the rest have anything at all. */
static struct attempt_row
any_attempt(struct rng *r, uint32_t run, int64_t slot)
{
	static const enum failure failures[] = { FAILURE_NONE,
		FAILURE_CONNECT_TIMEOUT, FAILURE_TLS_RESET,
		FAILURE_DNS_TIMEOUT };
	struct attempt_row row = fine(run, slot);

	if (slot / 20 % 3 == 1)
		row.late = NO_COUNT; /* a stretch in which less is known */
	if (rng_next(r) % 8 != 0)
		return row;
	row = handmade_attempt(run, slot, failures[rng_next(r) % 4]);
	row.syn_retransmits = (uint8_t)(rng_next(r) % 2);
	row.segs_in = (uint8_t)(rng_next(r) % 3);
	row.late = rng_next(r) % 2 ? NO_COUNT : (uint8_t)(rng_next(r) % 2);
	row.spurious = row.late == 0 && rng_next(r) % 2; /* no outcome */
	row.status = rng_next(r) % 2 ? 200 : 503;
	return row;
}

/* What is known of the group that begins with pair *i, counted one by one. */
struct group {
	int n, nat;
	bool direct;
	int64_t slot;
};

static struct group
count_group(size_t *i, enum outcome o, const struct scope *scope)
{
	const struct attempts *a = &d.endpoints[0].attempts;
	struct pair p = pair_at(&pairs, *i);
	struct group g = { .direct = outcome_of(a, p.direct, o) == 1,
		.slot = attempt_slot(a, p.direct) };
	uint32_t same = p.direct;
	int has;

	for (; *i < pairs.n; ++*i) {
		p = pair_at(&pairs, *i);
		if (p.direct != same)
			break;
		has = outcome_of(a, p.nat, o);
		if (!scope_has(scope, &d, a, p) || has < 0 ||
		    outcome_of(a, p.direct, o) < 0)
			continue;
		g.n++;
		g.nat += has;
	}
	return g;
}

/* What contrasts_find() and contrast_series() say of an outcome is so. */
static void
check_contrast(
    const struct contrast *c, enum outcome o, const struct scope *scope)
{
	const struct attempts *a = &d.endpoints[0].attempts;
	struct burst_count nat_bursts = { 0 }, direct_bursts = { 0 };
	struct contrast own = { 0 };
	struct outcome_series s;
	struct block_test b;
	struct interval ci;
	size_t i = 0, n = 0;
	struct group g;

	contrast_series(&s, &d, a, &pairs, scope, o);
	while (i < pairs.n) {
		g = count_group(&i, o, scope);
		if (g.n == 0)
			continue;
		own.pairs += (size_t)g.n;
		own.nat += (size_t)g.nat;
		own.direct += g.direct ? (size_t)g.n : 0;
		own.nat_only += g.direct ? 0 : (size_t)g.nat;
		own.direct_only += g.direct ? (size_t)(g.n - g.nat) : 0;
		bursts_add(&nat_bursts, g.nat * 2 > g.n);
		bursts_add(&direct_bursts, g.direct);
		cr_assert(n < s.n, "outcome %d", o);
		cr_expect_eq(s.slot[n], g.slot);
		if (s.real != NULL)
			cr_expect_float_eq(
			    s.real[n], (double)g.nat / g.n - g.direct, 1e-15);
		else
			cr_expect(
			    g.n == s.unit && s.x[n] == g.nat - g.direct * g.n);
		n++;
	}
	cr_expect_eq(s.n, n, "outcome %d", o);
	cr_expect(c->pairs == own.pairs && c->nat == own.nat &&
		c->direct == own.direct && c->nat_only == own.nat_only &&
		c->direct_only == own.direct_only,
	    "outcome %d", o);
	bursts_describe(&nat_bursts, &own.nat_bursts);
	bursts_describe(&direct_bursts, &own.direct_bursts);
	cr_expect(c->nat_bursts.runs == own.nat_bursts.runs &&
	    c->nat_bursts.longest == own.nat_bursts.longest &&
	    c->direct_bursts.runs == own.direct_bursts.runs &&
	    c->direct_bursts.count == own.direct_bursts.count);
	ci = contrast_series_test(&s, &b);
	cr_expect(c->test.blocks == b.blocks && c->test.est == b.est &&
		c->test.tau == b.tau && c->test.robust_p == b.robust_p &&
		c->ci.lo == ci.lo && c->ci.hi == ci.hi,
	    "outcome %d", o);
	contrast_series_clear(&s);
}

/* All at once, each by itself, and those of one host. */
static void
check_all(void)
{
	const struct attempts *a = &d.endpoints[0].attempts;
	struct scope scopes[2] = { everything, everything };
	struct contrast c[OUTCOME_COUNT];
	enum outcome o;
	size_t i;

	scopes[1].nat_series = attempt_series(&d, a, pair_at(&pairs, 0).nat);
	for (i = 0; i < 2; i++) {
		contrasts_find(c, OUTCOMES_ALL, &d, a, &pairs, &scopes[i]);
		for (o = 0; o < OUTCOME_COUNT; o++)
			check_contrast(&c[o], o, &scopes[i]);
		for (o = 0; o < OUTCOME_COUNT; o++) {
			contrasts_find(
			    c, OUTCOME_BIT(o), &d, a, &pairs, &scopes[i]);
			check_contrast(&c[o], o, &scopes[i]);
		}
	}
}

static void
add_any_slots(uint64_t seed, bool hosts_vary)
{
	struct attempt_row row;
	struct rng r;
	int64_t slot;
	size_t host;

	rng_seed(&r, seed, 1);
	for (slot = 0; slot < 300; slot++) {
		row = any_attempt(&r, of.direct, slot);
		handmade_add(&d, 0, &row);
		for (host = 0; host < 2; host++) {
			row = any_attempt(&r, of.nat[host], slot);
			if (!hosts_vary || slot < 100 || rng_next(&r) % 4 != 0)
				handmade_add(&d, 0, &row);
		}
	}
	finish();
}

Test(contrast, counting_quiet_groups_is_counting_them_one_by_one)
{
	add_any_slots(1, false);
	check_all();
}

Test(contrast, so_it_is_where_hosts_come_and_go)
{
	struct outcome_series s;

	add_any_slots(2, true);
	contrast_series(&s, &d, &d.endpoints[0].attempts, &pairs, &everything,
	    OUTCOME_FAILED);
	cr_expect(s.real != NULL && s.x == NULL);
	contrast_series_clear(&s);
	check_all();
}
