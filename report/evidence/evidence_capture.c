/*
 * Rules over imported packet captures: whether SYNs left the NAT, and whether
 * it used ports again too soon.
 */
#include "config.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
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

/* Where a client address of a capture stands. */
enum side { SIDE_OTHER, SIDE_INSIDE, SIDE_OUTSIDE };

struct view {
	struct finding *n;
	const struct captures *c;
	const struct attempts *a;
	enum side *side;  /* by captures.addresses */
	uint32_t *target; /* by dataset.targets: in captures.targets */
	uint8_t *used;    /* by flow */
	int64_t from_us, to_us;
	size_t silent, left; /* no answer; of these, whose SYN left */
	size_t ok, trouble;
	int64_t seen;
	size_t reused;
};

/* Addresses that no one meets outside. */
static bool
is_private(const char *address)
{
	struct endpoint_address a;
	uint32_t v4;

	if (endpoint_address_parse(address, &a) != 0)
		return true;
	if (a.family == AF_INET6)
		return (a.ip.v6.s6_addr[0] & 0xfe) == 0xfc ||
		    (a.ip.v6.s6_addr[0] == 0xfe &&
			(a.ip.v6.s6_addr[1] & 0xc0) == 0x80);
	v4 = ntohl(a.ip.v4.s_addr);
	return v4 >> 24 == 10 || v4 >> 20 == 0xac1 || v4 >> 16 == 0xc0a8 ||
	    v4 >> 22 == 0x191 || v4 >> 16 == 0xa9fe;
}

/*
 * An address by which attempts of the NAT path were seen, at any endpoint, is
 * outside.  Where none was seen, so is any public one that is no host's own.
 */
static void
find_sides(struct view *v)
{
	const struct dataset *d = v->n->scene->d;
	bool any = false;
	uint32_t i;
	size_t k;

	for (k = 0; k < d->addresses.n; k++)
		any |= d->of_nat[k];
	for (k = 0; k < v->c->addresses.n; k++) {
		i = names_find(&d->addresses, v->c->addresses.text[k]);
		if (i != UINT32_MAX)
			v->side[k] = d->of_nat[i] ? SIDE_OUTSIDE : SIDE_INSIDE;
		else if (!any && !is_private(v->c->addresses.text[k]))
			v->side[k] = SIDE_OUTSIDE;
	}
}

/* Whether a capture from outside saw this target then; complete ones only. */
static bool
is_covered(
    const struct view *v, uint32_t target, int64_t from_us, int64_t to_us)
{
	const struct capture_client *k;
	const struct capture_span *s;
	size_t i;

	for (i = 0; i < v->c->n_clients; i++) {
		k = &v->c->clients[i];
		s = &v->c->spans[k->span];
		if (k->target == target &&
		    v->side[k->address] == SIDE_OUTSIDE && s->complete &&
		    s->from_us <= from_us && s->to_us >= to_us)
			return true;
	}
	return false;
}

/* A flow outside that an attempt without an answer may be; none is two's. */
static bool
find_flow(struct view *v, uint32_t target, int64_t from_us, int64_t to_us)
{
	const struct capture_flow *f;
	size_t i;

	for (i = captures_find(v->c, target, from_us - JOIN_SLACK_US);
	     i < v->c->n_flows; i++) {
		f = &v->c->flows[i];
		if (f->target != target || f->at_us > to_us + JOIN_SLACK_US)
			return false;
		if (v->used[i] || !f->has_syn ||
		    v->side[f->address] != SIDE_OUTSIDE ||
		    (f->answered && f->syn_retransmits == 0))
			continue;
		v->used[i] = 1;
		return true;
	}
	return false;
}

static void
count_attempt(struct view *v, uint32_t nat)
{
	const struct attempts *a = v->a;
	uint32_t lasted_us = attempt_duration_us(a, DURATION_CONNECT, nat);
	uint32_t target;
	int64_t at_us;

	if (attempt_target(a, nat) == NO_INDEX)
		return;
	target = v->target[attempt_target(a, nat)];
	at_us = attempt_started_us(v->n->scene->d, a, nat);
	if (target == UINT32_MAX ||
	    !is_covered(v, target, at_us,
		at_us + (lasted_us != NO_DURATION ? lasted_us : 0)))
		return;
	v->ok += facts_kind(a, nat) == KIND_NONE;
	if (attempt_slot(v->a, nat) < v->n->f->first_slot ||
	    attempt_slot(v->a, nat) > v->n->f->last_slot ||
	    !finding_asks(v->n, nat))
		return;
	v->trouble += facts_kind(a, nat) != KIND_NONE || attempt_resent(a, nat);
	if (facts_kind(a, nat) != KIND_CONNECT_SILENT)
		return;
	v->silent++;
	v->left += find_flow(v, target, at_us,
	    at_us + (lasted_us != NO_DURATION ? lasted_us : 0));
}

/* What the captures have of the endpoint's targets, from outside. */
static void
count_captures(struct view *v)
{
	int64_t from_us = v->n->f->first_slot * v->n->scene->interval_us;
	int64_t to_us = (v->n->f->last_slot + 1) * v->n->scene->interval_us;
	const struct capture_client *k;
	const struct capture_flow *f;
	uint8_t *mine = x_calloc(v->c->targets.n + 1, 1);
	size_t i;

	for (i = 0; i < v->a->n; i++)
		if (attempt_target(v->a, i) != NO_INDEX &&
		    v->target[attempt_target(v->a, i)] != UINT32_MAX)
			mine[v->target[attempt_target(v->a, i)]] = 1;
	for (i = 0; i < v->c->n_clients; i++) {
		k = &v->c->clients[i];
		if (!mine[k->target] || v->side[k->address] != SIDE_OUTSIDE)
			continue;
		v->seen += k->connections;
		if (v->from_us == 0 ||
		    v->c->spans[k->span].from_us < v->from_us)
			v->from_us = v->c->spans[k->span].from_us;
		if (v->c->spans[k->span].to_us > v->to_us)
			v->to_us = v->c->spans[k->span].to_us;
	}
	for (i = 0; i < v->c->n_flows; i++) {
		f = &v->c->flows[i];
		v->reused += mine[f->target] && f->at_us >= from_us &&
		    f->at_us < to_us && v->side[f->address] == SIDE_OUTSIDE &&
		    (f->challenged ||
			((f->reuse == CAPTURE_REUSE_ALIVE ||
			     f->reuse == CAPTURE_REUSE_TIME_WAIT) &&
			    (!f->answered || f->syn_retransmits > 0)));
	}
	free(mine);
}

static void
say_left(const struct view *v)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];
	double left = finding_rate(v->left, v->silent);
	enum state state = left <= LEFT_NONE ? STATE_YES
	    : left >= LEFT_MOST              ? STATE_NO
					     : STATE_UNKNOWN;
	struct evidence *item;

	item = finding_with_query(
	    finding_set(v->n, CLUE_CAPTURE_LACKS_SYNS, state, NULL,
		"a capture from outside of the NAT, %s to %s: of %zu attempts "
		"that got no answer, the SYNs of %zu left the NAT; it has "
		"%" PRId64 " connections to these destinations, and %zu "
		"attempts of ours connected meanwhile",
		walltime_format(v->from_us, 0, from),
		walltime_format(v->to_us, 0, to), v->silent, v->left, v->seen,
		v->ok),
	    finding_times_query(v->n,
		"SELECT client_address, client_port, destination_address, "
		"destination_port, at, syn_retransmits, syn_ack_us FROM "
		"capture_flow WHERE has_syn AND",
		"at"));
	finding_number(item, "silent", (double)v->silent);
	finding_number(item, "left", (double)v->left);
	finding_number(item, "connections", (double)v->seen);
	finding_number(item, "connected", (double)v->ok);
}

static void
say_reused(const struct view *v)
{
	enum state state = STATE_NO;
	struct evidence *item;

	if (v->reused >= KIND_LEAST &&
	    (double)v->reused >= REUSE_SHARE * (double)v->trouble)
		state = STATE_YES;
	else if (v->reused > 0)
		state = STATE_UNKNOWN;
	item = finding_with_query(
	    finding_set(v->n, CLUE_CAPTURE_REUSE, state, NULL,
		"a capture from outside of the NAT: %zu SYNs with an address "
		"and port that an older connection to the same destination "
		"still had, and no SYN-ACK to the first of them; %zu attempts "
		"had trouble meanwhile",
		v->reused, v->trouble),
	    finding_times_query(v->n,
		"SELECT client_address, client_port, destination_address, "
		"destination_port, at, reuse, reuse_us, challenge_us FROM "
		"capture_flow WHERE (reuse IS NOT NULL OR challenge_us IS NOT "
		"NULL) AND",
		"at"));
	finding_number(item, "reused", (double)v->reused);
	finding_number(item, "trouble", (double)v->trouble);
}

static void
view_open(struct view *v, struct finding *n)
{
	const struct dataset *d = n->scene->d;
	size_t i;

	memset(v, 0, sizeof(*v));
	v->n = n;
	v->c = &d->captures;
	v->a = &n->scene->endpoint->attempts;
	v->side = x_calloc(v->c->addresses.n + 1, sizeof(*v->side));
	v->used = x_calloc(v->c->n_flows + 1, 1);
	v->target = x_calloc(d->targets.n + 1, sizeof(*v->target));
	for (i = 0; i < d->targets.n; i++)
		v->target[i] = names_find(&v->c->targets, d->targets.text[i]);
	find_sides(v);
}

void
rule_captures(struct finding *n)
{
	struct view v;
	size_t i;

	if (n->scene->d->captures.n_spans == 0)
		return;
	view_open(&v, n);
	for (i = 0; i < n->scene->pairs->n; i++)
		count_attempt(&v, pair_at(n->scene->pairs, i).nat);
	count_captures(&v);
	/* One that lacks our own connections proves nothing by absence. */
	if (v.ok >= CAPTURE_LEAST &&
	    (double)v.seen >= CAPTURE_COMPLETE * (double)v.ok) {
		if (v.silent >= KIND_LEAST)
			say_left(&v);
		if (v.trouble >= KIND_LEAST)
			say_reused(&v);
	}
	free(v.side);
	free(v.used);
	free(v.target);
}
