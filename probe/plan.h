/*
 * What is fired when: pure arithmetic, no clock and no socket.  Two agents
 * that share endpoints and interval come to the same plan without talking.
 */
#ifndef NATDIFF_PROBE_PLAN_H
#define NATDIFF_PROBE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/text.h"
#include "probe/conf.h"

/* One attempt of a slot, without its path. */
struct shot {
	int endpoint; /* index into conf.endpoints */
	int seq;
	int64_t offset_us; /* from the slot's begin */
	/* Paths of one host fire at the same instant; true: last one first. */
	bool reversed;
};

/* floor(at / interval), right before 1970 too. */
int64_t plan_slot(int64_t at_us, int64_t interval_us);

/*
 * The shots of a slot, by offset; new memory, *n of them.  An endpoint fires
 * burst times, a control once: it must not use up its own ports.  whoami
 * fires once in the first slot of an hour, and wherever first is true: the
 * run has not fired it yet.  (In a fleet that takes turns it fires in the
 * first R slots of an hour, so that each host's turn comes.)
 */
struct shot *plan_slot_shots(
    const struct conf *c, int64_t slot, bool first, size_t *n);

/*
 * Which of the addresses attempt (endpoint, slot, seq) takes, among those of
 * the given family: rendezvous hashing (Thaler and Ravishankar 1998), so that
 * agents with the same answer take the same one whatever its order.  -1 where
 * there is none of that family.
 */
int plan_pick_address(const char *endpoint, int64_t slot, int seq, int family,
    const struct endpoint_address *addresses, size_t n);

/*
 * Whether this host's turn on a nat path has come: with a fleet that
 * would pass the port budget, each host fires in one of R slots (R from
 * plan_rotation()).
 */
bool plan_is_our_turn(const char *agent, int64_t slot, int64_t rotation);

/* The NAT ports that the plan holds at the busiest destination. */
struct footprint {
	char destination[300]; /* host:port, or address:port if pinned */
	double attempts_per_s; /* one host's, all its nat paths, no whoami */
	double whoami_ports;   /* whoami's part of ports_one_host */
	int64_t life_us;       /* longest that an attempt can last */
	int64_t hold_us;       /* assumed hold-down after it */
	double ports_one_host;
	int64_t rotation; /* 1: every host in every slot */
	double ports_fleet;
};

/*
 * Compute the footprint: attempts per second x (life + hold), and no less
 * than the attempts of one slot, which may fall together.  All endpoints of
 * a destination count together, and all destinations where the gateway's
 * pool is per address.  -1 where one host passes the budget; e holds the
 * arithmetic and what would fit.  Only nat paths hold ports; without one it
 * is all 0, and rotation 1.
 */
int plan_footprint(const struct conf *c, struct footprint *f, struct err *e);

/* The plan in words, as "check" prints it. */
void plan_describe(
    const struct conf *c, const struct footprint *f, struct text *out);

#endif
