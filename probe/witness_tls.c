/*
 * Certificates with OpenSSL.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "natdiff/record.h"
#include "natdiff/text.h"
#include "probe/witness_tls.h"

/* Months of measuring, and nobody who looks after a certificate. */
#define VALID_SECONDS   (10L * 365 * 24 * 3600)
#define NAMES_BYTES_MAX 65536

/* What OpenSSL says, after the object it was about. */
static int
tls_error(struct err *e, const char *object)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(
	    e, "%s: %s", object, reason != NULL ? reason : "not usable");
}

SSL_CTX *
witness_tls_new(struct err *e)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx == NULL) {
		tls_error(e, "TLS");
		return NULL;
	}
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* Each attempt is a full handshake; nothing is kept for another. */
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	/*
	 * A FIN without a goodbye is an end like others.  Else OpenSSL would
	 * answer it with an alert, and the reset that comes back for that
	 * would look like the client's.
	 */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

int
witness_tls_load(
    SSL_CTX *ctx, const char *certificate, const char *key, struct err *e)
{
	if (access(certificate, R_OK) != 0)
		return err_sys(e, "%s: cannot open", certificate);
	if (access(key, R_OK) != 0)
		return err_sys(e, "%s: cannot open", key);
	if (SSL_CTX_use_certificate_chain_file(ctx, certificate) != 1) {
		ERR_clear_error();
		return err_set(
		    e, "%s: no certificate in it, expected PEM", certificate);
	}
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		ERR_clear_error();
		return err_set(
		    e, "%s: no private key in it, expected PEM", key);
	}
	if (SSL_CTX_check_private_key(ctx) != 1) {
		ERR_clear_error();
		return err_set(e, "%s: not the key of %s", key, certificate);
	}
	return 0;
}

/* A new file to write to; NULL and e. */
static FILE *
create(const char *file, mode_t mode, struct err *e)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0) {
		err_sys(e, "%s: cannot create", file);
		return NULL;
	}
	return fdopen(fd, "w");
}

/* Close; where not all was written, the file goes again. */
static int
finish(FILE *f, const char *file, bool written, struct err *e)
{
	bool closed = f != NULL && fclose(f) == 0;

	if (written && closed)
		return 0;
	err_sys(e, "%s: cannot write", file);
	unlink(file);
	return -1;
}

static int
make_key(const char *file, struct err *e)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *f;
	bool written;

	if (key == NULL)
		return tls_error(e, file);
	f = create(file, 0600, e);
	if (f == NULL) {
		EVP_PKEY_free(key);
		return -1;
	}
	written = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1;
	EVP_PKEY_free(key);
	return finish(f, file, written, e);
}

static EVP_PKEY *
read_key(const char *file, struct err *e)
{
	FILE *f = fopen(file, "re");
	EVP_PKEY *key;

	if (f == NULL) {
		err_sys(e, "%s: cannot open", file);
		return NULL;
	}
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (key == NULL)
		tls_error(e, file);
	return key;
}

static bool
is_ip(const char *name)
{
	struct endpoint_address a;

	return endpoint_address_parse(name, &a) == 0;
}

static int
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	int ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;

	X509_EXTENSION_free(ext);
	return ok ? 0 : -1;
}

static int
add_extensions(X509 *cert, char *const *names, size_t n_names)
{
	struct text san;
	int result;
	size_t i;

	text_init(&san, NAMES_BYTES_MAX);
	for (i = 0; i < n_names; i++)
		text_addf(&san, "%s%s:%s", i > 0 ? "," : "",
		    is_ip(names[i]) ? "IP" : "DNS", names[i]);
	result = san.capped ||
		add_extension(cert, NID_subject_alt_name, san.s) != 0 ||
		add_extension(
		    cert, NID_basic_constraints, "critical,CA:FALSE") != 0 ||
		add_extension(
		    cert, NID_key_usage, "critical,digitalSignature") != 0 ||
		add_extension(cert, NID_ext_key_usage, "serverAuth") != 0
	    ? -1
	    : 0;
	text_clear(&san);
	return result;
}

/* A self-signed certificate, NULL where a name cannot stand in one. */
static X509 *
make_certificate(EVP_PKEY *key, char *const *names, size_t n_names)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_NAME_new();
	uint64_t serial = 0;

	RAND_bytes((unsigned char *)&serial, sizeof(serial));
	if (cert != NULL && subject != NULL &&
	    X509_set_version(cert, X509_VERSION_3) == 1 &&
	    ASN1_INTEGER_set_uint64(
		X509_get_serialNumber(cert), serial >> 1 | 1) == 1 &&
	    /* The clocks of clients may be behind. */
	    X509_gmtime_adj(X509_getm_notBefore(cert), -24L * 3600) != NULL &&
	    X509_gmtime_adj(X509_getm_notAfter(cert), VALID_SECONDS) != NULL &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
		(const unsigned char *)"natdiff witness", -1, -1, 0) == 1 &&
	    X509_set_subject_name(cert, subject) == 1 &&
	    X509_set_issuer_name(cert, subject) == 1 &&
	    X509_set_pubkey(cert, key) == 1 &&
	    add_extensions(cert, names, n_names) == 0 &&
	    X509_sign(cert, key, EVP_sha256()) > 0) {
		X509_NAME_free(subject);
		return cert;
	}
	X509_NAME_free(subject);
	X509_free(cert);
	return NULL;
}

static int
write_certificate(const char *file, const char *key_file, char *const *names,
    size_t n_names, struct err *e)
{
	EVP_PKEY *key = read_key(key_file, e);
	X509 *cert = NULL;
	FILE *f;
	bool written;
	int result = -1;

	if (key == NULL)
		return -1;
	cert = make_certificate(key, names, n_names);
	if (cert == NULL) {
		tls_error(e, file);
		goto out;
	}
	f = create(file, 0644, e);
	if (f == NULL)
		goto out;
	written = PEM_write_X509(f, cert) == 1;
	result = finish(f, file, written, e);
out:
	X509_free(cert);
	EVP_PKEY_free(key);
	return result;
}

int
witness_tls_make(const char *certificate, const char *key, char *const *names,
    size_t n_names, struct err *e)
{
	bool has_key = access(key, F_OK) == 0;

	if (access(certificate, F_OK) == 0)
		return has_key
		    ? 0
		    : err_set(e,
			  "%s: its key %s is missing; remove it to have "
			  "a new one",
			  certificate, key);
	if (!has_key && make_key(key, e) != 0)
		return -1;
	return write_certificate(certificate, key, names, n_names, e);
}

bool
witness_tls_has_name(SSL_CTX *ctx, const char *name)
{
	X509 *cert = SSL_CTX_get0_certificate(ctx);

	if (is_ip(name))
		return X509_check_ip_asc(cert, name, 0) == 1;
	return X509_check_host(cert, name, 0, 0, NULL) == 1;
}
