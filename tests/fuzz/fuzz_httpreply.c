/*
 * Fuzz the reading of response heads and of the addresses in bodies.  Inputs
 * are copied to memory of exactly their size: the sanitizer sees each byte
 * that is read past them.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/httpreply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const char *bytes;
	size_t size;
	size_t headers;
};

static void
check(int holds)
{
	if (!holds)
		abort();
}

/* A header lies within the head, and its bytes can be read. */
static void
on_header(void *arg, const struct http_header *h)
{
	struct seen *seen = arg;
	const char *end = seen->bytes + seen->size;

	check(h->name >= seen->bytes && h->name_size > 0);
	check(h->value > h->name && h->value <= end);
	check(h->value_size <= (size_t)(end - h->value));
	http_header_is(h, "Upgrade");
	http_header_has_token(h, "upgrade");
	seen->headers++;
}

static void
fuzz_head(const char *bytes, size_t size)
{
	struct seen seen = { bytes, size, 0 };
	struct httpreply r = { -1, 0 };
	int result = httpreply_parse(bytes, size, &r, on_header, &seen);

	if (result != 1) {
		check(result == 0 || result == -1);
		check(seen.headers == 0);
		return;
	}
	check(r.status >= 0 && r.status <= 999);
	check(r.head_bytes > 0 && r.head_bytes <= size);
	/* All of the head is needed, and nothing after it. */
	check(httpreply_parse(bytes, r.head_bytes - 1, &r, NULL, NULL) == 0);
	check(httpreply_parse(bytes, r.head_bytes, &r, NULL, NULL) == 1);
}

static void
fuzz_address(const char *bytes, size_t size)
{
	struct endpoint_address a, again;
	char ip[INET6_ADDRSTRLEN];

	if (!http_find_address(bytes, size, &a))
		return;
	check(a.family == AF_INET || a.family == AF_INET6);
	/* What was found reads as itself. */
	endpoint_address_ip(&a, ip);
	check(http_find_address(ip, strlen(ip), &again) || strlen(ip) < 3);
	if (strlen(ip) < 3)
		return;
	check(again.port == 0);
	again.port = a.port;
	check(endpoint_address_equal(&a, &again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes;

	if (size > HTTP_HEAD_BYTES_MAX)
		return 0;
	bytes = x_malloc(size > 0 ? size : 1);
	if (size > 0)
		memcpy(bytes, data, size);
	fuzz_head(bytes, size);
	fuzz_address(bytes, size);
	free(bytes);
	return 0;
}
