/*
 * The last slots of each path, a character a slot, for a screen.  Pure.
 */
#ifndef NATDIFF_MONITOR_STRIP_H
#define NATDIFF_MONITOR_STRIP_H

#include <stddef.h>
#include <stdint.h>

#include "report/dataset.h"

#define STRIP_SLOTS 60

/*
 * The STRIP_SLOTS of the given interval that end with the one of now_us, the
 * oldest first.  Of the path's attempts at what is measured (kind endpoint)
 * in the slot: "." none failed, "1" to "9" up to so many tenths, "#" all,
 * "r" none, but a SYN was sent again; " " no attempt.  Out holds STRIP_SLOTS
 * characters and a NUL.
 */
void strip_make(const struct dataset *d, uint32_t path, int64_t interval_us,
    int64_t now_us, char out[STRIP_SLOTS + 1]);

#endif
