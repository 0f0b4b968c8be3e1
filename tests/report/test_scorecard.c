#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/judgement.h"
#include "report/evidence/scorecard.h"

/* Clues as a test needs them: nothing known but what it sets. */
static struct clues
nothing(void)
{
	struct clues c = { 0 };

	c.kind = KIND_COUNT;
	return c;
}

static struct judgement
judge(const struct clues *c, bool pool_per_destination)
{
	struct scorecard card;
	struct judgement j;

	scorecard_default(&card);
	judgement_make(&j, c, &card, pool_per_destination);
	return j;
}

Test(scorecard, the_one_that_ships_is_complete)
{
	struct scorecard s;
	int c, k, n = 0;

	scorecard_default(&s);
	for (c = 0; c < CAUSE_COUNT; c++) {
		if (!s.has[c])
			continue;
		n++;
		for (k = 0; k < CLUE_COUNT; k++)
			cr_expect(s.clue[k][c] >= 0.004 && s.clue[k][c] <= 0.98,
			    "%s %s", clue_name((enum clue)k),
			    cause_name((enum cause)c));
	}
	/* All but healthy and inconclusive, which are not weighed. */
	cr_expect_eq(n, CAUSE_COUNT - 2);
}

Test(scorecard, the_classes_of_a_cause_are_shares)
{
	struct scorecard s;
	double sum;
	int c, k;

	scorecard_default(&s);
	for (c = 0; c < CAUSE_COUNT; c++) {
		if (!s.has[c])
			continue;
		sum = 0;
		for (k = 0; k < KIND_COUNT; k++)
			sum += s.kind[k][c];
		cr_expect(sum > 0.9 && sum < 1.1, "%s: %g",
		    cause_name((enum cause)c), sum);
	}
}

Test(scorecard, unknown_evidence_says_nothing)
{
	struct clues c = nothing();
	enum cause ranked[CAUSE_COUNT];
	double total[CAUSE_COUNT];
	struct scorecard s;
	size_t n, i;

	scorecard_default(&s);
	scorecard_rank(&s, &c, ranked, total, &n);
	cr_assert_eq(n, CAUSE_COUNT - 2);
	for (i = 0; i < n; i++)
		cr_expect_eq(total[i], 0);
}

Test(scorecard, adds_up_as_the_worked_example)
{
	struct clues c = nothing();
	struct scorecard s;
	double lead;

	/* STATS 2.3: a clean control tells ports from table by .95 / .03. */
	scorecard_default(&s);
	c.state[CLUE_CONTROL_AFFECTED] = STATE_NO;
	lead = scorecard_total(&s, &c, CAUSE_NAT_PORT_EXHAUSTION) -
	    scorecard_total(&s, &c, CAUSE_NAT_TABLE_FULL);
	cr_expect_float_eq(lead, log10(.95 / .03), 1e-9);
}

Test(scorecard, refuses_what_is_no_scorecard)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "f:0: 0 causes, expected two at least" },
		{ "cause A healthy\nnonsense\n",
		    "f:2: nonsense, expected cause, yes or class" },
		{ "cause A flat\n",
		    "f:1: flat, expected \"cause CODE NAME\", NAME a cause not "
		    "named before" },
		{ "cause A healthy\ncause B healthy\n",
		    "f:2: healthy, expected \"cause CODE NAME\", NAME a cause "
		    "not named before" },
		{ "cause A healthy\ncause B dns_trouble\nyes cert_differs .1\n",
		    "f:3: 1 values, expected 2, one a cause" },
		{ "cause A healthy\ncause B dns_trouble\n"
		  "yes cert_differs .1 1.5\n",
		    "f:3: 1.5, expected a number from 0.004 to 0.98" },
		{ "cause A healthy\ncause B dns_trouble\n"
		  "yes cert_differs .1 nan\n",
		    "f:3: nan, expected a number from 0.004 to 0.98" },
		{ "cause A healthy\ncause B dns_trouble\n"
		  "yes cert_differs .1 .2 .3\n",
		    "f:3: .3, expected only 2 values" },
		{ "cause A healthy\ncause B dns_trouble\n"
		  "yes cert_differs .1 .2\nyes cert_differs .1 .2\n",
		    "f:4: cert_differs, expected a known name, once" },
		{ "cause A healthy\ncause B dns_trouble\nclass odd .1 .2\n",
		    "f:3: odd, expected a known name, once" },
	};
	struct scorecard s;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(scorecard_parse(&s, "f", cases[i].text,
				 strlen(cases[i].text), &e),
		    -1, "%zu", i);
		cr_expect_str_eq(e.msg, cases[i].message);
	}
	cr_expect_eq(scorecard_read(&s, "/nowhere/x", &e), -1);
	cr_expect_eq(scorecard_read(&s, "/", &e), -1);
	cr_expect_eq(scorecard_read(&s, "/dev/zero", &e), -1);
}

Test(judgement, without_evidence_names_nothing)
{
	struct clues c = nothing();
	struct judgement j = judge(&c, true);

	cr_expect_eq(j.cause, CAUSE_INCONCLUSIVE);
	cr_expect_eq(j.strength, STRENGTH_NONE);
}

/* A pool held for a part of the window, as the hosts see it. */
static struct clues
starved(void)
{
	struct clues c = nothing();

	c.kind = KIND_CONNECT_SILENT;
	c.state[CLUE_DIRECT_ALSO_FAILS] = STATE_NO;
	c.state[CLUE_SYN_EXCESS] = STATE_YES;
	c.state[CLUE_LATE_EXCESS] = STATE_NO;
	c.state[CLUE_CONTROL_AFFECTED] = STATE_NO;
	c.state[CLUE_RECOVERS] = STATE_YES;
	c.state[CLUE_ALL_FAIL] = STATE_NO;
	c.state[CLUE_ANSWERED_FIRST] = STATE_NO;
	return c;
}

Test(judgement, hosts_alone_never_strongly_accuse_the_port_pool)
{
	struct clues c = starved();
	struct judgement j = judge(&c, true);
	bool rival = false;
	size_t i;

	cr_expect_eq(j.cause, CAUSE_NAT_PORT_EXHAUSTION);
	cr_expect_eq(j.strength, STRENGTH_MODERATE);
	for (i = 0; i < j.n_ranked; i++)
		if (j.ranked[i] == CAUSE_EDGE_ADDRESS_LIMIT)
			rival = judgement_leaves_open(&j, i);
	cr_expect(rival, "the far end's limit must be named");
}

Test(judgement, the_gateways_own_counters_make_it_strong)
{
	struct clues c = starved();
	struct judgement j;

	c.state[CLUE_GATEWAY_REFUSES] = STATE_YES;
	c.state[CLUE_GATEWAY_TABLE_FULL] = STATE_NO;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_NAT_PORT_EXHAUSTION);
	cr_expect_eq(j.strength, STRENGTH_STRONG);
}

Test(judgement, counters_that_stay_still_speak_against_the_port_pool)
{
	struct clues c = starved();
	struct judgement j;

	c.state[CLUE_GATEWAY_REFUSES] = STATE_NO;
	j = judge(&c, true);
	cr_expect_neq(j.cause, CAUSE_NAT_PORT_EXHAUSTION);
}

Test(judgement, without_a_control_ports_and_table_stay_rivals)
{
	struct clues c = starved();
	struct judgement j;
	bool rival = false;
	size_t i;

	c.state[CLUE_CONTROL_AFFECTED] = STATE_UNKNOWN;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_INCONCLUSIVE);
	for (i = 0; i < j.n_ranked; i++)
		if (j.ranked[i] == CAUSE_NAT_TABLE_FULL)
			rival = judgement_leaves_open(&j, i);
	cr_expect(rival);
}

Test(judgement, a_pool_of_unknown_kind_is_not_told_from_a_table)
{
	struct clues c = starved();
	struct judgement j = judge(&c, false);

	cr_expect_eq(j.cause, CAUSE_INCONCLUSIVE);
}

/* One destination's SYNs come again, and all come up, at a quiet gateway. */
static struct clues
reused(void)
{
	struct clues c = nothing();

	c.kind = KIND_NONE;
	c.state[CLUE_DIRECT_ALSO_FAILS] = STATE_NO;
	c.state[CLUE_SYN_EXCESS] = STATE_YES;
	c.state[CLUE_CONTROL_AFFECTED] = STATE_NO;
	c.state[CLUE_RECOVERS] = STATE_YES;
	c.state[CLUE_GATEWAY_REFUSES] = STATE_NO;
	return c;
}

Test(judgement, without_an_answer_to_the_syn_no_port_came_back)
{
	struct clues c = reused();
	struct judgement j = judge(&c, true);

	cr_expect_eq(j.ranked[0], CAUSE_NAT_PORT_REUSE);
	cr_expect_eq(j.cause, CAUSE_INCONCLUSIVE);
	c.state[CLUE_ANSWERED_FIRST] = STATE_YES;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_NAT_PORT_REUSE);
	cr_expect_eq(j.strength, STRENGTH_MODERATE);
}

Test(judgement, a_capture_or_a_short_hold_down_makes_reuse_strong)
{
	struct clues c = reused();
	struct judgement j;

	c.state[CLUE_CAPTURE_REUSE] = STATE_YES;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_NAT_PORT_REUSE);
	cr_expect_eq(j.strength, STRENGTH_STRONG);
	c.state[CLUE_CAPTURE_REUSE] = STATE_UNKNOWN;
	c.state[CLUE_ANSWERED_FIRST] = STATE_YES;
	c.state[CLUE_SHORT_HOLD_DOWN] = STATE_YES;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_NAT_PORT_REUSE);
	cr_expect_eq(j.strength, STRENGTH_STRONG);
	c.state[CLUE_GATEWAY_REFUSES] = STATE_UNKNOWN;
	j = judge(&c, true);
	cr_expect_eq(j.strength, STRENGTH_MODERATE);
}

Test(judgement, a_failing_direct_path_never_convicts_the_nat)
{
	struct clues c = starved();
	struct judgement j;

	c.state[CLUE_GATEWAY_REFUSES] = STATE_YES;
	c.state[CLUE_DIRECT_ALSO_FAILS] = STATE_YES;
	j = judge(&c, true);
	cr_expect_not(cause_accuses_nat(j.cause), "%s", cause_name(j.cause));
}

Test(judgement, local_failures_and_the_hosts_own_drops_veto)
{
	struct clues c = starved();
	struct judgement j;

	c.state[CLUE_GATEWAY_REFUSES] = STATE_YES;
	c.state[CLUE_HOST_CONNTRACK_DROPS] = STATE_YES;
	j = judge(&c, true);
	cr_expect_not(cause_accuses_nat(j.cause), "%s", cause_name(j.cause));
	c = starved();
	c.state[CLUE_GATEWAY_REFUSES] = STATE_YES;
	c.kind = KIND_LOCAL_ERRNO;
	j = judge(&c, true);
	cr_expect_not(cause_accuses_nat(j.cause), "%s", cause_name(j.cause));
}

Test(judgement, a_cause_of_both_paths_has_no_rival_in_one_path)
{
	struct clues c = nothing();
	struct judgement j;
	size_t i;

	/* Silence on both paths, all of it: the endpoint, not a firewall. */
	c.kind = KIND_CONNECT_SILENT;
	c.state[CLUE_DIRECT_ALSO_FAILS] = STATE_YES;
	c.state[CLUE_ALL_FAIL] = STATE_YES;
	j = judge(&c, true);
	cr_expect_eq(j.cause, CAUSE_ENDPOINT_DOWN);
	for (i = 1; i < j.n_ranked; i++)
		if (cause_accuses_nat(j.ranked[i]))
			cr_expect_not(judgement_leaves_open(&j, i), "%s",
			    cause_name(j.ranked[i]));
}
