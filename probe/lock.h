/*
 * One agent a path and database: a lock on FILE.lock, which the kernel
 * releases when the process ends, however it ends.  Use from one thread.
 */
#ifndef NATDIFF_PROBE_LOCK_H
#define NATDIFF_PROBE_LOCK_H

#include <stdint.h>
#include <sys/types.h>

#include "natdiff/err.h"

/* slot of lock_take(): the path as a whole, not one slot of it. */
#define LOCK_ALL_SLOTS INT64_C(-1)

struct lock;

/*
 * Lock path of the database, whole or for one slot.  NULL and e if another
 * process holds it (*holder is its process id, "DATABASE: path NAME is being
 * measured by process PID") or if the file cannot be made (*holder is 0).
 */
struct lock *lock_take(const char *database, const char *path, int64_t slot,
    pid_t *holder, struct err *e);
void lock_free(struct lock *l);

#endif
