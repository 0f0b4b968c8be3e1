/*
 * How many of the failures seen a larger pool would have prevented: only
 * where the data carry it.  Pure.
 */
#ifndef NATDIFF_SIZE_FAILURES_H
#define NATDIFF_SIZE_FAILURES_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "natdiff/providers.h"
#include "report/size/demand.h"

/*
 * The ports that a host of the nat path can have to one destination, by the
 * largest bound that natdiff-probe ramp measured; NOT_MEASURED: none did.
 * Where hosts share ports that is what all of them have together.
 */
int64_t size_ceiling_measured(const struct dataset *d);

enum size_pool {
	POOL_NOT_KNOWN,
	POOL_OF_HOST,   /* ports of each host */
	POOL_OF_GATEWAY /* ports of all hosts together */
};

struct size_failures {
	size_t seen; /* connects to the destination without an answer */
	enum size_pool pool;
	int64_t pool_ports;   /* what the pool has now */
	const char *pool_how; /* "measured" or "configured" */
	size_t full; /* of those seen, when the census filled the pool */
	double most; /* ports wanted at the worst of these, same scope */
	double peak; /* and at the peak of all */
};

/*
 * Count, at the destination of m, whose points are censuses.  A failure
 * counts as one of a full pool where the ports wanted in its stretch of time
 * (by its own host, or by all) were not fewer than the pool has.
 * own is the provider of the gateway, NULL where it is not known.
 */
void size_failures(struct size_failures *f, const struct dataset *d,
    const struct demand *m, double hold_down_s, const struct provider *own);

/* Of the full ones: how many a pool of that many ports would have held. */
size_t size_failures_held(const struct size_failures *f,
    const struct dataset *d, const struct demand *m, double hold_down_s,
    int64_t ports);

#endif
