/*
 * CA stores and the callbacks that watch a handshake.
 */
#include "config.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/tlsfacts.h"

/*
 * Of a record that is sent: a ClientHello and a request fit.  OpenSSL makes
 * room for one when a ticket comes, and keeps it, 16 KiB for each attempt.
 */
#define SEND_BYTES 4096

/* What Debian and most others use; SSL_CERT_FILE goes before it. */
#define SYSTEM_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

struct castore {
	char *file;
	X509_STORE *store;
};

static struct castore *castores;
static size_t n_castores, castores_capacity;

/* Where a context keeps its struct tls_facts and "verify: no". */
static int facts_index = -1;
static int lenient_index = -1;

/* OpenSSL has no text for an errno, and none at all for some errors. */
static const char *
reason_text(unsigned long code)
{
	const char *text;

	if (ERR_SYSTEM_ERROR(code))
		return strerror(ERR_GET_REASON(code));
	text = ERR_reason_error_string(code);
	return text != NULL ? text : "cannot be read";
}

static X509_STORE *
castore_read(const char *file, struct err *e)
{
	X509_STORE *store = X509_STORE_new();

	ERR_clear_error();
	if (store != NULL && X509_STORE_load_file(store, file) == 1)
		return store;
	X509_STORE_free(store);
	err_set(e, "%s: %s, expected certificates in PEM form", file,
	    reason_text(ERR_peek_error()));
	ERR_clear_error();
	return NULL;
}

X509_STORE *
castore_get(const char *ca, struct err *e)
{
	struct castore *c;
	X509_STORE *store;
	size_t i;

	if (ca == NULL)
		ca = getenv("SSL_CERT_FILE");
	if (ca == NULL)
		ca = SYSTEM_CA_FILE;
	for (i = 0; i < n_castores; i++)
		if (strcmp(castores[i].file, ca) == 0)
			return castores[i].store;
	store = castore_read(ca, e);
	if (store == NULL)
		return NULL;
	castores =
	    x_grow(castores, n_castores, &castores_capacity, sizeof(*castores));
	c = &castores[n_castores++];
	c->file = x_strdup(ca);
	c->store = store;
	return store;
}

void
castore_free_all(void)
{
	size_t i;

	for (i = 0; i < n_castores; i++) {
		free(castores[i].file);
		X509_STORE_free(castores[i].store);
	}
	free(castores);
	castores = NULL;
	n_castores = castores_capacity = 0;
}

void
tls_facts_init(struct tls_facts *f)
{
	memset(f, 0, sizeof(*f));
	f->alert = -1;
	f->verify = -1;
}

void
tls_facts_clear(struct tls_facts *f)
{
	free(f->cert_issuer);
	tls_facts_init(f);
}

/* The leaf's digest and issuer, before anybody judges it. */
static void
note_certificate(struct tls_facts *f, X509 *leaf)
{
	unsigned int size = sizeof(f->cert_sha256);
	BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long n;

	f->has_cert =
	    X509_digest(leaf, EVP_sha256(), f->cert_sha256, &size) == 1;
	if (out == NULL)
		return;
	X509_NAME_print_ex(out, X509_get_issuer_name(leaf), 0,
	    XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	n = BIO_get_mem_data(out, &text);
	free(f->cert_issuer);
	f->cert_issuer = x_strndup(text, n > 0 ? (size_t)n : 0);
	BIO_free(out);
}

static int
on_certificate(X509_STORE_CTX *sctx, void *arg)
{
	struct tls_facts *f = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    sctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	int trusted;

	note_certificate(f, X509_STORE_CTX_get0_cert(sctx));
	trusted = X509_verify_cert(sctx);
	if (X509_STORE_CTX_get0_store(sctx) != f->store) {
		/* libcurl has put another one in its place: trust nothing. */
		trusted = 0;
		X509_STORE_CTX_set_error(
		    sctx, X509_V_ERR_APPLICATION_VERIFICATION);
	}
	f->verify = X509_STORE_CTX_get_error(sctx);
	/*
	 * A forged signature leaves errors of its own in OpenSSL's queue.
	 * libcurl tells the reason by the first of them, which must be the
	 * refusal.
	 */
	ERR_clear_error();
	if (trusted <= 0 &&
	    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), lenient_index) != NULL) {
		X509_STORE_CTX_set_error(sctx, X509_V_OK);
		return 1;
	}
	return trusted;
}

/*
 * A handshake stopped: because the far end closed the connection?  OpenSSL
 * says so in its error queue, or, through libcurl's BIO, by an empty one and
 * nothing to wait for.  A reset looks the same here; its errno tells.
 */
static bool
transport_ended(const SSL *ssl)
{
	unsigned long error = ERR_peek_error();

	if (error == 0)
		return !BIO_should_retry(SSL_get_rbio(ssl));
	return ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static void
on_info(const SSL *ssl, int where, int value)
{
	struct tls_facts *f =
	    SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), facts_index);

	/* A TLS 1.3 session ticket begins and ends a handshake of its own. */
	if ((where & SSL_CB_HANDSHAKE_DONE) && f->done_us == 0) {
		f->done_us = monotonic_now_us();
		f->version = SSL_get_version(ssl);
		snprintf(f->cipher, sizeof(f->cipher), "%s",
		    SSL_get_cipher_name(ssl));
	}
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT &&
	    (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
		f->alert = value & 0xff;
	if ((where & SSL_CB_CONNECT_EXIT) == SSL_CB_CONNECT_EXIT &&
	    value <= 0 && transport_ended(ssl))
		f->eof = true;
}

int
tls_facts_watch(
    SSL_CTX *ctx, X509_STORE *store, bool verify, struct tls_facts *f)
{
	static char lenient;

	if (facts_index < 0) {
		facts_index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
		lenient_index =
		    SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	}
	if (SSL_CTX_set_ex_data(ctx, facts_index, f) != 1 ||
	    SSL_CTX_set_ex_data(ctx, lenient_index, verify ? NULL : &lenient) !=
		1)
		return -1;
	f->store = store;
	SSL_CTX_set1_cert_store(ctx, store);
	SSL_CTX_set_cert_verify_callback(ctx, on_certificate, f);
	SSL_CTX_set_info_callback(ctx, on_info);
	SSL_CTX_set_max_send_fragment(ctx, SEND_BYTES);
	return 0;
}
