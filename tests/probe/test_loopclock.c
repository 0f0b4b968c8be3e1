#include "config.h"

#include <criterion/criterion.h>

#include "probe/loopclock.h"

Test(loopclock, an_idle_loop_delays_nothing)
{
	struct loopclock c = { 0 };

	cr_expect_eq(loopclock_enter(&c, 1, 1000), 0);
	loopclock_leave(&c, 1100);
	/* The loop slept for 10 ms: the event came when it woke. */
	cr_expect_eq(loopclock_enter(&c, 2, 11100), 0);
}

Test(loopclock, an_event_waits_for_those_before_it_in_its_turn)
{
	struct loopclock c = { 0 };

	loopclock_enter(&c, 1, 1000);
	loopclock_leave(&c, 3000);
	cr_expect_eq(loopclock_enter(&c, 1, 3000), 2000);
}

Test(loopclock, in_a_busy_loop_it_may_wait_since_the_turn_before)
{
	struct loopclock c = { 0 };

	loopclock_enter(&c, 1, 1000);
	loopclock_leave(&c, 6000);
	/* No sleep between the turns: it may have been ready at 1000. */
	cr_expect_eq(loopclock_enter(&c, 2, 6010), 5010);
}
