/*
 * The head of an HTTP/1.1 request, as RFC 9112 writes it, and what of it a
 * witness needs: how to answer it, whose attempt it is, a WebSocket's key.
 * Pure; everything here comes from strangers.
 */
#ifndef NATDIFF_PROBE_HTTPREQUEST_H
#define NATDIFF_PROBE_HTTPREQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/record.h"
#include "probe/wsupgrade.h"

/*
 * A head is no larger than this: two headers of the largest size that our
 * own probe sends (CONF_HEADER_MAX).
 */
#define HTTP_REQUEST_BYTES_MAX (16 * 1024)

/* The request header in which the shared key of a witness is sent. */
#define WITNESS_KEY_HEADER "X-Natdiff-Key"

struct httprequest {
	/*
	 * How to answer: 200; 101, where ws_key is set; or 400, 405, 413,
	 * 426, 431, 505 for what a witness does not do.
	 */
	int status;
	size_t head_bytes; /* to the end of the empty line; 0: not found */
	bool is_head;      /* the method is HEAD: no body in the answer */
	bool keep_alive;
	bool has_attempt_id; /* traceparent, else X-Request-Id */
	uint8_t attempt_id[ATTEMPT_ID_SIZE];
	char ws_key[WS_KEY_SIZE];
	/*
	 * What was sent as the shared key, in WITNESS_KEY_HEADER or else as
	 * "?key=" of the target; within bytes, NULL where there is none.
	 */
	const char *shared_key;
	size_t shared_key_size;
};

/*
 * Parse the head in bytes: 1 and *r where it is known how to answer, which
 * garbage is at once; 0 if more bytes are needed.
 */
int httprequest_parse(const char *bytes, size_t size, struct httprequest *r);

#endif
