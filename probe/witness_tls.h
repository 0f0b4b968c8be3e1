/*
 * The TLS side of a witness: its certificate, given or made, and the context
 * of its connections.
 */
#ifndef NATDIFF_PROBE_WITNESS_TLS_H
#define NATDIFF_PROBE_WITNESS_TLS_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#include "natdiff/err.h"

/* A context that keeps little memory for a connection that is idle. */
SSL_CTX *witness_tls_new(struct err *e);

/* Use what the files hold; -1 and e where they do not fit each other. */
int witness_tls_load(
    SSL_CTX *ctx, const char *certificate, const char *key, struct err *e);

/*
 * Make an ECDSA key (mode 0600) and a self-signed certificate for the names,
 * host names and IP addresses, where the files are missing; what is there
 * stays.  -1 and e on failure.
 */
int witness_tls_make(const char *certificate, const char *key,
    char *const *names, size_t n_names, struct err *e);

/* Whether the certificate in use is one for the host name or IP address. */
bool witness_tls_has_name(SSL_CTX *ctx, const char *name);

#endif
