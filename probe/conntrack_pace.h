/*
 * How often the table of connections may be read.  Reading costs processor
 * time by the entry, so that the pause between two readings grows with the
 * table: no more than CONNTRACK_PACE_SHARE of a core is ever spent on it, as
 * an average from one reading to the next.
 */
#ifndef NATDIFF_PROBE_CONNTRACK_PACE_H
#define NATDIFF_PROBE_CONNTRACK_PACE_H

#include <stdbool.h>
#include <stdint.h>

/* Half of the 1 % of a core that the whole command may cost. */
#define CONNTRACK_PACE_SHARE 0.005

/* Times by monotonic_now_us(). */
struct conntrack_pace {
	int64_t interval_us; /* never more often than this */
	int64_t read_at_us;  /* the last reading */
	int64_t cost_us;     /* of processor time, at that reading */
	double entry_us;     /* an entry's part of it */
	bool was_read;
};

/*
 * Whether a reading is due, with so many entries in the table now: the first
 * one always.  Paid before the next is what the last did cost, and what the
 * next will cost where the table has grown since.
 */
bool conntrack_pace_is_due(
    const struct conntrack_pace *p, int64_t now_us, int64_t entries);

/* A reading of so many entries did cost so much. */
void conntrack_pace_spent(
    struct conntrack_pace *p, int64_t now_us, int64_t cost_us, int64_t entries);

#endif
