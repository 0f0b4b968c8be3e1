/*
 * Bisection on whole sums.
 */
#include "config.h"

#include <math.h>

#include "report/stats/walsh.h"

/*
 * Number of sums up to s, and the smallest above it.  As i rises the last
 * fitting partner falls: one pass.
 */
static uint64_t
count_sums(const struct frequencies *x, int64_t s, int64_t *next)
{
	const struct frequency *of = x->of;
	size_t i, end = x->n;
	uint64_t count = 0, same;

	*next = INT64_MAX;
	for (i = 0; i < x->n; i++) {
		while (end > i && of[i].value + of[end - 1].value > s)
			end--;
		if (end < x->n && of[i].value + of[end].value < *next)
			*next = of[i].value + of[end].value;
		if (end == i)
			break;
		/* With each other, and with the larger ones. */
		same = of[i + 1].below - of[i].below;
		count += same * (same + 1) / 2 +
		    same * (of[end].below - of[i + 1].below);
	}
	return count;
}

static struct walsh_known
count_at(struct walsh *w, int64_t s)
{
	struct walsh_known k = { .s = s };
	size_t i;

	for (i = 0; i < w->n_known; i++)
		if (w->known[i].s == s)
			return w->known[i];
	k.count = count_sums(w->x, s, &k.next);
	if (w->n_known < WALSH_KNOWN)
		w->known[w->n_known++] = k;
	return k;
}

/* Where the k-th smallest sum is: in [lo, hi]. */
struct bracket {
	int64_t lo, hi;
	double below, above; /* sums below lo, and up to hi */
};

static void
narrow(struct bracket *b, const struct walsh_known *known, uint64_t k)
{
	if (known->count >= k && known->s <= b->hi) {
		b->hi = known->s;
		b->above = (double)known->count;
	} else if (known->count < k && known->s >= b->lo) {
		b->lo = known->s + 1;
		b->below = (double)known->count;
	}
}

/*
 * By what the order of the numbers says alone: the q smallest values make
 * q(q+1)/2 sums, none of them above twice the q-th; so too from the other end.
 * And by what was counted for other ranks.
 */
static struct bracket
begin(const struct walsh *w, uint64_t k)
{
	uint64_t n = walsh_numbers(w), pairs = walsh_sums(w);
	size_t q = (size_t)sqrt(2 * (double)k) + 2;
	size_t m = (size_t)sqrt(2 * (double)(pairs - k + 1)) + 2;
	struct bracket b = { .lo = 2 * frequencies_at(w->x, m < n ? n - m : 0),
		.hi = 2 * frequencies_at(w->x, q < n ? q - 1 : n - 1),
		.below = 0,
		.above = (double)pairs };
	size_t i;

	for (i = 0; i < w->n_known; i++)
		narrow(&b, &w->known[i], k);
	return b;
}

/*
 * Where to count next, in [lo, hi): where a line through the ends has rank k;
 * then beyond it, for an end on its other side; then, whatever the line says,
 * in the middle.  Counts run smoothly, so that few steps are needed, and
 * never many.
 */
static int64_t
guess(const struct bracket *b, uint64_t k, int step)
{
	double share = ((double)k - b->below) / (b->above - b->below);
	int64_t s;

	if (step % 3 == 1)
		share = share < 0.5 ? share * 1.5 : 1 - (1 - share) * 1.5;
	if (step % 3 == 2 || !(share > 0 && share < 1))
		share = 0.5;
	s = b->lo - 1 + (int64_t)((double)(b->hi - b->lo + 1) * share);
	return s < b->lo ? b->lo : s >= b->hi ? b->hi - 1 : s;
}

int64_t
walsh_select(struct walsh *w, uint64_t k, int64_t *next)
{
	struct bracket b = begin(w, k);
	struct walsh_known known;
	int step;

	for (step = 0; b.lo < b.hi; step++) {
		known = count_at(w, guess(&b, k, step));
		narrow(&b, &known, k);
	}
	known = count_at(w, b.lo);
	*next = known.count > k ? b.lo : known.next;
	return b.lo;
}
