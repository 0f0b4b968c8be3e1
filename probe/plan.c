/*
 * Who fires what, when and at which address; the plan in words.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/plan_footprint.h"
#include "probe/plan.h"

#define HOUR_US INT64_C(3600000000)

/* What a hash is for, so that equal input gives unrelated values. */
enum hash_use { HASH_OFFSET = 'o', HASH_ADDRESS = 'a', HASH_TURN = 't' };

/* ---------------------------------------------------------------- hashes */

/*
 * FNV-1a, 64 bits (Fowler, Noll, Vo; draft-eastlake-fnv), and the finaliser
 * of SplitMix64 (Steele, Lea, Flood 2014; constants by Stafford, "Mix13"):
 * FNV alone mixes the last bytes badly into the high bits.  Both are fixed
 * for ever: two agents of different versions must agree.
 */
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

static uint64_t
hash_bytes(uint64_t h, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ p[i]) * FNV_PRIME;
	return h;
}

/* A number as 8 bytes, the lowest first, whatever the machine. */
static uint64_t
hash_number(uint64_t h, int64_t number)
{
	unsigned char bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (unsigned char)((uint64_t)number >> (8 * i));
	return hash_bytes(h, bytes, sizeof(bytes));
}

static uint64_t
hash_finish(uint64_t h)
{
	h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
	return h ^ (h >> 31);
}

/* The state after what is common: use, name with its NUL, slot, seq. */
static uint64_t
hash_shot(enum hash_use use, const char *endpoint, int64_t slot, int seq)
{
	unsigned char tag = (unsigned char)use;
	uint64_t h = hash_bytes(FNV_OFFSET, &tag, 1);

	h = hash_bytes(h, endpoint, strlen(endpoint) + 1);
	h = hash_number(h, slot);
	return hash_number(h, seq);
}

/* ----------------------------------------------------------------- slots */

/* a modulo b, never negative. */
static int64_t
modulo(int64_t a, int64_t b)
{
	int64_t m = a % b;

	return m < 0 ? m + b : m;
}

int64_t
plan_slot(int64_t at_us, int64_t interval_us)
{
	return (at_us - modulo(at_us, interval_us)) / interval_us;
}

/*
 * Attempts of one slot at an endpoint.  A control is used little, or its own
 * ports would run out with those it is compared with.
 */
static int
shots_of(const struct conf *c, const struct conf_endpoint *ep)
{
	return ep->control || conf_endpoint_is_whoami(ep) ? 1 : c->burst;
}

/* In how many slots from an hour's begin on whoami fires. */
static int64_t
whoami_slots(const struct conf *c)
{
	struct footprint f;

	if (c->fleet == 1)
		return 1;
	plan_footprint(c, &f, NULL);
	return f.rotation;
}

/* Whether slot is one of those in which an hour begins, or follows soon. */
static bool
is_whoami_slot(const struct conf *c, int64_t slot)
{
	int64_t hour = plan_slot(slot * c->interval_us, HOUR_US);
	/* The first slot that begins within the hour. */
	int64_t first = plan_slot(hour * HOUR_US - 1, c->interval_us) + 1;

	return slot - first < whoami_slots(c);
}

static int
compare_shots(const void *a, const void *b)
{
	const struct shot *x = a, *y = b;

	if (x->offset_us != y->offset_us)
		return x->offset_us < y->offset_us ? -1 : 1;
	if (x->endpoint != y->endpoint)
		return x->endpoint < y->endpoint ? -1 : 1;
	return (x->seq > y->seq) - (x->seq < y->seq);
}

struct shot *
plan_slot_shots(const struct conf *c, int64_t slot, bool first, size_t *n)
{
	const struct conf_endpoint *ep;
	struct shot *shots, *s;
	size_t most = 0, i;
	int seq;

	for (i = 0; i < c->n_endpoints; i++)
		most += (size_t)shots_of(c, &c->endpoints[i]);
	shots = x_calloc(most, sizeof(*shots));
	*n = 0;
	for (i = 0; i < c->n_endpoints; i++) {
		ep = &c->endpoints[i];
		if (conf_endpoint_is_whoami(ep) && !first &&
		    !is_whoami_slot(c, slot))
			continue;
		for (seq = 0; seq < shots_of(c, ep); seq++) {
			uint64_t h = hash_finish(
			    hash_shot(HASH_OFFSET, ep->name, slot, seq));

			s = &shots[(*n)++];
			s->endpoint = (int)i;
			s->seq = seq;
			s->offset_us = (int64_t)(h % (uint64_t)c->interval_us);
			s->reversed = modulo(slot + seq, 2) == 1;
		}
	}
	if (*n > 1)
		qsort(shots, *n, sizeof(*shots), compare_shots);
	return shots;
}

/* The bytes of an address, for hashing and for an order. */
static const void *
address_bytes(const struct endpoint_address *a, size_t *n)
{
	*n = a->family == AF_INET ? sizeof(a->ip.v4) : sizeof(a->ip.v6);
	return a->family == AF_INET ? (const void *)&a->ip.v4
				    : (const void *)&a->ip.v6;
}

int
plan_pick_address(const char *endpoint, int64_t slot, int seq, int family,
    const struct endpoint_address *addresses, size_t n)
{
	uint64_t base = hash_shot(HASH_ADDRESS, endpoint, slot, seq);
	uint64_t best = 0, score;
	const void *bytes;
	int picked = -1;
	size_t i, size, best_size;

	for (i = 0; i < n; i++) {
		if (addresses[i].family != family)
			continue;
		bytes = address_bytes(&addresses[i], &size);
		score = hash_finish(hash_bytes(base, bytes, size));
		/* Equal scores must not let the order decide. */
		if (picked < 0 || score > best ||
		    (score == best &&
			memcmp(bytes,
			    address_bytes(&addresses[picked], &best_size),
			    size) < 0)) {
			picked = (int)i;
			best = score;
		}
	}
	return picked;
}

bool
plan_is_our_turn(const char *agent, int64_t slot, int64_t rotation)
{
	unsigned char tag = HASH_TURN;
	uint64_t h;

	if (rotation <= 1)
		return true;
	h = hash_bytes(FNV_OFFSET, &tag, 1);
	h = hash_finish(hash_bytes(h, agent, strlen(agent)));
	return modulo(
		   modulo(slot, rotation) + (int64_t)(h % (uint64_t)rotation),
		   rotation) == 0;
}

/* ---------------------------------------------------------- description */

static void
describe_paths(const struct conf *c, struct text *out)
{
	const struct conf_path *p;
	char ip[INET6_ADDRSTRLEN];
	size_t i;

	text_addf(out, "Paths\n");
	for (i = 0; i < c->n_paths; i++) {
		p = &c->paths[i];
		text_addf(out, "  %-16s %s", p->name,
		    p->role == ROLE_NAT ? "behind the NAT" : "direct");
		if (p->interface != NULL)
			text_addf(out, ", by interface %s", p->interface);
		if (p->source.family != 0)
			text_addf(out, ", from %s",
			    endpoint_address_ip(&p->source, ip));
		if (p->has_mark)
			text_addf(out, ", with mark %" PRIu32, p->mark);
		text_addf(out, "\n");
	}
}

static void
describe_endpoints(const struct conf *c, struct text *out)
{
	const struct conf_endpoint *ep;
	size_t i;
	int shots;

	text_addf(out, "\nEndpoints\n");
	for (i = 0; i < c->n_endpoints; i++) {
		ep = &c->endpoints[i];
		shots = shots_of(c, ep);
		text_addf(out, "  %-16s %s\n  %16s ", ep->name, ep->url, "");
		if (conf_endpoint_is_whoami(ep))
			text_addf(out, "once an hour");
		else
			text_addf(out, "%d attempt%s a slot", shots,
			    shots == 1 ? "" : "s");
		if (ep->control)
			text_addf(out, ", control");
		if (!ep->verify)
			text_addf(out, ", certificate not checked");
		if (ep->n_headers > 0)
			text_addf(out, ", %zu header%s", ep->n_headers,
			    ep->n_headers == 1 ? "" : "s");
		if (ep->n_addresses > 0)
			text_addf(out, ", %zu pinned address%s",
			    ep->n_addresses, ep->n_addresses == 1 ? "" : "es");
		text_addf(out, "\n");
	}
}

static void
describe_schedule(const struct conf *c, struct text *out)
{
	char interval[WALLTIME_TEXT_SIZE];
	int64_t attempts = 0;
	size_t i;

	for (i = 0; i < c->n_endpoints; i++)
		if (!conf_endpoint_is_whoami(&c->endpoints[i]))
			attempts += shots_of(c, &c->endpoints[i]);
	attempts *= (int64_t)c->n_paths;
	text_addf(out,
	    "\nSchedule\n  a slot every %s of the wall clock, "
	    "%" PRId64 " attempt%s in each: %.0f a day\n",
	    duration_format(c->interval_us, interval), attempts,
	    attempts == 1 ? "" : "s",
	    (double)attempts * 86400e6 / (double)c->interval_us);
}

void
plan_describe(const struct conf *c, const struct footprint *f, struct text *out)
{
	describe_paths(c, out);
	describe_endpoints(c, out);
	describe_schedule(c, out);
	plan_describe_footprint(c, f, out);
}
