/*
 * The hours are few, and found by a hash table where the last one of a path is
 * not it.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/summary_hours.h"

#define HOUR_US INT64_C(3600000000)

/* Hours by (time, path) in a hash table of index + 1; 0 is free. */
struct hours {
	struct hour *hour;
	size_t n, capacity;
	uint32_t *slots;
	size_t n_slots; /* a power of two */
};

static uint32_t *
hours_slot(const struct hours *h, int64_t from_us, uint32_t path)
{
	uint64_t x = (uint64_t)(from_us / HOUR_US) * 31 + path;
	size_t i;

	x *= UINT64_C(0x9e3779b97f4a7c15);
	i = (size_t)(x >> 32) & (h->n_slots - 1);
	while (h->slots[i] != 0 &&
	    (h->hour[h->slots[i] - 1].from_us != from_us ||
		h->hour[h->slots[i] - 1].path != path))
		i = (i + 1) & (h->n_slots - 1);
	return &h->slots[i];
}

static void
hours_grow(struct hours *h)
{
	size_t i;

	h->n_slots = h->n_slots == 0 ? 256 : h->n_slots * 2;
	free(h->slots);
	h->slots = x_calloc(h->n_slots, sizeof(*h->slots));
	for (i = 0; i < h->n; i++)
		*hours_slot(h, h->hour[i].from_us, h->hour[i].path) =
		    (uint32_t)i + 1;
}

/* The index of an hour of a path, which is there then. */
static size_t
hours_find(struct hours *h, int64_t from_us, uint32_t path)
{
	uint32_t *slot;

	if (h->n * 2 >= h->n_slots)
		hours_grow(h);
	slot = hours_slot(h, from_us, path);
	if (*slot == 0) {
		h->hour = x_grow(h->hour, h->n, &h->capacity, sizeof(*h->hour));
		memset(&h->hour[h->n], 0, sizeof(*h->hour));
		h->hour[h->n].from_us = from_us;
		h->hour[h->n].path = path;
		*slot = (uint32_t)++h->n;
	}
	return *slot - 1;
}

static int
compare_hours(const void *a, const void *b)
{
	const struct hour *x = a, *y = b;

	if (x->from_us != y->from_us)
		return x->from_us < y->from_us ? -1 : 1;
	return (x->path > y->path) - (x->path < y->path);
}

struct hour *
hours_count(const struct dataset *d, const struct attempts *a,
    const uint8_t *path, size_t *n)
{
	/* By path: the hour of its last attempt, mostly that of the next. */
	size_t *last = x_calloc(d->n_paths + 1, sizeof(*last)), i, k;
	struct hours h = { 0 };
	int64_t at;

	for (i = 0; i < a->n; i++) {
		at = attempt_started_us(d, a, i);
		at = at < 0 ? 0 : at;
		k = last[path[i]];
		if (k >= h.n || h.hour[k].path != path[i] ||
		    at < h.hour[k].from_us || at - h.hour[k].from_us >= HOUR_US)
			k = hours_find(&h, at - at % HOUR_US, path[i]);
		last[path[i]] = k;
		tally_add(&h.hour[k].tally, a, i);
	}
	if (h.n > 0)
		qsort(h.hour, h.n, sizeof(*h.hour), compare_hours);
	free(last);
	free(h.slots);
	*n = h.n;
	return h.hour;
}
