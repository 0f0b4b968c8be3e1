/*
 * Reading request heads.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>

#include "probe/httpreply.h"
#include "probe/httprequest.h"

#define METHOD_SIZE_MAX 16

/* What the headers say, before it is judged as a whole. */
struct headers {
	bool upgrade;    /* Upgrade: websocket */
	bool connection; /* Connection: upgrade */
	bool close;      /* Connection: close */
	bool version;    /* Sec-WebSocket-Version: 13 */
	bool body;       /* the request has one */
	bool traced;     /* the attempt id is that of a traceparent */
	bool bad;
};

/* ------------------------------------------------------------------ values */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* 32 hex digits, not all of them 0. */
static bool
parse_id(const char *text, uint8_t id[ATTEMPT_ID_SIZE])
{
	uint8_t any = 0;
	int high, low;
	size_t i;

	for (i = 0; i < ATTEMPT_ID_SIZE; i++) {
		high = hex_digit(text[2 * i]);
		low = hex_digit(text[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		id[i] = (uint8_t)(high << 4 | low);
		any |= id[i];
	}
	return any != 0;
}

/* "00-<32 hex>-<16 hex>-<2 hex>", W3C Trace Context. */
static bool
parse_traceparent(const struct http_header *h, uint8_t id[ATTEMPT_ID_SIZE])
{
	const char *v = h->value;

	return h->value_size == 55 && memcmp(v, "00-", 3) == 0 &&
	    v[35] == '-' && v[52] == '-' && parse_id(v + 3, id);
}

static bool
value_is(const struct http_header *h, const char *text)
{
	return h->value_size == strlen(text) &&
	    memcmp(h->value, text, h->value_size) == 0;
}

/* 16 bytes in base64. */
static bool
is_ws_key(const struct http_header *h)
{
	size_t i;

	if (h->value_size != WS_KEY_SIZE - 1 ||
	    memcmp(h->value + 22, "==", 2) != 0)
		return false;
	for (i = 0; i < 22; i++)
		if (!isalnum((unsigned char)h->value[i]) &&
		    h->value[i] != '+' && h->value[i] != '/')
			return false;
	return true;
}

/* ----------------------------------------------------------------- headers */

static void
note_id(struct httprequest *r, struct headers *all, const struct http_header *h)
{
	uint8_t id[ATTEMPT_ID_SIZE];
	bool trace = http_header_is(h, "traceparent");

	if (all->traced)
		return;
	if (trace ? !parse_traceparent(h, id)
		  : h->value_size != 2 * ATTEMPT_ID_SIZE ||
		    !parse_id(h->value, id))
		return;
	memcpy(r->attempt_id, id, sizeof(id));
	r->has_attempt_id = true;
	all->traced = trace;
}

static void
note_header(
    struct httprequest *r, struct headers *all, const struct http_header *h)
{
	if (http_header_is(h, "traceparent") ||
	    http_header_is(h, "X-Request-Id")) {
		note_id(r, all, h);
	} else if (http_header_is(h, WITNESS_KEY_HEADER)) {
		r->shared_key = h->value;
		r->shared_key_size = h->value_size;
	} else if (http_header_is(h, "Upgrade")) {
		all->upgrade |= http_header_has_token(h, "websocket");
	} else if (http_header_is(h, "Connection")) {
		all->connection |= http_header_has_token(h, "upgrade");
		all->close |= http_header_has_token(h, "close");
	} else if (http_header_is(h, "Sec-WebSocket-Version")) {
		all->version |= value_is(h, "13");
	} else if (http_header_is(h, "Sec-WebSocket-Key")) {
		if (is_ws_key(h))
			memcpy(r->ws_key, h->value, WS_KEY_SIZE - 1);
	} else if (http_header_is(h, "Content-Length")) {
		all->body |= !value_is(h, "0");
	} else if (http_header_is(h, "Transfer-Encoding")) {
		all->body = true;
	}
}

/* A name is a token (RFC 9110 section 5.6.2), a value has no controls. */
static bool
is_clean(const struct http_header *h)
{
	size_t i;

	for (i = 0; i < h->name_size; i++)
		if (!isalnum((unsigned char)h->name[i]) &&
		    (h->name[i] == '\0' ||
			strchr("!#$%&'*+-.^_`|~", h->name[i]) == NULL))
			return false;
	for (i = 0; i < h->value_size; i++)
		if (iscntrl((unsigned char)h->value[i]) && h->value[i] != '\t')
			return false;
	return true;
}

/* ------------------------------------------------------------ request line */

/* Whether bytes can still become "METHOD ", so that nobody waits in vain. */
static bool
can_be_request(const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size && i <= METHOD_SIZE_MAX; i++) {
		if (bytes[i] == ' ')
			return i > 0;
		if (!isupper((unsigned char)bytes[i]))
			return false;
	}
	return i <= METHOD_SIZE_MAX;
}

/* The value of "key" in the query of a target. */
static void
find_key(const char *target, size_t size, struct httprequest *r)
{
	const char *end = target + size, *p, *stop;

	for (p = memchr(target, '?', size); p != NULL && p < end;
	     p = memchr(p + 1, '&', (size_t)(end - p - 1))) {
		if (end - p < 5 || memcmp(p + 1, "key=", 4) != 0)
			continue;
		stop = memchr(p + 5, '&', (size_t)(end - p - 5));
		r->shared_key = p + 5;
		r->shared_key_size =
		    (size_t)((stop != NULL ? stop : end) - r->shared_key);
		return;
	}
}

/* "GET /target HTTP/1.1": r->status is 200 where we can do it. */
static void
parse_line(const char *line, size_t size, struct httprequest *r)
{
	const char *end = line + size;
	const char *target = memchr(line, ' ', size), *version;
	size_t method_size, i;

	r->status = 400;
	if (target == NULL)
		return;
	method_size = (size_t)(target++ - line);
	version = memchr(target, ' ', (size_t)(end - target));
	if (version == NULL || version == target)
		return;
	for (i = 0; target + i < version; i++)
		if (!isgraph((unsigned char)target[i]))
			return;
	if (end - version != 9 || memcmp(version, " HTTP/", 6) != 0)
		return;
	if (memcmp(version + 6, "1.", 2) != 0 ||
	    !isdigit((unsigned char)version[8])) {
		r->status = 505;
		return;
	}
	r->keep_alive = version[8] != '0';
	r->is_head = method_size == 4 && memcmp(line, "HEAD", 4) == 0;
	find_key(target, (size_t)(version - target), r);
	if (r->is_head || (method_size == 3 && memcmp(line, "GET", 3) == 0))
		r->status = 200;
	else
		r->status = 405;
}

/* ------------------------------------------------------------------- whole */

/* The head is complete: what its headers make of the status. */
static void
judge(struct httprequest *r, const struct headers *all)
{
	r->keep_alive &= !all->close;
	if (r->status != 200)
		return;
	if (all->bad)
		r->status = 400;
	else if (all->body)
		r->status = 413;
	else if (!all->upgrade || !all->connection)
		return;
	else if (!all->version)
		r->status = 426;
	else if (r->is_head || !r->keep_alive || r->ws_key[0] == '\0')
		r->status = 400;
	else
		r->status = 101;
}

int
httprequest_parse(const char *bytes, size_t size, struct httprequest *r)
{
	const char *end = bytes + size, *line, *next;
	struct headers all = { 0 };
	struct http_header h;
	size_t line_size;

	memset(r, 0, sizeof(*r));
	if (!can_be_request(bytes, size)) {
		r->status = 400;
		return 1;
	}
	line = http_next_line(bytes, end, &line_size);
	if (line != NULL)
		parse_line(bytes, line_size, r);
	for (; line != NULL; line = next) {
		next = http_next_line(line, end, &line_size);
		if (next != NULL && line_size == 0) {
			r->head_bytes = (size_t)(next - bytes);
			break;
		}
		if (next == NULL)
			break;
		if (http_header_split(line, line_size, &h) && is_clean(&h))
			note_header(r, &all, &h);
		else
			all.bad = true;
	}
	if (r->head_bytes > 0 && r->head_bytes <= HTTP_REQUEST_BYTES_MAX) {
		judge(r, &all);
		return 1;
	}
	if (size < HTTP_REQUEST_BYTES_MAX)
		return 0;
	r->head_bytes = 0;
	r->status = 431;
	return 1;
}
