#include "config.h"

#include "report/import/flowrules.h"

static uint32_t
since(const struct flow *c, int64_t at_us)
{
	int64_t us = at_us - c->first_us;

	return us <= 0 ? 0 : us >= FLOW_NEVER ? FLOW_NEVER - 1 : (uint32_t)us;
}

static void
begin(struct flow *c, const struct packet *p, bool from_b)
{
	c->bits = p->is_v6 ? FLOW_V6 : 0;
	c->syn_retransmits = c->resets_a = c->resets_b = c->syn_acks = 0;
	c->reuse = CAPTURE_REUSE_NONE;
	c->reuse_us = 0;
	c->first_us = c->last_us = p->at_us;
	c->syn_ack_us = c->challenge_us = FLOW_NEVER;
	c->times = FLOW_NO_TIMES;
	c->isn = 0;
	if ((p->tcp_flags & TCP_SYN) == 0)
		return;
	/* A SYN is the client's, a SYN-ACK the server's. */
	c->bits |= FLOW_CLIENT_KNOWN;
	if (from_b == ((p->tcp_flags & TCP_ACK) == 0))
		c->bits |= FLOW_CLIENT_B;
	if ((p->tcp_flags & TCP_ACK) != 0) {
		c->bits |= FLOW_ANSWERED;
		c->syn_acks = 1;
		c->isn = p->ack - 1;
		return;
	}
	c->bits |= FLOW_SYN;
	c->isn = p->seq;
}

void
flowrules_first(
    struct flowrows *r, struct flow *c, const struct packet *p, bool from_b)
{
	begin(c, p, from_b);
	if ((p->tcp_flags & TCP_FIN) != 0)
		c->bits |= from_b ? FLOW_FIN_B | FLOW_FIRST_FIN_B : FLOW_FIN_A;
	r->totals.flows++;
	if ((c->bits & FLOW_SYN) != 0)
		flowrows_syn(r, c);
}

/* Up to what a byte holds. */
static void
count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		++*n;
}

/* What a new connection on the tuple of this one means. */
static enum capture_reuse
reuse_of(const struct flow *c, int64_t us)
{
	if (flow_is_missing(c) && (c->bits & FLOW_RESET) == 0)
		return CAPTURE_REUSE_UNANSWERED;
	if ((c->bits & FLOW_RESET) != 0)
		return CAPTURE_REUSE_AFTER;
	if (!flow_is_closed(c))
		return CAPTURE_REUSE_ALIVE;
	return us < FLOWS_TIME_WAIT_US ? CAPTURE_REUSE_TIME_WAIT
				       : CAPTURE_REUSE_AFTER;
}

/* Its SYN-ACK began the flow: it stands behind it in the capture. */
static void
join_syn(struct flowrows *r, struct flow *c, const struct packet *p)
{
	int64_t us = c->first_us - p->at_us;

	if (us > 0)
		c->first_us = p->at_us;
	c->bits |= FLOW_SYN;
	flowrows_syn(r, c);
	c->syn_ack_us = us > 0 && us < FLOW_NEVER ? (uint32_t)us : 0;
	flowrows_answer(r, c);
}

static void
on_syn(struct flowrows *r, struct flow *c, const struct packet *p, bool from_b)
{
	bool answered = (c->bits & FLOW_EARLY) != 0 && c->odd_ack == p->seq + 1;
	int64_t us = p->at_us - c->last_us;
	bool same_side = (c->bits & FLOW_CLIENT_KNOWN) == 0 ||
	    ((c->bits & FLOW_CLIENT_B) != 0) == from_b;
	enum capture_reuse reuse = CAPTURE_REUSE_NONE;

	if ((c->bits & FLOW_SYN) != 0 && same_side && c->isn == p->seq) {
		if (us < FLOWS_SAME_US) {
			r->totals.seen_twice++;
			return;
		}
		flowrows_again(r, c, p->at_us, since(c, p->at_us));
		c->last_us = p->at_us;
		return;
	}
	if ((c->bits & (FLOW_SYN | FLOW_ANSWERED)) == FLOW_ANSWERED &&
	    same_side && c->isn == p->seq) {
		join_syn(r, c, p);
		return;
	}
	us = us > 0 ? us : 0;
	if (same_side) {
		reuse = reuse_of(c, us);
		r->totals.reuses[reuse]++;
	}
	flowrows_emit(r, c);
	begin(c, p, from_b);
	c->reuse = (uint8_t)reuse;
	c->reuse_us = us;
	flowrows_syn(r, c);
	if (!answered)
		return;
	c->bits |= FLOW_ANSWERED;
	c->syn_acks = 1;
	c->syn_ack_us = 0;
	flowrows_answer(r, c);
}

/*
 * A SYN-ACK that is none of this connection's: of an older one, or of a SYN
 * that stands behind it.
 */
static bool
is_stray(const struct flow *c, const struct packet *p)
{
	return (c->bits & (FLOW_SYN | FLOW_ANSWERED)) == 0 ||
	    p->ack != c->isn + 1;
}

static void
on_stray(struct flow *c, const struct packet *p)
{
	if ((c->bits & FLOW_CHALLENGED) != 0)
		return;
	c->bits |= FLOW_EARLY;
	c->odd_ack = p->ack;
}

static void
on_syn_ack(struct flowrows *r, struct flow *c, const struct packet *p)
{
	if (c->syn_acks > 0 && p->at_us - c->last_us < FLOWS_SAME_US)
		return;
	count(&c->syn_acks);
	if ((c->bits & FLOW_ANSWERED) != 0)
		return;
	c->bits |= FLOW_ANSWERED;
	c->syn_ack_us = since(c, p->at_us);
	flowrows_answer(r, c);
}

static void
on_reset(
    struct flowrows *r, struct flow *c, const struct packet *p, bool from_b)
{
	bool by_client = from_b == flow_client_is_b(c);

	if (from_b)
		count(&c->resets_b);
	else
		count(&c->resets_a);
	if (by_client)
		r->totals.client_resets++;
	else
		r->totals.server_resets++;
	/* It answers what an old connection said, and ends that one. */
	if (by_client && flow_is_missing(c) &&
	    (c->bits & FLOW_CHALLENGED) != 0 && p->seq == c->odd_ack) {
		r->totals.challenge_resets +=
		    (c->bits & FLOW_CHALLENGE_RESET) == 0;
		c->bits |= FLOW_CHALLENGE_RESET;
		return;
	}
	if (!flow_is_closed(c))
		c->bits |= FLOW_ODD_RESET;
	if ((c->bits & FLOW_RESET) == 0)
		c->bits |=
		    (uint16_t)(FLOW_RESET | (from_b ? 0 : FLOW_RESET_BY_A));
}

/* An ACK where a SYN-ACK belongs: RFC 5961, section 4. */
static void
on_challenge(struct flowrows *r, struct flow *c, const struct packet *p)
{
	if ((c->bits & FLOW_CHALLENGED) == 0) {
		r->totals.challenges++;
		c->challenge_us = since(c, p->at_us);
	}
	c->bits = (uint16_t)((c->bits & ~FLOW_EARLY) | FLOW_CHALLENGED);
	c->odd_ack = p->ack;
}

void
flowrules_packet(
    struct flowrows *r, struct flow *c, const struct packet *p, bool from_b)
{
	bool of_client = (c->bits & FLOW_CLIENT_KNOWN) != 0 &&
	    ((c->bits & FLOW_CLIENT_B) != 0) == from_b;
	unsigned flags = p->tcp_flags;

	if ((flags & TCP_SYN) != 0 && (flags & (TCP_ACK | TCP_RST)) == 0) {
		on_syn(r, c, p, from_b);
		return;
	}
	if ((flags & TCP_RST) != 0)
		on_reset(r, c, p, from_b);
	else if ((flags & TCP_SYN) != 0 && !of_client) {
		if (is_stray(c, p)) {
			on_stray(c, p);
			return;
		}
		on_syn_ack(r, c, p);
	} else if ((flags & (TCP_SYN | TCP_ACK)) == TCP_ACK &&
	    flow_is_missing(c) && !of_client && p->ack != c->isn + 1)
		on_challenge(r, c, p);
	if ((flags & TCP_FIN) != 0) {
		if ((c->bits & (FLOW_FIN_A | FLOW_FIN_B)) == 0 && from_b)
			c->bits |= FLOW_FIRST_FIN_B;
		c->bits |= from_b ? FLOW_FIN_B : FLOW_FIN_A;
	}
	if (p->at_us > c->last_us)
		c->last_us = p->at_us;
}
