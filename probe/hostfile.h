/*
 * Small files of /proc and /sys.  They are read up to a bound and through
 * O_NONBLOCK, so that whatever stands in their place (a container's own
 * /proc, a FIFO, a file without end) costs neither memory nor time; text that
 * is kept is printable ASCII.
 *
 * A file is root + path: "" for this host, a folder for tests.
 */
#ifndef NATDIFF_PROBE_HOSTFILE_H
#define NATDIFF_PROBE_HOSTFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define HOSTFILE_FACT_MAX   200           /* bytes of a fact that is kept */
#define HOSTFILE_SMALL_SIZE 4096          /* one value or a few lines */
#define HOSTFILE_LARGE_SIZE (1024 * 1024) /* /proc/stat of a big machine */

/*
 * Read at most size - 1 bytes; the length, or -1.  buf is NUL-terminated in
 * either case.
 */
ssize_t hostfile_read(
    const char *root, const char *path, char *buf, size_t size);

bool hostfile_exists(const char *root, const char *path);

/*
 * Make text fit to keep: its first line, blanks joined and trimmed, what is
 * not printable ASCII as '?', at most HOSTFILE_FACT_MAX bytes.
 */
void hostfile_clean(char *text);

/* The first line, cleaned; -1 where there is none. */
int hostfile_line(const char *root, const char *path, char *buf, size_t size);

/* The same as new memory, NULL where there is none. */
char *hostfile_fact(const char *root, const char *path);

/* The file as one whole number of 0 or more, or NOT_MEASURED. */
int64_t hostfile_number(const char *root, const char *path);

/* A whole decimal number, *end after it; -1 where there is none. */
int hostfile_parse_number(const char *text, const char **end, int64_t *value);

#endif
