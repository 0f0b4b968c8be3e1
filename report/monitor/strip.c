/*
 * Counting the last slots.
 */
#include "config.h"

#include <string.h>

#include "report/monitor/strip.h"

struct cell {
	size_t attempts;
	size_t failed;
	size_t again; /* SYNs */
};

static void
count(struct cell cells[STRIP_SLOTS], const struct dataset *d,
    const struct attempts *a, uint32_t path, int64_t interval_us, int64_t first)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		int64_t at = attempt_started_us(d, a, i) / interval_us - first;
		struct cell *c;

		if (at < 0 || at >= STRIP_SLOTS ||
		    attempt_path(d, a, i) != path ||
		    attempt_failure(a, i) == FAILURE_INTERRUPTED)
			continue;
		c = &cells[at];
		c->attempts++;
		c->failed += attempt_failed(a, i);
		c->again += attempt_resent(a, i);
	}
}

static char
letter(const struct cell *c)
{
	if (c->attempts == 0)
		return ' ';
	if (c->failed == c->attempts)
		return '#';
	if (c->failed > 0)
		/* Rounded up, so that one of a hundred shows. */
		return "123456789"[(c->failed * 10 - 1) / c->attempts % 9];
	return c->again > 0 ? 'r' : '.';
}

void
strip_make(const struct dataset *d, uint32_t path, int64_t interval_us,
    int64_t now_us, char out[STRIP_SLOTS + 1])
{
	struct cell cells[STRIP_SLOTS];
	int64_t first = now_us / interval_us - STRIP_SLOTS + 1;
	size_t i;

	memset(cells, 0, sizeof(cells));
	for (i = 0; i < d->n_endpoints; i++)
		if (!endpoint_is_service(&d->endpoints[i]))
			count(cells, d, &d->endpoints[i].attempts, path,
			    interval_us, first);
	for (i = 0; i < STRIP_SLOTS; i++)
		out[i] = letter(&cells[i]);
	out[STRIP_SLOTS] = '\0';
}
