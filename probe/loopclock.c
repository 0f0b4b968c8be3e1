/*
 * Bounds on the loop's own delay.
 */
#include "config.h"

#include "probe/loopclock.h"

/* Between two callbacks of a busy loop lie less than this: epoll_wait(2). */
#define BUSY_GAP_US 50

int64_t
loopclock_enter(struct loopclock *c, int64_t turn, int64_t now_us)
{
	if (turn != c->turn || c->began_us == 0) {
		c->previous_us = c->began_us;
		c->slept =
		    c->began_us == 0 || now_us - c->left_us > BUSY_GAP_US;
		c->turn = turn;
		c->began_us = now_us;
	}
	return now_us - (c->slept ? c->began_us : c->previous_us);
}

void
loopclock_leave(struct loopclock *c, int64_t now_us)
{
	c->left_us = now_us;
}
