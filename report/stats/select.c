/*
 * Values are counted by their leading bits; those that share them with a
 * rank that is asked for are sorted, and no others.
 */
#include "config.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/select.h"
#include "report/stats/sort.h"

/* A value in four has a bin of its own. */
#define BINS_LEAST 16
#define BINS_MOST  4096

struct bin {
	size_t count;
	bool wanted;
};

/* How the values fall into bins. */
struct histogram {
	uint32_t least;
	unsigned shift;
	size_t n;
	struct bin *bin;
};

static size_t
bin_of(const struct histogram *h, uint32_t value)
{
	return (value - h->least) >> h->shift;
}

static void
count_values(struct histogram *h, const uint32_t *x, size_t n)
{
	uint32_t most = x[0];
	size_t i;

	h->least = x[0];
	for (i = 1; i < n; i++) {
		h->least = x[i] < h->least ? x[i] : h->least;
		most = x[i] > most ? x[i] : most;
	}
	while (h->n < BINS_MOST && h->n < n / 4)
		h->n *= 2;
	h->bin = x_calloc(h->n, sizeof(*h->bin));
	while (bin_of(h, most) >= h->n)
		h->shift++;
	for (i = 0; i < n; i++)
		h->bin[bin_of(h, x[i])].count++;
}

/* The values of the bins that are wanted, sorted, in new memory. */
static int64_t *
sort_wanted(const struct histogram *h, const uint32_t *x, size_t n)
{
	size_t total = 0, i, at = 0;
	int64_t *some;

	for (i = 0; i < h->n; i++)
		total += h->bin[i].wanted ? h->bin[i].count : 0;
	some = x_calloc(total + 1, sizeof(*some));
	for (i = 0; i < n; i++)
		if (h->bin[bin_of(h, x[i])].wanted)
			some[at++] = x[i];
	sort_int64(some, at);
	return some;
}

/*
 * Mark the bins of the ranks, and say where each rank is among the values of
 * all marked bins.
 */
static void
find_bins(struct histogram *h, const size_t *rank, size_t n_ranks, size_t *at)
{
	size_t below = 0, kept = 0, i, k;
	struct bin *bin;

	for (i = 0; i < h->n; i++) {
		bin = &h->bin[i];
		for (k = 0; k < n_ranks; k++) {
			if (rank[k] < below || rank[k] - below >= bin->count)
				continue;
			bin->wanted = true;
			at[k] = kept + rank[k] - below;
		}
		below += bin->count;
		kept += bin->wanted ? bin->count : 0;
	}
}

void
select_ranks(const uint32_t *x, size_t n, const size_t *rank, size_t n_ranks,
    uint32_t *out)
{
	struct histogram h = { .n = BINS_LEAST };
	size_t at[SELECT_MOST] = { 0 }, k;
	int64_t *some;

	assert(n > 0 && n_ranks <= SELECT_MOST);
	count_values(&h, x, n);
	find_bins(&h, rank, n_ranks, at);
	some = sort_wanted(&h, x, n);
	for (k = 0; k < n_ranks; k++)
		out[k] = (uint32_t)some[at[k]];
	free(some);
	free(h.bin);
}
