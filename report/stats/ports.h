/*
 * How a NAT hands out ports, from those that a far end saw, in the order of
 * time: kept as the host chose them, one after the other, or without an order;
 * and whether they come in blocks.
 */
#ifndef NATDIFF_STATS_PORTS_H
#define NATDIFF_STATS_PORTS_H

#include <stddef.h>
#include <stdint.h>

/* Fewer than this say nothing. */
#define PORTS_LEAST 16

enum port_order {
	PORTS_FEW,
	PORTS_PRESERVED,  /* the host's own port */
	PORTS_SEQUENTIAL, /* each a little above the one before it */
	PORTS_RANDOM      /* none of these */
};

struct ports {
	size_t n;
	size_t distinct;
	size_t preserved; /* equal to the local port */
	uint16_t lowest, highest;
	enum port_order order;
	size_t blocks; /* ranges far apart; 1: no gaps; 0: too few to say */
	uint32_t block_width; /* ports from end to end of the widest one */
};

struct port_seen {
	uint16_t seen;
	uint16_t local; /* the host's own; 0: not known */
};

/* "few", "preserved", "sequential", "random". */
const char *port_order_name(enum port_order o);

/*
 * Classify n ports.  O(n) time and memory.
 *
 * Preserved: nine of ten are.  Sequential: of the steps from one to the next
 * eight of ten go up by at most a twentieth of the whole range, or by at most
 * 8, where a step down by more than half of the range is taken as the wrap;
 * ports at random do so once in twenty, and in a small range, of 32, once in
 * four.  Blocks: sorted, a gap of more than (ln m + 5) times the mean one
 * parts two of them; among m ports strewn evenly so long a gap occurs once in
 * 150 cases.
 */
void ports_classify(struct ports *p, const struct port_seen *seen, size_t n);

#endif
