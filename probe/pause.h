/*
 * Waiting for a moment, or for the signal that ends a command.
 */
#ifndef NATDIFF_PROBE_PAUSE_H
#define NATDIFF_PROBE_PAUSE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Block SIGINT and SIGTERM, so that only pause_until() notices them. */
void pause_block_signals(sigset_t *signals);

/*
 * Wait until monotonic_now_us() is due_us; true where one of the blocked
 * signals came first, or had come before.
 */
bool pause_until(int64_t due_us, const sigset_t *signals);

#endif
