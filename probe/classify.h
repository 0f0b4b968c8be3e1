/*
 * From what the libraries say to the closed list of failures.  Pure.
 */
#ifndef NATDIFF_PROBE_CLASSIFY_H
#define NATDIFF_PROBE_CLASSIFY_H

#include <stdbool.h>

#include "natdiff/failure.h"

struct symptom {
	enum phase phase; /* in which it happened */
	bool timed_out;   /* our own phase timer ran out */
	int curl_code;    /* CURLE_* */
	int os_errno;
	long verify;    /* X509_V_*, -1: it did not come to it */
	int alert;      /* TLS alert received, -1: none */
	bool eof;       /* the far end closed in an orderly way */
	bool too_large; /* headers past our bound */
};

/*
 * The failure of a symptom, FAILURE_UNKNOWN where no row of the table fits.
 * *phase is corrected where the symptom belongs to another phase: a name that
 * does not match the certificate is found after the handshake, but is of it;
 * so is the alert with which a TLS 1.3 server refuses us after our Finished.
 */
enum failure classify(const struct symptom *s, enum phase *phase);

/* The failure of an errno of a TCP socket, in connect or while it is made. */
enum failure classify_errno(int os_errno);

#endif
