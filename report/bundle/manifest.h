/*
 * The names in a bundle, and its list of files with their digests, in the
 * form of sha256sum(1).  Pure.
 */
#ifndef NATDIFF_BUNDLE_MANIFEST_H
#define NATDIFF_BUNDLE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/text.h"

#define MANIFEST_NAME  "MANIFEST.sha256"
#define SIGNATURE_NAME "MANIFEST.sig"
#define SIGNER_NAME    "signer.pub"

#define DIGEST_SIZE    32 /* of SHA-256 */

/* No bundle is larger. */
#define BUNDLE_FILES_MAX   10000
#define BUNDLE_NAME_MAX    200
#define MANIFEST_BYTES_MAX (BUNDLE_FILES_MAX * (BUNDLE_NAME_MAX + 68))

/*
 * NULL where name may be a file's in a bundle, else what is wrong with it:
 * letters, digits and . _ + - only, folders with "/" between, none of them
 * empty or hidden.
 */
const char *manifest_bad_name(const char *name);

/* Whether it is one of the three that the manifest does not list. */
bool manifest_is_special(const char *name);

/* A file that a manifest lists; name is owned by the list. */
struct manifest_file {
	char *name;
	uint8_t digest[DIGEST_SIZE];
};

struct manifest {
	struct manifest_file *file; /* in its own order */
	size_t n, capacity;
};

/*
 * Read one, strictly; -1 and e, "MANIFEST.sha256:LINE: what, expected what".
 * m is to be cleared in any case.
 */
int manifest_parse(
    struct manifest *m, const char *text, size_t size, struct err *e);
void manifest_clear(struct manifest *m);

/* Add a line to a manifest's text. */
void manifest_line(
    struct text *text, const char *name, const uint8_t digest[DIGEST_SIZE]);

#endif
