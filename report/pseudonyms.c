/*
 * Finding addresses in a text, and naming them anew.
 */
#include "config.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/record.h"
#include "natdiff/text.h"
#include "natdiff/xalloc.h"
#include "report/names.h"
#include "report/pseudonyms.h"

#define WORD_LEAST  4 /* letters of a host's name that is looked for */
#define IPV6_LENGTH 45

struct pseudonyms {
	struct names addresses; /* as inet_ntop() writes them */
	struct names hosts;
	uint32_t *address_number; /* from 1, each family by itself */
	uint32_t *host_number;
};

/* An address as it stands in a text. */
struct found {
	struct endpoint_address address;
	size_t length;
	char separator; /* of an IPv4 address: '.' or '-' */
	bool mapped;    /* written as an IPv6 address, but it is IPv4 */
};

struct pseudonyms *
pseudonyms_new(void)
{
	return x_calloc(1, sizeof(struct pseudonyms));
}

void
pseudonyms_free(struct pseudonyms *p)
{
	if (p == NULL)
		return;
	names_clear(&p->addresses);
	names_clear(&p->hosts);
	free(p->address_number);
	free(p->host_number);
	free(p);
}

/* --------------------------------------------------------------- finding */

static bool
is_private_v4(uint32_t ip)
{
	static const struct {
		uint32_t network;
		int bits;
	} networks[] = {
		{ 0x0a000000, 8 },  /* RFC 1918 */
		{ 0xac100000, 12 }, /* RFC 1918 */
		{ 0xc0a80000, 16 }, /* RFC 1918 */
		{ 0x64400000, 10 }, /* RFC 6598 */
		{ 0xa9fe0000, 16 }, /* RFC 3927, link local */
	};
	size_t i;

	for (i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
		if (ip >> (32 - networks[i].bits) ==
		    networks[i].network >> (32 - networks[i].bits))
			return true;
	/* Where the pseudonyms are; not 255/8, which are masks. */
	return ip >> 28 == 15 && ip >> 24 != 255;
}

static bool
is_private_v6(const struct in6_addr *ip)
{
	static const uint8_t ours[8] = { 0x01 };

	return (ip->s6_addr[0] & 0xfe) == 0xfc || /* RFC 4193 */
	    (ip->s6_addr[0] == 0xfe && (ip->s6_addr[1] & 0xc0) == 0x80) ||
	    memcmp(ip->s6_addr, ours, sizeof(ours)) == 0;
}

static bool
is_private(const struct endpoint_address *a)
{
	return a->family == AF_INET ? is_private_v4(ntohl(a->ip.v4.s_addr))
				    : is_private_v6(&a->ip.v6);
}

/* Four numbers up to 255 with the same mark between them. */
static bool
find_v4(const char *s, struct found *f)
{
	const char *p = s;
	uint32_t ip = 0, part;
	int i, digits;

	f->separator = '\0';
	for (i = 0; i < 4; i++) {
		if (i == 1 && (*p == '.' || *p == '-'))
			f->separator = *p;
		if (i > 0 && (f->separator == '\0' || *p++ != f->separator))
			return false;
		part = 0;
		for (digits = 0; digits < 3 && isdigit((unsigned char)*p);
		     digits++)
			part = part * 10 + (uint32_t)(*p++ - '0');
		if (digits == 0 || part > 255)
			return false;
		ip = ip << 8 | part;
	}
	if (isdigit((unsigned char)*p))
		return false;
	f->address.family = AF_INET;
	f->address.ip.v4.s_addr = htonl(ip);
	f->length = (size_t)(p - s);
	f->mapped = false;
	return true;
}

/* The longest IPv6 address that begins there. */
static bool
find_v6(const char *s, struct found *f)
{
	size_t length = strspn(s, "0123456789abcdefABCDEF:."), colons = 0, i;
	char copy[IPV6_LENGTH + 1];

	if (length > IPV6_LENGTH)
		length = IPV6_LENGTH;
	for (i = 0; i < length; i++) {
		colons += s[i] == ':';
		if (i > 0 && s[i] == ':' && s[i - 1] == ':')
			colons = 7;
	}
	if (colons < 7)
		return false;
	f->address.family = AF_INET6;
	f->separator = '\0';
	for (; length > 2; length--) {
		memcpy(copy, s, length);
		copy[length] = '\0';
		if (inet_pton(AF_INET6, copy, &f->address.ip.v6) == 1)
			break;
	}
	f->length = length;
	f->mapped = length > 2 && IN6_IS_ADDR_V4MAPPED(&f->address.ip.v6);
	if (f->mapped) {
		struct in_addr v4;

		memcpy(&v4, &f->address.ip.v6.s6_addr[12], sizeof(v4));
		f->address.family = AF_INET;
		f->address.ip.v4 = v4;
		f->separator = '.';
	}
	return length > 2;
}

/* Whether a private address stands at text[i]. */
static bool
find_private(const char *text, size_t i, struct found *f)
{
	unsigned char before = i > 0 ? (unsigned char)text[i - 1] : ' ';

	if (text[i] != ':' && !isxdigit((unsigned char)text[i]))
		return false;
	memset(f, 0, sizeof(*f));
	if (!isxdigit(before) && find_v6(text + i, f) &&
	    is_private(&f->address))
		return true;
	return !isdigit(before) && isdigit((unsigned char)text[i]) &&
	    find_v4(text + i, f) && is_private(&f->address);
}

void
pseudonyms_see(struct pseudonyms *p, const char *text)
{
	char ip[INET6_ADDRSTRLEN];
	struct found f;
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if (find_private(text, i, &f)) {
			names_add(
			    &p->addresses, endpoint_address_ip(&f.address, ip));
			i += f.length - 1;
		}
}

void
pseudonyms_see_host(struct pseudonyms *p, const char *name)
{
	pseudonyms_see(p, name);
	names_add(&p->hosts, name);
}

/* ------------------------------------------------------------- numbering */

struct numbered {
	const char *text;
	struct endpoint_address address; /* of addresses */
	uint32_t index;
};

static int
compare_addresses(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->address.family != y->address.family)
		return x->address.family == AF_INET ? -1 : 1;
	return memcmp(&x->address.ip, &y->address.ip,
	    x->address.family == AF_INET ? sizeof(struct in_addr)
					 : sizeof(struct in6_addr));
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(((const struct numbered *)a)->text,
	    ((const struct numbered *)b)->text);
}

/* Numbers from 1, by the order of compare; each family from 1 again. */
static uint32_t *
number(const struct names *names, int (*compare)(const void *, const void *))
{
	struct numbered *all = x_calloc(names->n + 1, sizeof(*all));
	uint32_t *numbers = x_calloc(names->n + 1, sizeof(*numbers)), next = 1;
	size_t i;

	for (i = 0; i < names->n; i++) {
		all[i].text = names->text[i];
		all[i].index = (uint32_t)i;
		endpoint_address_parse(names->text[i], &all[i].address);
	}
	if (names->n > 0)
		qsort(all, names->n, sizeof(*all), compare);
	for (i = 0; i < names->n; i++) {
		if (compare == compare_addresses && i > 0 &&
		    all[i].address.family != all[i - 1].address.family)
			next = 1;
		numbers[all[i].index] = next++;
	}
	free(all);
	return numbers;
}

void
pseudonyms_settle(struct pseudonyms *p)
{
	p->address_number = number(&p->addresses, compare_addresses);
	p->host_number = number(&p->hosts, compare_texts);
}

/* ------------------------------------------------------------- replacing */

static void
add_address(const struct pseudonyms *p, struct text *out, const struct found *f)
{
	char ip[INET6_ADDRSTRLEN];
	uint32_t i, n;

	i = names_find(&p->addresses, endpoint_address_ip(&f->address, ip));
	/* One that nobody saw has no number: it is hidden all the same. */
	n = i == UINT32_MAX ? 0 : p->address_number[i];
	if (f->address.family == AF_INET)
		text_addf(out, "%s%u%c%u%c%u%c%u", f->mapped ? "::ffff:" : "",
		    240 | (n >> 24 & 7), f->separator, n >> 16 & 255,
		    f->separator, n >> 8 & 255, f->separator, n & 255);
	else
		text_addf(out, "100::%" PRIx32, n);
}

/* The length of the word there that is a host's name, 0: none is. */
static size_t
find_host(const struct pseudonyms *p, const char *s, uint32_t *host)
{
	static const char letters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t length = 0, label = strspn(s, letters);
	char *word;

	/* The whole name with its domain, or its first label. */
	while (s[length] != '\0' &&
	    (strchr(letters, s[length]) != NULL ||
		(s[length] == '.' && strspn(s + length + 1, letters) > 0)))
		length++;
	for (; length >= WORD_LEAST; length = length > label ? label : 0) {
		word = x_strndup(s, length);
		*host = names_find(&p->hosts, word);
		free(word);
		if (*host != UINT32_MAX)
			return length;
	}
	return 0;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

char *
pseudonyms_text(const struct pseudonyms *p, const char *text, bool words)
{
	struct text out;
	struct found f;
	uint32_t host;
	size_t i, length;

	text_init(&out, SIZE_MAX / 4);
	text_add(&out, "", 0);
	for (i = 0; text[i] != '\0'; i += length) {
		length = 0;
		if (words && (i == 0 || !is_word(text[i - 1])))
			length = find_host(p, text + i, &host);
		if (length > 0) {
			text_addf(&out, "host-%" PRIu32, p->host_number[host]);
		} else if (find_private(text, i, &f)) {
			add_address(p, &out, &f);
			length = f.length;
		} else {
			text_add(&out, text + i, 1);
			length = 1;
		}
	}
	return out.s;
}

char *
pseudonyms_host(const struct pseudonyms *p, const char *name)
{
	uint32_t i = names_find(&p->hosts, name);

	return x_asprintf(
	    "host-%" PRIu32, i == UINT32_MAX ? 0 : p->host_number[i]);
}
