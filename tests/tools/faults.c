/*
 * Calls that fail, linked into tests/tools/faulty_probe and faulty_report,
 * which are the programs that ship but for this.
 *
 *	NATDIFF_FAULT=CALL:N    the Nth of these calls fails
 *	NATDIFF_FAULT=CALL:N+   it and all that follow
 *	NATDIFF_FAULT_LOG=FILE  gets a line `struck CALL N` for the first that
 *	                        fails, and at exit a line `CALL COUNT` for each
 *
 *	malloc          and calloc, realloc, strdup and the like
 *	write  socket  getsockname  pthread_create
 *	fsync           and fdatasync, SQLite's included
 *	sqlite          SQLite's file operations, by sqlite3_vfs.xSetSystemCall
 *
 * The first ones are calls of our own objects: the linker's --wrap sends them
 * here, not those of libraries.  Libraries do see our fsync and fdatasync,
 * since a program's symbols come before libc's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/types.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

enum call { MALLOC, WRITE, FSYNC, SOCKET, GETSOCKNAME, PTHREAD, SQLITE, CALLS };

static const struct {
	const char *name;
	int error;
} calls[CALLS] = {
	[MALLOC] = { "malloc", ENOMEM },
	[WRITE] = { "write", ENOSPC },
	[FSYNC] = { "fsync", EIO },
	[SOCKET] = { "socket", EMFILE },
	[GETSOCKNAME] = { "getsockname", ENOBUFS },
	[PTHREAD] = { "pthread_create", EAGAIN },
	[SQLITE] = { "sqlite", EIO },
};

static atomic_long counts[CALLS];
static enum call wanted = CALLS;
static long wanted_n;
static bool for_good;
static int log_fd = -1;

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
say(const char *fmt, ...)
{
	char line[80];
	va_list ap;
	int n;

	if (log_fd < 0)
		return;
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	syscall(SYS_write, log_fd, line, (size_t)n);
}

/* Count a call; true, and errno, where it is to fail. */
static bool
fails(enum call c)
{
	long n = atomic_fetch_add(&counts[c], 1) + 1;

	if (c != wanted || n < wanted_n || (n > wanted_n && !for_good))
		return false;
	if (n == wanted_n)
		say("struck %s %ld\n", calls[c].name, n);
	errno = calls[c].error;
	return true;
}

/* ------------------------------------------------------------ our objects */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *s);
char *__wrap_strdup(const char *s);
char *__real_strndup(const char *s, size_t size);
char *__wrap_strndup(const char *s, size_t size);
int __real_vasprintf(char **s, const char *fmt, va_list ap);
int __wrap_vasprintf(char **s, const char *fmt, va_list ap);
int __real___vasprintf_chk(char **s, int flag, const char *fmt, va_list ap);
int __wrap___vasprintf_chk(char **s, int flag, const char *fmt, va_list ap);
FILE *__real_open_memstream(char **text, size_t *size);
FILE *__wrap_open_memstream(char **text, size_t *size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
int __real_socket(int family, int type, int protocol);
int __wrap_socket(int family, int type, int protocol);
int __real_getsockname(int fd, struct sockaddr *sa, socklen_t *size);
int __wrap_getsockname(int fd, struct sockaddr *sa, socklen_t *size);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg);

void *
__wrap_malloc(size_t size)
{
	return fails(MALLOC) ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fails(MALLOC) ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *old, size_t size)
{
	return fails(MALLOC) ? NULL : __real_realloc(old, size);
}

void *
__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails(MALLOC) ? NULL : __real_reallocarray(old, count, size);
}

char *
__wrap_strdup(const char *s)
{
	return fails(MALLOC) ? NULL : __real_strdup(s);
}

char *
__wrap_strndup(const char *s, size_t size)
{
	return fails(MALLOC) ? NULL : __real_strndup(s, size);
}

int
__wrap_vasprintf(char **s, const char *fmt, va_list ap)
{
	return fails(MALLOC) ? -1 : __real_vasprintf(s, fmt, ap);
}

int
__wrap___vasprintf_chk(char **s, int flag, const char *fmt, va_list ap)
{
	return fails(MALLOC) ? -1 : __real___vasprintf_chk(s, flag, fmt, ap);
}

FILE *
__wrap_open_memstream(char **text, size_t *size)
{
	return fails(MALLOC) ? NULL : __real_open_memstream(text, size);
}

ssize_t
__wrap_write(int fd, const void *bytes, size_t size)
{
	return fails(WRITE) ? -1 : __real_write(fd, bytes, size);
}

int
__wrap_socket(int family, int type, int protocol)
{
	return fails(SOCKET) ? -1 : __real_socket(family, type, protocol);
}

int
__wrap_getsockname(int fd, struct sockaddr *sa, socklen_t *size)
{
	return fails(GETSOCKNAME) ? -1 : __real_getsockname(fd, sa, size);
}

int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*run)(void *), void *arg)
{
	if (fails(PTHREAD))
		return EAGAIN;
	return __real_pthread_create(thread, attr, run, arg);
}

/* --------------------------------------------------------- everybody's */

int
fsync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return fails(FSYNC) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

/* -------------------------------------------- SQLite's file operations */

static int
file_open(const char *name, int flags, int mode)
{
	return fails(SQLITE) ? -1 : open(name, flags, mode);
}

static ssize_t
file_read(int fd, void *bytes, size_t size)
{
	return fails(SQLITE) ? -1 : read(fd, bytes, size);
}

static ssize_t
file_pread(int fd, void *bytes, size_t size, off_t at)
{
	return fails(SQLITE) ? -1 : pread(fd, bytes, size, at);
}

static ssize_t
file_write(int fd, const void *bytes, size_t size)
{
	return fails(SQLITE) ? -1 : __real_write(fd, bytes, size);
}

static ssize_t
file_pwrite(int fd, const void *bytes, size_t size, off_t at)
{
	return fails(SQLITE) ? -1 : pwrite(fd, bytes, size, at);
}

static int
file_ftruncate(int fd, off_t size)
{
	return fails(SQLITE) ? -1 : ftruncate(fd, size);
}

static int
file_fallocate(int fd, off_t at, off_t size)
{
	return fails(SQLITE) ? EIO : posix_fallocate(fd, at, size);
}

static int
file_fstat(int fd, struct stat *st)
{
	return fails(SQLITE) ? -1 : fstat(fd, st);
}

static int
file_unlink(const char *name)
{
	return fails(SQLITE) ? -1 : unlink(name);
}

/* SQLite's commands have one argument or none. */
static int
file_fcntl(int fd, int command, ...)
{
	va_list ap;
	void *arg;

	if (fails(SQLITE))
		return -1;
	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl(fd, command, arg);
}

static void *
file_mmap(void *at, size_t size, int protection, int flags, int fd, off_t from)
{
	return fails(SQLITE) ? MAP_FAILED
			     : mmap(at, size, protection, flags, fd, from);
}

static const struct {
	const char *name;
	sqlite3_syscall_ptr function;
} operations[] = {
	{ "open", (sqlite3_syscall_ptr)file_open },
	{ "read", (sqlite3_syscall_ptr)file_read },
	{ "pread", (sqlite3_syscall_ptr)file_pread },
	{ "pread64", (sqlite3_syscall_ptr)file_pread },
	{ "write", (sqlite3_syscall_ptr)file_write },
	{ "pwrite", (sqlite3_syscall_ptr)file_pwrite },
	{ "pwrite64", (sqlite3_syscall_ptr)file_pwrite },
	{ "ftruncate", (sqlite3_syscall_ptr)file_ftruncate },
	{ "fallocate", (sqlite3_syscall_ptr)file_fallocate },
	{ "fstat", (sqlite3_syscall_ptr)file_fstat },
	{ "unlink", (sqlite3_syscall_ptr)file_unlink },
	{ "fcntl", (sqlite3_syscall_ptr)file_fcntl },
	{ "mmap", (sqlite3_syscall_ptr)file_mmap },
};

/* ------------------------------------------------------ begin and end */

static void
parse(const char *text)
{
	char name[20], more = '\0';
	int c;

	if (sscanf(text, "%19[a-z_]:%ld%c", name, &wanted_n, &more) < 2)
		wanted_n = 0;
	for (c = 0; wanted_n > 0 && c < CALLS; c++)
		if (strcmp(name, calls[c].name) == 0)
			wanted = (enum call)c;
	for_good = more == '+';
	if (wanted == CALLS) {
		fprintf(stderr, "NATDIFF_FAULT=%s: expected CALL:N\n", text);
		abort();
	}
}

__attribute__((constructor)) static void
begin(void)
{
	const char *fault = getenv("NATDIFF_FAULT");
	const char *name = getenv("NATDIFF_FAULT_LOG");
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
	size_t i;

	if (fault != NULL)
		parse(fault);
	if (name != NULL)
		log_fd =
		    open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	/* Some are not there in every build of SQLite. */
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		vfs->xSetSystemCall(
		    vfs, operations[i].name, operations[i].function);
}

__attribute__((destructor)) static void
end(void)
{
	int c;

	for (c = 0; c < CALLS; c++)
		say("%s %ld\n", calls[c].name, atomic_load(&counts[c]));
}
