#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "probe/wsupgrade.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The example of RFC 6455 section 1.3. */
#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

Test(wsupgrade, answers_the_key_of_the_rfc)
{
	char accept[WS_ACCEPT_SIZE];

	ws_accept_for(KEY, accept);
	cr_expect_str_eq(accept, ACCEPT);
}

Test(wsupgrade, every_key_is_fresh)
{
	static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char keys[100][WS_KEY_SIZE];
	size_t i, j;

	for (i = 0; i < COUNT(keys); i++) {
		ws_make_key(keys[i]);
		/* 16 bytes in base64. */
		cr_assert_eq(strlen(keys[i]), 24, "%s", keys[i]);
		cr_expect_eq(strspn(keys[i], base64), 22, "%s", keys[i]);
		cr_expect_str_eq(keys[i] + 22, "==");
		for (j = 0; j < i; j++)
			cr_expect_str_neq(keys[i], keys[j]);
	}
}

Test(wsupgrade, writes_the_request)
{
	char token[] = "Authorization: Token secret";
	char id[] = "X-Natdiff-Attempt: 00ff";
	char *headers[] = { token, id };
	struct text out;

	text_init(&out, 4096);
	ws_request(&out, "/v1/listen?model=a", "api.example.com:8443", KEY,
	    headers, COUNT(headers));
	cr_expect_not(out.capped);
	cr_expect_str_eq(out.s,
	    "GET /v1/listen?model=a HTTP/1.1\r\n"
	    "Host: api.example.com:8443\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: " KEY "\r\n"
	    "Authorization: Token secret\r\n"
	    "X-Natdiff-Attempt: 00ff\r\n"
	    "\r\n");
	text_clear(&out);
}

Test(wsupgrade, writes_the_request_without_headers_of_its_own)
{
	struct text out;

	text_init(&out, 4096);
	ws_request(&out, "/", "example.com", KEY, NULL, 0);
	cr_expect_str_eq(out.s,
	    "GET / HTTP/1.1\r\n"
	    "Host: example.com\r\n"
	    "Upgrade: websocket\r\n"
	    "Connection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: " KEY "\r\n"
	    "\r\n");
	text_clear(&out);
}

#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define ACCEPTS    "Sec-WebSocket-Accept: " ACCEPT "\r\n"

static const struct {
	const char *name;
	int status;
	const char *headers;
	enum failure failure;
} replies[] = {
	{ "a good one", 101, UPGRADE CONNECTION ACCEPTS, FAILURE_NONE },
	{ "in another order and case", 101,
	    "sec-websocket-accept:" ACCEPT "\r\n"
	    "CONNECTION: keep-alive, UPGRADE\r\n"
	    "upgrade: WebSocket\r\n",
	    FAILURE_NONE },
	{ "with headers of its own", 101,
	    "Server: x\r\n" UPGRADE CONNECTION ACCEPTS "Date: now\r\n",
	    FAILURE_NONE },
	{ "Connection in two lines", 101,
	    UPGRADE "Connection: keep-alive\r\n" CONNECTION ACCEPTS,
	    FAILURE_NONE },
	{ "an empty list of extensions", 101,
	    UPGRADE CONNECTION ACCEPTS "Sec-WebSocket-Extensions:\r\n",
	    FAILURE_NONE },

	{ "without headers", 101, "", FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "without Upgrade", 101, CONNECTION ACCEPTS,
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "upgrade to another protocol", 101,
	    "Upgrade: h2c\r\n" CONNECTION ACCEPTS,
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "without Connection", 101, UPGRADE ACCEPTS,
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "a Connection that upgrades nothing", 101,
	    UPGRADE "Connection: keep-alive\r\n" ACCEPTS,
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "without Accept", 101, UPGRADE CONNECTION,
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },
	{ "an extension that was not offered", 101,
	    UPGRADE CONNECTION ACCEPTS
	    "Sec-WebSocket-Extensions: permessage-deflate\r\n",
	    FAILURE_WEBSOCKET_BAD_HANDSHAKE },

	{ "the Accept of another key", 101,
	    UPGRADE CONNECTION
	    "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },
	{ "the key itself for an Accept", 101,
	    UPGRADE CONNECTION "Sec-WebSocket-Accept: " KEY "\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },
	{ "an Accept in another case", 101,
	    UPGRADE CONNECTION
	    "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO=\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },
	{ "an Accept that is cut short", 101,
	    UPGRADE CONNECTION
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },
	{ "an Accept with more behind it", 101,
	    UPGRADE CONNECTION "Sec-WebSocket-Accept: " ACCEPT "x\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },
	{ "an empty Accept", 101,
	    UPGRADE CONNECTION "Sec-WebSocket-Accept:\r\n",
	    FAILURE_WEBSOCKET_BAD_ACCEPT },

	/* Every other status is the far end's answer: it was reached. */
	{ "401", 401, "", FAILURE_NONE },
	{ "200", 200, UPGRADE, FAILURE_NONE },
	{ "429", 429, "Retry-After: 1\r\n", FAILURE_NONE },
	{ "500", 500, "", FAILURE_NONE },
};

static void
on_header(void *arg, const struct http_header *h)
{
	ws_judge_header(arg, h);
}

Test(wsupgrade, judges_a_reply_by_the_rules_of_the_rfc)
{
	struct httpreply reply;
	struct ws_verdict v;
	enum failure f;
	struct text head;
	size_t i;

	for (i = 0; i < COUNT(replies); i++) {
		text_init(&head, 4096);
		text_addf(&head, "HTTP/1.1 %d x\r\n%s\r\n", replies[i].status,
		    replies[i].headers);
		ws_judge_init(&v, ACCEPT);
		cr_assert_eq(
		    httpreply_parse(head.s, head.size, &reply, on_header, &v),
		    1, "%s", replies[i].name);
		f = ws_judge(&v, reply.status);
		cr_expect_eq(f, replies[i].failure, "%s: %s", replies[i].name,
		    f != FAILURE_NONE ? failure_name(f) : "reached");
		text_clear(&head);
	}
}
