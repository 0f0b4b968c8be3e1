/*
 * Rules over imported packet captures: whether SYNs left the NAT, and whether
 * it used ports again too soon.
 */
#include "config.h"

#include <inttypes.h>

#include "natdiff/walltime.h"
#include "report/evidence/capture_view.h"
#include "report/evidence/finding.h"

/* Of the connections that succeeded, so many are in a capture worth its name.
 */
#define CAPTURE_COMPLETE 0.95
#define CAPTURE_LEAST    10
/* Of the attempts without an answer: as good as none left, and most did. */
#define LEFT_NONE 0.1
#define LEFT_MOST 0.5
/* Of the troubles: worth naming. */
#define REUSE_SHARE 0.1

/* What the captures have of the attempts that a finding asks for. */
struct counts {
	size_t trouble;
	size_t silent, left; /* no answer; of these, whose SYN left */
	size_t reused;       /* met an older connection, without a SYN-ACK */
	size_t challenged;   /* of these, what the older one answered */
};

/* A flow outside that an attempt without an answer may be; none is two's. */
static bool
take_flow(
    struct capture_view *v, uint32_t target, int64_t from_us, int64_t to_us)
{
	const struct capture_flow *f;
	size_t i;

	for (i = captures_find(v->c, target, from_us - JOIN_SLACK_US);
	     i < v->c->n_flows; i++) {
		f = &v->c->flows[i];
		if (f->target != target || f->at_us > to_us + JOIN_SLACK_US)
			return false;
		if (v->taken[i] == v->finding || !f->has_syn ||
		    !v->outside[f->address] ||
		    (f->answered && f->syn_retransmits == 0))
			continue;
		v->taken[i] = v->finding;
		return true;
	}
	return false;
}

static void
count_attempt(struct counts *c, const struct finding *n, uint32_t nat)
{
	const struct scene *sc = n->scene;
	const struct attempts *a = &sc->endpoint->attempts;
	enum kind kind = outcome_kind(a, nat);
	int64_t from_us, to_us;

	c->trouble += kind != KIND_NONE || attempt_resent(a, nat);
	if (kind != KIND_CONNECT_SILENT)
		return;
	c->silent++;
	capture_view_times(sc->d, a, nat, &from_us, &to_us);
	c->left += take_flow(sc->captures,
	    sc->captures->target[attempt_target(a, nat)], from_us, to_us);
}

/* Of the flows to a target meanwhile, those that met an older connection. */
static void
count_reused(struct counts *c, const struct finding *n, uint32_t target)
{
	int64_t from_us = n->f->first_slot * n->scene->interval_us;
	int64_t to_us = (n->f->last_slot + 1) * n->scene->interval_us;
	const struct capture_view *v = n->scene->captures;
	const struct capture_flow *f;
	size_t i;

	for (i = captures_find(v->c, target, from_us); i < v->c->n_flows; i++) {
		f = &v->c->flows[i];
		if (f->target != target || f->at_us >= to_us)
			break;
		if (!v->outside[f->address])
			continue;
		c->challenged += f->challenged;
		c->reused += f->challenged ||
		    ((f->reuse == CAPTURE_REUSE_ALIVE ||
			 f->reuse == CAPTURE_REUSE_TIME_WAIT) &&
			(!f->answered || f->answered_late));
	}
}

static void
say_left(struct finding *n, const struct counts *c)
{
	const struct capture_view *v = n->scene->captures;
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	double left = finding_rate(c->left, c->silent);
	enum state state = left <= LEFT_NONE ? STATE_YES
	    : left >= LEFT_MOST              ? STATE_NO
					     : STATE_UNKNOWN;
	struct evidence *item;

	item = finding_with_query(
	    finding_set(n, CLUE_CAPTURE_LACKS_SYNS, state, NULL,
		"a capture from outside of the NAT, %s to %s: of %zu attempts "
		"that got no answer, the SYNs of %zu left the NAT; it has "
		"%" PRId64 " connections to these destinations, and %zu "
		"attempts of ours connected meanwhile",
		walltime_format(v->from_us, 0, from),
		walltime_format(v->to_us, 0, to), c->silent, c->left, v->seen,
		v->ok),
	    finding_times_query(n,
		"SELECT client_address, client_port, destination_address, "
		"destination_port, at, syn_retransmits, syn_ack_us FROM "
		"capture_flow WHERE has_syn AND",
		"at"));
	finding_number(item, "silent", (double)c->silent);
	finding_number(item, "left", (double)c->left);
	finding_number(item, "connections", (double)v->seen);
	finding_number(item, "connected", (double)v->ok);
}

/*
 * What no older connection answered may be lost: where a pool is small most
 * SYNs are of ports that came back.  Nor do others in the capture tell these
 * apart: when more ports come back, more may be lost, too.
 */
static void
say_reused(struct finding *n, const struct counts *c)
{
	enum state state = STATE_NO;
	struct evidence *item;

	if (c->challenged >= KIND_LEAST &&
	    (double)c->challenged >= REUSE_SHARE * (double)c->trouble)
		state = STATE_YES;
	else if (c->reused > 0)
		state = STATE_UNKNOWN;
	item = finding_with_query(
	    finding_set(n, CLUE_CAPTURE_REUSE, state, NULL,
		"a capture from outside of the NAT: %zu SYNs with an address "
		"and port that an older connection to the same destination "
		"still had, and no SYN-ACK to the first of them; to %zu the "
		"older one's answer came; %zu attempts had trouble meanwhile",
		c->reused, c->challenged, c->trouble),
	    finding_times_query(n,
		"SELECT client_address, client_port, destination_address, "
		"destination_port, at, reuse, reuse_us, challenge_us FROM "
		"capture_flow WHERE (reuse IS NOT NULL OR challenge_us IS NOT "
		"NULL) AND",
		"at"));
	finding_number(item, "reused", (double)c->reused);
	finding_number(item, "challenged", (double)c->challenged);
	finding_number(item, "trouble", (double)c->trouble);
}

void
rule_captures(struct finding *n)
{
	struct capture_view *v = n->scene->captures;
	struct pairs asked = finding_pairs(n);
	struct counts c = { 0 };
	uint32_t nat;
	size_t i;

	if (v == NULL)
		return;
	v->finding++;
	for (i = 0; i < asked.n; i++) {
		nat = pair_at(&asked, i).nat;
		if (v->covered[asked.from + i] && finding_asks(n, nat))
			count_attempt(&c, n, nat);
	}
	for (i = 0; i < v->n_mine; i++)
		count_reused(&c, n, v->mine[i]);
	/* One that lacks our own connections proves nothing by absence. */
	if (v->ok < CAPTURE_LEAST ||
	    (double)v->seen < CAPTURE_COMPLETE * (double)v->ok)
		return;
	if (c.silent >= KIND_LEAST)
		say_left(n, &c);
	if (c.trouble >= KIND_LEAST)
		say_reused(n, &c);
}
