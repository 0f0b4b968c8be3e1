/*
 * Reading response heads.
 */
#include "config.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "probe/httpreply.h"

bool
http_header_split(const char *line, size_t size, struct http_header *h)
{
	const char *colon = memchr(line, ':', size);
	const char *end = line + size;

	if (colon == NULL || colon == line)
		return false;
	h->name = line;
	h->name_size = (size_t)(colon - line);
	h->value = colon + 1;
	while (h->value < end && isspace((unsigned char)*h->value))
		h->value++;
	while (end > h->value && isspace((unsigned char)end[-1]))
		end--;
	h->value_size = (size_t)(end - h->value);
	return true;
}

bool
http_header_is(const struct http_header *h, const char *name)
{
	return strlen(name) == h->name_size &&
	    strncasecmp(h->name, name, h->name_size) == 0;
}

bool
http_header_has_token(const struct http_header *h, const char *token)
{
	const char *p = h->value, *end = h->value + h->value_size, *comma, *t;

	while (p < end) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		while (p < comma && isspace((unsigned char)*p))
			p++;
		t = comma;
		while (t > p && isspace((unsigned char)t[-1]))
			t--;
		if ((size_t)(t - p) == strlen(token) &&
		    strncasecmp(p, token, strlen(token)) == 0)
			return true;
		p = comma + 1;
	}
	return false;
}

/* "HTTP/1.1 101 Switching Protocols": the status, or -1. */
static int
parse_status_line(const char *line, size_t size)
{
	if (size < 12 || memcmp(line, "HTTP/1.", 7) != 0 ||
	    !isdigit((unsigned char)line[7]) || line[8] != ' ' ||
	    !isdigit((unsigned char)line[9]) ||
	    !isdigit((unsigned char)line[10]) ||
	    !isdigit((unsigned char)line[11]))
		return -1;
	if (size > 12 && line[12] != ' ')
		return -1;
	return (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
}

const char *
http_next_line(const char *p, const char *end, size_t *size)
{
	const char *nl = memchr(p, '\n', (size_t)(end - p));

	if (nl == NULL)
		return NULL;
	*size = (size_t)(nl - p);
	if (*size > 0 && p[*size - 1] == '\r')
		(*size)--;
	return nl + 1;
}

/*
 * Garbage is told as soon as it cannot become "HTTP/1." any more, so that
 * nobody waits for the rest of it.
 */
static bool
can_be_http(const char *bytes, size_t size)
{
	return memcmp(bytes, "HTTP/1.", size < 7 ? size : 7) == 0;
}

int
httpreply_parse(const char *bytes, size_t size, struct httpreply *r,
    void (*on_header)(void *, const struct http_header *), void *arg)
{
	const char *end = bytes + size, *line, *next;
	struct http_header h;
	size_t line_size;

	if (size > 0 && !can_be_http(bytes, size))
		return -1;
	/* Is it complete?  Only then is anybody told of a header. */
	next = http_next_line(bytes, end, &line_size);
	if (next == NULL)
		return 0;
	r->status = parse_status_line(bytes, line_size);
	if (r->status < 0)
		return -1;
	for (line = next;
	     (next = http_next_line(line, end, &line_size)) != NULL;
	     line = next) {
		if (line_size == 0)
			break;
		if (!http_header_split(line, line_size, &h))
			return -1;
	}
	if (next == NULL)
		return 0;
	r->head_bytes = (size_t)(next - bytes);
	if (on_header == NULL)
		return 1;
	http_next_line(bytes, end, &line_size);
	for (line = http_next_line(bytes, end, &line_size);
	     (next = http_next_line(line, end, &line_size)) != NULL &&
	     line_size > 0;
	     line = next)
		if (http_header_split(line, line_size, &h))
			on_header(arg, &h);
	return 1;
}

/* Of a word that may be an address: a whole host name or label is one word. */
static bool
is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '.' || c == ':' || c == '_';
}

/* A port in decimal, of a text that need not end; 0 where there is none. */
static uint16_t
parse_port(const char *p, size_t size)
{
	unsigned int port = 0;
	size_t i;

	for (i = 0; i < size && isdigit((unsigned char)p[i]); i++) {
		port = port * 10 + (unsigned int)(p[i] - '0');
		if (port > 65535)
			return 0;
	}
	if (i < size && (isalpha((unsigned char)p[i]) || p[i] == '_'))
		return 0;
	return (uint16_t)port;
}

/* A word that is an address, or an IPv4 address and port. */
static bool
parse_word(const char *word, size_t size, struct endpoint_address *a)
{
	char copy[64], *colon;

	if (size < 3 || size >= sizeof(copy))
		return false;
	memcpy(copy, word, size);
	copy[size] = '\0';
	if (endpoint_address_parse(copy, a) == 0)
		return true;
	colon = strchr(copy, ':');
	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return false;
	*colon = '\0';
	if (endpoint_address_parse(copy, a) != 0)
		return false;
	a->port = parse_port(colon + 1, strlen(colon + 1));
	return true;
}

/*
 * The size of a word without what is of the sentence around it: "203.0.113.7."
 * and "2001:db8::1: connected".
 */
static size_t
trim_word(const char *word, size_t size)
{
	while (size > 0 &&
	    (word[size - 1] == '.' ||
		(word[size - 1] == ':' && (size < 2 || word[size - 2] != ':'))))
		size--;
	return size;
}

/*
 * The size of the label that a word begins with, "ip:" say, 0 if it has none.
 * Hexadecimal digits are no label: half of "0:1:2:3:4:5:6:7:8:9" is no
 * address.
 */
static size_t
label_size(const char *word, size_t size)
{
	bool is_label;
	size_t i;

	if (size > 1 && word[0] == ':' && word[1] == ':')
		return 0;
	is_label = size > 0 && word[0] == ':';
	for (i = 0; i < size && word[i] != ':'; i++)
		if (!isxdigit((unsigned char)word[i]) && word[i] != '.')
			is_label = true;
	return is_label && i < size ? i + 1 : 0;
}

bool
http_find_address(const char *text, size_t size, struct endpoint_address *a)
{
	size_t from = 0, to, label;

	while (from < size) {
		if (!is_word_char(text[from])) {
			from++;
			continue;
		}
		for (to = from; to < size && is_word_char(text[to]); to++)
			;
		do {
			label = label_size(text + from, to - from);
			from += label;
		} while (label > 0);
		if (parse_word(
			text + from, trim_word(text + from, to - from), a)) {
			if (to + 2 < size && text[to] == ']' &&
			    text[to + 1] == ':')
				a->port =
				    parse_port(text + to + 2, size - to - 2);
			return true;
		}
		from = to;
	}
	return false;
}
