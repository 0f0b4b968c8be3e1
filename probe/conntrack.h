/*
 * The counters of this network namespace's connection tracking, which on a
 * Linux NAT say what it refused.  Read through ctnetlink, which needs
 * CAP_NET_ADMIN over the namespace, else from /proc/net/stat/nf_conntrack,
 * which needs nothing but a kernel that has it.
 */
#ifndef NATDIFF_PROBE_CONNTRACK_H
#define NATDIFF_PROBE_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "natdiff/err.h"

enum conntrack_counter {
	CONNTRACK_INSERT_FAILED, /* no free tuple: the ports are used up */
	CONNTRACK_DROP,       /* insert_failed, and what a full table drops */
	CONNTRACK_EARLY_DROP, /* unassured entries thrown out for room */
	CONNTRACK_SEARCH_RESTART,
	CONNTRACK_CLASH_RESOLVE,
	CONNTRACK_CHAIN_TOO_LONG,
	CONNTRACK_COUNTERS
};

/* The kernel's counters of one processor: 32 bits, and they wrap. */
struct conntrack_cpu {
	uint32_t counts[CONNTRACK_COUNTERS];
};

struct conntrack_reading {
	int64_t at_us;                  /* wall clock */
	int64_t monotonic_us;           /* the same moment */
	bool known[CONNTRACK_COUNTERS]; /* the kernel has this counter */
	struct conntrack_cpu *cpus;     /* owned */
	size_t n_cpus;
	int64_t entries;     /* NOT_MEASURED where unreadable */
	int64_t entries_max; /* so is this */
};

/* What happened between two readings. */
struct conntrack_sample {
	int64_t from_us;
	int64_t to_us;
	int64_t increase[CONNTRACK_COUNTERS]; /* NOT_MEASURED: not known */
	int64_t entries;
	int64_t entries_max;
};

/* The name that `conntrack -S` prints, and that events are stored under. */
const char *conntrack_counter_name(enum conntrack_counter c);

/* Read the counters now; -1 and e, one line that says what is missing. */
int conntrack_read(struct conntrack_reading *r, struct err *e);
void conntrack_reading_clear(struct conntrack_reading *r);

/* The processors' counters from the text of /proc/net/stat/nf_conntrack. */
int conntrack_parse_proc(
    FILE *f, const char *name, struct conntrack_reading *r, struct err *e);

/*
 * The increase from before to now.  The stretch ends at now's wall clock and
 * is as long as the clock that never steps says, if the wall clock did.
 * Counters that began anew in between (another kernel module) are not known.
 */
void conntrack_compare(const struct conntrack_reading *before,
    const struct conntrack_reading *now, struct conntrack_sample *s);

#endif
