/*
 * Checking a bundle that somebody sent.  The archive is read as a stream:
 * nothing is ever written, and what it may cost is bounded.  Only tar, by
 * itself or within gzip, is read at all.
 */
#ifndef NATDIFF_BUNDLE_VERIFY_H
#define NATDIFF_BUNDLE_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "report/bundle/signing.h"

/* No bundle unpacks to more, in all; and not to so many times its size. */
#define VERIFY_BYTES_MAX (INT64_C(16) << 30)
#define VERIFY_RATIO_MAX 200
/* Below this a large ratio harms nobody. */
#define VERIFY_RATIO_FROM (INT64_C(16) << 20)

/* So many problems are kept; the others are counted. */
#define VERIFY_PROBLEMS_MAX 100

struct verification {
	char **problem;    /* "NAME: what", as they came from outside; owned */
	size_t n_problems; /* 0: all is well; may be more than are kept */
	size_t n_files;
	int64_t bytes;   /* unpacked */
	bool has_signer; /* fingerprint is that of the key that signed */
	char fingerprint[FINGERPRINT_SIZE];
};

/*
 * Check; key: the one that must have signed it, or NULL.  -1 and e where the
 * file cannot be opened.  v is to be cleared in any case.
 */
int verify_file(struct verification *v, const char *file,
    const struct signing_key *key, struct err *e);
void verify_memory(struct verification *v, const void *bytes, size_t size,
    const struct signing_key *key);
void verification_clear(struct verification *v);

#endif
