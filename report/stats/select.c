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

#define BINS 4096

/* How the values fall into bins. */
struct histogram {
	uint32_t least;
	unsigned shift;
	size_t count[BINS];
	bool wanted[BINS];
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
	while (bin_of(h, most) >= BINS)
		h->shift++;
	for (i = 0; i < n; i++)
		h->count[bin_of(h, x[i])]++;
}

/* The values of the bins that are wanted, sorted, in new memory. */
static int64_t *
sort_wanted(const struct histogram *h, const uint32_t *x, size_t n)
{
	size_t total = 0, i, at = 0;
	int64_t *some;

	for (i = 0; i < BINS; i++)
		total += h->wanted[i] ? h->count[i] : 0;
	some = x_calloc(total + 1, sizeof(*some));
	for (i = 0; i < n; i++)
		if (h->wanted[bin_of(h, x[i])])
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
	size_t below = 0, kept = 0, bin, k;

	for (bin = 0; bin < BINS; bin++) {
		for (k = 0; k < n_ranks; k++) {
			if (rank[k] < below || rank[k] - below >= h->count[bin])
				continue;
			h->wanted[bin] = true;
			at[k] = kept + rank[k] - below;
		}
		below += h->count[bin];
		kept += h->wanted[bin] ? h->count[bin] : 0;
	}
}

void
select_ranks(const uint32_t *x, size_t n, const size_t *rank, size_t n_ranks,
    uint32_t *out)
{
	struct histogram *h = x_calloc(1, sizeof(*h));
	size_t at[SELECT_MOST] = { 0 }, k;
	int64_t *some;

	assert(n > 0 && n_ranks <= SELECT_MOST);
	count_values(h, x, n);
	find_bins(h, rank, n_ranks, at);
	some = sort_wanted(h, x, n);
	for (k = 0; k < n_ranks; k++)
		out[k] = (uint32_t)some[at[k]];
	free(some);
	free(h);
}
