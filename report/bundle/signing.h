/*
 * Ed25519 signatures, as `openssl pkeyutl -rawin` makes and checks them.  The
 * only file of the report that knows OpenSSL's keys.
 */
#ifndef NATDIFF_BUNDLE_SIGNING_H
#define NATDIFF_BUNDLE_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/err.h"

#define SIGNATURE_SIZE   64
#define FINGERPRINT_SIZE 80   /* "SHA256:", 64 hex digits, NUL */
#define PUBLIC_KEY_MAX   4096 /* bytes of a PEM file */

struct signing_key;

/* A private key from a PEM file without a passphrase. */
struct signing_key *signing_read_private(const char *file, struct err *e);

/* A public one, from a file or from memory, whose name is for messages. */
struct signing_key *signing_read_public(const char *file, struct err *e);
struct signing_key *signing_parse_public(
    const char *name, const void *pem, size_t size, struct err *e);

void signing_free(struct signing_key *k);

/* The public key as PEM, in new memory. */
char *signing_public_pem(const struct signing_key *k);

/*
 * SHA-256 of the public key in DER (SubjectPublicKeyInfo), in hexadecimal:
 * openssl pkey -pubin -in signer.pub -outform DER | sha256sum
 */
void signing_fingerprint(
    const struct signing_key *k, char out[FINGERPRINT_SIZE]);

bool signing_equal(const struct signing_key *a, const struct signing_key *b);

void signing_sign(const struct signing_key *k, const void *bytes, size_t size,
    uint8_t signature[SIGNATURE_SIZE]);

bool signing_check(const struct signing_key *k, const void *bytes, size_t size,
    const void *signature, size_t signature_size);

#endif
