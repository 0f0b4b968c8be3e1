/*
 * What captures from outside of a NAT say: whether SYNs left it, whether it
 * used ports again; and when they say nothing.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/evidence/capture_view.h"
#include "report/evidence/finding.h"
#include "tests/report/handmade.h"

#define CONNECTED 15
#define SILENT    5
#define OUTSIDE   "198.51.100.1"

static struct dataset d;
static struct pairs pairs;
static struct facts facts;
static struct scorecard card;
static struct clues clues;
static struct evidence_list list;
static uint32_t nat, direct;
static const char *target;
static unsigned findings;   /* that ask the same */
static const char *seen_as; /* by the far end; NULL: it does not say */

static void
begin(void)
{
	handmade_begin(&d, "listen", "endpoint");
	target = d.targets.text[0];
	direct = handmade_run(&d, "a", ROLE_DIRECT);
	nat = handmade_run(&d, "b", ROLE_NAT);
	scorecard_default(&card);
	seen_as = OUTSIDE;
	findings = 1;
}

static void
end(void)
{
	evidence_list_clear(&list);
	pairs_clear(&pairs);
	dataset_clear(&d);
}

/* For the next case of a table. */
static void
begin_again(void)
{
	end();
	begin();
	memset(&clues, 0, sizeof(clues));
}

TestSuite(evidence_capture, .init = begin, .fini = end);

/* In the middle of a slot, as an attempt of these is. */
static int64_t
middle_us(int64_t slot)
{
	return slot * HANDMADE_INTERVAL_US + HANDMADE_INTERVAL_US / 2;
}

static void
attempt(uint32_t of, int64_t slot, bool silent)
{
	struct attempt_row row = handmade_attempt(
	    of, slot, silent ? FAILURE_CONNECT_TIMEOUT : FAILURE_NONE);

	row.offset = OFFSET_UNIT / 2;
	row.duration_us[DURATION_CONNECT] = silent ? 3000000 : 20000;
	row.syn_retransmits = silent ? 2 : 0;
	if (of == nat && !silent && seen_as != NULL)
		row.observed = (uint16_t)names_add(&d.addresses, seen_as);
	handmade_add(&d, 0, &row);
}

/* A capture of all the slots with so many connections of that address. */
static void
capture(const char *address, int64_t connections, bool complete)
{
	struct capture_span s = { .from_us = 0,
		.to_us = middle_us(CONNECTED + SILENT + 1),
		.packets = 1000 + (int64_t)d.captures.n_spans,
		.complete = complete };
	struct capture_client k = { .span = captures_add(&d.captures, &s),
		.address = names_add(&d.captures.addresses, address),
		.target = names_add(&d.captures.targets, target),
		.connections = connections };

	captures_add_client(&d.captures, &k);
}

/* One of its SYNs, in that slot. */
static void
flow(int64_t slot, bool answered, bool challenged)
{
	struct capture_flow f = { .at_us = middle_us(slot),
		.has_syn = true,
		.answered = answered,
		.challenged = challenged };

	captures_add_flow(&d.captures, &f);
}

/* Slots from 1 on in which the NAT path connects, then those in silence. */
static void
look(void)
{
	static const struct scope all = { INT64_MIN, INT64_MAX, ALL_SERIES };
	struct scene scene = { .d = &d,
		.endpoint = &d.endpoints[0],
		.pairs = &pairs,
		.scope = &all,
		.facts = &facts,
		.interval_us = HANDMADE_INTERVAL_US };
	struct finding n = { .clues = &clues,
		.list = &list,
		.card = &card,
		.scene = &scene,
		.f = &facts };
	int64_t slot;
	unsigned i;

	for (slot = 1; slot <= CONNECTED + SILENT; slot++) {
		attempt(direct, slot, false);
		attempt(nat, slot, slot > CONNECTED);
	}
	dataset_finish(&d);
	captures_finish(&d.captures);
	pairs_find(&pairs, &d, &d.endpoints[0].attempts);
	facts_find(&facts, &d, &d.endpoints[0].attempts, &pairs, &all);
	scene.captures =
	    capture_view_make(&d, &d.endpoints[0].attempts, &pairs);
	for (i = 0; i < findings; i++)
		rule_captures(&n);
	capture_view_free(scene.captures);
}

/* A number of the item of that clue; NaN where there is none. */
static double
number(enum clue clue, const char *key)
{
	size_t i, k;

	for (i = 0; i < list.n; i++) {
		if (strcmp(list.item[i].name, clue_name(clue)) != 0)
			continue;
		for (k = 0; k < list.item[i].n_numbers; k++)
			if (strcmp(list.item[i].number[k].key, key) == 0)
				return list.item[i].number[k].value;
	}
	return NAN;
}

Test(evidence_capture, syns_that_did_not_leave_are_the_nats)
{
	capture(OUTSIDE, CONNECTED, true);
	look();
	cr_expect_eq(clues.state[CLUE_CAPTURE_LACKS_SYNS], STATE_YES);
	cr_expect_eq(number(CLUE_CAPTURE_LACKS_SYNS, "silent"), SILENT);
	cr_expect_eq(number(CLUE_CAPTURE_LACKS_SYNS, "left"), 0);
	cr_expect_eq(number(CLUE_CAPTURE_LACKS_SYNS, "connected"), CONNECTED);
	cr_expect_not_null(list.item[0].query);
	cr_expect_not_null(strstr(list.item[0].says,
			       "of 5 attempts that got no answer, the SYNs of "
			       "0 left the NAT"),
	    "%s", list.item[0].says);
	/* No port came back, and there was trouble enough to show it. */
	cr_expect_eq(clues.state[CLUE_CAPTURE_REUSE], STATE_NO);
}

Test(evidence_capture, syns_that_left_were_lost_beyond_the_nat)
{
	int64_t slot;

	capture(OUTSIDE, CONNECTED, true);
	for (slot = CONNECTED + 1; slot <= CONNECTED + SILENT; slot++)
		flow(slot, false, false);
	look();
	cr_expect_eq(clues.state[CLUE_CAPTURE_LACKS_SYNS], STATE_NO);
	cr_expect_eq(number(CLUE_CAPTURE_LACKS_SYNS, "left"), SILENT);
}

Test(evidence_capture, each_finding_may_take_the_same_flows)
{
	size_t i, items = 0;
	int64_t slot;

	capture(OUTSIDE, CONNECTED, true);
	for (slot = CONNECTED + 1; slot <= CONNECTED + SILENT; slot++)
		flow(slot, false, false);
	findings = 2;
	look();
	for (i = 0; i < list.n; i++) {
		if (strcmp(list.item[i].name,
			clue_name(CLUE_CAPTURE_LACKS_SYNS)) != 0)
			continue;
		items++;
		cr_expect_not_null(
		    strstr(list.item[i].says, "the SYNs of 5 left the NAT"),
		    "%s", list.item[i].says);
	}
	cr_expect_eq(items, 2);
}

Test(evidence_capture, a_flow_is_one_attempts_and_an_answered_one_nobodys)
{
	capture(OUTSIDE, CONNECTED, true);
	flow(CONNECTED + 1, false, false);
	flow(CONNECTED + 2, true, false);
	look();
	cr_expect_eq(clues.state[CLUE_CAPTURE_LACKS_SYNS], STATE_UNKNOWN,
	    "one of five left: neither none nor most");
}

Test(evidence_capture, one_that_cannot_know_says_nothing)
{
	static const struct {
		const char *name, *address, *seen_as;
		int64_t connections;
		bool complete, says;
	} cases[] = {
		{ "outside", OUTSIDE, OUTSIDE, CONNECTED, true, true },
		{ "inside of the NAT", "10.0.0.2", OUTSIDE, CONNECTED, true,
		    false },
		{ "of another public address", "192.0.2.9", OUTSIDE, CONNECTED,
		    true, false },
		{ "a part was left out", OUTSIDE, OUTSIDE, CONNECTED, false,
		    false },
		{ "lacks connections that we know of", OUTSIDE, OUTSIDE,
		    CONNECTED - 2, true, false },
		{ "nobody says whence we came: a public one will do",
		    "192.0.2.9", NULL, CONNECTED, true, true },
		{ "a shared one (RFC 6598) is inside", "100.64.0.9", NULL,
		    CONNECTED, true, false },
		{ "so is a unique local one", "fd00::9", NULL, CONNECTED, true,
		    false },
		{ "and a link-local one", "fe80::9", NULL, CONNECTED, true,
		    false },
		{ "a public one of IPv6", "2001:db8::9", NULL, CONNECTED, true,
		    true },
		{ "no address at all", "nat-gateway", NULL, CONNECTED, true,
		    false },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_again();
		seen_as = cases[i].seen_as;
		capture(
		    cases[i].address, cases[i].connections, cases[i].complete);
		look();
		cr_expect_eq(clues.state[CLUE_CAPTURE_LACKS_SYNS],
		    cases[i].says ? STATE_YES : STATE_UNKNOWN, "%s",
		    cases[i].name);
		cr_expect_eq(list.n > 0, cases[i].says, "%s", cases[i].name);
	}
}

Test(evidence_capture, connections_without_end_are_many)
{
	capture(OUTSIDE, INT64_MAX, true);
	capture(OUTSIDE, INT64_MAX, false);
	look();
	cr_expect_eq(clues.state[CLUE_CAPTURE_LACKS_SYNS], STATE_YES);
}

Test(evidence_capture, ports_that_came_back_while_they_lived_are_counted)
{
	static const struct {
		int64_t flows;
		enum state state;
	} cases[] = { { 0, STATE_NO }, { 1, STATE_UNKNOWN }, { 3, STATE_YES } };
	int64_t slot;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_again();
		capture(OUTSIDE, CONNECTED, true);
		for (slot = 1; slot <= cases[i].flows; slot++)
			flow(CONNECTED + slot, true, true);
		look();
		cr_expect_eq(clues.state[CLUE_CAPTURE_REUSE], cases[i].state,
		    "%d flows", (int)cases[i].flows);
		if (cases[i].state == STATE_YES)
			cr_expect_eq(number(CLUE_CAPTURE_REUSE, "reused"), 3);
	}
}

/*
 * What was answered at once did no harm, though the answer may be lost inside;
 * what was not may be lost itself, however many ports come back.
 */
Test(evidence_capture, a_port_that_came_back_without_an_answer_proves_nothing)
{
	static const struct {
		const char *name;
		bool answered, late;
		enum state state;
	} cases[] = {
		{ "at once", true, false, STATE_NO },
		{ "late", true, true, STATE_UNKNOWN },
		{ "never", false, false, STATE_UNKNOWN },
	};
	struct capture_flow f = { .has_syn = true, .syn_retransmits = 1 };
	int64_t slot;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_again();
		capture(OUTSIDE, CONNECTED, true);
		f.answered = cases[i].answered;
		f.answered_late = cases[i].late;
		for (slot = 1; slot <= SILENT; slot++) {
			f.reuse = slot % 2 ? CAPTURE_REUSE_ALIVE
					   : CAPTURE_REUSE_TIME_WAIT;
			f.at_us = middle_us(CONNECTED + slot);
			captures_add_flow(&d.captures, &f);
		}
		look();
		cr_expect_eq(clues.state[CLUE_CAPTURE_REUSE], cases[i].state,
		    "%s", cases[i].name);
	}
}
