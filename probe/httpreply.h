/*
 * The head of an HTTP/1.1 response, as RFC 9112 writes it, and what of it a
 * probe keeps.  Pure; everything here comes from the other side and is
 * hostile.
 */
#ifndef NATDIFF_PROBE_HTTPREPLY_H
#define NATDIFF_PROBE_HTTPREPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/record.h"

/* Bytes of headers, and of body, that are read at most. */
#define HTTP_HEAD_BYTES_MAX (64 * 1024)
#define HTTP_BODY_BYTES_MAX (64 * 1024)

/* One header line, not NUL-terminated, value without the blanks around. */
struct http_header {
	const char *name;
	size_t name_size;
	const char *value;
	size_t value_size;
};

struct httpreply {
	int status;
	size_t head_bytes; /* to the end of the empty line */
};

/*
 * Parse the head in bytes: 1 and *r filled, 0 if it is not complete yet, -1
 * if it is no HTTP response.  on_header, where not NULL, is called for each
 * header line of a complete head.
 */
int httpreply_parse(const char *bytes, size_t size, struct httpreply *r,
    void (*on_header)(void *arg, const struct http_header *h), void *arg);

/*
 * The line at p: its size without the LF or CR LF, and where the next one
 * begins, which is NULL where the line does not end before end.
 */
const char *http_next_line(const char *p, const char *end, size_t *size);

/* Split "Name: value\r\n"; false if it is no header line. */
bool http_header_split(const char *line, size_t size, struct http_header *h);

/* Whether the header has this name, in any case. */
bool http_header_is(const struct http_header *h, const char *name);

/* Whether one of the value's tokens, between commas, is token. */
bool http_header_has_token(const struct http_header *h, const char *token);

/*
 * The first IP address in a text, with its port where one follows
 * ("203.0.113.7:4711", "[2001:db8::1]:4711", {"address": "203.0.113.7"}).
 * false if there is none.
 */
bool http_find_address(
    const char *text, size_t size, struct endpoint_address *a);

#endif
