/*
 * Points in time and lengths of time as people write them.  Wall-clock times
 * are int64_t microseconds since 1970 UTC, durations int64_t microseconds.
 */
#ifndef NATDIFF_WALLTIME_H
#define NATDIFF_WALLTIME_H

#include <stddef.h>
#include <stdint.h>

#define WALLTIME_TEXT_SIZE 32 /* bytes, the final NUL included */

/* Now, by the wall clock. */
int64_t walltime_now_us(void);

/* Now, by the clock that never steps, in microseconds from some start. */
int64_t monotonic_now_us(void);

/*
 * Write at_us as 2026-11-21T04:45:00.123Z (digits: 0, 3 or 6 digits of the
 * second) into out, which it returns.
 */
char *walltime_format(int64_t at_us, int digits, char out[WALLTIME_TEXT_SIZE]);

/*
 * Read an ISO 8601 / RFC 3339 time: 2026-11-21T04:45:00Z, with a fraction,
 * with an offset (+01:00), with a blank for the T; without an offset it is
 * UTC.  A date alone is its midnight.  0, or -1 if text is no such time.
 */
int walltime_parse(const char *text, int64_t *at_us);

/*
 * Read a duration with its unit: 250ms, 10s, 5m, 2h, 30d; a number alone is
 * seconds.  0, or -1 if text is no such duration or out of range.
 */
int duration_parse(const char *text, int64_t *us);

/* Write us as duration_parse() reads it, by the largest unit that fits. */
char *duration_format(int64_t us, char out[WALLTIME_TEXT_SIZE]);

#endif
