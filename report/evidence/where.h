/*
 * Where the trouble of one endpoint is: at which hosts, at which of its
 * addresses, in which hours of the day, and since when.  Every host and every
 * address is tested on its own, so that one starved host of hundreds does not
 * vanish in a mean.  Pure.
 */
#ifndef NATDIFF_EVIDENCE_WHERE_H
#define NATDIFF_EVIDENCE_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"
#include "report/evidence/facts.h"
#include "report/pairs.h"

#define WHERE_P     0.01 /* adjusted: that a place of its own is shown */
#define CHANGE_P    0.05
#define DAY_HOURS   24
#define HOURS_LEAST 10 /* troubled attempts, to say in which hours they are */

/* A host behind the NAT, or an address of the endpoint. */
struct place {
	uint32_t key; /* of a host: its NAT series; else in dataset.targets */
	struct contrast failed;
	struct contrast silent;
	double failed_p; /* by Holm, over both outcomes of all such places */
	double silent_p;
	bool shown; /* an excess of one of the two */
};

struct places {
	struct place *place; /* by key; only those with pairs */
	size_t n;
};

/* The pairs of one hour of the day, UTC, over all days. */
struct hour_of_day {
	size_t pairs;
	size_t nat;    /* with the outcome on the NAT side */
	size_t direct; /* and on the direct side */
};

/* One change of the mean difference, NAT minus direct. */
struct change {
	bool shown;
	int64_t at_us;
	int64_t from_us, to_us; /* its 95 % interval */
	double before, after;
	double p;
};

struct where {
	struct places hosts;
	struct places targets;
	/* What hours and change are about: failures, silence if there are few.
	 */
	enum outcome outcome;
	struct hour_of_day hour[DAY_HOURS];
	/* The fewest hours in a row that hold most of it; 0: no such hours. */
	size_t peak_from, peak_hours;
	size_t peak_days; /* days on which those hours had any */
	size_t days;      /* and on which they were measured */
	struct change change;
};

/* What is found: over time, by address, and by host; the longest first. */
enum where_parts { WHERE_TIMES, WHERE_TARGETS, WHERE_HOSTS, WHERE_PARTS };

/*
 * Find a part of all but what where_adjust() does; they know nothing of each
 * other.  w was 0 before the first, pairs are those of a, and whole are their
 * facts, all of them.
 */
void where_part(struct where *w, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct facts *whole, enum where_parts part);

/*
 * Adjust the tests of all these together, a family for hosts and one for
 * addresses, and mark the places that are shown.  A NULL is passed over.
 */
void where_adjust(struct where *const *w, size_t n);

/* The host whose own excess is the surest; NULL: none is shown. */
const struct place *where_worst_host(const struct where *w);

/*
 * Whether hosts are shown that are at most half of all, and the others have
 * as good as none of it.
 */
bool where_is_of_few(const struct where *w);

/* Elsewhere this share of the rate at the places shown is as good as none. */
#define WHERE_ONLY_SHARE 0.1

/* A host as a report names it: apart from others of the same name; owned. */
char *where_host_name(const struct dataset *d, uint32_t series);

/*
 * Append one sentence each on hosts, addresses, hours and change, where there
 * is something to say, each behind the prefix; owned.  Hours and change are
 * said only where the endpoint has trouble that was shown.
 */
void where_say(char ***list, size_t *n, const struct where *w,
    const struct dataset *d, const char *prefix, bool troubled);

void where_clear(struct where *w);

#endif
