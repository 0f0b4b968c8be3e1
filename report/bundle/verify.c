/*
 * One pass over the archive, which keeps a digest a file and the three small
 * files that speak of the others; then these are compared.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

#include "natdiff/xalloc.h"
#include "report/bundle/manifest.h"
#include "report/bundle/verify.h"
#include "report/names.h"

#define BLOCK_SIZE 65536

/* What no bundle lacks. */
static const char *const required[] = { "SUMMARY.md", "attempts.db",
	"failures.csv", "report.json" };

struct reader {
	struct verification *v;
	struct archive *archive;
	EVP_MD_CTX *context;
	struct names files; /* within the folder */
	uint8_t (*digest)[DIGEST_SIZE];
	size_t digests_capacity;
	char *top; /* the one folder, with "/"; NULL: none yet */
	size_t entries;
	struct text manifest, signature, signer;
};

static void problem(struct verification *v, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
problem(struct verification *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_problems++ >= VERIFY_PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	v->problem[v->n_problems - 1] = x_vasprintf(fmt, ap);
	va_end(ap);
}

/* ------------------------------------------------------------- the names */

/* What an entry is that no bundle has; NULL: a file or a folder. */
static const char *
bad_kind(struct archive_entry *entry)
{
	if (archive_entry_hardlink(entry) != NULL)
		return "a hard link";
	/* Its holes would not be read, and so not be checked. */
	if (archive_entry_sparse_count(entry) > 0)
		return "a sparse file";
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
	case AE_IFDIR:
		return NULL;
	case AE_IFLNK:
		return "a symbolic link";
	case AE_IFCHR:
	case AE_IFBLK:
		return "a device";
	case AE_IFIFO:
		return "a pipe";
	default:
		return "not a file";
	}
}

/* Whether a name is below the one folder that all are in. */
static bool
is_in_top(struct reader *r, const char *name)
{
	const char *slash = strchr(name, '/');

	if (slash == NULL)
		return false;
	if (r->top == NULL)
		r->top = x_strndup(name, (size_t)(slash + 1 - name));
	return strncmp(name, r->top, strlen(r->top)) == 0;
}

/*
 * The name within the bundle, in new memory; NULL where the entry is no file
 * of it, which was said if it is wrong.
 */
static char *
name_of(struct reader *r, struct archive_entry *entry)
{
	const char *given = archive_entry_pathname(entry), *bad;
	bool folder = archive_entry_filetype(entry) == AE_IFDIR;
	size_t length;
	char *name, *file = NULL;

	if (given == NULL) {
		problem(
		    r->v, "entry %zu: a name that cannot be read", r->entries);
		return NULL;
	}
	/* As "tar cz ./folder" writes them. */
	name = x_strdup(strncmp(given, "./", 2) == 0 ? given + 2 : given);
	length = strlen(name);
	if (folder && length > 0 && name[length - 1] == '/')
		name[length - 1] = '\0';
	bad = manifest_bad_name(name);
	if (bad == NULL)
		bad = bad_kind(entry);
	if (bad != NULL)
		problem(r->v, "%s: %s", given, bad);
	else if (folder)
		; /* made of what is in it */
	else if (!is_in_top(r, name))
		problem(r->v, "%s: not in the bundle's one folder", given);
	else
		file = x_strdup(name + strlen(r->top));
	free(name);
	return file;
}

/* ------------------------------------------------------------- the files */

/* Where a file's bytes are kept; NULL: only their digest is. */
static struct text *
kept_of(struct reader *r, const char *name)
{
	if (strcmp(name, MANIFEST_NAME) == 0)
		return &r->manifest;
	if (strcmp(name, SIGNATURE_NAME) == 0)
		return &r->signature;
	if (strcmp(name, SIGNER_NAME) == 0)
		return &r->signer;
	return NULL;
}

/* Count bytes; false, and it was said, where it is a bomb. */
static bool
take_bytes(struct reader *r, const char *name, int64_t size)
{
	int64_t packed = archive_filter_bytes(r->archive, -1);

	r->v->bytes += size;
	if (r->v->bytes > VERIFY_BYTES_MAX) {
		problem(r->v,
		    "%s: the archive unpacks to more than %" PRId64
		    " GiB: not read further",
		    name, VERIFY_BYTES_MAX >> 30);
		return false;
	}
	if (r->v->bytes > VERIFY_RATIO_FROM &&
	    r->v->bytes / VERIFY_RATIO_MAX > packed) {
		problem(r->v,
		    "%s: the archive unpacks to more than %d times its size: "
		    "not read further",
		    name, VERIFY_RATIO_MAX);
		return false;
	}
	return true;
}

/* Read the data of an entry to its end; false: go no further. */
static bool
read_data(struct reader *r, const char *name, struct text *kept,
    uint8_t digest[DIGEST_SIZE])
{
	static char block[BLOCK_SIZE];
	la_ssize_t size;
	bool fits = true;

	if (EVP_DigestInit_ex(r->context, EVP_sha256(), NULL) != 1)
		x_no_memory();
	for (;;) {
		size = archive_read_data(r->archive, block, sizeof(block));
		if (size == ARCHIVE_RETRY)
			continue;
		if (size < 0) {
			problem(r->v, "%s: damaged: %s", name,
			    archive_error_string(r->archive));
			return false;
		}
		if (size == 0)
			break;
		if (!take_bytes(r, name, size))
			return false;
		EVP_DigestUpdate(r->context, block, (size_t)size);
		if (kept != NULL && fits)
			fits = text_add(kept, block, (size_t)size) == 0;
	}
	if (!fits)
		problem(r->v, "%s: too large", name);
	EVP_DigestFinal_ex(r->context, digest, NULL);
	return true;
}

/* One entry; false: go no further. */
static bool
read_entry(struct reader *r, struct archive_entry *entry)
{
	size_t before = r->files.n;
	char *name = name_of(r, entry);
	uint8_t digest[DIGEST_SIZE] = { 0 };
	int64_t start = r->v->bytes;
	struct text *kept = NULL;
	bool again, go_on;

	if (name != NULL)
		names_add(&r->files, name);
	again = name != NULL && r->files.n == before;
	if (again)
		problem(r->v, "%s: twice in the archive", name);
	else if (name != NULL)
		kept = kept_of(r, name);
	/* What does not count is read as well, so that it is counted. */
	go_on = read_data(r, name != NULL ? name : "an entry", kept, digest);
	if (go_on && name != NULL &&
	    r->v->bytes - start != archive_entry_size(entry))
		problem(r->v, "%s: has not the size that it says", name);
	if (r->files.n > before) {
		r->digest = x_grow(r->digest, before, &r->digests_capacity,
		    sizeof(*r->digest));
		memcpy(r->digest[before], digest, DIGEST_SIZE);
	}
	free(name);
	return go_on;
}

/* All entries; false where it was not read to its end. */
static bool
read_all(struct reader *r)
{
	struct archive_entry *entry;
	int code;

	for (;;) {
		code = archive_read_next_header(r->archive, &entry);
		if (code == ARCHIVE_RETRY)
			continue;
		if (code == ARCHIVE_EOF)
			return true;
		if (code == ARCHIVE_FATAL || code == ARCHIVE_FAILED) {
			problem(r->v,
			    "the archive is damaged, or no tar.gz: %s",
			    archive_error_string(r->archive));
			return false;
		}
		if (r->entries++ == BUNDLE_FILES_MAX) {
			problem(r->v,
			    "the archive has more than %d entries: not read "
			    "further",
			    BUNDLE_FILES_MAX);
			return false;
		}
		if (!read_entry(r, entry))
			return false;
	}
}

/* ------------------------------------------------------------- comparing */

static void
compare_files(struct reader *r, const struct manifest *m)
{
	struct names listed = { 0 };
	const struct manifest_file *f;
	uint32_t at;
	size_t before, i;

	for (i = 0; i < m->n; i++) {
		f = &m->file[i];
		before = listed.n;
		names_add(&listed, f->name);
		at = names_find(&r->files, f->name);
		if (listed.n == before)
			problem(r->v, "%s: twice in the manifest", f->name);
		else if (at == UINT32_MAX)
			problem(r->v, "%s: missing, the manifest lists it",
			    f->name);
		else if (memcmp(r->digest[at], f->digest, DIGEST_SIZE) != 0)
			problem(r->v,
			    "%s: changed, the manifest has another digest",
			    f->name);
	}
	for (i = 0; i < r->files.n; i++)
		if (!manifest_is_special(r->files.text[i]) &&
		    names_find(&listed, r->files.text[i]) == UINT32_MAX)
			problem(r->v,
			    "%s: extra, the manifest does not list it",
			    r->files.text[i]);
	for (i = 0; i < sizeof(required) / sizeof(required[0]); i++)
		if (names_find(&r->files, required[i]) == UINT32_MAX &&
		    names_find(&listed, required[i]) == UINT32_MAX)
			problem(r->v, "%s: missing, every bundle has it",
			    required[i]);
	names_clear(&listed);
}

static bool
has_file(const struct reader *r, const char *name)
{
	return names_find(&r->files, name) != UINT32_MAX;
}

static void
check_signature(struct reader *r, const struct signing_key *key)
{
	struct verification *v = r->v;
	struct signing_key *signer = NULL;
	struct err e;

	if (!has_file(r, SIGNATURE_NAME)) {
		if (key != NULL)
			problem(v,
			    SIGNATURE_NAME ": missing, so the key that "
					   "was given proves nothing");
		if (has_file(r, SIGNER_NAME))
			problem(v, SIGNER_NAME ": there, but no signature");
		return;
	}
	if (has_file(r, SIGNER_NAME)) {
		signer = signing_parse_public(
		    SIGNER_NAME, r->signer.s, r->signer.size, &e);
		if (signer == NULL)
			problem(v, "%s", e.msg);
	} else if (key == NULL) {
		problem(v, SIGNER_NAME ": missing, and no key was given");
	}
	if (key != NULL && signer != NULL && !signing_equal(key, signer))
		problem(v, SIGNER_NAME ": not the key that was given");
	if (key == NULL)
		key = signer;
	if (key != NULL) {
		v->has_signer = signing_check(key, r->manifest.s,
		    r->manifest.size, r->signature.s, r->signature.size);
		if (!v->has_signer)
			problem(v,
			    SIGNATURE_NAME ": not the signature of this "
					   "manifest by this key");
		signing_fingerprint(key, v->fingerprint);
	}
	signing_free(signer);
}

static void
check(struct reader *r, const struct signing_key *key)
{
	struct manifest m = { 0 };
	struct err e;

	if (!has_file(r, MANIFEST_NAME)) {
		problem(r->v, MANIFEST_NAME ": missing");
		return;
	}
	if (manifest_parse(&m, r->manifest.s, r->manifest.size, &e) != 0)
		problem(r->v, "%s", e.msg);
	else
		compare_files(r, &m);
	manifest_clear(&m);
	check_signature(r, key);
}

/* ------------------------------------------------------------------- all */

static void
verify_start(struct reader *r, struct verification *v)
{
	memset(v, 0, sizeof(*v));
	memset(r, 0, sizeof(*r));
	v->problem = x_calloc(VERIFY_PROBLEMS_MAX, sizeof(*v->problem));
	r->v = v;
	text_init(&r->manifest, MANIFEST_BYTES_MAX);
	text_init(&r->signature, SIGNATURE_SIZE);
	text_init(&r->signer, PUBLIC_KEY_MAX);
	/* Never NULL, also where the files are empty. */
	text_add(&r->manifest, "", 0);
	text_add(&r->signature, "", 0);
	text_add(&r->signer, "", 0);
	r->context = EVP_MD_CTX_new();
	r->archive = archive_read_new();
	if (r->context == NULL || r->archive == NULL)
		x_no_memory();
	archive_read_support_filter_gzip(r->archive);
	archive_read_support_format_tar(r->archive);
}

static void
verify_end(struct reader *r, const struct signing_key *key)
{
	if (read_all(r))
		check(r, key);
	r->v->n_files = r->files.n;
	archive_read_free(r->archive);
	EVP_MD_CTX_free(r->context);
	names_clear(&r->files);
	text_clear(&r->manifest);
	text_clear(&r->signature);
	text_clear(&r->signer);
	free(r->digest);
	free(r->top);
}

int
verify_file(struct verification *v, const char *file,
    const struct signing_key *key, struct err *e)
{
	struct reader r;
	FILE *f = fopen(file, "re");
	struct stat sb;

	memset(v, 0, sizeof(*v));
	if (f == NULL)
		return err_sys(e, "%s: cannot open", file);
	if (fstat(fileno(f), &sb) == 0 && S_ISDIR(sb.st_mode)) {
		fclose(f);
		return err_set(
		    e, "%s: is a directory, expected a FILE.tar.gz", file);
	}
	verify_start(&r, v);
	/* What cannot be opened fails in the first header, too. */
	archive_read_open_FILE(r.archive, f);
	verify_end(&r, key);
	fclose(f);
	return 0;
}

void
verify_memory(struct verification *v, const void *bytes, size_t size,
    const struct signing_key *key)
{
	struct reader r;

	verify_start(&r, v);
	archive_read_open_memory(r.archive, bytes, size);
	verify_end(&r, key);
}

void
verification_clear(struct verification *v)
{
	size_t i;

	for (i = 0; i < v->n_problems && i < VERIFY_PROBLEMS_MAX; i++)
		free(v->problem[i]);
	free(v->problem);
	memset(v, 0, sizeof(*v));
}
