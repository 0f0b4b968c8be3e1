/*
 * Open addressing with linear probing in the index.  The flows' memory is
 * asked for once, and only what is used of it counts.
 */
#include "config.h"

#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/flows.h"
#include "report/import/flowtable.h"

/* Of the index: at first, by how much more, and for FLOWS_MAX. */
#define PLACES_LEAST ((size_t)65536)
#define GROWTH       4
#define PLACES_MAX   ((size_t)8 * 1024 * 1024)

_Static_assert(FLOWS_MAX <= FLOWTABLE_NUMBER, "each flow has its number");
_Static_assert(FLOWS_MAX * 2 < PLACES_MAX, "the index is half empty");

/* Large pages, where the system has them: they are hit at random. */
static void *
new_pages(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (pages == MAP_FAILED)
		return NULL;
	(void)madvise(pages, size, MADV_HUGEPAGE);
	return pages;
}

/* Of so many places, all empty.  All of it is written to: fetch it at once. */
static uint32_t *
new_index(size_t places)
{
	size_t size = places * sizeof(uint32_t);
	uint32_t *index = new_pages(size);

	if (index == NULL)
		x_no_memory();
#ifdef MADV_POPULATE_WRITE
	(void)madvise(index, size, MADV_POPULATE_WRITE);
#endif
	return index;
}

static void
free_index(uint32_t *index, size_t places)
{
	if (index != NULL)
		munmap(index, places * sizeof(*index));
}

int
flowtable_init(struct flowtable *t, const uint64_t seeds[2], struct err *e)
{
	memset(t, 0, sizeof(*t));
	t->flow = new_pages(FLOWS_MAX * sizeof(struct flow));
	if (t->flow == NULL)
		return err_sys(e, "no room for the flows of a capture");
	t->index = new_index(PLACES_LEAST);
	t->mask = PLACES_LEAST - 1;
	t->seed[0] = seeds[0];
	t->seed[1] = seeds[1];
	return 0;
}

void
flowtable_clear(struct flowtable *t)
{
	if (t->flow != NULL)
		munmap(t->flow, FLOWS_MAX * sizeof(struct flow));
	free_index(t->index, t->mask + 1);
	free(t->v6);
	free(t->v6_index);
	memset(t, 0, sizeof(*t));
}

struct flow *
flowtable_find(
    const struct flowtable *t, const struct flow_key *k, uint64_t hash)
{
	uint32_t tag = flowtable_tag(hash);
	size_t i = (hash >> 32) & t->mask;
	struct flow *f;

	for (; t->index[i] != 0; i = (i + 1) & t->mask) {
		if ((t->index[i] & ~FLOWTABLE_NUMBER) != tag)
			continue;
		f = &t->flow[(t->index[i] & FLOWTABLE_NUMBER) - 1];
		if (flowtable_is_of(f, k))
			return f;
	}
	return NULL;
}

/* Flow number n - 1 into the index. */
static void
put(struct flowtable *t, uint64_t hash, size_t n)
{
	size_t i = (hash >> 32) & t->mask;

	while (t->index[i] != 0)
		i = (i + 1) & t->mask;
	t->index[i] = flowtable_tag(hash) | (uint32_t)n;
}

/* All flows into an empty index. */
static void
put_all(struct flowtable *t)
{
	struct flow_key k;
	size_t i;

	for (i = 0; i < t->n; i++) {
		k.a = t->flow[i].a;
		k.b = t->flow[i].b;
		k.port_a = t->flow[i].port_a;
		k.port_b = t->flow[i].port_b;
		k.is_v6 = (t->flow[i].bits & FLOW_V6) != 0;
		put(t, flowtable_hash(t, &k), i + 1);
	}
}

/* At most half of the index is used. */
static void
grow(struct flowtable *t)
{
	size_t places = t->mask + 1;

	free_index(t->index, places);
	places *= GROWTH;
	if (places > PLACES_MAX)
		places = PLACES_MAX;
	t->index = new_index(places);
	t->mask = places - 1;
	put_all(t);
}

struct flow *
flowtable_add(struct flowtable *t, const struct flow_key *k, uint64_t hash)
{
	struct flow *f;

	if (t->n == FLOWS_MAX)
		return NULL;
	if (t->n * 2 > t->mask)
		grow(t);
	f = &t->flow[t->n++];
	memset(f, 0, sizeof(*f));
	f->a = k->a;
	f->b = k->b;
	f->port_a = k->port_a;
	f->port_b = k->port_b;
	f->bits = k->is_v6 ? FLOW_V6 : 0;
	put(t, hash, t->n);
	return f;
}

void
flowtable_sweep(struct flowtable *t,
    bool (*drop)(void *arg, const struct flow *f), void *arg)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		if (!drop(arg, &t->flow[i]))
			t->flow[n++] = t->flow[i];
	t->n = n;
	memset(t->index, 0, (t->mask + 1) * sizeof(*t->index));
	put_all(t);
}

uint32_t
flowtable_v6(struct flowtable *t, const uint8_t address[16])
{
	uint64_t half[2];
	size_t i;

	if (t->v6 == NULL) {
		t->v6_mask = 2 * FLOWS_ADDRESSES_MAX - 1;
		t->v6 = x_calloc(FLOWS_ADDRESSES_MAX, sizeof(*t->v6));
		t->v6_index = x_calloc(t->v6_mask + 1, sizeof(*t->v6_index));
	}
	memcpy(half, address, sizeof(half));
	i = flowtable_mix(half[0] ^ t->seed[0], half[1] ^ t->seed[1]) &
	    t->v6_mask;
	for (; t->v6_index[i] != 0; i = (i + 1) & t->v6_mask)
		if (memcmp(t->v6[t->v6_index[i] - 1], address, 16) == 0)
			return t->v6_index[i] - 1;
	if (t->n_v6 == FLOWS_ADDRESSES_MAX)
		return UINT32_MAX;
	memcpy(t->v6[t->n_v6], address, 16);
	t->v6_index[i] = (uint32_t)++t->n_v6;
	return (uint32_t)(t->n_v6 - 1);
}
