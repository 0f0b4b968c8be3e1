#include "config.h"

#include <openssl/rand.h>
#include <string.h>

#include "probe/wsframes.h"

size_t
wsframes_take(
    const struct text *in, size_t *taken, uint8_t *buffer, size_t size)
{
	size_t left = in->size - *taken, n = left < size ? left : size;

	if (n > 0)
		memcpy(buffer, in->s + *taken, n);
	*taken += n;
	return n;
}

ssize_t
wsframes_tell(wslay_event_context_ptr ctx, bool broken, size_t n)
{
	if (!broken && n > 0)
		return (ssize_t)n;
	wslay_event_set_error(
	    ctx, broken ? WSLAY_ERR_CALLBACK_FAILURE : WSLAY_ERR_WOULDBLOCK);
	return -1;
}

int
wsframes_mask(
    wslay_event_context_ptr ctx, uint8_t *mask, size_t size, void *arg)
{
	(void)ctx;
	(void)arg;
	return RAND_bytes(mask, (int)size) == 1 ? 0 : -1;
}
