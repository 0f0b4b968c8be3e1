#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "probe/tlsfacts.h"

static char dir[] = "/tmp/natdiff-tlsfacts-XXXXXX";
static char ca_file[64], key_file[64];
static EVP_PKEY *key;
static X509 *cert;

static void
write_files(void)
{
	FILE *f;

	f = fopen(ca_file, "w");
	cr_assert_not_null(f);
	cr_assert_eq(PEM_write_X509(f, cert), 1);
	fclose(f);
	f = fopen(key_file, "w");
	cr_assert_not_null(f);
	cr_assert_eq(
	    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

/* A self-signed certificate for "CN = natdiff test", and its key. */
static void
setup(void)
{
	X509_NAME *name;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(ca_file, sizeof(ca_file), "%s/ca.pem", dir);
	snprintf(key_file, sizeof(key_file), "%s/key.pem", dir);
	key = EVP_EC_gen("P-256");
	cert = X509_new();
	cr_assert(key != NULL && cert != NULL);
	name = X509_get_subject_name(cert);
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"natdiff test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	cr_assert_gt(X509_sign(cert, key, EVP_sha256()), 0);
	write_files();
}

static void
teardown(void)
{
	char *command = x_asprintf("rm -rf '%s'", dir);

	cr_expect_eq(system(command), 0);
	free(command);
	castore_free_all();
	X509_free(cert);
	EVP_PKEY_free(key);
}

TestSuite(tlsfacts, .init = setup, .fini = teardown);

/* ---------------------------------------------------------------- CA stores */

static int
count_certificates(X509_STORE *store)
{
	STACK_OF(X509) *all = X509_STORE_get1_all_certs(store);
	int n = sk_X509_num(all);

	sk_X509_pop_free(all, X509_free);
	return n;
}

Test(tlsfacts, reads_a_file_once_and_shares_it)
{
	struct err e = { 0 };
	X509_STORE *store = castore_get(ca_file, &e);

	cr_assert_not_null(store, "%s", e.msg);
	cr_expect_eq(count_certificates(store), 1);
	/* Not even looked at again. */
	unlink(ca_file);
	cr_expect_eq(castore_get(ca_file, &e), store);
	cr_expect_str_eq(e.msg, "");
}

Test(tlsfacts, reads_each_file_for_itself)
{
	struct err e = { 0 };
	X509_STORE *store = castore_get(ca_file, &e);
	char other[160];

	snprintf(other, sizeof(other), "%s/../%s", dir, ca_file + 5);
	cr_assert_not_null(store, "%s", e.msg);
	cr_assert_not_null(castore_get(other, &e), "%s", e.msg);
	cr_expect_neq(castore_get(other, &e), store);
	cr_expect_eq(castore_get(ca_file, &e), store);
}

Test(tlsfacts, reads_the_file_that_the_environment_names)
{
	struct err e = { 0 };
	X509_STORE *store;

	setenv("SSL_CERT_FILE", ca_file, 1);
	store = castore_get(NULL, &e);
	cr_assert_not_null(store, "%s", e.msg);
	cr_expect_eq(count_certificates(store), 1);
	cr_expect_eq(castore_get(ca_file, &e), store);
}

Test(tlsfacts, reads_the_bundle_of_the_system)
{
	static const char bundle[] = "/etc/ssl/certs/ca-certificates.crt";
	struct err e = { 0 };
	X509_STORE *store;

	if (access(bundle, R_OK) != 0)
		cr_skip_test("%s is not there", bundle);
	unsetenv("SSL_CERT_FILE");
	store = castore_get(NULL, &e);
	cr_assert_not_null(store, "%s", e.msg);
	cr_expect_gt(count_certificates(store), 1);
	cr_expect_eq(castore_get(NULL, &e), store);
}

/* One line that begins with the file and ends with what was expected. */
static void
expect_refused(const char *file, const char *why)
{
	struct err e = { 0 };
	char line[512];

	snprintf(line, sizeof(line),
	    "%s: %s, expected certificates in PEM form", file, why);
	cr_expect_null(castore_get(file, &e), "%s", file);
	cr_expect_str_eq(e.msg, line, "%s", e.msg);
	/* It is no better the second time. */
	cr_expect_null(castore_get(file, &e), "%s", file);
}

Test(tlsfacts, says_which_file_is_missing)
{
	unlink(ca_file);
	expect_refused(ca_file, strerror(ENOENT));
}

Test(tlsfacts, says_which_file_is_not_for_us)
{
	char file[160];

	/* A path through a file is closed even to root. */
	snprintf(file, sizeof(file), "%s/ca.pem", ca_file);
	expect_refused(file, strerror(ENOTDIR));
}

Test(tlsfacts, says_that_a_file_holds_no_certificate)
{
	FILE *f;

	expect_refused(key_file, "no certificate or crl found");
	f = fopen(ca_file, "w");
	fclose(f);
	expect_refused(ca_file, "no certificate or crl found");
	f = fopen(ca_file, "w");
	fputs("not a certificate\n", f);
	fclose(f);
	expect_refused(ca_file, "no certificate or crl found");
}

Test(tlsfacts, says_that_a_directory_holds_no_certificate)
{
	expect_refused(dir, "no certificate or crl found");
}

Test(tlsfacts, says_that_a_certificate_is_broken)
{
	struct err e = { 0 };
	FILE *f = fopen(ca_file, "w");

	fputs("-----BEGIN CERTIFICATE-----\nAAAA\n"
	      "-----END CERTIFICATE-----\n",
	    f);
	fclose(f);
	cr_expect_null(castore_get(ca_file, &e));
	cr_expect_eq(strncmp(e.msg, ca_file, strlen(ca_file)), 0, "%s", e.msg);
	cr_expect_null(strchr(e.msg, '\n'), "%s", e.msg);
	cr_expect_null(strstr(e.msg, "(null)"), "%s", e.msg);
}

/* --------------------------------------------------------------- handshakes */

/* Both ends of a handshake in one process, over a pair of memory BIOs. */
struct handshake {
	SSL_CTX *client_ctx, *server_ctx;
	SSL *client, *server;
	struct tls_facts facts;
};

static void
handshake_begin(struct handshake *h, X509_STORE *store, bool verify)
{
	BIO *here, *there;

	tls_facts_init(&h->facts);
	h->client_ctx = SSL_CTX_new(TLS_client_method());
	h->server_ctx = SSL_CTX_new(TLS_server_method());
	cr_assert_eq(SSL_CTX_use_certificate(h->server_ctx, cert), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey(h->server_ctx, key), 1);
	SSL_CTX_set_verify(h->client_ctx, SSL_VERIFY_PEER, NULL);
	cr_assert_eq(
	    tls_facts_watch(h->client_ctx, store, verify, &h->facts), 0);
	h->client = SSL_new(h->client_ctx);
	h->server = SSL_new(h->server_ctx);
	cr_assert_eq(BIO_new_bio_pair(&here, 0, &there, 0), 1);
	SSL_set_bio(h->client, here, here);
	SSL_set_bio(h->server, there, there);
	SSL_set_connect_state(h->client);
	SSL_set_accept_state(h->server);
}

/* Turn by turn until the client is done or has failed; its result. */
static int
handshake_run(struct handshake *h)
{
	char byte;
	int i, result = 0, why;

	for (i = 0; i < 20; i++) {
		result = SSL_do_handshake(h->client);
		why = SSL_get_error(h->client, result);
		if (result != 1 && why != SSL_ERROR_WANT_READ)
			return result;
		SSL_do_handshake(h->server);
		if (result == 1 && SSL_is_init_finished(h->server))
			break;
	}
	/* TLS 1.3: a refusal and tickets come after our Finished. */
	SSL_read(h->client, &byte, 1);
	return result;
}

static void
handshake_end(struct handshake *h)
{
	tls_facts_clear(&h->facts);
	SSL_free(h->client);
	SSL_free(h->server);
	SSL_CTX_free(h->client_ctx);
	SSL_CTX_free(h->server_ctx);
}

static X509_STORE *
trusting_store(void)
{
	struct err e = { 0 };
	X509_STORE *store = castore_get(ca_file, &e);

	cr_assert_not_null(store, "%s", e.msg);
	return store;
}

Test(tlsfacts, notes_what_a_handshake_showed)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	struct handshake h;

	handshake_begin(&h, trusting_store(), true);
	cr_assert_eq(handshake_run(&h), 1);
	X509_digest(cert, EVP_sha256(), digest, &size);
	cr_expect_gt(h.facts.done_us, 0);
	cr_expect_eq(h.facts.verify, X509_V_OK, "%ld", h.facts.verify);
	cr_expect_eq(h.facts.alert, -1);
	cr_expect_not(h.facts.eof);
	cr_assert(h.facts.has_cert);
	cr_expect_eq(size, SHA256_SIZE);
	cr_expect_arr_eq(h.facts.cert_sha256, digest, SHA256_SIZE);
	cr_expect_str_eq(h.facts.cert_issuer, "CN = natdiff test");
	cr_expect_str_eq(h.facts.version, "TLSv1.3");
	cr_expect_str_eq(h.facts.cipher, SSL_get_cipher_name(h.client));
	handshake_end(&h);
}

Test(tlsfacts, refuses_a_certificate_that_nobody_vouches_for)
{
	X509_STORE *empty = X509_STORE_new();
	struct handshake h;

	handshake_begin(&h, empty, true);
	cr_expect_neq(handshake_run(&h), 1);
	cr_expect_eq(h.facts.verify, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	cr_expect_eq(h.facts.done_us, 0);
	/* What it was is known all the same. */
	cr_expect(h.facts.has_cert);
	cr_expect_str_eq(h.facts.cert_issuer, "CN = natdiff test");
	handshake_end(&h);
	X509_STORE_free(empty);
}

Test(tlsfacts, without_verification_records_what_it_would_refuse)
{
	X509_STORE *empty = X509_STORE_new();
	struct handshake h;

	handshake_begin(&h, empty, false);
	cr_expect_eq(handshake_run(&h), 1);
	cr_expect_eq(h.facts.verify, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	cr_expect_gt(h.facts.done_us, 0);
	cr_expect_eq(SSL_get_verify_result(h.client), X509_V_OK);
	handshake_end(&h);
	X509_STORE_free(empty);
}

Test(tlsfacts, notes_an_alert_within_the_handshake)
{
	struct handshake h;

	handshake_begin(&h, trusting_store(), true);
	SSL_set_max_proto_version(h.client, TLS1_2_VERSION);
	SSL_set_min_proto_version(h.server, TLS1_3_VERSION);
	cr_expect_neq(handshake_run(&h), 1);
	cr_expect_eq(
	    h.facts.alert, SSL_AD_PROTOCOL_VERSION, "%d", h.facts.alert);
	cr_expect_eq(h.facts.done_us, 0);
	cr_expect_eq(h.facts.verify, -1);
	cr_expect_not(h.facts.has_cert);
	handshake_end(&h);
}

Test(tlsfacts, notes_an_alert_after_our_finished)
{
	struct handshake h;

	handshake_begin(&h, trusting_store(), true);
	SSL_set_verify(
	    h.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	/* Our side is up before the server says no. */
	cr_expect_eq(handshake_run(&h), 1);
	cr_expect_gt(h.facts.done_us, 0);
	cr_expect_eq(
	    h.facts.alert, SSL_AD_CERTIFICATE_REQUIRED, "%d", h.facts.alert);
	handshake_end(&h);
}

Test(tlsfacts, an_orderly_end_of_tls_is_no_alert)
{
	struct handshake h;
	char byte;

	handshake_begin(&h, trusting_store(), true);
	cr_assert_eq(handshake_run(&h), 1);
	SSL_shutdown(h.server);
	SSL_read(h.client, &byte, 1);
	cr_expect_eq(SSL_get_shutdown(h.client) & SSL_RECEIVED_SHUTDOWN,
	    SSL_RECEIVED_SHUTDOWN);
	cr_expect_eq(h.facts.alert, -1);
	handshake_end(&h);
}

Test(tlsfacts, notes_that_the_far_end_hung_up)
{
	struct handshake h;

	handshake_begin(&h, trusting_store(), true);
	cr_assert_neq(SSL_do_handshake(h.client), 1);
	cr_expect_not(h.facts.eof);
	BIO_shutdown_wr(SSL_get_wbio(h.server));
	cr_expect_neq(SSL_do_handshake(h.client), 1);
	cr_expect(h.facts.eof);
	cr_expect_eq(h.facts.alert, -1);
	cr_expect_eq(h.facts.done_us, 0);
	handshake_end(&h);
}

Test(tlsfacts, cleared_facts_are_as_at_the_start)
{
	struct tls_facts f;
	struct handshake h;

	handshake_begin(&h, trusting_store(), true);
	cr_assert_eq(handshake_run(&h), 1);
	tls_facts_clear(&h.facts);
	tls_facts_init(&f);
	cr_expect_eq(h.facts.done_us, 0);
	cr_expect_eq(h.facts.alert, f.alert);
	cr_expect_eq(h.facts.verify, f.verify);
	cr_expect_null(h.facts.cert_issuer);
	cr_expect_not(h.facts.has_cert);
	handshake_end(&h);
}
