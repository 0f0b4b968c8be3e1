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

#define PLACES_LEAST 65536

/* Large pages, where the system has them: flows are hit at random. */
static struct flow *
new_flows(struct err *e)
{
	size_t size = FLOWS_MAX * sizeof(struct flow);
	void *flows = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (flows == MAP_FAILED) {
		err_sys(e, "no room for the flows of a capture");
		return NULL;
	}
	(void)madvise(flows, size, MADV_HUGEPAGE);
	return flows;
}

int
flowtable_init(struct flowtable *t, const uint64_t seeds[2], struct err *e)
{
	memset(t, 0, sizeof(*t));
	t->flow = new_flows(e);
	if (t->flow == NULL)
		return -1;
	t->index = x_calloc(PLACES_LEAST, sizeof(*t->index));
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
	free(t->index);
	free(t->v6);
	free(t->v6_index);
	memset(t, 0, sizeof(*t));
}

static bool
is_of(const struct flow *f, const struct flow_key *k)
{
	return f->a == k->a && f->b == k->b && f->port_a == k->port_a &&
	    f->port_b == k->port_b && ((f->bits & FLOW_V6) != 0) == k->is_v6;
}

struct flow *
flowtable_find(
    const struct flowtable *t, const struct flow_key *k, uint64_t hash)
{
	size_t i = (hash >> 32) & t->mask;
	struct flow *f;

	for (; t->index[i] != 0; i = (i + 1) & t->mask) {
		if (t->index[i] >> 32 != hash >> 32)
			continue;
		f = &t->flow[(uint32_t)t->index[i] - 1];
		if (is_of(f, k))
			return f;
	}
	return NULL;
}

static void
put(struct flowtable *t, uint64_t entry)
{
	size_t i = (entry >> 32) & t->mask;

	while (t->index[i] != 0)
		i = (i + 1) & t->mask;
	t->index[i] = entry;
}

/* At most half of the index is used. */
static void
grow(struct flowtable *t)
{
	size_t places = t->mask + 1, i;
	uint64_t *old = t->index;

	t->index = x_calloc(places * 2, sizeof(*t->index));
	t->mask = places * 2 - 1;
	for (i = 0; i < places; i++)
		if (old[i] != 0)
			put(t, old[i]);
	free(old);
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
	put(t, hash >> 32 << 32 | (uint32_t)t->n);
	return f;
}

void
flowtable_sweep(struct flowtable *t,
    bool (*drop)(void *arg, const struct flow *f), void *arg)
{
	struct flow_key k;
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		if (!drop(arg, &t->flow[i]))
			t->flow[n++] = t->flow[i];
	t->n = n;
	memset(t->index, 0, (t->mask + 1) * sizeof(*t->index));
	for (i = 0; i < n; i++) {
		k.a = t->flow[i].a;
		k.b = t->flow[i].b;
		k.port_a = t->flow[i].port_a;
		k.port_b = t->flow[i].port_b;
		k.is_v6 = (t->flow[i].bits & FLOW_V6) != 0;
		put(t, flowtable_hash(t, &k) >> 32 << 32 | (uint32_t)(i + 1));
	}
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
