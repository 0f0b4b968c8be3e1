/*
 * tar (pax, restricted) by libarchive, gzip without a time of its own.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

#include "natdiff/xalloc.h"
#include "report/bundle/manifest.h"
#include "report/bundle/pack.h"
#include "report/bundle/verify.h"

#define BLOCK_SIZE 65536

/* Fixed, as another level would give other bytes. */
#define GZIP_LEVEL "6"

/* ------------------------------------------------------------- manifest */

static int
digest_file(const char *path, uint8_t digest[DIGEST_SIZE], struct err *e)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	FILE *in = fopen(path, "re");
	char block[BLOCK_SIZE];
	int result = 0;
	size_t n;

	if (context == NULL ||
	    EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1)
		x_no_memory();
	if (in == NULL) {
		EVP_MD_CTX_free(context);
		return err_sys(e, "%s: cannot read", path);
	}
	for (n = fread(block, 1, sizeof(block), in); n > 0;
	     n = fread(block, 1, sizeof(block), in))
		EVP_DigestUpdate(context, block, n);
	if (ferror(in))
		result = err_sys(e, "%s: cannot read", path);
	EVP_DigestFinal_ex(context, digest, NULL);
	EVP_MD_CTX_free(context);
	fclose(in);
	return result;
}

static int
add_bytes(struct folder *f, const char *name, const void *bytes, size_t size,
    struct err *e)
{
	FILE *out = folder_create(f, name, e);

	if (out == NULL)
		return -1;
	fwrite(bytes, 1, size, out);
	return folder_finish(f, out, e);
}

int
pack_manifest(struct folder *f, const struct signing_key *key, struct err *e)
{
	uint8_t digest[DIGEST_SIZE], signature[SIGNATURE_SIZE];
	struct text text;
	int result = 0;
	char *pem;
	size_t i;

	text_init(&text, MANIFEST_BYTES_MAX);
	folder_sort(f);
	for (i = 0; i < f->n && result == 0; i++) {
		result = digest_file(f->file[i].path, digest, e);
		manifest_line(&text, f->file[i].name, digest);
	}
	if (result == 0 && text.capped)
		result = err_set(e, "%s: too many files", f->path);
	if (result == 0)
		result = add_bytes(f, MANIFEST_NAME, text.s, text.size, e);
	if (result == 0 && key != NULL) {
		signing_sign(key, text.s, text.size, signature);
		pem = signing_public_pem(key);
		result = add_bytes(
		    f, SIGNATURE_NAME, signature, sizeof(signature), e);
		if (result == 0)
			result = add_bytes(f, SIGNER_NAME, pem, strlen(pem), e);
		free(pem);
	}
	text_clear(&text);
	folder_sort(f);
	return result;
}

/* -------------------------------------------------------------- archive */

static int
write_data(struct archive *a, FILE *in, const char *out, const char *path,
    struct err *e)
{
	char block[BLOCK_SIZE];
	size_t n;

	for (n = fread(block, 1, sizeof(block), in); n > 0;
	     n = fread(block, 1, sizeof(block), in))
		if (archive_write_data(a, block, n) != (la_ssize_t)n)
			return err_set(e, "%s: cannot write: %s", out,
			    archive_error_string(a));
	return ferror(in) ? err_sys(e, "%s: cannot read", path) : 0;
}

static int
write_file(struct archive *a, const struct folder_file *f, const char *out,
    const char *top, int64_t mtime_us, struct err *e)
{
	struct archive_entry *entry;
	FILE *in = fopen(f->path, "re");
	struct stat st;
	int result = -1;
	char *name;

	if (in == NULL || fstat(fileno(in), &st) != 0) {
		err_sys(e, "%s: cannot read", f->path);
		if (in != NULL)
			fclose(in);
		return -1;
	}
	entry = archive_entry_new();
	name = x_asprintf("%s/%s", top, f->name);
	archive_entry_set_pathname(entry, name);
	archive_entry_set_size(entry, st.st_size);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0644);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	archive_entry_set_mtime(entry, (time_t)(mtime_us / 1000000), 0);
	if (archive_write_header(a, entry) != ARCHIVE_OK)
		err_set(
		    e, "%s: cannot write: %s", out, archive_error_string(a));
	else
		result = write_data(a, in, out, f->path, e);
	archive_entry_free(entry);
	free(name);
	fclose(in);
	return result;
}

/* Write all to a descriptor. */
static int
write_archive(const struct folder *f, int fd, const char *out, const char *top,
    int64_t mtime_us, struct err *e)
{
	struct archive *a = archive_write_new();
	int result = 0;
	size_t i;

	if (a == NULL)
		x_no_memory();
	archive_write_add_filter_gzip(a);
	archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	archive_write_set_filter_option(
	    a, "gzip", "compression-level", GZIP_LEVEL);
	archive_write_set_format_pax_restricted(a);
	archive_write_set_bytes_in_last_block(a, 1);
	if (archive_write_open_fd(a, fd) != ARCHIVE_OK)
		result = err_set(
		    e, "%s: cannot write: %s", out, archive_error_string(a));
	for (i = 0; i < f->n && result == 0; i++)
		result = write_file(a, &f->file[i], out, top, mtime_us, e);
	if (result == 0 && archive_write_close(a) != ARCHIVE_OK)
		result = err_set(
		    e, "%s: cannot write: %s", out, archive_error_string(a));
	archive_write_free(a);
	return result;
}

/* What verify would say of it; -1 and e with the first problem. */
static int
read_back(const char *path, const char *out, const struct signing_key *key,
    struct err *e)
{
	struct verification v;
	int result = verify_file(&v, path, key, e);

	if (result == 0 && v.n_problems > 0)
		result =
		    err_set(e, "%s: would not verify: %s", out, v.problem[0]);
	verification_clear(&v);
	return result;
}

int
pack_archive(struct folder *f, const char *out, const char *top,
    int64_t mtime_us, const struct signing_key *key, struct err *e)
{
	/* Beside the archive already, and removed with the folder. */
	char *path = x_asprintf("%s/%zu", f->path, f->n);
	mode_t mask = umask(0);
	int fd, result;

	umask(mask);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		result = err_sys(e, "%s: cannot write", out);
		free(path);
		return result;
	}
	result = write_archive(f, fd, out, top, mtime_us, e);
	if (result == 0 && (fchmod(fd, 0666 & ~mask) != 0 || fsync(fd) != 0))
		result = err_sys(e, "%s: cannot write", out);
	close(fd);
	if (result == 0)
		result = read_back(path, out, key, e);
	if (result == 0 && rename(path, out) != 0)
		result = err_sys(e, "%s: cannot write", out);
	if (result != 0)
		unlink(path);
	free(path);
	return result;
}
