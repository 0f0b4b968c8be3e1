#include "config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "probe/httpreply.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Write down a header as "name=value;". */
static void
on_header(void *arg, const struct http_header *h)
{
	text_addf(arg, "%.*s=%.*s;", (int)h->name_size, h->name,
	    (int)h->value_size, h->value);
}

/*
 * Parse size bytes of s in memory of exactly that size, so that a sanitizer
 * sees a read past them.
 */
static int
parse(const char *s, size_t size, struct httpreply *r, struct text *seen)
{
	char *copy = x_malloc(size > 0 ? size : 1);
	int result;

	memcpy(copy, s, size);
	result = httpreply_parse(copy, size, r, on_header, seen);
	free(copy);
	return result;
}

/* ------------------------------------------------------------------- heads */

static const struct {
	const char *head;
	int status;
	const char *headers;
} heads[] = {
	{ "HTTP/1.1 200 OK\r\n\r\n", 200, "" },
	{ "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	  "Connection: Upgrade\r\n\r\n",
	    101, "Upgrade=websocket;Connection=Upgrade;" },
	{ "HTTP/1.0 401 Unauthorized\r\nA: 1\r\n\r\n", 401, "A=1;" },
	{ "HTTP/1.1 503 \r\nA: 1\r\n\r\n", 503, "A=1;" },
	{ "HTTP/1.1 503\r\nA: 1\r\n\r\n", 503, "A=1;" },
	/* A lone LF ends a line too, RFC 9112 section 2.2. */
	{ "HTTP/1.1 204 No Content\nA: 1\nB: 2\n\n", 204, "A=1;B=2;" },
	{ "HTTP/1.1 204 No Content\r\nA: 1\nB: 2\r\n\n", 204, "A=1;B=2;" },
	{ "HTTP/1.1 200 OK\r\nA:1\r\nB: \t 2 \t\r\nC:\r\nD: a:b\r\n\r\n", 200,
	    "A=1;B=2;C=;D=a:b;" },
	{ "HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\n", 200, "A=1;a=2;" },
};

Test(httpreply, reads_a_complete_head)
{
	struct httpreply r;
	struct text seen;
	size_t i;

	for (i = 0; i < COUNT(heads); i++) {
		text_init(&seen, 1000);
		text_add(&seen, "", 0);
		cr_expect_eq(
		    parse(heads[i].head, strlen(heads[i].head), &r, &seen), 1,
		    "%s", heads[i].head);
		cr_expect_eq(r.status, heads[i].status, "%s: %d", heads[i].head,
		    r.status);
		cr_expect_eq(
		    r.head_bytes, strlen(heads[i].head), "%s", heads[i].head);
		cr_expect_str_eq(seen.s, heads[i].headers, "%s", heads[i].head);
		text_clear(&seen);
	}
}

Test(httpreply, waits_for_the_last_byte_of_the_head)
{
	struct httpreply r;
	struct text seen;
	size_t i, size;

	text_init(&seen, 1000);
	for (i = 0; i < COUNT(heads); i++)
		for (size = 0; size < strlen(heads[i].head); size++)
			cr_expect_eq(parse(heads[i].head, size, &r, &seen), 0,
			    "%zu bytes of %s", size, heads[i].head);
	cr_expect_eq(seen.size, 0, "told of headers before the head ended");
	text_clear(&seen);
}

Test(httpreply, leaves_what_follows_the_head)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
	static const char reply[] =
	    "HTTP/1.1 200 OK\r\nA: 1\r\n\r\nB: 2\r\n\r\n";
	struct httpreply r;
	struct text seen;

	text_init(&seen, 1000);
	cr_assert_eq(parse(reply, strlen(reply), &r, &seen), 1);
	cr_expect_eq(r.head_bytes, strlen(head));
	cr_expect_str_eq(seen.s, "A=1;");
	text_clear(&seen);
}

Test(httpreply, needs_nobody_who_is_told_of_headers)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nA: 1\r\n\r\n";
	struct httpreply r;

	cr_expect_eq(httpreply_parse(head, strlen(head), &r, NULL, NULL), 1);
	cr_expect_eq(r.status, 200);
	cr_expect_eq(r.head_bytes, strlen(head));
}

static const char *const no_heads[] = {
	/* Told at once, without waiting for a line of it. */
	"S",
	"SSH-2.0-OpenSSH_9.2",
	"h",
	"\r",
	"\n",
	" HTTP/1.1 200 OK",
	"HTTP/2",
	"HTTPS",
	"HTTP/1,",
	"\x15\x03\x01",
	"<html>",
	/* A whole status line, and not one of HTTP. */
	"HTTP/1.1 2000 OK\r\n",
	"HTTP/1.1 2000\r\n",
	"HTTP/1.1 20\r\n",
	"HTTP/1.1 20x OK\r\n",
	"HTTP/1.1 -20 OK\r\n",
	"HTTP/1.1  200 OK\r\n",
	"HTTP/1.1\t200 OK\r\n",
	"HTTP/1.x 200 OK\r\n",
	"HTTP/1.12 200 OK\r\n",
	"HTTP/1.1 200OK\r\n",
	"HTTP/1.1\r\n",
	"HTTP/1.1 \n",
	/* Lines that are no headers, before the head is complete. */
	"HTTP/1.1 200 OK\r\nno colon\r\n",
	"HTTP/1.1 200 OK\r\nA: 1\r\n: no name\r\n",
	"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
};

Test(httpreply, refuses_what_is_no_http)
{
	struct httpreply r;
	struct text seen;
	size_t i;

	text_init(&seen, 1000);
	for (i = 0; i < COUNT(no_heads); i++)
		cr_expect_eq(parse(no_heads[i], strlen(no_heads[i]), &r, &seen),
		    -1, "%s", no_heads[i]);
	cr_expect_eq(seen.size, 0, "told of headers of no head");
	text_clear(&seen);
}

/* ----------------------------------------------------------------- headers */

Test(httpreply, splits_a_header_line)
{
	static const char line[] = "X-Request-Id:  ab c \r\n";
	struct http_header h;

	cr_assert(http_header_split(line, strlen(line), &h));
	cr_expect(http_header_is(&h, "x-request-id"));
	cr_expect_not(http_header_is(&h, "x-request-i"));
	cr_expect_not(http_header_is(&h, "x-request-id2"));
	cr_expect_eq(h.value_size, 4);
	cr_expect_arr_eq(h.value, "ab c", 4);
	cr_expect_not(http_header_split("no colon\r\n", 10, &h));
	cr_expect_not(http_header_split(": 1\r\n", 5, &h));
	cr_expect_not(http_header_split("\r\n", 2, &h));
	cr_expect_not(http_header_split("", 0, &h));
	/* The colon is beyond the end. */
	cr_expect_not(http_header_split("A: 1", 1, &h));
}

static const struct {
	const char *value;
	bool has;
} lists[] = {
	{ "upgrade", true },
	{ "Upgrade", true },
	{ "keep-alive, Upgrade", true },
	{ "Upgrade, keep-alive", true },
	{ "keep-alive,upgrade,close", true },
	{ "keep-alive ,\tUPGRADE\t, close", true },
	{ ",,upgrade", true },
	{ "upgrade,", true },
	{ "", false },
	{ ",", false },
	{ " , ,", false },
	{ "keep-alive", false },
	{ "upgrades", false },
	{ "upgrad", false },
	{ "no-upgrade", false },
	{ "keep-alive upgrade", false },
	{ "\"upgrade\"", false },
};

Test(httpreply, finds_a_token_of_a_list)
{
	struct http_header h = { "Connection", 10, NULL, 0 };
	char *copy;
	size_t i;

	for (i = 0; i < COUNT(lists); i++) {
		h.value_size = strlen(lists[i].value);
		copy = x_malloc(h.value_size + 1);
		memcpy(copy, lists[i].value, h.value_size);
		/* Would make a token of what is none, if it were read. */
		copy[h.value_size] = ',';
		h.value = copy;
		cr_expect_eq(http_header_has_token(&h, "upgrade"), lists[i].has,
		    "%s", lists[i].value);
		free(copy);
	}
}

Test(httpreply, a_token_ends_with_its_value)
{
	struct http_header h = { "Connection", 10, "upgrade, close", 4 };

	cr_expect_not(http_header_has_token(&h, "upgrade"));
	h.value_size = 7;
	cr_expect(http_header_has_token(&h, "upgrade"));
	cr_expect_not(http_header_has_token(&h, "close"));
}

/* --------------------------------------------------------------- addresses */

static const struct {
	const char *text;
	const char *ip; /* NULL: there is none */
	uint16_t port;
} texts[] = {
	{ "203.0.113.7", "203.0.113.7", 0 },
	{ "203.0.113.7\n", "203.0.113.7", 0 },
	{ "203.0.113.7:4711", "203.0.113.7", 4711 },
	{ "203.0.113.7:4711\r\n", "203.0.113.7", 4711 },
	{ "203.0.113.7:65535", "203.0.113.7", 65535 },
	{ "2001:db8::1", "2001:db8::1", 0 },
	{ "[2001:db8::1]", "2001:db8::1", 0 },
	{ "[2001:db8::1]:4711", "2001:db8::1", 4711 },
	{ "for=\"[2001:db8::1]:4711\";proto=https", "2001:db8::1", 4711 },
	{ "::1", "::1", 0 },
	{ "::ffff:203.0.113.7", "::ffff:203.0.113.7", 0 },
	{ "fe80::1%eth0", "fe80::1", 0 },

	{ "{\"address\": \"203.0.113.7\"}", "203.0.113.7", 0 },
	{ "{\"address\":\"203.0.113.7\",\"port\":4711}", "203.0.113.7", 0 },
	{ "{\"ip\":\"2001:db8::1\"}", "2001:db8::1", 0 },
	{ "<html><body>Current IP Address: 203.0.113.7</body></html>",
	    "203.0.113.7", 0 },
	{ "fl=29f1\nh=www.example.com\nip=203.0.113.7\nts=1700000000.123\n",
	    "203.0.113.7", 0 },
	{ "Your address is 203.0.113.7.", "203.0.113.7", 0 },
	{ "From 203.0.113.7:4711.", "203.0.113.7", 4711 },
	{ "203.0.113.7: hello", "203.0.113.7", 0 },
	{ "2001:db8::1: hello", "2001:db8::1", 0 },
	{ "It is 2001:db8::1.", "2001:db8::1", 0 },
	{ "ip:203.0.113.7", "203.0.113.7", 0 },
	{ "ip:203.0.113.7:4711", "203.0.113.7", 4711 },
	{ "client_ip:2001:db8::1", "2001:db8::1", 0 },
	{ "x:y:203.0.113.7", "203.0.113.7", 0 },
	{ "(:203.0.113.7)", "203.0.113.7", 0 },
	{ "198.51.100.1, 203.0.113.7", "198.51.100.1", 0 },

	/* No port, or none that is one: the address stands alone. */
	{ "203.0.113.7:65536", "203.0.113.7", 0 },
	{ "203.0.113.7:470001", "203.0.113.7", 0 },
	{ "203.0.113.7:99999999999999999999", "203.0.113.7", 0 },
	{ "203.0.113.7:12ab", "203.0.113.7", 0 },
	{ "203.0.113.7:http", "203.0.113.7", 0 },
	{ "203.0.113.7:", "203.0.113.7", 0 },
	{ "[2001:db8::1]:65536", "2001:db8::1", 0 },
	{ "[2001:db8::1]:470001", "2001:db8::1", 0 },
	{ "[2001:db8::1]:47x", "2001:db8::1", 0 },
	{ "[2001:db8::1]:", "2001:db8::1", 0 },
	{ "[2001:db8::1] 4711", "2001:db8::1", 0 },

	/* Times before the address are none, nor are they without one. */
	{ "12:30:45 203.0.113.7", "203.0.113.7", 0 },
	{ "2026-11-21T12:30:45Z from 203.0.113.7:4711", "203.0.113.7", 4711 },
	{ "12:30:45", NULL, 0 },
	{ "2026-11-21T12:30:45.123Z", NULL, 0 },
	{ "12:30", NULL, 0 },
	{ "", NULL, 0 },
	{ ".", NULL, 0 },
	{ ":", NULL, 0 },
	{ ":::", NULL, 0 },
	{ "...", NULL, 0 },
	{ "203.0.113", NULL, 0 },
	{ "203.0.113.256", NULL, 0 },
	{ "203.0.113.7.1", NULL, 0 },
	{ "203.0.113.7.example.com", NULL, 0 },
	{ "v203.0.113.7", NULL, 0 },
	{ "HTTP/1.1 404 Not Found", NULL, 0 },
	{ "std::vector", NULL, 0 },
	{ "00:11:22:33:44:55", NULL, 0 },
	{ "1:2:3:4:5:6:7:8:9", NULL, 0 },
	{ "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD", NULL,
	    0 },
	{ "1111111111111111111111111111111111111111111111111111111111111111"
	  ".2.3.4",
	    NULL, 0 },
	{ "a bad face, dead beef", NULL, 0 },
};

static bool
find(const char *text, size_t size, struct endpoint_address *a)
{
	char *copy = x_malloc(size > 0 ? size : 1);
	bool found;

	memcpy(copy, text, size);
	found = http_find_address(copy, size, a);
	free(copy);
	return found;
}

Test(httpreply, finds_the_first_address_of_a_text)
{
	char ip[INET6_ADDRSTRLEN];
	struct endpoint_address a;
	const char *text;
	size_t i;
	bool found;

	for (i = 0; i < COUNT(texts); i++) {
		text = texts[i].text;
		found = find(text, strlen(text), &a);
		cr_expect_eq(found, texts[i].ip != NULL, "%s: %sfound", text,
		    found ? "" : "not ");
		if (!found || texts[i].ip == NULL)
			continue;
		cr_expect_str_eq(endpoint_address_ip(&a, ip), texts[i].ip,
		    "%s: %s", text, ip);
		cr_expect_eq(
		    a.port, texts[i].port, "%s: port %u", text, a.port);
	}
}

Test(httpreply, an_address_ends_where_its_text_does)
{
	static const char text[] = "203.0.113.77:4711";
	char ip[INET6_ADDRSTRLEN];
	struct endpoint_address a;

	cr_expect_not(find(text, 10, &a));
	cr_assert(find(text, 11, &a));
	cr_expect_str_eq(endpoint_address_ip(&a, ip), "203.0.113.7");
	cr_assert(find(text, 15, &a));
	cr_expect_str_eq(endpoint_address_ip(&a, ip), "203.0.113.77");
	cr_expect_eq(a.port, 47);
}

Test(httpreply, looks_through_the_longest_of_bodies)
{
	char *body = x_malloc(HTTP_BODY_BYTES_MAX);
	struct endpoint_address a;

	memset(body, 'a', HTTP_BODY_BYTES_MAX);
	cr_expect_not(http_find_address(body, HTTP_BODY_BYTES_MAX, &a));
	memset(body, ':', HTTP_BODY_BYTES_MAX);
	cr_expect_not(http_find_address(body, HTTP_BODY_BYTES_MAX, &a));
	memset(body, ' ', HTTP_BODY_BYTES_MAX);
	memcpy(body + HTTP_BODY_BYTES_MAX - 7, "1.2.3.4", 7);
	cr_expect(http_find_address(body, HTTP_BODY_BYTES_MAX, &a));
	free(body);
}
