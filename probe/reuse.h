/*
 * After how long a NAT hands a public port out again to the same destination,
 * from connections whose public ports are known.  Pure.
 *
 * Two things tell.  A return: a port that was closed at c serves a new
 * connection whose SYN left at o, so the hold-down is at most o - c.  And a
 * refusal, where all ports of the pool are known to be taken: a SYN that
 * found no port at o shows that each port closed before is still held, so the
 * hold-down is at least o - c.  Where the pool is too large to be filled, the
 * absence of returns tells as well, if ports are drawn at random: each pair
 * of a closed port and a later draw is a return with probability 1 / pool, so
 * 3 * pool pairs with gaps below x and no return among them say, with 95 %,
 * that the hold-down is at least x (the rule of three).
 */
#ifndef NATDIFF_PROBE_REUSE_H
#define NATDIFF_PROBE_REUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/heldlink.h"

/* One connection, tried or made; times of one monotonic clock. */
struct reuse_link {
	int64_t opened_us;
	int64_t closed_us; /* 0: still open, or never made */
	enum heldlink_closing closing;
	bool refused;                     /* no answer to its one SYN */
	struct endpoint_address observed; /* family 0: not told */
	uint16_t local_port;
};

/* How ports are handed out. */
enum reuse_order {
	REUSE_ORDER_UNKNOWN,  /* too few to say, or not told */
	REUSE_ORDER_KEPT,     /* the public port is the local one */
	REUSE_ORDER_IN_TURN,  /* one after another */
	REUSE_ORDER_SCATTERED /* as by chance */
};
const char *reuse_order_name(enum reuse_order o);

struct reuse_pool {
	enum reuse_order order;
	size_t told;  /* links whose public port is known */
	int64_t size; /* estimated; NOT_MEASURED where nothing is told */
};

struct reuse_estimate {
	int64_t low, best, high; /* microseconds, or NOT_MEASURED */
	int64_t returns;
	int64_t refusals;
};

/* Links stand in the order in which they were opened. */
void reuse_pool(const struct reuse_link *l, size_t n, struct reuse_pool *p);

/*
 * The hold-down after that closing.  full: a refusal means that the pool had
 * no free port.  Returns by a link with the local port of the closed one are
 * left out: that is the old connection's own entry, used again.
 */
void reuse_estimate(const struct reuse_link *l, size_t n,
    enum heldlink_closing closing, bool full, struct reuse_estimate *e);

/*
 * Connections that it takes, half of them closed in that way, until returns
 * are to be expected from a pool of so many ports drawn at random.
 */
int64_t reuse_links_needed(int64_t pool);

#endif
