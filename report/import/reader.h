/*
 * The bytes of a file to import, unpacked where it is gzip, with what a
 * progress line wants to know.
 */
#ifndef NATDIFF_IMPORT_READER_H
#define NATDIFF_IMPORT_READER_H

#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"

struct reader;

/* Hex digits of a SHA-256, and NUL. */
#define READER_DIGEST_SIZE 65

/* "-" is standard input.  NULL, and e, where it cannot be opened. */
struct reader *reader_open(const char *file, struct err *e);
void reader_close(struct reader *r);

/* The next bytes: how many, 0 at the end, -1 and e where reading failed. */
int reader_read(struct reader *r, char *bytes, size_t size, struct err *e);

/* Of the file; -1: it is none. */
int64_t reader_size(const struct reader *r);

/* Bytes given so far, and their share of the file; below 0: not known. */
int64_t reader_bytes(const struct reader *r);
double reader_share(const struct reader *r);

/* When the file was last written; now for what is no file. */
int64_t reader_written_us(const struct reader *r);

/*
 * Leave what is read from here on out of the digest, which is slower than
 * reading; what stands for it is added at the end.
 */
void reader_end_digest(struct reader *r);
void reader_add_digest(struct reader *r, const void *bytes, size_t size);

/* The digest of all that was given. */
void reader_digest(struct reader *r, char digest[READER_DIGEST_SIZE]);

#endif
