/*
 * The table under flows: connections by tuple, an array with an index of 4
 * bytes a place, and IPv6 addresses by number.
 */
#ifndef NATDIFF_IMPORT_FLOWTABLE_H
#define NATDIFF_IMPORT_FLOWTABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"

/* Of a connection.  Side a is the one with the smaller address and port. */
enum flow_bit {
	FLOW_EARLY = 1, /* odd_ack is of a SYN-ACK whose SYN is not here */
	FLOW_V6 = 2,
	FLOW_CLIENT_B = 4, /* the client is b, where it is known */
	FLOW_CLIENT_KNOWN = 8,
	FLOW_SYN = 16, /* seen */
	FLOW_ANSWERED = 32,
	FLOW_FIN_A = 64,
	FLOW_FIN_B = 128,
	FLOW_FIRST_FIN_B = 256,
	FLOW_RESET = 512,       /* ended by it */
	FLOW_CHALLENGED = 1024, /* odd_ack is the old connection's */
	FLOW_CHALLENGE_RESET = 2048,
	FLOW_ODD_RESET = 4096, /* one before both sides had closed */
	FLOW_RESET_BY_A = 8192 /* the one that ended it */
};

#define FLOW_NO_TIMES UINT32_MAX

/* A cache line. */
struct flow {
	uint32_t a, b;
	uint16_t port_a, port_b;
	uint16_t bits;
	uint8_t syn_retransmits;
	uint8_t reuse; /* enum capture_reuse */
	int64_t first_us, last_us;
	uint32_t isn;          /* of the client's SYN, where it is known */
	uint32_t syn_ack_us;   /* after first_us */
	uint32_t challenge_us; /* so */
	uint32_t odd_ack;      /* of a packet for another connection */
	uint32_t times;        /* of SYN retransmits */
	uint8_t resets_a, resets_b, syn_acks;
	uint8_t unused;
	int64_t reuse_us; /* since the last packet of the older one */
};

/* What syn_ack_us and challenge_us are where there was none. */
#define FLOW_NEVER UINT32_MAX

/* Of a connection whose beginning was not seen, the larger port. */
static inline bool
flow_client_is_b(const struct flow *c)
{
	return (c->bits & FLOW_CLIENT_KNOWN) != 0
	    ? (c->bits & FLOW_CLIENT_B) != 0
	    : c->port_b > c->port_a;
}

static inline bool
flow_is_closed(const struct flow *c)
{
	return (c->bits & FLOW_FIN_A) != 0 && (c->bits & FLOW_FIN_B) != 0;
}

/* A SYN was seen, and no SYN-ACK. */
static inline bool
flow_is_missing(const struct flow *c)
{
	return (c->bits & (FLOW_SYN | FLOW_ANSWERED)) == FLOW_SYN;
}

struct flow_key {
	uint32_t a, b;
	uint16_t port_a, port_b;
	bool is_v6;
};

struct flowtable {
	struct flow *flow; /* room for FLOWS_MAX, used from the front */
	size_t n;
	uint32_t *index; /* a tag of the hash, then 1 + number of a flow */
	size_t mask;     /* of the index's places */
	uint64_t seed[2];
	uint8_t (*v6)[16];
	uint32_t *v6_index; /* 1 + number in v6 */
	size_t n_v6, v6_mask;
};

/* -1 and e: the system has no room. */
int flowtable_init(struct flowtable *t, const uint64_t seeds[2], struct err *e);
void flowtable_clear(struct flowtable *t);

static inline uint64_t
flowtable_mix(uint64_t x, uint64_t y)
{
	__extension__ unsigned __int128 m = (unsigned __int128)x * y;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t
flowtable_hash(const struct flowtable *t, const struct flow_key *k)
{
	return flowtable_mix(((uint64_t)k->a << 32 | k->b) ^ t->seed[0],
	    ((uint64_t)k->is_v6 << 32 | (uint64_t)k->port_a << 16 | k->port_b) ^
		t->seed[1]);
}

/*
 * The hash's upper half tells the place in the index, its lowest bits stand
 * there, above the number of the flow.
 */
#define FLOWTABLE_NUMBER_BITS 22
#define FLOWTABLE_NUMBER      ((1U << FLOWTABLE_NUMBER_BITS) - 1)

static inline uint32_t
flowtable_tag(uint64_t hash)
{
	return (uint32_t)(hash << FLOWTABLE_NUMBER_BITS);
}

/* Of a tuple that is asked for soon: first its place in the index. */
static inline void
flowtable_prefetch_index(const struct flowtable *t, uint64_t hash)
{
	__builtin_prefetch(&t->index[(hash >> 32) & t->mask]);
}

/*
 * When that has come, the flow: the first with the same tag, which is not
 * there yet, and may be another's; NULL: there is none.
 */
static inline struct flow *
flowtable_guess(const struct flowtable *t, uint64_t hash)
{
	uint32_t tag = flowtable_tag(hash);
	size_t i = (hash >> 32) & t->mask;
	struct flow *f;

	for (; t->index[i] != 0; i = (i + 1) & t->mask) {
		if ((t->index[i] & ~FLOWTABLE_NUMBER) != tag)
			continue;
		f = &t->flow[(t->index[i] & FLOWTABLE_NUMBER) - 1];
		__builtin_prefetch(f, 1);
		return f;
	}
	return NULL;
}

static inline bool
flowtable_is_of(const struct flow *f, const struct flow_key *k)
{
	return f->a == k->a && f->b == k->b && f->port_a == k->port_a &&
	    f->port_b == k->port_b && ((f->bits & FLOW_V6) != 0) == k->is_v6;
}

/* The flow of a tuple, or NULL; so it is called until the next sweep. */
struct flow *flowtable_find(
    const struct flowtable *t, const struct flow_key *k, uint64_t hash);

/* A new one, its key set, all else 0; NULL: the table is full. */
struct flow *flowtable_add(
    struct flowtable *t, const struct flow_key *k, uint64_t hash);

/* Take out what drop() says. */
void flowtable_sweep(struct flowtable *t,
    bool (*drop)(void *arg, const struct flow *f), void *arg);

/* A number of an IPv6 address, or UINT32_MAX: there are too many. */
uint32_t flowtable_v6(struct flowtable *t, const uint8_t address[16]);

#endif
