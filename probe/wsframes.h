/*
 * What wslay asks of whoever carries its frames' bytes.
 */
#ifndef NATDIFF_PROBE_WSFRAMES_H
#define NATDIFF_PROBE_WSFRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <wslay/wslay.h>

#include "natdiff/text.h"

/*
 * Bytes that came behind the head of the upgrade's answer, which is in in:
 * those from *taken on, and how many; 0: there are none left.
 */
size_t wsframes_take(
    const struct text *in, size_t *taken, uint8_t *buffer, size_t size);

/* What a read or a write of n bytes is to wslay; 0 bytes: not now. */
ssize_t wsframes_tell(wslay_event_context_ptr ctx, bool broken, size_t n);

/* A random mask (genmask_callback). */
int wsframes_mask(
    wslay_event_context_ptr ctx, uint8_t *mask, size_t size, void *arg);

#endif
