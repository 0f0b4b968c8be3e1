/*
 * Numbers, addresses, ids and tokens.
 */
#include "config.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/sha.h>

#include "report/import/fields.h"

bool
field_number(const char *s, int64_t min, int64_t max, int64_t *v)
{
	const char *p = s;
	int64_t n = 0;
	double d;
	char *end;

	if (s == NULL || *s == '\0')
		return false;
	while (*p >= '0' && *p <= '9' && n < INT64_MAX / 100)
		n = n * 10 + (*p++ - '0');
	if (*p == '\0') {
		*v = n;
		return n >= min && n <= max;
	}
	if (!isdigit((unsigned char)s[*s == '-']))
		return false;
	d = strtod(s, &end);
	/* Beyond this a double is no whole number any more. */
	if (*end != '\0' || !(fabs(d) < 9e15))
		return false;
	*v = llround(d);
	return *v >= min && *v <= max;
}

bool
field_address_port(const char *ip, const char *port, struct endpoint_address *a)
{
	int64_t n = 0;

	if (ip == NULL || endpoint_address_parse(ip, a) != 0)
		return false;
	if (port != NULL && *port != '\0' && strcmp(port, "-") != 0 &&
	    !field_number(port, 0, 65535, &n))
		return false;
	a->port = (uint16_t)n;
	return true;
}

bool
field_address(const char *s, struct endpoint_address *a)
{
	char ip[INET6_ADDRSTRLEN + 2];
	const char *cut, *port = NULL;
	size_t n;

	if (s == NULL)
		return false;
	cut = strchr(s, '/');
	if (cut == NULL && *s == '[') {
		s++;
		cut = strchr(s, ']');
		if (cut == NULL)
			return false;
		if (cut[1] == ':')
			port = cut + 2;
		else if (cut[1] != '\0')
			return false;
	} else if (cut == NULL && strchr(s, ':') == strrchr(s, ':')) {
		cut = strchr(s, ':');
	}
	if (cut != NULL && port == NULL && *cut != ']')
		port = cut + 1;
	n = cut != NULL ? (size_t)(cut - s) : strlen(s);
	if (n >= sizeof(ip))
		return false;
	memcpy(ip, s, n);
	ip[n] = '\0';
	return field_address_port(ip, port, a);
}

int64_t
field_protocol(const char *s)
{
	int64_t n;

	if (s == NULL)
		return NOT_MEASURED;
	if (strcasecmp(s, "tcp") == 0)
		return 6;
	if (strcasecmp(s, "udp") == 0)
		return 17;
	if (strcasecmp(s, "icmp") == 0)
		return 1;
	return field_number(s, 0, 255, &n) ? n : NOT_MEASURED;
}

/* ------------------------------------------------------------------ ids */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* 32 hex digits, with the dashes of a UUID or without; *used: how many. */
static bool
read_id(const char *s, uint8_t id[ATTEMPT_ID_SIZE], size_t *used)
{
	const char *from = s;
	bool dashes = false;
	size_t i;

	for (i = 0; i < ATTEMPT_ID_SIZE; i++) {
		if (i == 4)
			dashes = *s == '-';
		if (dashes && (i == 4 || i == 6 || i == 8 || i == 10) &&
		    *s++ != '-')
			return false;
		if (hex_value(s[0]) < 0 || hex_value(s[1]) < 0)
			return false;
		id[i] = (uint8_t)(hex_value(s[0]) * 16 + hex_value(s[1]));
		s += 2;
	}
	*used = (size_t)(s - from);
	return true;
}

bool
field_attempt_id(const char *s, uint8_t id[ATTEMPT_ID_SIZE])
{
	size_t used, at = 0;

	if (s == NULL)
		return false;
	if (strncmp(s, "00-", 3) == 0 && strlen(s) == 55)
		at = 3;
	return read_id(s + at, id, &used) && (at > 0 || s[used] == '\0');
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool
field_find_attempt_id(const char *line, uint8_t id[ATTEMPT_ID_SIZE])
{
	uint8_t found[ATTEMPT_ID_SIZE];
	bool any = false;
	const char *s = line;
	size_t used;

	while (*s != '\0') {
		if (hex_value(*s) < 0 || (s > line && is_word(s[-1]))) {
			s++;
			continue;
		}
		if (strncmp(s, "00-", 3) == 0 && read_id(s + 3, id, &used) &&
		    used == 32 && s[35] == '-')
			return true;
		if (!any && read_id(s, found, &used) && !is_word(s[used])) {
			any = true;
			memcpy(id, found, ATTEMPT_ID_SIZE);
		}
		while (is_word(*s))
			s++;
	}
	return any;
}

/* --------------------------------------------------------------- tokens */

char *
field_token(char **s)
{
	char *p = *s, *from, close = '\0';

	while (*p == ' ' || *p == '\t')
		p++;
	if (*p == '\0')
		return NULL;
	if (*p == '"')
		close = '"';
	else if (*p == '[')
		close = ']';
	from = p += close != '\0';
	while (*p != '\0' &&
	    (close != '\0' ? *p != close : *p != ' ' && *p != '\t'))
		p += p[0] == '\\' && p[1] != '\0' && close == '"' ? 2 : 1;
	if (*p != '\0')
		*p++ = '\0';
	*s = p;
	return from;
}

bool
field_pair(const char *line, const char *key, char *out, size_t size)
{
	size_t n = strlen(key), i = 0;
	const char *p = line;
	char close = ' ';

	for (p = strstr(line, key); p != NULL; p = strstr(p + 1, key))
		if (p[n] == '=' && (p == line || !is_word(p[-1])) &&
		    (p == line || p[-1] != '-'))
			break;
	if (p == NULL)
		return false;
	p += n + 1;
	if (*p == '"') {
		close = '"';
		p++;
	}
	while (*p != '\0' && *p != close && i + 1 < size)
		out[i++] = *p++;
	out[i] = '\0';
	return true;
}

bool
field_same(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

/* ----------------------------------------------------------- identities */

void
field_line_identity(
    struct parse *p, const char *line, char out[LINE_IDENTITY_SIZE])
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	struct seen_line *seen;
	uint64_t h;
	int i;

	SHA256((const unsigned char *)line, strlen(line), md);
	memcpy(&h, md, sizeof(h));
	seen = &p->seen[h % PARSE_SEEN];
	if (seen->digest != h) {
		seen->digest = h;
		seen->count = 0;
	}
	seen->count++;
	for (i = 0; i < 16; i++)
		snprintf(out + 2 * i, 3, "%02x", md[i]);
	snprintf(out + 32, LINE_IDENTITY_SIZE - 32, " %" PRIu32, seen->count);
}
