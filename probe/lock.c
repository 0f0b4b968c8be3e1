/*
 * Locks of a database's paths: POSIX byte-range locks (fcntl(2), F_SETLK) on
 * DATABASE.lock, an empty file that is never written and never removed.  The
 * bytes that are locked need not exist.
 *
 * An offset has 63 bits: the upper 31 are the path, the first 31 bits of the
 * FNV-1a hash of its name, the lower 32 are the slot modulo 2^32.
 *
 *	byte  (path << 32) + (slot mod 2^32)           one slot
 *	bytes (path << 32) to (path << 32) + 2^32 - 1  the path as a whole
 *
 * So a whole path excludes everything on that path, a slot only itself, and
 * different paths never meet.  Slots that share a byte are 2^32 intervals
 * apart.
 *
 * Such locks name their holder (F_GETLK) and end with it, but they belong to
 * a process, not to a descriptor: within one process they never conflict, and
 * closing any descriptor of the file drops them all.  Hence the list of the
 * locks held here, which share one descriptor a file.  Use from one thread.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/xalloc.h"

#include "probe/lock.h"

struct lock {
	LIST_ENTRY(lock) next;
	pid_t owner; /* a child has its parent's list, but not the locks */
	dev_t device;
	ino_t inode;
	int fd;
	off_t first;
	off_t length;
};

static LIST_HEAD(, lock) locks = LIST_HEAD_INITIALIZER(locks);

#define SLOTS_A_PATH (INT64_C(1) << 32)

static int64_t
path_offset(const char *path)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *path != '\0'; path++)
		h = (h ^ (unsigned char)*path) * UINT64_C(1099511628211);
	return (int64_t)(h >> 33) * SLOTS_A_PATH;
}

/*
 * Open the lock file, or take the descriptor that we have of it.  There is
 * none beside what cannot be a database.
 */
static int
open_file(struct lock *l, const char *database, const char *name, struct err *e)
{
	const struct lock *other;
	struct stat sb;

	if (stat(database, &sb) == 0 && !S_ISREG(sb.st_mode))
		return err_set(e, "%s: is %s", database,
		    S_ISDIR(sb.st_mode) ? "a directory" : "no regular file");
	if (stat(name, &sb) == 0)
		LIST_FOREACH (other, &locks, next)
			if (other->device == sb.st_dev &&
			    other->inode == sb.st_ino) {
				l->fd = other->fd;
				l->device = sb.st_dev;
				l->inode = sb.st_ino;
				return 0;
			}
	l->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (l->fd < 0 || fstat(l->fd, &sb) != 0)
		return err_sys(e, "%s: cannot open", name);
	l->device = sb.st_dev;
	l->inode = sb.st_ino;
	return 0;
}

/* Whether this process itself holds a lock that l would meet. */
static bool
is_held_here(const struct lock *l)
{
	const struct lock *o;

	LIST_FOREACH (o, &locks, next)
		if (o->owner == l->owner && o->fd == l->fd &&
		    o->first < l->first + l->length &&
		    l->first < o->first + o->length)
			return true;
	return false;
}

/* 0 and the lock is ours; 1 and *holder has it; -1 and errno. */
static int
set_lock(const struct lock *l, pid_t *holder)
{
	struct flock want = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = l->first,
		.l_len = l->length };
	struct flock other;

	if (is_held_here(l)) {
		*holder = l->owner;
		return 1;
	}
	/* The holder may go between being met and being asked for. */
	for (;;) {
		if (fcntl(l->fd, F_SETLK, &want) == 0)
			return 0;
		if (errno != EAGAIN && errno != EACCES)
			return -1;
		other = want;
		if (fcntl(l->fd, F_GETLK, &other) != 0)
			return -1;
		if (other.l_type == F_UNLCK)
			continue;
		*holder = other.l_pid;
		return 1;
	}
}

static int
refuse(const char *database, const char *path, pid_t holder, struct err *e)
{
	/* A process of another pid namespace has no number here. */
	if (holder <= 0)
		return err_set(e,
		    "%s: path %s is being measured by another "
		    "process",
		    database, path);
	return err_set(e, "%s: path %s is being measured by process %ld",
	    database, path, (long)holder);
}

/* Close the file unless another lock of ours is on it. */
static void
close_file(const struct lock *l)
{
	const struct lock *other;

	if (l->fd < 0)
		return;
	LIST_FOREACH (other, &locks, next)
		if (other->fd == l->fd)
			return;
	close(l->fd);
}

struct lock *
lock_take(const char *database, const char *path, int64_t slot, pid_t *holder,
    struct err *e)
{
	struct lock *l = x_calloc(1, sizeof(*l));
	char *name = x_asprintf("%s.lock", database);
	int rc;

	*holder = 0;
	l->owner = getpid();
	l->fd = -1;
	l->first = path_offset(path);
	l->length = SLOTS_A_PATH;
	if (slot != LOCK_ALL_SLOTS) {
		l->first += slot & (SLOTS_A_PATH - 1);
		l->length = 1;
	}
	rc = open_file(l, database, name, e);
	if (rc == 0) {
		rc = set_lock(l, holder);
		if (rc < 0)
			err_sys(e, "%s: cannot lock", name);
		else if (rc > 0)
			refuse(database, path, *holder, e);
	}
	free(name);
	if (rc != 0) {
		close_file(l);
		free(l);
		return NULL;
	}
	LIST_INSERT_HEAD(&locks, l, next);
	return l;
}

void
lock_free(struct lock *l)
{
	struct flock release;

	if (l == NULL)
		return;
	release = (struct flock){ .l_type = F_UNLCK,
		.l_whence = SEEK_SET,
		.l_start = l->first,
		.l_len = l->length };
	fcntl(l->fd, F_SETLK, &release);
	LIST_REMOVE(l, next);
	close_file(l);
	free(l);
}
