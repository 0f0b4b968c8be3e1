#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/packed.h"

void
packed_grow(struct packed *p)
{
	p->open = x_grow(
	    p->open, p->n % PACKED_BLOCK, &p->open_capacity, sizeof(*p->open));
}

/* A block whose numbers are all the same has this. */
static uint64_t no_bits;

/* The bits of each number, one behind the other. */
static uint64_t *
write_bits(const struct packed_block *b, const uint64_t *value)
{
	uint64_t *words =
	    x_calloc(PACKED_BLOCK / 64 * b->bits + 1, sizeof(*words));
	uint64_t *out = words, word = 0, low;
	size_t used = 0, i;

	for (i = 0; i < PACKED_BLOCK; i++) {
		low = value[i] & b->mask;
		word |= low << used;
		used += b->bits;
		if (used < 64)
			continue;
		used -= 64;
		*out++ = htole64(word);
		word = used > 0 ? low >> (b->bits - used) : 0;
	}
	return words;
}

void
packed_close(struct packed *p)
{
	struct packed_block b = { .words = &no_bits };
	uint64_t differ = 0;
	size_t i;

	for (i = 0; i < PACKED_BLOCK; i++)
		differ |= p->open[i] ^ p->open[0];
	b.common = p->open[0];
	if (differ != 0) {
		b.bits = 64 - (unsigned)__builtin_clzll(differ);
		/* So that each lies in the 8 bytes from its first byte on. */
		b.bits = b.bits > 57 ? 64 : b.bits;
		b.mask = UINT64_MAX >> (64 - b.bits);
		b.common &= ~b.mask;
		b.words = write_bits(&b, p->open);
	}
	p->block =
	    x_grow(p->block, p->n_blocks, &p->capacity, sizeof(*p->block));
	p->block[p->n_blocks++] = b;
}

void
packed_clear(struct packed *p)
{
	size_t i;

	for (i = 0; i < p->n_blocks; i++)
		if (p->block[i].words != &no_bits)
			free(p->block[i].words);
	free(p->block);
	free(p->open);
	memset(p, 0, sizeof(*p));
}

void
packed_join(struct packed *p, struct packed *from)
{
	size_t n = from->n % PACKED_BLOCK, i;

	while (p->capacity < p->n_blocks + from->n_blocks)
		p->block = x_grow(
		    p->block, p->capacity, &p->capacity, sizeof(*p->block));
	if (from->n_blocks > 0)
		memcpy(&p->block[p->n_blocks], from->block,
		    from->n_blocks * sizeof(*from->block));
	p->n_blocks += from->n_blocks;
	p->n += from->n_blocks * PACKED_BLOCK;
	for (i = 0; i < n; i++)
		packed_add(p, from->open[i]);
	from->n_blocks = 0;
	packed_clear(from);
}

/* Whether all numbers are the same, as far as that is cheap to say. */
static bool
is_constant(const struct packed *p)
{
	uint64_t first;
	size_t i;

	if (p->n == 0)
		return true;
	first = packed_get(p, 0);
	for (i = 0; i < p->n_blocks; i++)
		if (p->block[i].bits > 0 || p->block[i].common != first)
			return false;
	for (i = p->n_blocks * PACKED_BLOCK; i < p->n; i++)
		if (packed_get(p, i) != first)
			return false;
	return true;
}

void
packed_select(struct packed *p, const uint32_t *order, size_t n)
{
	struct packed out = { 0 };
	size_t i, k, some;

	if (n == p->n && is_constant(p))
		return;
	out.open_capacity = PACKED_BLOCK;
	out.open = x_malloc(PACKED_BLOCK * sizeof(*out.open));
	for (i = 0; i < n; i += some) {
		some = n - i < PACKED_BLOCK ? n - i : PACKED_BLOCK;
		for (k = 0; k < some; k++)
			out.open[k] = packed_get(p, order[i + k]);
		if (some == PACKED_BLOCK)
			packed_close(&out);
	}
	out.n = n;
	packed_clear(p);
	*p = out;
}

uint64_t
packed_bits(const struct packed *p)
{
	uint64_t bits = 0;
	size_t i;

	for (i = 0; i < p->n_blocks; i++)
		bits |= p->block[i].common | p->block[i].mask;
	for (i = 0; i < p->n % PACKED_BLOCK; i++)
		bits |= p->open[i];
	return bits;
}

void
packed_map(struct packed *p,
    uint64_t (*map)(const void *context, uint64_t value), const void *context)
{
	struct packed out = { 0 };
	size_t i;

	for (i = 0; i < p->n; i++)
		packed_add(&out, map(context, packed_get(p, i)));
	packed_clear(p);
	*p = out;
}
