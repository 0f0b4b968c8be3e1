/*
 * Waiting with sigtimedwait(2).
 */
#include "config.h"

#include <errno.h>
#include <time.h>

#include "natdiff/walltime.h"
#include "probe/pause.h"

void
pause_block_signals(sigset_t *signals)
{
	sigemptyset(signals);
	sigaddset(signals, SIGINT);
	sigaddset(signals, SIGTERM);
	sigprocmask(SIG_BLOCK, signals, NULL);
}

bool
pause_until(int64_t due_us, const sigset_t *signals)
{
	struct timespec rest;
	int64_t us;

	do {
		us = due_us - monotonic_now_us();
		if (us < 0)
			us = 0;
		rest.tv_sec = us / 1000000;
		rest.tv_nsec = us % 1000000 * 1000;
		if (sigtimedwait(signals, NULL, &rest) > 0)
			return true;
	} while (errno == EINTR);
	return false;
}
