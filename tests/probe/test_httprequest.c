#include "config.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/httprequest.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

#define ID           "0123456789abcdef0123456789ABCDEF"

static int
parse(const char *text, struct httprequest *r)
{
	return httprequest_parse(text, strlen(text), r);
}

Test(httprequest, knows_how_to_answer)
{
#define WS                                              \
	"Upgrade: websocket\r\nConnection: Upgrade\r\n" \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{ "GET / HTTP/1.1\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\n\n", 200 },
		{ "HEAD /x?y=z HTTP/1.0\r\nHost: a\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\nUpgrade: h2c\r\n"
		  "Connection: Upgrade, HTTP2-Settings\r\n\r\n",
		    200 },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", 200 },
		{ "GET / HTTP/1.1\r\n" WS V13 "\r\n", 101 },
		{ "GET / HTTP/1.1\r\nupgrade: WebSocket\r\n"
		  "connection: keep-alive, upgrade\r\n"
		  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		  "sec-websocket-version: 13\r\n\r\n",
		    101 },
		{ "GET / HTTP/1.1\r\n" WS "\r\n", 426 },
		{ "GET / HTTP/1.1\r\n" WS "Sec-WebSocket-Version: 8\r\n\r\n",
		    426 },
		{ "GET / HTTP/1.0\r\n" WS V13 "\r\n", 400 },
		{ "HEAD / HTTP/1.1\r\n" WS V13 "\r\n", 400 },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
		  "Connection: Upgrade\r\n" V13
		  "Sec-WebSocket-Key: short\r\n\r\n",
		    400 },
		{ "GET / HTTP/1.1\r\nUpgrade: websocket\r\n"
		  "Connection: Upgrade\r\n" V13
		  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n\r\n",
		    400 },
		{ "GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413 },
		{ "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 413 },
		{ "POST / HTTP/1.1\r\n\r\n", 405 },
		{ "GET / HTTP/2.0\r\n\r\n", 505 },
		{ "GET / HTTP/1.\r\n\r\n", 400 },
		{ "GET / HTTP/1.11\r\n\r\n", 400 },
		{ "GET  / HTTP/1.1\r\n\r\n", 400 },
		{ "GET /\r\n\r\n", 400 },
		{ "GET /\x01 HTTP/1.1\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nName : x\r\n\r\n", 400 },
		{ "GET / HTTP/1.1\r\nName: a\x02z\r\n\r\n", 400 },
	};
	struct httprequest r;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		cr_assert_eq(parse(cases[i].text, &r), 1, "%s", cases[i].text);
		cr_expect_eq(r.status, cases[i].status, "%d: %s", r.status,
		    cases[i].text);
		cr_expect_gt(r.head_bytes, 0, "%s", cases[i].text);
	}
}

Test(httprequest, waits_for_the_rest_of_what_can_become_a_request)
{
	static const char text[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
	struct httprequest r;
	size_t i;

	for (i = 0; i < sizeof(text) - 1; i++)
		cr_expect_eq(httprequest_parse(text, i, &r), 0, "%zu", i);
	cr_expect_eq(httprequest_parse(text, i, &r), 1);
	cr_expect_eq(r.head_bytes, i);
}

Test(httprequest, tells_garbage_at_once)
{
	static const char *const cases[] = { "\x16\x03\x01", "get / HTTP",
		" GET", "GET\t/", "SSH-2.0-OpenSSH", "{",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ" };
	struct httprequest r;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(parse(cases[i], &r), 1, "%s", cases[i]);
		cr_expect_eq(r.status, 400, "%s", cases[i]);
		cr_expect_eq(r.head_bytes, 0, "%s", cases[i]);
	}
}

Test(httprequest, keeps_a_head_within_its_bound)
{
	size_t size = HTTP_REQUEST_BYTES_MAX;
	char *text = x_malloc(size + 4);
	struct httprequest r;

	memset(text, 'a', size + 4);
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	cr_expect_eq(httprequest_parse(text, size - 1, &r), 0);
	cr_expect_eq(httprequest_parse(text, size, &r), 1);
	cr_expect_eq(r.status, 431);
	cr_expect_eq(r.head_bytes, 0);
	/* Exactly as large as it may be. */
	memcpy(text + size - 4, "\r\n\r\n", 4);
	cr_expect_eq(httprequest_parse(text, size, &r), 1);
	cr_expect_eq(r.status, 200);
	cr_expect_eq(r.head_bytes, size);
	free(text);
}

Test(httprequest, finds_the_attempt)
{
#define SPAN  "-0123456789abcdef-01"
#define ZERO  "00000000000000000000000000000000"
#define OTHER "ffffffffffffffffffffffffffffffff"
	static const struct {
		const char *headers;
		int first; /* byte of the id, -1: none */
	} cases[] = {
		{ "X-Request-Id: " ID "\r\n", 0x01 },
		{ "traceparent: 00-" ID SPAN "\r\n", 0x01 },
		{ "X-Request-Id: " OTHER "\r\ntraceparent: 00-" ID SPAN "\r\n",
		    0x01 },
		{ "traceparent: 00-" ID SPAN "\r\nX-Request-Id: " OTHER "\r\n",
		    0x01 },
		{ "traceparent: 00-" ZERO SPAN "\r\nX-Request-Id: " OTHER
		  "\r\n",
		    0xff },
		{ "X-Request-Id: " ZERO "\r\n", -1 },
		{ "X-Request-Id: " ID "0\r\n", -1 },
		{ "X-Request-Id: 0123\r\n", -1 },
		{ "X-Request-Id: g123456789abcdef0123456789abcdef\r\n", -1 },
		{ "traceparent: 01-" ID SPAN "\r\n", -1 },
		{ "traceparent: 00-" ID "-01\r\n", -1 },
		{ "", -1 },
	};
	struct httprequest r;
	char text[512];
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s\r\n",
		    cases[i].headers);
		cr_assert_eq(parse(text, &r), 1);
		cr_expect_eq(r.has_attempt_id, cases[i].first >= 0, "%s", text);
		if (r.has_attempt_id)
			cr_expect_eq(
			    r.attempt_id[0], cases[i].first, "%s", text);
	}
}

Test(httprequest, finds_the_shared_key)
{
	static const struct {
		const char *text;
		const char *key;
	} cases[] = {
		{ "GET / HTTP/1.1\r\nX-Natdiff-Key:  a key \r\n\r\n", "a key" },
		{ "GET /?key=abc HTTP/1.1\r\n\r\n", "abc" },
		{ "GET /x?a=b&key=abc&c HTTP/1.1\r\n\r\n", "abc" },
		{ "GET /?key= HTTP/1.1\r\n\r\n", "" },
		{ "GET /?key=no HTTP/1.1\r\nx-natdiff-key: yes\r\n\r\n",
		    "yes" },
		{ "GET /?key HTTP/1.1\r\n\r\n", NULL },
		{ "GET /?monkey=abc HTTP/1.1\r\n\r\n", NULL },
		{ "GET /&key=abc HTTP/1.1\r\n\r\n", NULL },
		{ "GET /key=abc HTTP/1.1\r\n\r\n", NULL },
	};
	struct httprequest r;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		cr_assert_eq(parse(cases[i].text, &r), 1);
		cr_expect_eq(r.status, 200);
		if (cases[i].key == NULL) {
			cr_expect_null(r.shared_key, "%s", cases[i].text);
			continue;
		}
		cr_assert_not_null(r.shared_key, "%s", cases[i].text);
		cr_expect_eq(r.shared_key_size, strlen(cases[i].key));
		cr_expect_eq(
		    memcmp(r.shared_key, cases[i].key, r.shared_key_size), 0,
		    "%s", cases[i].text);
	}
}

Test(httprequest, keeps_the_connection_where_it_may)
{
	struct httprequest r;

	parse("GET / HTTP/1.1\r\n\r\n", &r);
	cr_expect(r.keep_alive);
	parse("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", &r);
	cr_expect_not(r.keep_alive);
	parse("GET / HTTP/1.0\r\n\r\n", &r);
	cr_expect_not(r.keep_alive);
}

Test(httprequest, leaves_what_follows_a_head_alone)
{
	static const char two[] =
	    "GET /a HTTP/1.1\r\n\r\n"
	    "POST /b HTTP/1.1\r\nX-Natdiff-Key: k\r\n\r\n";
	struct httprequest r;

	cr_assert_eq(parse(two, &r), 1);
	cr_expect_eq(r.status, 200);
	cr_expect_null(r.shared_key);
	cr_assert_eq(parse(two + r.head_bytes, &r), 1);
	cr_expect_eq(r.status, 405);
}
