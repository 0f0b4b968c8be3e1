/*
 * zlib reads plain files as they are and gzip, in any number of members,
 * unpacked; what of it is cut off or damaged is an error.
 */
#include "config.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <zlib.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/import/reader.h"

#define READ_BYTES (256 * 1024)

struct reader {
	char *file;
	gzFile gz;
	EVP_MD_CTX *digest;
	bool digest_ended;
	int64_t bytes;
	int64_t size; /* of the file; -1: not a file */
	int64_t written_us;
};

/* Standard input's descriptor is copied, as closing closes it. */
static int
open_file(const char *file, struct err *e)
{
	int fd = strcmp(file, "-") == 0 ? dup(STDIN_FILENO)
					: open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err_sys(e, "%s: cannot open", file);
	return fd;
}

struct reader *
reader_open(const char *file, struct err *e)
{
	int fd = open_file(file, e);
	struct reader *r;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		err_set(e, "%s: is a directory, not a log", file);
		close(fd);
		return NULL;
	}
	r = x_calloc(1, sizeof(*r));
	r->file = x_strdup(file);
	r->size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
	r->written_us = S_ISREG(st.st_mode)
	    ? (int64_t)st.st_mtim.tv_sec * 1000000
	    : walltime_now_us();
	r->gz = gzdopen(fd, "rb");
	r->digest = EVP_MD_CTX_new();
	if (r->gz == NULL || r->digest == NULL)
		x_no_memory();
	gzbuffer(r->gz, READ_BYTES);
	EVP_DigestInit_ex(r->digest, EVP_sha256(), NULL);
	return r;
}

void
reader_close(struct reader *r)
{
	if (r == NULL)
		return;
	gzclose_r(r->gz);
	EVP_MD_CTX_free(r->digest);
	free(r->file);
	free(r);
}

int
reader_read(struct reader *r, char *bytes, size_t size, struct err *e)
{
	int n = gzread(r->gz, bytes, (unsigned)size), code = Z_OK;
	const char *text;

	if (n >= 0 && (size_t)n == size)
		code = Z_OK;
	else
		text = gzerror(r->gz, &code);
	if (code == Z_ERRNO)
		return err_sys(e, "%s: cannot read", r->file);
	if (code == Z_BUF_ERROR)
		return err_set(e, "%s: gzip ends too early: cut off", r->file);
	if (n < 0 || code != Z_OK)
		return err_set(e, "%s: damaged gzip: %s", r->file, text);
	if (!r->digest_ended)
		EVP_DigestUpdate(r->digest, bytes, (size_t)n);
	r->bytes += n;
	return n;
}

int64_t
reader_bytes(const struct reader *r)
{
	return r->bytes;
}

int64_t
reader_size(const struct reader *r)
{
	return r->size;
}

double
reader_share(const struct reader *r)
{
	return r->size > 0 ? (double)gzoffset(r->gz) / (double)r->size : -1;
}

int64_t
reader_written_us(const struct reader *r)
{
	return r->written_us;
}

void
reader_end_digest(struct reader *r)
{
	r->digest_ended = true;
}

void
reader_add_digest(struct reader *r, const void *bytes, size_t size)
{
	EVP_DigestUpdate(r->digest, bytes, size);
}

void
reader_digest(struct reader *r, char digest[READER_DIGEST_SIZE])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0, i;

	EVP_DigestFinal_ex(r->digest, md, &n);
	for (i = 0; i < n && 2 * i + 2 < READER_DIGEST_SIZE; i++)
		snprintf(digest + 2 * (size_t)i, 3, "%02x", md[i]);
}
