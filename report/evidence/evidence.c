/*
 * From facts to clues: the rules, each a small function that decides one
 * clue and says why.  docs/verdict.md has them as a table.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"

static void
rule_direct(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_TROUBLE];
	double nat = finding_rate(c->nat, c->pairs);
	double direct = finding_rate(c->direct, c->pairs);
	enum state state = STATE_UNKNOWN;

	if (c->nat < KIND_LEAST && c->direct < KIND_LEAST)
		return;
	if (c->direct >= KIND_LEAST && direct >= 0.5 * nat)
		state = STATE_YES;
	else if (finding_at_most(c->direct, c->pairs) < 0.25 * nat ||
	    (contrast_has_excess(c, n->scrutiny) && direct < 0.25 * nat))
		state = STATE_NO;
	finding_contrast(finding_set(n, CLUE_DIRECT_ALSO_FAILS, state,
			     "count(*), sum(failure IS NOT NULL OR "
			     "syn_retransmits > 0)",
			     "of %zu pairs the direct path had trouble in %zu, "
			     "the NAT path in %zu",
			     c->pairs, c->direct, c->nat),
	    c);
}

/*
 * The control suffers: shown as an excess of its own.  It does not: even the
 * upper limit of its excess is below half of the main endpoint's.  Like is
 * compared with like: where the main endpoint meets silence, a control whose
 * SYNs were answered by an old connection does not suffer from the same.
 */
static void
rule_control(struct finding *n)
{
	const struct contrast *main = &n->f->contrast[OUTCOME_SILENT], *c;
	enum outcome o = OUTCOME_SILENT;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (n->scene->control == NULL || n->scene->control_facts->pairs == 0)
		return;
	if (!(main->test.est >= 0.5 * n->f->contrast[OUTCOME_TROUBLE].test.est))
		o = OUTCOME_TROUBLE;
	main = &n->f->contrast[o];
	c = &n->scene->control_facts->contrast[o];
	if (contrast_has_excess(c, n->scrutiny))
		state = STATE_YES;
	else if (main->test.est > 0 &&
	    finding_at_most(c->nat, c->pairs) -
		    finding_rate(c->direct, c->pairs) <
		0.5 * main->test.est)
		state = STATE_NO;
	item = finding_with_query(
	    finding_set(n, CLUE_CONTROL_AFFECTED, state, NULL,
		"the control endpoint, through the same NAT, had %s "
		"in %zu of %zu attempts",
		o == OUTCOME_SILENT ? "SYNs without an answer" : "trouble",
		c->nat, c->pairs),
	    finding_attempts_query(n, n->scene->control,
		"count(*), sum(failure IS NOT NULL OR syn_retransmits > 0), "
		"sum(syn_retransmits > 0 AND connect_segs_in > 1)"));
	finding_contrast(item, c);
}

static void
rule_all_fail(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_FAILED];
	enum state state = STATE_UNKNOWN;

	if (c->pairs >= 10 && c->nat == c->pairs)
		state = STATE_YES;
	else if (c->nat >= KIND_LEAST && c->pairs - c->nat >= KIND_LEAST)
		state = STATE_NO;
	finding_contrast(
	    finding_set(n, CLUE_ALL_FAIL, state,
		"count(*), sum(failure IS NOT NULL)",
		"%zu of %zu attempts failed on the NAT path", c->nat, c->pairs),
	    c);
}

static void
rule_certificate(struct finding *n)
{
	const struct facts *f = n->f;
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (f->cert_differ >= CERT_PAIRS && f->cert_apart &&
	    f->cert_last_slot - f->cert_first_slot >= CERT_SLOTS &&
	    f->cert_differ * 2 > f->cert_pairs)
		state = STATE_YES;
	else if (f->cert_pairs >= ABSENCE_PAIRS && f->cert_differ == 0 &&
	    n->clues->kind != KIND_TLS)
		/* Of those that were cut, the survivors tell nothing. */
		state = STATE_NO;
	item = finding_set(n, CLUE_CERT_DIFFERS, state,
	    "cert_issuer, cert_verify, count(*)",
	    "certificates of another issuer or trust on the two paths in %zu "
	    "of %zu pairs at the same address",
	    f->cert_differ, f->cert_pairs);
	finding_number(item, "pairs", (double)f->cert_pairs);
	finding_number(item, "differ", (double)f->cert_differ);
}

static void
rule_status(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_STATUS];
	size_t only = n->f->nat_only_kind[KIND_HTTP_STATUS];
	enum state state = STATE_UNKNOWN;

	if (contrast_has_excess(c, n->scrutiny) &&
	    n->f->refusing_status * 2 > only)
		state = STATE_YES;
	else if (finding_is_absent(c))
		state = STATE_NO;
	finding_contrast(
	    finding_set(n, CLUE_REFUSED_BY_STATUS, state,
		"http_status, count(*)",
		"the far end answered %zu of %zu attempts on the NAT "
		"path with 403, 407, 429, 451 or 503 and the direct "
		"ones not",
		n->f->refusing_status, c->pairs),
	    c);
}

/*
 * Among silence, some were refused or unreachable in so many words: what
 * rejects by ICMP does so at a limited rate and drops the rest.  Never
 * counted beside the kind that says the same.
 */
static void
rule_told_no(struct finding *n)
{
	size_t told = n->f->nat_only_kind[KIND_CONNECT_REFUSED];
	size_t silent = n->f->nat_only_kind[KIND_CONNECT_SILENT];
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (n->clues->kind == KIND_CONNECT_SILENT && told >= KIND_LEAST &&
	    told * 20 >= silent)
		state = STATE_YES;
	item = finding_set(n, CLUE_TOLD_NO, state,
	    "failure, os_errno, count(*)",
	    "%zu connects on the NAT path were refused or unreachable in so "
	    "many words, beside %zu that met silence",
	    told, silent);
	finding_number(item, "told", (double)told);
	finding_number(item, "silent", (double)silent);
}

/* The kind that stands out: among what only the NAT side has, if any. */
static void
rule_kind(struct finding *n)
{
	const struct facts *f = n->f;
	size_t counts[KIND_COUNT], total = 0, nat_only = 0, best = 0;
	size_t attempts = f->pairs;
	struct evidence *item;
	int k;

	for (k = 0; k < KIND_COUNT; k++)
		nat_only += f->nat_only_kind[k];
	for (k = 0; k < KIND_COUNT; k++)
		counts[k] = nat_only >= KIND_LEAST ? f->nat_only_kind[k]
						   : f->both_kind[k];
	/* These need no partner. */
	if (f->nat_local > counts[KIND_LOCAL_ERRNO])
		counts[KIND_LOCAL_ERRNO] = f->nat_local;
	if (f->nat_dns > counts[KIND_DNS])
		counts[KIND_DNS] = f->nat_dns;
	if (f->nat_attempts > attempts)
		attempts = f->nat_attempts;
	for (k = 0; k < KIND_COUNT; k++) {
		total += counts[k];
		if (counts[k] > counts[best])
			best = (size_t)k;
	}
	n->clues->kind = KIND_COUNT;
	if (counts[best] >= KIND_LEAST &&
	    (double)counts[best] >= KIND_SHARE * (double)attempts)
		n->clues->kind = (enum kind)best;
	else if (attempts >= ABSENCE_PAIRS)
		n->clues->kind = KIND_NONE;
	if (n->clues->kind == KIND_COUNT || n->list == NULL)
		return;
	item = finding_item(
	    n, "kind", STATE_YES, "failed_phase, failure, count(*)");
	finding_weigh(n, item, n->card->kind[n->clues->kind], STATE_YES);
	item->says = n->clues->kind == KIND_NONE
	    ? x_asprintf(
		  "no kind of failure stands out among %zu attempts", attempts)
	    : x_asprintf("most of the NAT path's %zu failures are of one kind: "
			 "%s (%zu)",
		  total, kind_name(n->clues->kind), counts[best]);
	finding_number(item, "count", (double)counts[best]);
	finding_number(item, "failures", (double)total);
}

void
evidence_find(struct clues *clues, struct evidence_list *list,
    const struct scorecard *card, const struct scene *scene)
{
	static void (*const rules[])(struct finding *) = { rule_kind,
		rule_direct, rule_told_no, rule_control, rule_lines,
		rule_gateway, rule_disagreement, rule_ports_full, rule_edge,
		rule_answered_first, rule_syn, rule_late, rule_recovers,
		rule_all_fail, rule_status, rule_certificate, rule_load,
		rule_others, rule_host, rule_ledger, rule_ceiling,
		rule_hold_down, rule_idle_limit, rule_captures };
	struct finding n = { clues, list, card, scene, scene->facts,
		scene->around, scene->scrutiny };
	size_t i;

	memset(clues, 0, sizeof(*clues));
	clues->kind = KIND_COUNT;
	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i](&n);
}
