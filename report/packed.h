/*
 * Many whole numbers in few bits: a block of them keeps once the upper bits
 * that all have in common, and of each number the bits below them (binary
 * packing; Lemire and Boytsov 2015, "Decoding billions of integers per second
 * through vectorization").  A block of equal numbers takes no bits.  Numbers
 * are added at the end, and read anywhere in O(1).
 *
 * All zero is an empty one.
 */
#ifndef NATDIFF_REPORT_PACKED_H
#define NATDIFF_REPORT_PACKED_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PACKED_BLOCK 1024

struct packed_block {
	uint64_t common; /* of all numbers, without the bits of each */
	uint64_t mask;   /* of as many bits as each number has */
	uint64_t *words; /* little-endian, and one more than needed */
	size_t bits;     /* of each: at most 57, or 64; 0: no words */
};

struct packed {
	size_t n;
	struct packed_block *block; /* the full ones */
	size_t n_blocks, capacity;
	uint64_t *open; /* what is behind them, less than a block */
	size_t open_capacity;
};

void packed_clear(struct packed *p);

/*
 * Add all of from to p; from is empty then.  The order of all is another after
 * it, and depends on nothing but how many both were.
 */
void packed_join(struct packed *p, struct packed *from);

/* The numbers at order[0], ... order[n - 1] are all there is, in this order. */
void packed_select(struct packed *p, const uint32_t *order, size_t n);

/* Replace each number by map(context, number). */
void packed_map(struct packed *p,
    uint64_t (*map)(const void *context, uint64_t value), const void *context);

/* The bits that are set in any number of p, and perhaps more; O(n / 1024). */
uint64_t packed_bits(const struct packed *p);

/* i < n */
static inline uint64_t
packed_get(const struct packed *p, size_t i)
{
	const struct packed_block *b;
	uint64_t word;
	size_t at;

	if (i / PACKED_BLOCK >= p->n_blocks)
		return p->open[i % PACKED_BLOCK];
	b = &p->block[i / PACKED_BLOCK];
	at = i % PACKED_BLOCK * b->bits;
	/* From its first byte on: up to 7 bits are of the one before. */
	memcpy(&word, (const char *)b->words + at / 8, sizeof(word));
	return b->common | (le64toh(word) >> at % 8 & b->mask);
}

/* Behind packed_add(): room for one more, and a block from the open numbers. */
void packed_grow(struct packed *p);
void packed_close(struct packed *p);

static inline void
packed_add(struct packed *p, uint64_t value)
{
	size_t i = p->n % PACKED_BLOCK;

	if (i == p->open_capacity)
		packed_grow(p);
	p->open[i] = value;
	p->n++;
	if (i + 1 == PACKED_BLOCK)
		packed_close(p);
}

#endif
