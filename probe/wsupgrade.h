/*
 * The opening handshake of a WebSocket, RFC 6455 section 4, as a client.
 * Pure but for the random key.
 */
#ifndef NATDIFF_PROBE_WSUPGRADE_H
#define NATDIFF_PROBE_WSUPGRADE_H

#include <stddef.h>

#include "natdiff/failure.h"
#include "natdiff/text.h"
#include "probe/httpreply.h"

#define WS_KEY_SIZE    25 /* 24 characters and NUL */
#define WS_ACCEPT_SIZE 29

/* A fresh Sec-WebSocket-Key. */
void ws_make_key(char key[WS_KEY_SIZE]);

/* The Sec-WebSocket-Accept that answers a key, RFC 6455 section 4.2.2. */
void ws_accept_for(const char *key, char accept[WS_ACCEPT_SIZE]);

/* Append the upgrade request; headers are whole lines without CR LF. */
void ws_request(struct text *out, const char *resource, const char *host,
    const char *key, char *const *headers, size_t n_headers);

/* What a complete head says of the upgrade. */
struct ws_verdict {
	bool upgrade, connection, accept, extensions;
	bool accept_seen;
	const char *expected; /* accept */
};

/* Begin to judge; ws_judge_header() takes each header of the head. */
void ws_judge_init(struct ws_verdict *v, const char *accept);
void ws_judge_header(struct ws_verdict *v, const struct http_header *h);

/*
 * FAILURE_NONE for a good 101, and for every other status, which is an answer
 * of the far end; else which rule of RFC 6455 section 4.1 it breaks.
 */
enum failure ws_judge(const struct ws_verdict *v, int status);

#endif
