#include "config.h"

#include <sys/random.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "natdiff/xalloc.h"
#include "probe/census_tables.h"

static uint64_t
mix(uint64_t x)
{
	/* The finaliser of MurmurHash3. */
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	x ^= x >> 33;
	x *= UINT64_C(0xc4ceb9fe1a85ec53);
	x ^= x >> 33;
	return x;
}

static uint64_t
hash_seed(void)
{
	static uint64_t seed;

	if (seed == 0 &&
	    getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)time(NULL) ^ ((uint64_t)getpid() << 32);
	return seed;
}

static uint64_t
hash_address(const struct endpoint_address *a)
{
	uint64_t words[2] = { 0, 0 };

	memcpy(words, &a->ip, a->family == AF_INET ? 4 : 16);
	return mix(mix(mix(hash_seed() ^ words[0]) ^ words[1]) ^
	    ((uint64_t)a->port << 16 | (uint64_t)a->family));
}

/* The slot that holds a, or the free one where it belongs. */
static uint32_t *
find_slot(const struct address_table *t, const struct endpoint_address *a)
{
	size_t i = hash_address(a) & (t->n_slots - 1);

	while (t->slots[i] != 0 &&
	    !endpoint_address_equal(&t->items[t->slots[i] - 1], a))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static void
grow_slots(struct address_table *t)
{
	size_t i;

	free(t->slots);
	t->n_slots = t->n_slots == 0 ? 256 : t->n_slots * 2;
	t->slots = x_calloc(t->n_slots, sizeof(*t->slots));
	for (i = 0; i < t->n; i++)
		*find_slot(t, &t->items[i]) = (uint32_t)i + 1;
}

size_t
address_table_find(
    const struct address_table *t, const struct endpoint_address *a)
{
	uint32_t number = t->n_slots == 0 ? 0 : *find_slot(t, a);

	return number == 0 ? NO_ADDRESS : number - 1;
}

size_t
address_table_add(struct address_table *t, const struct endpoint_address *a)
{
	uint32_t *slot;

	if (t->n_slots < 2 * (t->n + 1))
		grow_slots(t);
	slot = find_slot(t, a);
	if (*slot == 0) {
		t->items =
		    x_grow(t->items, t->n, &t->capacity, sizeof(*t->items));
		t->items[t->n++] = *a;
		*slot = (uint32_t)t->n;
	}
	return *slot - 1;
}

void
address_table_clear(struct address_table *t)
{
	free(t->items);
	free(t->slots);
}

static uint64_t *
pair_slot(const struct pair_set *p, uint64_t key)
{
	size_t i = mix(key) & (p->n_slots - 1);

	while (p->slots[i] != 0 && p->slots[i] != key)
		i = (i + 1) & (p->n_slots - 1);
	return &p->slots[i];
}

bool
pair_set_add(struct pair_set *p, size_t a, size_t b)
{
	uint64_t key = ((uint64_t)a << 32 | (uint64_t)b) + 1, *slot;
	struct pair_set larger;
	size_t i;

	if (p->n_slots < 2 * (p->n + 1)) {
		larger.n = p->n;
		larger.n_slots = p->n_slots == 0 ? 256 : p->n_slots * 2;
		larger.slots = x_calloc(larger.n_slots, sizeof(*slot));
		for (i = 0; i < p->n_slots; i++)
			if (p->slots[i] != 0)
				*pair_slot(&larger, p->slots[i]) = p->slots[i];
		free(p->slots);
		*p = larger;
	}
	slot = pair_slot(p, key);
	if (*slot != 0)
		return false;
	*slot = key;
	p->n++;
	return true;
}

void
pair_set_clear(struct pair_set *p)
{
	free(p->slots);
}
