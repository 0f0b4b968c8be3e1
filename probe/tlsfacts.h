/*
 * TLS as the probe sees it: the certificate authorities, read once a
 * process, and what a handshake showed.
 */
#ifndef NATDIFF_PROBE_TLSFACTS_H
#define NATDIFF_PROBE_TLSFACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

/*
 * The certificate authorities of a PEM file, the system's where ca is NULL:
 * read at the first asking, then shared.  NULL and e where the file is
 * unreadable or holds no certificate.  Owned here until castore_free_all().
 */
X509_STORE *castore_get(const char *ca, struct err *e);
void castore_free_all(void);

/* What one handshake showed; filled by the callbacks set below. */
struct tls_facts {
	X509_STORE *store; /* that the far end is judged by; not owned */
	int64_t done_us;   /* monotonic: handshake finished; 0: not */
	int alert;         /* received, -1: none */
	bool eof;          /* the far end closed within the handshake */
	long verify;       /* X509_V_*; -1: it did not come to it */
	bool has_cert;
	uint8_t cert_sha256[SHA256_SIZE];
	char *cert_issuer;   /* owned: one line, "CN = ..., O = ..." */
	const char *version; /* OpenSSL's own string */
	char cipher[64];
};

void tls_facts_init(struct tls_facts *f);
void tls_facts_clear(struct tls_facts *f);

/*
 * Have ctx trust store and tell f what happens on its connections.  With
 * verify false an untrusted certificate is recorded, not refused.  f outlives
 * ctx.  -1 where OpenSSL has no memory.
 */
int tls_facts_watch(
    SSL_CTX *ctx, X509_STORE *store, bool verify, struct tls_facts *f);

#endif
