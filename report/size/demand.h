/*
 * How many NAT ports traffic to one destination wants: what the hosts'
 * censuses counted, or given numbers.  Pure.
 *
 * A port is taken by a connection that is open, and for the gateway's
 * hold-down after it was closed.  By Little's law that is
 *
 *	ports = open + rate x hold-down,    open = rate x life
 */
#ifndef NATDIFF_SIZE_DEMAND_H
#define NATDIFF_SIZE_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/dataset.h"

/*
 * How long Linux keeps a socket that closed first in TIME_WAIT: fixed when
 * the kernel is built (TCP_TIMEWAIT_LEN), and what ss -o shows.
 */
#define CLIENT_TIME_WAIT_S 60

/* What one host had to the destination in one stretch of time. */
struct demand_point {
	int64_t bucket;
	uint32_t host; /* in demand order only: any number */
	double open;   /* connections, the probe's own left out */
	double rate;   /* connections closed, so made, each second */
};

struct demand {
	char *destination;          /* NULL: given numbers */
	uint32_t target;            /* it, in dataset.targets */
	int64_t bucket_us;          /* NOT_MEASURED where given */
	size_t hosts_seen;          /* 0 where given */
	size_t destinations;        /* measured, or given: 1 */
	bool rate_given;            /* else it is at least that */
	int64_t hosts;              /* behind the NAT, at least those seen */
	struct demand_point *point; /* by bucket, then host */
	size_t n;
};

/* Given numbers; NAN: not given. */
struct demand_given {
	double open;
	double rate;
	double life_s;
	int64_t hosts;        /* NOT_MEASURED: not given */
	int64_t destinations; /* the same */
};

/* The most that was wanted at once, for a hold-down. */
struct demand_peak {
	int64_t at_us; /* begin of the stretch; NOT_MEASURED where given */
	double open;   /* of all hosts behind the NAT, then */
	double rate;
	double host_open; /* of the busiest host, in its busiest stretch */
	double host_rate;
	double seen_share; /* hosts behind the NAT for each host seen then */
};

/* True where two of the three numbers are given: no census is needed. */
bool demand_given_suffices(const struct demand_given *g);

/*
 * From given numbers alone; -1 and e where they are too few, or all three.
 */
int demand_from_given(
    struct demand *m, const struct demand_given *g, struct err *e);

/*
 * From the censuses of hosts on nat paths: the destination that wanted most.
 * g replaces what was measured.  -1 and e where no census saw anything.
 */
int demand_from_census(struct demand *m, const struct dataset *d,
    const struct demand_given *g, struct err *e);

void demand_clear(struct demand *m);

/* The peak for a hold-down; 0: of what is open. */
void demand_peak(
    const struct demand *m, double hold_down_s, struct demand_peak *p);

/*
 * The ports that all hosts together are given where each gets the smallest
 * power of two, from least on, that holds its own peak with so much room.
 */
double demand_by_powers(
    const struct demand *m, double hold_down_s, double room, int64_t least);

#endif
