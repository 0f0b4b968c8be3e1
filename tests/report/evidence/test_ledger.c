#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "natdiff/xalloc.h"
#include "report/evidence/ledger.h"
#include "tests/report/handmade.h"

#define AHEAD_US 3600000000 /* the witness's clock */

static struct dataset d;
static struct ledger l;
static uint32_t nat, direct;
static uint32_t late_us; /* a loop that was busy: in the total alone */
static const struct scope all = { INT64_MIN, INT64_MAX, ALL_SERIES };

static void
begin(void)
{
	handmade_begin(&d, "witness", "witness");
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
}

static void
end(void)
{
	ledger_clear(&l);
	dataset_clear(&d);
}

TestSuite(ledger, .init = begin, .fini = end);

/* The attempt of a run in a slot is known by both. */
static void
put_id(uint8_t id[ATTEMPT_ID_SIZE], uint32_t of, int64_t slot)
{
	memset(id, 0, ATTEMPT_ID_SIZE);
	id[0] = (uint8_t)of;
	id[1] = (uint8_t)slot;
}

/* In the middle of its slot: 1 ms to connect, 2 to TLS, 4 in all. */
static void
attempt(uint32_t of, int64_t slot, enum failure failure, enum phase phase)
{
	uint8_t id[ATTEMPT_ID_SIZE];
	struct attempt_row row = handmade_attempt(of, slot, failure);
	uint32_t *us = row.duration_us;

	row.phase = (uint8_t)phase;
	row.offset = OFFSET_UNIT / 2;
	us[DURATION_REQUEST] = 1000;
	us[DURATION_TOTAL] = 4000000;
	if (failure == FAILURE_NONE) {
		us[DURATION_CONNECT] = 1000;
		us[DURATION_TLS] = 2000;
		us[DURATION_TOTAL] = 4000 + late_us;
	}
	put_id(id, of, slot);
	row.arrival = dataset_find_arrival(&d, id);
	handmade_add(&d, 0, &row);
}

/* At the witness: of >= 0 names the run; request or accept only. */
static void
arrive(
    int of, int64_t slot, int64_t after_us, bool request, const char *address)
{
	struct arrival a = {
		.named = of >= 0,
		.address = names_add(&d.arrival_addresses, address),
		.port = 40000,
		.request_us = NOT_MEASURED,
	};

	if (of >= 0)
		put_id(a.attempt_id, (uint32_t)of, slot);
	a.accepted_us = slot * HANDMADE_INTERVAL_US + HANDMADE_INTERVAL_US / 2 +
	    AHEAD_US + after_us;
	if (request)
		a.request_us = a.accepted_us + 2800;
	d.arrivals =
	    x_grow(d.arrivals, d.n_arrivals, &d.arrivals_capacity, sizeof(a));
	d.arrivals[d.n_arrivals++] = a;
}

static void
make(void)
{
	dataset_finish(&d);
	ledger_make(&l, &d);
}

/* Both paths succeed in slots 1 to 10, as the witness saw. */
static void
ten_good_ones(void)
{
	int64_t slot;

	for (slot = 1; slot <= 10; slot++) {
		arrive((int)direct, slot, 700, true, "192.0.2.1");
		arrive((int)nat, slot, 700, true, "203.0.113.7");
	}
}

static void
their_attempts(int64_t from, int64_t to)
{
	int64_t slot;

	for (slot = from; slot <= to; slot++) {
		attempt(direct, slot, FAILURE_NONE, PHASE_DNS);
		attempt(nat, slot, FAILURE_NONE, PHASE_DNS);
	}
}

/* After ten good ones the NAT path fails, in slots 11 to 15. */
static void
five_that_never_arrive(void)
{
	int64_t slot;

	ten_good_ones();
	for (slot = 11; slot <= 15; slot++)
		arrive((int)direct, slot, 700, true, "192.0.2.1");
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	for (slot = 11; slot <= 15; slot++) {
		attempt(direct, slot, FAILURE_NONE, PHASE_DNS);
		attempt(nat, slot, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	}
}

Test(ledger, says_which_failed_attempts_never_arrived)
{
	struct ledger_contrast c;
	struct pairs pairs;
	const struct pairs *of[] = { &pairs };

	five_that_never_arrive();
	make();
	cr_assert_eq(l.n_paths, 2);
	cr_expect_eq(l.paths[0].counts.sent, 15);
	cr_expect_eq(l.paths[0].counts.requested, 15);
	cr_expect_eq(l.paths[1].counts.sent, 15);
	cr_expect_eq(l.paths[1].counts.accepted, 10);
	cr_expect_eq(l.paths[1].counts.failed, 5);
	cr_expect_eq(l.paths[1].counts.failed_seen, 0);
	cr_expect(l.paths[1].unnamed_known);
	cr_expect_eq(l.all.sent, 30);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	ledger_contrast(&c, &l, &d, of, &all);
	cr_expect(c.failed == 5 && c.unseen == 5);
	pairs_clear(&pairs);
}

/* Accepted 0.7 ms after the start, asked 2.8 ms later: between 3 and 4 ms. */
Test(ledger, knows_the_clocks_from_the_attempts)
{
	const struct ledger_clock *c;

	ten_good_ones();
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	make();
	cr_assert_eq(l.n_clocks, 2);
	c = &l.clocks[1];
	cr_expect_eq(c->attempts, 10);
	cr_expect_eq(c->drift_us, 0);
	cr_expect(c->least_us <= AHEAD_US && c->most_us >= AHEAD_US);
	cr_expect(c->most_us - c->least_us < 6000, "%lld",
	    (long long)(c->most_us - c->least_us));
}

Test(ledger, does_not_take_a_late_loop_for_a_clock_that_drifts)
{
	arrive((int)nat, 1, 700, true, "203.0.113.7");
	arrive((int)nat, 2, 30000, true, "203.0.113.7");
	dataset_sort_arrivals(&d);
	their_attempts(1, 1);
	late_us = 40000;
	their_attempts(2, 2);
	make();
	cr_assert_eq(l.n_clocks, 1);
	cr_expect_eq(l.clocks[0].drift_us, 0);
	cr_expect(l.clocks[0].least_us <= AHEAD_US &&
	    l.clocks[0].most_us >= AHEAD_US);
}

Test(ledger, says_by_how_much_a_clock_drifts)
{
	arrive((int)nat, 1, 0, true, "203.0.113.7");
	arrive((int)nat, 2, 900000, true, "203.0.113.7");
	dataset_sort_arrivals(&d);
	their_attempts(1, 2);
	make();
	cr_assert_eq(l.n_clocks, 1);
	cr_expect(
	    l.clocks[0].drift_us > 890000 && l.clocks[0].drift_us < 900000);
}

/* Accepted, never a request: from the path's address, while it was tried. */
Test(ledger, counts_connections_without_an_id_once)
{
	ten_good_ones();
	arrive(-1, 11, 3000000, false, "203.0.113.7");
	arrive(-1, 12, 8000000, false, "203.0.113.7"); /* too late */
	arrive(-1, 13, 1000, false, "198.51.100.9");   /* a stranger */
	arrive((int)direct, 14, 700, true, "192.0.2.1");
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	attempt(nat, 11, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	attempt(nat, 12, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	attempt(nat, 13, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	attempt(direct, 14, FAILURE_NONE, PHASE_DNS);
	make();
	cr_expect_eq(l.paths[1].counts.failed, 3);
	cr_expect_eq(l.paths[1].counts.failed_seen, 1);
	cr_expect_eq(l.paths[1].counts.accepted, 11);
	cr_expect_eq(l.paths[1].counts.requested, 10);
}

/* An attempt's request brings its id: one without is somebody else's. */
Test(ledger, takes_no_stranger_that_asked_for_an_attempt)
{
	ten_good_ones();
	arrive(-1, 11, 1000, true, "203.0.113.7");
	arrive((int)direct, 12, 700, true, "192.0.2.1");
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	attempt(nat, 11, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	attempt(direct, 12, FAILURE_NONE, PHASE_DNS);
	make();
	cr_expect_eq(l.paths[1].counts.failed, 1);
	cr_expect_eq(l.paths[1].counts.failed_seen, 0);
}

/* What the witness could not write down may be what is missing. */
Test(ledger, doubts_as_many_as_the_witness_lost)
{
	struct ledger_contrast c;
	struct pairs pairs;
	const struct pairs *of[] = { &pairs };
	static const struct {
		int64_t lost;
		size_t doubtful;
	} cases[] = { { 0, 0 }, { 2, 2 }, { INT64_MAX, 5 } };
	size_t i;

	five_that_never_arrive();
	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		d.inputs[0].lost_arrivals = cases[i].lost;
		ledger_clear(&l);
		ledger_make(&l, &d);
		ledger_contrast(&c, &l, &d, of, &all);
		cr_expect_eq(l.lost, cases[i].lost);
		cr_expect_eq(c.unseen, 5);
		cr_expect_eq(c.doubtful, cases[i].doubtful);
	}
	pairs_clear(&pairs);
}

/* Of a path that nothing came through, any connection but others' may be. */
Test(ledger, grants_an_unknown_path_every_stranger)
{
	arrive((int)direct, 1, 700, true, "192.0.2.1");
	arrive(-1, 2, 700 - AHEAD_US, false, "203.0.113.9");
	arrive((int)direct, 3, 700, true, "192.0.2.1");
	dataset_sort_arrivals(&d);
	attempt(direct, 1, FAILURE_NONE, PHASE_DNS);
	attempt(direct, 3, FAILURE_NONE, PHASE_DNS);
	attempt(nat, 2, FAILURE_TLS_RESET, PHASE_TLS);
	make();
	cr_assert_eq(l.n_paths, 2);
	cr_expect(!l.paths[1].unnamed_known);
	cr_expect_eq(l.paths[1].counts.failed_seen, 1);
}

/* Before the first and after the last arrival it may not have listened. */
Test(ledger, does_not_ask_a_witness_that_was_not_there)
{
	ten_good_ones();
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	attempt(nat, 200, FAILURE_CONNECT_TIMEOUT, PHASE_CONNECT);
	attempt(nat, 5, FAILURE_ADDRESS_NOT_AVAILABLE, PHASE_CONNECT);
	make();
	cr_expect_eq(l.paths[1].counts.sent, 10);
	cr_expect_eq(l.paths[1].outside, 1);
	cr_expect_eq(l.paths[1].counts.failed, 0);
}

/* Somebody on the way had answered the SYN. */
Test(ledger, counts_connects_that_nobody_accepted)
{
	ten_good_ones();
	arrive((int)direct, 12, 700, true, "192.0.2.1");
	dataset_sort_arrivals(&d);
	their_attempts(1, 10);
	attempt(nat, 11, FAILURE_TLS_RESET, PHASE_TLS);
	attempt(direct, 12, FAILURE_NONE, PHASE_DNS);
	make();
	cr_expect_eq(l.paths[1].counts.connected_unseen, 1);
}

Test(ledger, is_empty_without_a_witness)
{
	their_attempts(1, 3);
	make();
	cr_expect(l.n_paths == 0 && l.n_clocks == 0 && l.all.sent == 0);
	cr_expect_null(l.state[0]);
}
