#include "config.h"

#include <arpa/inet.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/evidence/capture_view.h"
#include "report/evidence/outcome.h"

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

/* Whether far ends saw an attempt of a nat path so. */
static bool
is_of_nat(const struct dataset *d, size_t address)
{
	return (d->seen_of[address] & 1U << ROLE_NAT) != 0;
}

/*
 * An address by which attempts of the NAT path were seen, at any endpoint, is
 * outside.  Where none was seen, so is any public one that is no host's own.
 */
static void
find_outside(struct capture_view *v, const struct dataset *d)
{
	bool any = false;
	uint32_t i;
	size_t k;

	for (k = 0; k < d->addresses.n; k++)
		any |= is_of_nat(d, k);
	for (k = 0; k < v->c->addresses.n; k++) {
		i = names_find(&d->addresses, v->c->addresses.text[k]);
		v->outside[k] = i != UINT32_MAX
		    ? is_of_nat(d, i)
		    : !any && !is_private(v->c->addresses.text[k]);
	}
}

static void
find_targets(
    struct capture_view *v, const struct dataset *d, const struct attempts *a)
{
	uint8_t *mine = x_calloc(v->c->targets.n + 1, 1);
	uint16_t target;
	size_t i;

	for (i = 0; i < d->targets.n; i++)
		v->target[i] = names_find(&v->c->targets, d->targets.text[i]);
	for (i = 0; i < a->n; i++) {
		target = attempt_target(a, i);
		if (target != NO_INDEX && v->target[target] != UINT32_MAX)
			mine[v->target[target]] = 1;
	}
	for (i = 0; i < v->c->targets.n; i++)
		if (mine[i] != 0)
			v->mine[v->n_mine++] = (uint32_t)i;
	free(mine);
}

static bool
is_mine(const struct capture_view *v, uint32_t target)
{
	size_t i;

	for (i = 0; i < v->n_mine; i++)
		if (v->mine[i] == target)
			return true;
	return false;
}

/* The endpoint's clients outside: their connections, and when. */
static void
count_seen(struct capture_view *v)
{
	const struct capture_client *k;
	const struct capture_span *s;
	size_t i;

	for (i = 0; i < v->c->n_clients; i++) {
		k = &v->c->clients[i];
		s = &v->c->spans[k->span];
		if (!v->outside[k->address] || !is_mine(v, k->target))
			continue;
		if (s->complete)
			v->complete[v->n_complete++] = (uint32_t)i;
		/* A hostile database has rows without end. */
		v->seen += k->connections < INT64_MAX - v->seen
		    ? k->connections
		    : INT64_MAX - v->seen;
		if (v->from_us == 0 || s->from_us < v->from_us)
			v->from_us = s->from_us;
		if (s->to_us > v->to_us)
			v->to_us = s->to_us;
	}
}

void
capture_view_times(const struct dataset *d, const struct attempts *a, size_t i,
    int64_t *from_us, int64_t *to_us)
{
	uint32_t lasted_us = attempt_duration_us(a, DURATION_CONNECT, i);

	*from_us = attempt_started_us(d, a, i);
	*to_us = *from_us + (lasted_us != NO_DURATION ? lasted_us : 0);
}

/* Whether a capture from outside saw this target then; complete ones only. */
static bool
is_covered(const struct capture_view *v, uint32_t target, int64_t from_us,
    int64_t to_us)
{
	const struct capture_client *k;
	const struct capture_span *s;
	size_t i;

	for (i = 0; i < v->n_complete; i++) {
		k = &v->c->clients[v->complete[i]];
		s = &v->c->spans[k->span];
		if (k->target == target && s->from_us <= from_us &&
		    s->to_us >= to_us)
			return true;
	}
	return false;
}

static void
find_covered(struct capture_view *v, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs)
{
	int64_t from_us, to_us;
	uint32_t nat, target;
	size_t i;

	for (i = 0; i < pairs->n; i++) {
		nat = pair_at(pairs, i).nat;
		if (attempt_target(a, nat) == NO_INDEX)
			continue;
		target = v->target[attempt_target(a, nat)];
		capture_view_times(d, a, nat, &from_us, &to_us);
		v->covered[i] = target != UINT32_MAX &&
		    is_covered(v, target, from_us, to_us);
		v->ok += v->covered[i] && outcome_kind(a, nat) == KIND_NONE;
	}
}

struct capture_view *
capture_view_make(const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs)
{
	const struct captures *c = &d->captures;
	struct capture_view *v;

	if (c->n_spans == 0)
		return NULL;
	v = x_calloc(1, sizeof(*v));
	v->c = c;
	v->outside = x_calloc(c->addresses.n + 1, sizeof(*v->outside));
	v->target = x_calloc(d->targets.n + 1, sizeof(*v->target));
	v->mine = x_calloc(c->targets.n + 1, sizeof(*v->mine));
	v->complete = x_calloc(c->n_clients + 1, sizeof(*v->complete));
	v->covered = x_calloc(pairs->n + 1, sizeof(*v->covered));
	v->taken = x_calloc(c->n_flows + 1, sizeof(*v->taken));
	find_outside(v, d);
	find_targets(v, d, a);
	count_seen(v);
	find_covered(v, d, a, pairs);
	return v;
}

void
capture_view_free(struct capture_view *v)
{
	if (v == NULL)
		return;
	free(v->outside);
	free(v->target);
	free(v->mine);
	free(v->complete);
	free(v->covered);
	free(v->taken);
	free(v);
}
