/*
 * Rules over the attempts: who answered a SYN that had to be sent again, and
 * whether what was up ran clean.
 */
#include "config.h"

#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/evidence.h"
#include "tests/report/handmade.h"

#define CLEAN 100

static struct dataset d;
static struct pairs pairs;
static struct scorecard card;
static struct evidence_list list;
static uint32_t nat, direct;
static int64_t slots;
static struct clues clues;
static bool direct_counts, nat_counts; /* what they sent again */

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
	scorecard_default(&card);
	slots = 0;
	direct_counts = nat_counts = true;
}

static void
end(void)
{
	evidence_list_clear(&list);
	pairs_clear(&pairs);
	dataset_clear(&d);
}

TestSuite(evidence_resent, .init = begin, .fini = end);

/*
 * So many pairs; segs_in: what came on the NAT path until the connect was up,
 * NO_COUNT: it never was.
 */
static void
add(int n, uint8_t syn_retransmits, uint8_t segs_in)
{
	while (n-- > 0) {
		struct attempt_row row =
		    handmade_attempt(direct, ++slots, FAILURE_NONE);

		row.late = direct_counts ? 0 : NO_COUNT;
		handmade_add(&d, 0, &row);
		row.run = nat;
		row.late = 0;
		row.syn_retransmits = syn_retransmits;
		row.segs_in = segs_in;
		if (segs_in == NO_COUNT) {
			row.failure = FAILURE_CONNECT_TIMEOUT;
			row.late = NO_COUNT;
		}
		handmade_add(&d, 0, &row);
	}
}

/* Pairs whose data were sent again; late: as in attempts.h. */
static void
add_later(int n, uint32_t of, uint8_t late, bool spurious)
{
	while (n-- > 0) {
		struct attempt_row row =
		    handmade_attempt(direct, ++slots, FAILURE_NONE);

		row.late = of == direct ? late : 0;
		row.spurious = of == direct && spurious;
		handmade_add(&d, 0, &row);
		row.run = nat;
		row.late = of == nat ? late : nat_counts ? 0 : NO_COUNT;
		row.spurious = of == nat && spurious;
		handmade_add(&d, 0, &row);
	}
}

/* The clues of all that was added. */
static void
look(void)
{
	static const struct scope all = { INT64_MIN, INT64_MAX, ALL_SERIES };
	struct ledger_contrast ledger = { 0 };
	struct surroundings around = { 0 };
	struct facts facts;
	struct scene scene = { .d = &d,
		.endpoint = &d.endpoints[0],
		.pairs = &pairs,
		.scope = &all,
		.facts = &facts,
		.around = &around,
		.ledger = &ledger,
		.interval_us = HANDMADE_INTERVAL_US };

	add(CLEAN, 0, 1);
	dataset_finish(&d);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	facts_find(&facts, &d, &d.endpoints[0].attempts, &pairs, &all);
	evidence_find(&clues, &list, &card, &scene);
}

static enum state
answered(void)
{
	look();
	return clues.state[CLUE_ANSWERED_FIRST];
}

static const struct evidence *
item(void)
{
	size_t i;

	for (i = 0; i < list.n; i++)
		if (strcmp(list.item[i].name, clue_name(CLUE_ANSWERED_FIRST)) ==
		    0)
			return &list.item[i];
	return NULL;
}

Test(evidence_resent, an_old_connection_answers_all)
{
	add(10, 1, 2);
	cr_expect_eq(answered(), STATE_YES);
	cr_assert_not_null(item());
	cr_expect_str_eq(item()->says,
	    "of 10 attempts that needed a second SYN, 10 had been sent "
	    "something else before the SYN-ACK; of what was up, 0 connections "
	    "sent data again on the NAT path, 0 on the direct one");
	cr_expect(item()->weight[CAUSE_NAT_PORT_REUSE] > 0);
}

Test(evidence_resent, an_answer_to_the_syn_is_a_matter_of_shares)
{
	static const struct {
		const char *name;
		int answered, others, silent;
		enum state state;
	} cases[] = {
		{ "2 % loss, as the lab had it once", 10, 7, 0, STATE_NO },
		{ "three in five", 3, 2, 0, STATE_NO },
		{ "more than that", 11, 7, 0, STATE_UNKNOWN },
		{ "two of three", 2, 1, 0, STATE_UNKNOWN },
		{ "nine in ten", 18, 2, 0, STATE_UNKNOWN },
		{ "more than that", 19, 1, 0, STATE_YES },
		{ "silence is no answer", 20, 0, 5, STATE_UNKNOWN },
		{ "so few may be clean by chance", 9, 0, 0, STATE_UNKNOWN },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		end();
		begin();
		add(cases[i].answered, 1, 2);
		add(cases[i].others, 1, 1);
		add(cases[i].silent, 2, NO_COUNT);
		cr_expect_eq(answered(), cases[i].state, "%s", cases[i].name);
		cr_expect_eq(item() == NULL, cases[i].state == STATE_UNKNOWN);
	}
}

Test(evidence_resent, loss_speaks_against_an_old_connection)
{
	add(10, 1, 2);
	add(7, 1, 1);
	look();
	cr_assert_not_null(item());
	cr_expect(item()->weight[CAUSE_NAT_PORT_REUSE] < 0);
}

/* What comes back is lost: SYN-ACKs, and ACKs of data that had arrived. */
Test(evidence_resent, loss_on_the_way_back_answers_all_and_is_not_clean)
{
	add(20, 1, 2);
	add_later(5, nat, 0, true);
	look();
	cr_expect_eq(clues.state[CLUE_ANSWERED_FIRST], STATE_UNKNOWN);
	cr_expect_eq(clues.state[CLUE_LATE_EXCESS], STATE_UNKNOWN);
}

Test(evidence_resent, one_in_twenty_is_clean)
{
	add(20, 1, 2);
	add_later(1, nat, 0, true);
	look();
	cr_expect_eq(clues.state[CLUE_ANSWERED_FIRST], STATE_YES);
	cr_expect_eq(clues.state[CLUE_LATE_EXCESS], STATE_NO);
	cr_expect_not_null(strstr(item()->says,
	    "1 connections sent data again on the NAT path, 0 on"));
}

Test(evidence_resent, what_the_direct_path_has_too_is_clean)
{
	add(30, 1, 2);
	add_later(1, nat, 1, false);
	add_later(2, nat, 0, true);
	add_later(3, direct, 0, true);
	look();
	cr_expect_eq(clues.state[CLUE_ANSWERED_FIRST], STATE_YES);
	cr_expect_eq(clues.state[CLUE_LATE_EXCESS], STATE_NO);
}

/* 7 and 5 may be 7 and none, but for chance. */
Test(evidence_resent, the_direct_paths_share_must_be_shown)
{
	add(23, 1, 2);
	add_later(7, nat, 0, true);
	add_later(5, direct, 0, true);
	cr_expect_eq(answered(), STATE_UNKNOWN);
}

/* What the direct path had beside another host is an excuse if that counts. */
static void
add_another_host(bool counts)
{
	uint32_t other = handmade_run(&d, "c", ROLE_NAT);

	add(30, 1, 2);
	add_later(4, nat, 0, true);
	nat = other;
	nat_counts = counts;
	add_later(4, direct, 0, true);
}

Test(evidence_resent, pairs_of_another_host_count)
{
	add_another_host(true);
	cr_expect_eq(answered(), STATE_YES);
}

Test(evidence_resent, pairs_that_do_not_know_do_not_count)
{
	add_another_host(false);
	cr_expect_eq(answered(), STATE_UNKNOWN);
}

/* Jitter alone: no data were lost. */
Test(evidence_resent, without_lost_syns_spurious_retransmits_are_no_loss)
{
	add(2, 1, 2);
	add_later(30, nat, 0, true);
	look();
	cr_expect_eq(clues.state[CLUE_LATE_EXCESS], STATE_NO);
}

/* As with an old kernel on one of the hosts. */
Test(evidence_resent, what_is_not_known_to_run_clean_may_be_loss)
{
	direct_counts = false;
	add(10, 1, 2);
	look();
	cr_expect_eq(clues.state[CLUE_ANSWERED_FIRST], STATE_UNKNOWN);
	cr_expect_eq(clues.state[CLUE_LATE_EXCESS], STATE_UNKNOWN);
}
