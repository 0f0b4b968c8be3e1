/*
 * WebSocket opening handshake.
 */
#include "config.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "probe/wsupgrade.h"

/* RFC 6455 section 1.3. */
#define WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

void
ws_make_key(char key[WS_KEY_SIZE])
{
	unsigned char nonce[16];

	RAND_bytes(nonce, sizeof(nonce));
	EVP_EncodeBlock((unsigned char *)key, nonce, sizeof(nonce));
}

void
ws_accept_for(const char *key, char accept[WS_ACCEPT_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	char joined[WS_KEY_SIZE + sizeof(WS_GUID)];

	snprintf(joined, sizeof(joined), "%s" WS_GUID, key);
	EVP_Digest(joined, strlen(joined), digest, &size, EVP_sha1(), NULL);
	EVP_EncodeBlock((unsigned char *)accept, digest, (int)size);
}

void
ws_request(struct text *out, const char *resource, const char *host,
    const char *key, char *const *headers, size_t n_headers)
{
	size_t i;

	text_addf(out,
	    "GET %s HTTP/1.1\r\n"
	    "Host: %s\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: %s\r\n",
	    resource, host, key);
	for (i = 0; i < n_headers; i++)
		text_addf(out, "%s\r\n", headers[i]);
	text_add(out, "\r\n", 2);
}

void
ws_judge_init(struct ws_verdict *v, const char *accept)
{
	memset(v, 0, sizeof(*v));
	v->expected = accept;
}

void
ws_judge_header(struct ws_verdict *v, const struct http_header *h)
{
	if (http_header_is(h, "Upgrade")) {
		v->upgrade |= http_header_has_token(h, "websocket");
	} else if (http_header_is(h, "Connection")) {
		v->connection |= http_header_has_token(h, "upgrade");
	} else if (http_header_is(h, "Sec-WebSocket-Accept")) {
		v->accept_seen = true;
		v->accept |= h->value_size == strlen(v->expected) &&
		    memcmp(h->value, v->expected, h->value_size) == 0;
	} else if (http_header_is(h, "Sec-WebSocket-Extensions")) {
		/* We offered none, so the server must choose none. */
		v->extensions |= h->value_size > 0;
	}
}

enum failure
ws_judge(const struct ws_verdict *v, int status)
{
	if (status != 101)
		return FAILURE_NONE;
	if (!v->upgrade || !v->connection || v->extensions || !v->accept_seen)
		return FAILURE_WEBSOCKET_BAD_HANDSHAKE;
	if (!v->accept)
		return FAILURE_WEBSOCKET_BAD_ACCEPT;
	return FAILURE_NONE;
}
