/*
 * Ed25519 by OpenSSL.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "natdiff/xalloc.h"
#include "report/bundle/signing.h"

struct signing_key {
	EVP_PKEY *pkey;
};

/* Nobody is asked for a passphrase: a program has no one to ask. */
static int
on_passphrase(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

/* Take pkey; NULL and e where it is no key of ours. */
static struct signing_key *
wrap(EVP_PKEY *pkey, const char *name, const char *expected, struct err *e)
{
	struct signing_key *k;

	if (pkey == NULL || !EVP_PKEY_is_a(pkey, "ED25519")) {
		err_set(e,
		    "%s: no Ed25519 key in PEM without a passphrase, expected "
		    "one of \"%s\"",
		    name, expected);
		EVP_PKEY_free(pkey);
		return NULL;
	}
	k = x_calloc(1, sizeof(*k));
	k->pkey = pkey;
	return k;
}

static struct signing_key *
read_key(const char *file, bool private, struct err *e)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *pkey;

	if (f == NULL) {
		err_sys(e, "%s: cannot open", file);
		return NULL;
	}
	pkey = private ? PEM_read_PrivateKey(f, NULL, on_passphrase, NULL)
		       : PEM_read_PUBKEY(f, NULL, on_passphrase, NULL);
	fclose(f);
	return wrap(pkey, file,
	    private ? "openssl genpkey -algorithm ed25519"
		    : "openssl pkey -pubout",
	    e);
}

struct signing_key *
signing_read_private(const char *file, struct err *e)
{
	return read_key(file, true, e);
}

struct signing_key *
signing_read_public(const char *file, struct err *e)
{
	return read_key(file, false, e);
}

struct signing_key *
signing_parse_public(
    const char *name, const void *pem, size_t size, struct err *e)
{
	EVP_PKEY *pkey = NULL;
	BIO *bio;

	bio = BIO_new_mem_buf(pem, (int)size);
	if (bio != NULL)
		pkey = PEM_read_bio_PUBKEY(bio, NULL, on_passphrase, NULL);
	BIO_free(bio);
	return wrap(pkey, name, "openssl pkey -pubout", e);
}

void
signing_free(struct signing_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

char *
signing_public_pem(const struct signing_key *k)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *bytes, *pem;
	long size;

	if (bio == NULL || PEM_write_bio_PUBKEY(bio, k->pkey) != 1)
		x_no_memory();
	size = BIO_get_mem_data(bio, &bytes);
	pem = x_strndup(bytes, (size_t)size);
	BIO_free(bio);
	return pem;
}

void
signing_fingerprint(const struct signing_key *k, char out[FINGERPRINT_SIZE])
{
	unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
	int size = i2d_PUBKEY(k->pkey, &der), i;
	char *p = out;

	if (size <= 0 ||
	    EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha256(), NULL) !=
		1)
		x_no_memory();
	OPENSSL_free(der);
	p = stpcpy(p, "SHA256:");
	for (i = 0; i < 32; i++, p += 2)
		snprintf(p, 3, "%02x", digest[i]);
}

bool
signing_equal(const struct signing_key *a, const struct signing_key *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}

void
signing_sign(const struct signing_key *k, const void *bytes, size_t size,
    uint8_t signature[SIGNATURE_SIZE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t length = SIGNATURE_SIZE;

	if (context == NULL ||
	    EVP_DigestSignInit(context, NULL, NULL, NULL, k->pkey) != 1 ||
	    EVP_DigestSign(context, signature, &length, bytes, size) != 1 ||
	    length != SIGNATURE_SIZE)
		abort(); /* a key that was read signs */
	EVP_MD_CTX_free(context);
}

bool
signing_check(const struct signing_key *k, const void *bytes, size_t size,
    const void *signature, size_t signature_size)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good;

	good = context != NULL &&
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, k->pkey) == 1 &&
	    EVP_DigestVerify(context, signature, signature_size, bytes, size) ==
		1;
	EVP_MD_CTX_free(context);
	return good;
}
