/*
 * Fuzz the reading of request heads.  Inputs are copied to memory of exactly
 * their size: the sanitizer sees each byte that is read past them.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/httprequest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static int
is_status(int status)
{
	static const int known[] = { 101, 200, 400, 405, 413, 426, 431, 505 };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == status)
			return 1;
	return 0;
}

static void
fuzz_head(const char *bytes, size_t size)
{
	struct httprequest r, again;

	if (httprequest_parse(bytes, size, &r) == 0) {
		check(size < HTTP_REQUEST_BYTES_MAX);
		return;
	}
	check(is_status(r.status));
	check(r.head_bytes <= size);
	check((r.status == 101) <= (strlen(r.ws_key) == WS_KEY_SIZE - 1));
	if (r.shared_key != NULL) {
		check(r.shared_key >= bytes);
		check(r.shared_key + r.shared_key_size <= bytes + size);
	}
	if (r.head_bytes == 0)
		return;
	/* All of the head is needed, and nothing after it. */
	check(httprequest_parse(bytes, r.head_bytes - 1, &again) == 0);
	check(httprequest_parse(bytes, r.head_bytes, &again) == 1);
	check(again.status == r.status);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes;

	if (size > 2 * HTTP_REQUEST_BYTES_MAX)
		return 0;
	bytes = x_malloc(size > 0 ? size : 1);
	if (size > 0)
		memcpy(bytes, data, size);
	fuzz_head(bytes, size);
	free(bytes);
	return 0;
}
