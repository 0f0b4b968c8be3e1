#include "config.h"

#include "natdiff/record.h"
#include "probe/conntrack_pace.h"

/* A reading of few entries tells little of what one costs. */
#define ENTRIES_LEAST 1000

bool
conntrack_pace_is_due(
    const struct conntrack_pace *p, int64_t now_us, int64_t entries)
{
	int64_t waited_us = now_us - p->read_at_us;
	double cost_us = (double)p->cost_us;

	if (!p->was_read)
		return true;
	if (entries != NOT_MEASURED && (double)entries * p->entry_us > cost_us)
		cost_us = (double)entries * p->entry_us;
	return waited_us >= p->interval_us &&
	    (double)waited_us * CONNTRACK_PACE_SHARE >= cost_us;
}

void
conntrack_pace_spent(
    struct conntrack_pace *p, int64_t now_us, int64_t cost_us, int64_t entries)
{
	p->was_read = true;
	p->read_at_us = now_us;
	p->cost_us = cost_us;
	p->entry_us = (double)cost_us /
	    (double)(entries > ENTRIES_LEAST ? entries : ENTRIES_LEAST);
}
