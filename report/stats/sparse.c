#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/sparse.h"

void
sparse_add(struct sparse *s, int32_t value)
{
	if (value != 0) {
		s->kept =
		    x_grow(s->kept, s->n_kept, &s->capacity, sizeof(*s->kept));
		s->kept[s->n_kept++] =
		    (struct sparse_value){ (uint32_t)s->n, value };
	}
	s->n++;
}

int32_t *
sparse_expand(const struct sparse *s)
{
	int32_t *x = x_calloc(s->n + 1, sizeof(*x));
	size_t i;

	for (i = 0; i < s->n_kept; i++)
		x[s->kept[i].at] = s->kept[i].value;
	return x;
}

void
sparse_clear(struct sparse *s)
{
	free(s->kept);
	memset(s, 0, sizeof(*s));
}
