/*
 * The sums.
 */
#include "config.h"

#include <netinet/in.h>

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/conntrack_ports.h"

/*
 * Destinations of a scan through the NAT are not told apart without end:
 * what comes after so many counts in the total only.
 */
#define USES_MAX 262144

struct conntrack_slot {
	uint64_t key;
	uint32_t number; /* of the use + 1, 0: a free slot */
};

/* The numbers are ours and dense, so that no seed is needed. */
static struct conntrack_slot *
find_slot(const struct conntrack_ports *p, uint64_t key)
{
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (size_t)(hash >> 32) & (p->n_slots - 1);

	while (p->slots[i].number != 0 && p->slots[i].key != key)
		i = (i + 1) & (p->n_slots - 1);
	return &p->slots[i];
}

static void
grow_slots(struct conntrack_ports *p)
{
	struct conntrack_slot *old = p->slots;
	size_t i, n = p->n_slots;

	p->n_slots = n == 0 ? 256 : n * 2;
	p->slots = x_calloc(p->n_slots, sizeof(*p->slots));
	for (i = 0; i < n; i++)
		if (old[i].number != 0)
			*find_slot(p, old[i].key) = old[i];
	free(old);
}

/* The use that an entry counts for; NULL: there are too many. */
static struct conntrack_use *
find_use(struct conntrack_ports *p, const struct conntrack_entry *entry)
{
	struct endpoint_address outside = entry->outside;
	struct conntrack_slot *slot;
	struct conntrack_use *use;
	uint64_t key;

	/* Protocols are told apart in the port's place, which is not needed. */
	outside.port = entry->protocol;
	if (p->n >= USES_MAX &&
	    (address_table_find(&p->outsides, &outside) == NO_ADDRESS ||
		address_table_find(&p->destinations, &entry->destination) ==
		    NO_ADDRESS))
		return NULL;
	key = (uint64_t)address_table_add(&p->outsides, &outside) << 32 |
	    address_table_add(&p->destinations, &entry->destination);
	if (p->n_slots < 2 * (p->n + 1))
		grow_slots(p);
	slot = find_slot(p, key);
	if (slot->number != 0)
		return &p->uses[slot->number - 1];
	if (p->n >= USES_MAX)
		return NULL;
	p->uses = x_grow(p->uses, p->n, &p->capacity, sizeof(*p->uses));
	use = &p->uses[p->n++];
	memset(use, 0, sizeof(*use));
	use->protocol = entry->protocol;
	use->outside = entry->outside;
	use->outside.port = 0;
	use->destination = entry->destination;
	slot->key = key;
	slot->number = (uint32_t)p->n;
	return use;
}

void
conntrack_ports_add(
    struct conntrack_ports *p, const struct conntrack_entry *entry)
{
	struct conntrack_use *use;

	if (entry->protocol != IPPROTO_TCP && entry->protocol != IPPROTO_UDP)
		return;
	if (entry->outside.family == 0 ||
	    endpoint_address_equal(&entry->inside, &entry->outside))
		return;
	p->translated++;
	use = find_use(p, entry);
	if (use == NULL)
		return;
	use->ports++;
	use->closed += entry->closed;
}

static int
by_ports(const void *a, const void *b)
{
	const struct conntrack_use *x = a, *y = b;

	if (x->ports != y->ports)
		return x->ports < y->ports ? 1 : -1;
	/* The order of equals is the same in each table. */
	if (x->destination.port != y->destination.port)
		return x->destination.port < y->destination.port ? -1 : 1;
	return memcmp(
	    &x->destination.ip, &y->destination.ip, sizeof(x->destination.ip));
}

/*
 * The first n are sorted by insertion: most uses are smaller than the last of
 * them and cost one comparison.
 */
size_t
conntrack_ports_rank(struct conntrack_ports *p, size_t n)
{
	struct conntrack_use use;
	size_t i, k, ranked = 0;

	for (i = 0; i < p->n && n > 0; i++) {
		if (ranked == n && by_ports(&p->uses[i], &p->uses[n - 1]) >= 0)
			continue;
		use = p->uses[i];
		k = ranked < n ? ranked++ : n - 1;
		/* What falls out takes the place of what comes in. */
		p->uses[i] = p->uses[k];
		for (; k > 0 && by_ports(&use, &p->uses[k - 1]) < 0; k--)
			p->uses[k] = p->uses[k - 1];
		p->uses[k] = use;
	}
	return ranked;
}

void
conntrack_ports_clear(struct conntrack_ports *p)
{
	address_table_clear(&p->outsides);
	address_table_clear(&p->destinations);
	free(p->slots);
	free(p->uses);
	memset(p, 0, sizeof(*p));
}
