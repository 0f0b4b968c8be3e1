/*
 * Fuzz the judgement of a WebSocket's opening handshake: header lines as they
 * come, each in memory of exactly its size.
 */
#include "config.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/wsupgrade.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The example of RFC 6455 section 1.3. */
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
judge_line(struct ws_verdict *v, const uint8_t *data, size_t size)
{
	char *line = x_malloc(size > 0 ? size : 1);
	struct http_header h;

	if (size > 0)
		memcpy(line, data, size);
	if (http_header_split(line, size, &h))
		ws_judge_header(v, &h);
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size, *nl;
	struct ws_verdict v;
	enum failure f;

	ws_judge_init(&v, ACCEPT);
	while (data < end) {
		nl = memchr(data, '\n', (size_t)(end - data));
		nl = nl != NULL ? nl + 1 : end;
		judge_line(&v, data, (size_t)(nl - data));
		data = nl;
	}
	f = ws_judge(&v, 101);
	check(f == FAILURE_NONE || f == FAILURE_WEBSOCKET_BAD_HANDSHAKE ||
	    f == FAILURE_WEBSOCKET_BAD_ACCEPT);
	/* Nobody is let in without the answer to our key. */
	check(f != FAILURE_NONE ||
	    (v.upgrade && v.connection && v.accept && !v.extensions));
	check(ws_judge(&v, 401) == FAILURE_NONE);
	return 0;
}
