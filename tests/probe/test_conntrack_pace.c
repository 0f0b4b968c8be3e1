#include "config.h"

#include <criterion/criterion.h>

#include "natdiff/record.h"
#include "probe/conntrack_pace.h"

#define SECOND INT64_C(1000000)

/*
 * A gateway is sampled each second for an hour, each reading of the table
 * costs entry_us an entry: how many readings there are, and in *spent_us what
 * they cost.
 */
static int
readings(
    int64_t interval_us, int64_t entries, double entry_us, int64_t *spent_us)
{
	struct conntrack_pace p = { .interval_us = interval_us };
	int64_t now_us, cost_us = (int64_t)((double)entries * entry_us);
	int n = 0;

	*spent_us = 0;
	for (now_us = 5; now_us < 3600 * SECOND; now_us += SECOND) {
		if (!conntrack_pace_is_due(&p, now_us, entries))
			continue;
		conntrack_pace_spent(&p, now_us, cost_us, entries);
		*spent_us += cost_us;
		n++;
	}
	return n;
}

Test(conntrack_pace, a_small_table_is_read_at_the_interval)
{
	int64_t spent_us;

	cr_expect_eq(readings(10 * SECOND, 1000, 2, &spent_us), 360);
	cr_expect_eq(readings(SECOND, 1000, 2, &spent_us), 3600);
}

Test(conntrack_pace, a_large_table_is_read_as_often_as_the_budget_allows)
{
	static const int64_t sizes[] = { 50000, 100000, 262144, 1000000,
		4000000 };
	int64_t spent_us, entries;
	size_t i;
	int n;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		entries = sizes[i];
		n = readings(10 * SECOND, entries, 1, &spent_us);
		/* All but the first are paid for by the wait before them. */
		cr_expect_leq(spent_us - entries,
		    (int64_t)(3600 * (double)SECOND * CONNTRACK_PACE_SHARE),
		    "%lld entries", (long long)entries);
		/* And the budget is used, not just kept. */
		cr_expect_geq(n, 1 + (int)(3500 * SECOND / 201 / entries),
		    "%lld entries: %d", (long long)entries, n);
	}
}

Test(conntrack_pace, a_table_that_has_grown_is_waited_for)
{
	struct conntrack_pace p = { .interval_us = SECOND };

	cr_expect(conntrack_pace_is_due(&p, 0, 100));
	conntrack_pace_spent(&p, 0, 1000, 1000);
	cr_expect_not(conntrack_pace_is_due(&p, SECOND / 2, 1000));
	cr_expect(conntrack_pace_is_due(&p, SECOND, 1000));
	/* A hundred times the entries: 100 ms, which take 20 s to earn. */
	cr_expect_not(conntrack_pace_is_due(&p, SECOND, 100000));
	cr_expect_not(conntrack_pace_is_due(&p, 19 * SECOND, 100000));
	cr_expect(conntrack_pace_is_due(&p, 20 * SECOND, 100000));
	/* Where the fill cannot be read, the last cost stands for it. */
	cr_expect(conntrack_pace_is_due(&p, SECOND, NOT_MEASURED));
}
