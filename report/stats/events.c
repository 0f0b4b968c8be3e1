/*
 * Circular shifts.  The count of a shift is a circular correlation of two
 * sparse series: walk the sparser one.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "natdiff/xalloc.h"
#include "report/stats/events.h"

/* Places of a series that are not zero. */
struct sparse {
	size_t *at;
	size_t count;
};

/* Sum of fails where the window, moved on by shift, is open. */
static int64_t
count_by_fails(const uint32_t *fails, const struct sparse *f,
    const uint8_t *open, size_t n, size_t shift)
{
	int64_t sum = 0;
	size_t i, k;

	for (i = 0; i < f->count; i++) {
		k = f->at[i] + shift;
		if (open[k < n ? k : k - n])
			sum += fails[f->at[i]];
	}
	return sum;
}

static int64_t
count_by_window(
    const uint32_t *fails, const struct sparse *w, size_t n, size_t shift)
{
	int64_t sum = 0;
	size_t i, k;

	for (i = 0; i < w->count; i++) {
		k = w->at[i] + n - shift;
		sum += fails[k < n ? k : k - n];
	}
	return sum;
}

static void
add(struct sparse *s, size_t at)
{
	s->at[s->count++] = at;
}

void
events_coincide(const uint32_t *fails, const uint8_t *logged, size_t n,
    struct events_coincidence *out)
{
	struct sparse f = { x_calloc(n, sizeof(size_t)), 0 };
	struct sparse w = { x_calloc(n, sizeof(size_t)), 0 };
	struct sparse shut = { x_calloc(n, sizeof(size_t)), 0 }, *least;
	uint8_t *open = x_calloc(n, 1);
	int64_t total = 0, t;
	size_t i, s, hits = 0;

	for (i = 0; i < n; i++) {
		open[i] = logged[i] || logged[i > 0 ? i - 1 : n - 1];
		add(open[i] ? &w : &shut, i);
		if (fails[i] > 0)
			add(&f, i);
		total += fails[i];
	}
	least = w.count <= shut.count ? &w : &shut;
	out->together = 0;
	for (s = 0; s < n; s++) {
		if (f.count <= least->count)
			t = count_by_fails(fails, &f, open, n, s);
		else
			t = count_by_window(fails, least, n, s);
		if (f.count > least->count && least == &shut)
			t = total - t;
		if (s == 0)
			out->together = t;
		hits += t >= out->together;
	}
	out->p = n > 0 ? (double)hits / (double)n : NAN;
	free(f.at);
	free(w.at);
	free(shut.at);
	free(open);
}
