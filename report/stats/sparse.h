/*
 * A series of whole numbers most of which are 0.
 */
#ifndef NATDIFF_STATS_SPARSE_H
#define NATDIFF_STATS_SPARSE_H

#include <stddef.h>
#include <stdint.h>

/* Place and value of each number that is not 0. */
struct sparse_value {
	uint32_t at;
	int32_t value;
};

/* All zero is an empty one. */
struct sparse {
	size_t n;                  /* of the series, below 2^32 */
	struct sparse_value *kept; /* by place */
	size_t n_kept, capacity;
};

/* Put a number, or so many zeros, behind the others. */
void sparse_add(struct sparse *s, int32_t value);
static inline void
sparse_add_zeros(struct sparse *s, size_t n)
{
	s->n += n;
}

/* All numbers in new memory, one more than there are. */
int32_t *sparse_expand(const struct sparse *s);

void sparse_clear(struct sparse *s);

#endif
