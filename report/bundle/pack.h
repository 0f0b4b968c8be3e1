/*
 * The files of a folder as a tar.gz that has the same bytes whenever and by
 * whomever it is made.
 */
#ifndef NATDIFF_BUNDLE_PACK_H
#define NATDIFF_BUNDLE_PACK_H

#include <stdint.h>

#include "natdiff/err.h"
#include "report/bundle/folder.h"
#include "report/bundle/signing.h"

/* Add the manifest of all files that are there; key: NULL, or who signs it. */
int pack_manifest(
    struct folder *f, const struct signing_key *key, struct err *e);

/*
 * Write them to out, which is there then as a whole or not at all: each below
 * top, in the order of their names, with mtime_us as their time.  What was
 * written is read back and verified before it gets its name.
 */
int pack_archive(struct folder *f, const char *out, const char *top,
    int64_t mtime_us, const struct signing_key *key, struct err *e);

#endif
