/*
 * Rules over what was sent again: SYNs, and data of connections that are up.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"

void
rule_syn(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_SYN];
	enum state state = contrast_has_excess(c, n->scrutiny) ? STATE_YES
	    : finding_is_absent(c)                             ? STATE_NO
							       : STATE_UNKNOWN;

	finding_contrast(
	    finding_set(n, CLUE_SYN_EXCESS, state,
		"count(*), sum(syn_retransmits > 0)",
		"SYNs were sent again in %zu of %zu attempts on the "
		"NAT path, in %zu on the direct one",
		c->nat, c->pairs, c->direct),
	    c);
}

/*
 * Attempts on the NAT path that needed a second SYN.  Those that never
 * connected were not answered, as far as is known.
 */
static size_t
count_retried(const struct facts *f)
{
	return f->answer_known + f->nat_only_kind[KIND_CONNECT_SILENT];
}

/*
 * Connections that sent data again, more on the NAT path than on the direct
 * one; and how many more there may be: about the upper limit of a Poisson
 * count at 95 %, 3 where none was seen.
 */
static double
more_later(const struct facts *f)
{
	return (double)f->later_nat - (double)f->later_direct;
}

static double
most_later(const struct facts *f)
{
	double all = (double)f->later_nat + (double)f->later_direct;

	return fmax(0, more_later(f)) + 2 * sqrt(all + 1) + 1;
}

/*
 * Whether connections run clean where SYNs do not: by what was counted; and
 * surely so, where it is known of them.  Loss on the way back alone takes
 * answers to SYNs and the ACKs of data: both are sent again, though the data
 * had arrived, and count as none that were lost.  In the lab that is 6 such
 * connections for 10 SYNs; half as many may not be.
 */
static bool
seems_clean(const struct facts *f)
{
	return more_later(f) * 10 <= (double)count_retried(f);
}

static bool
is_surely_clean(const struct facts *f)
{
	return f->later_known >= f->answer_known && seems_clean(f) &&
	    most_later(f) * 10 <= 3 * (double)count_retried(f);
}

void
rule_late(struct finding *n)
{
	const struct contrast *c = &n->f->contrast[OUTCOME_LATE];
	bool none = finding_is_absent(c) &&
	    (count_retried(n->f) < KIND_LEAST || seems_clean(n->f));
	enum state state = contrast_has_excess(c, n->scrutiny) ? STATE_YES
	    : none                                             ? STATE_NO
							       : STATE_UNKNOWN;

	finding_contrast(
	    finding_set(n, CLUE_LATE_EXCESS, state,
		"count(*), sum(late_retransmits - dsack_dups > 0)",
		"after the connect, segments were sent again in %zu "
		"of %zu connections on the NAT path, in %zu on the "
		"direct one",
		c->nat, c->pairs, c->direct),
	    c);
}

void
rule_recovers(struct finding *n)
{
	const struct facts *f = n->f;
	size_t silent = f->nat_only_kind[KIND_CONNECT_SILENT];
	enum state state = STATE_UNKNOWN;
	struct evidence *item;

	if (f->recovered >= KIND_LEAST)
		state = STATE_YES;
	else if (silent >= 5 && f->recovered == 0)
		state = STATE_NO;
	item = finding_set(n, CLUE_RECOVERS, state,
	    "sum(failure IS NULL AND syn_retransmits > 0)",
	    "%zu attempts on the NAT path connected after SYNs had been lost, "
	    "%zu never did",
	    f->recovered, silent);
	finding_number(item, "recovered", (double)f->recovered);
	finding_number(item, "silent", (double)silent);
}

/*
 * An old connection answers all of them, and leaves what is up alone.  Loss
 * makes the same of some: where the SYN-ACK was lost, the far end sends it
 * again by itself, about when the SYN comes again, and both may arrive.
 */
static enum state
were_answered(const struct facts *f)
{
	size_t retried = count_retried(f), answered = f->answered_first;

	if (answered * 10 > retried * 9)
		return is_surely_clean(f) ? STATE_YES : STATE_UNKNOWN;
	if (retried >= KIND_LEAST && answered * 5 <= retried * 3)
		return STATE_NO;
	return STATE_UNKNOWN;
}

void
rule_answered_first(struct finding *n)
{
	const struct facts *f = n->f;
	enum state state = STATE_UNKNOWN;
	size_t retried = count_retried(f);
	struct evidence *item;
	char *clean = NULL;

	/* A few among troubles of another kind do not speak for them. */
	if (retried * 5 >= f->contrast[OUTCOME_TROUBLE].nat)
		state = were_answered(f);
	if (state == STATE_YES)
		clean =
		    x_asprintf("; of what was up, %zu connections sent data "
			       "again on the NAT path, %zu on the direct one",
			f->later_nat, f->later_direct);
	item = finding_set(n, CLUE_ANSWERED_FIRST, state,
	    "sum(syn_retransmits > 0 AND connect_segs_in > 1), "
	    "sum(syn_retransmits > 0 AND connect_segs_in = 1), "
	    "sum(late_retransmits > 0)",
	    "of %zu attempts that needed a second SYN, %zu had been sent "
	    "something else before the SYN-ACK%s",
	    retried, f->answered_first, clean != NULL ? clean : "");
	finding_number(item, "retried", (double)retried);
	finding_number(item, "answered", (double)f->answered_first);
	finding_number(item, "sent_later_nat", (double)f->later_nat);
	finding_number(item, "sent_later_direct", (double)f->later_direct);
	free(clean);
}
