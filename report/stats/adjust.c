/*
 * Holm, Benjamini-Hochberg.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/adjust.h"

struct entry {
	double p;
	size_t at;
};

static int
by_p(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->p != y->p)
		return x->p < y->p ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* The known p-values in ascending order; copies NaN to out. */
static struct entry *
sorted_p(const double *p, size_t n, double *out, size_t *m)
{
	struct entry *e = x_calloc(n, sizeof(*e));
	size_t i;

	*m = 0;
	for (i = 0; i < n; i++) {
		if (isnan(p[i]))
			out[i] = NAN;
		else
			e[(*m)++] = (struct entry){ p[i], i };
	}
	qsort(e, *m, sizeof(*e), by_p);
	return e;
}

void
adjust_holm(const double *p, size_t n, double *out)
{
	double most = 0;
	size_t i, m;
	struct entry *e = sorted_p(p, n, out, &m);

	for (i = 0; i < m; i++) {
		most = fmax(most, (double)(m - i) * e[i].p);
		out[e[i].at] = fmin(1, most);
	}
	free(e);
}

void
adjust_bh(const double *p, size_t n, double *out)
{
	double least = INFINITY;
	size_t i, m;
	struct entry *e = sorted_p(p, n, out, &m);

	for (i = m; i > 0; i--) {
		least = fmin(least, (double)m / (double)i * e[i - 1].p);
		out[e[i - 1].at] = fmin(1, least);
	}
	free(e);
}
