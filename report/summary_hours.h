/*
 * Inside report/summary: attempts by the hour.
 */
#ifndef NATDIFF_REPORT_SUMMARY_HOURS_H
#define NATDIFF_REPORT_SUMMARY_HOURS_H

#include <stddef.h>
#include <stdint.h>

#include "report/summary.h"

/*
 * Count the attempts by hour and path, of which path[i] is that of attempt i:
 * *n of them, by time, then path, only those with any, for the caller to free.
 */
struct hour *hours_count(const struct dataset *d, const struct attempts *a,
    const uint8_t *path, size_t *n);

#endif
