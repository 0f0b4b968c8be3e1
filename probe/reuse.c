/*
 * The estimate behind reuse.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "natdiff/record.h"
#include "natdiff/xalloc.h"
#include "probe/reuse.h"

/* Ports that a NAT has at one address: 1024 to 65535. */
#define PORTS_OF_ADDRESS 64512
/* Fewer tell nothing of the order. */
#define ORDER_MIN 8
/* A step from one port to the next that is no chance: the hosts beside us
 * take some in between. */
#define TURN_STEP_MAX 16
/* Pairs without a return, by the size of the pool: 95 %. */
#define RULE_OF_THREE 3

const char *
reuse_order_name(enum reuse_order o)
{
	static const char *const names[] = {
		[REUSE_ORDER_UNKNOWN] = "unknown",
		[REUSE_ORDER_KEPT] = "kept",
		[REUSE_ORDER_IN_TURN] = "in_turn",
		[REUSE_ORDER_SCATTERED] = "scattered",
	};

	return names[o];
}

/* -------------------------------------------------------------- the pool */

static bool
is_told(const struct reuse_link *l)
{
	return l->observed.family != 0 && l->observed.port != 0;
}

/* How many addresses there are, and the span of the ports of all of them. */
static int64_t
addresses_of(const struct reuse_link *l, size_t n, int64_t *span)
{
	int64_t count = 0, first = UINT16_MAX, last = 0;
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (!is_told(&l[i]))
			continue;
		for (k = 0; k < i; k++)
			if (is_told(&l[k]) &&
			    endpoint_address_same_ip(
				&l[i].observed, &l[k].observed))
				break;
		count += k == i;
		if (l[i].observed.port < first)
			first = l[i].observed.port;
		if (l[i].observed.port > last)
			last = l[i].observed.port;
	}
	*span = last >= first ? last - first + 1 : 0;
	return count;
}

static enum reuse_order
order_of(const struct reuse_link *l, size_t n, size_t told)
{
	const struct reuse_link *before = NULL;
	size_t kept = 0, turns = 0, i;
	int step;

	if (told < ORDER_MIN)
		return REUSE_ORDER_UNKNOWN;
	for (i = 0; i < n; i++) {
		if (!is_told(&l[i]))
			continue;
		kept += l[i].observed.port == l[i].local_port;
		if (before != NULL) {
			step = l[i].observed.port - before->observed.port;
			turns += step > 0 && step <= TURN_STEP_MAX;
		}
		before = &l[i];
	}
	if (kept * 2 > told)
		return REUSE_ORDER_KEPT;
	return turns * 2 > told ? REUSE_ORDER_IN_TURN : REUSE_ORDER_SCATTERED;
}

void
reuse_pool(const struct reuse_link *l, size_t n, struct reuse_pool *p)
{
	int64_t span, addresses;
	size_t i;

	p->told = 0;
	for (i = 0; i < n; i++)
		p->told += is_told(&l[i]);
	p->order = order_of(l, n, p->told);
	p->size = NOT_MEASURED;
	if (p->told < 2)
		return;
	/* n ports drawn from a range span (n - 1) / (n + 1) of it. */
	addresses = addresses_of(l, n, &span);
	p->size = span * (int64_t)(p->told + 1) / (int64_t)(p->told - 1);
	if (p->size > PORTS_OF_ADDRESS)
		p->size = PORTS_OF_ADDRESS;
	p->size *= addresses;
}

int64_t
reuse_links_needed(int64_t pool)
{
	/*
	 * Of n links every other one is closed in that way: n * n / 4 pairs.
	 * Twice as many as the rule asks for, as a hold-down takes its part.
	 */
	return (int64_t)ceil(sqrt(2.0 * RULE_OF_THREE * 4.0 * (double)pool));
}

/* ---------------------------------------------------------- the hold-down */

/* The first link after i that got its port; n where there is none. */
static size_t
returned_to(const struct reuse_link *l, size_t n, size_t i)
{
	size_t k;

	if (!is_told(&l[i]))
		return n;
	for (k = i + 1; k < n; k++)
		if (is_told(&l[k]) && l[k].opened_us >= l[i].closed_us &&
		    endpoint_address_equal(&l[k].observed, &l[i].observed))
			return k;
	return n;
}

static bool
counts(const struct reuse_link *l, enum heldlink_closing closing)
{
	return l->closed_us != 0 && l->closing == closing;
}

/* A port that nobody tells of: any new link of a full pool is a return. */
static int64_t
gap_untold(const struct reuse_link *l, size_t n, size_t i)
{
	size_t k;

	for (k = i + 1; k < n; k++)
		if (l[k].opened_us >= l[i].closed_us && !l[k].refused)
			return l[k].opened_us - l[i].closed_us;
	return NOT_MEASURED;
}

static void
find_returns(const struct reuse_link *l, size_t n,
    enum heldlink_closing closing, bool full, size_t *returned,
    struct reuse_estimate *e)
{
	int64_t gap;
	size_t i;

	for (i = 0; i < n; i++) {
		returned[i] = n;
		if (!counts(&l[i], closing))
			continue;
		returned[i] = returned_to(l, n, i);
		gap = NOT_MEASURED;
		if (returned[i] < n &&
		    l[returned[i]].local_port != l[i].local_port)
			gap = l[returned[i]].opened_us - l[i].closed_us;
		else if (full && !is_told(&l[i]))
			gap = gap_untold(l, n, i);
		if (gap == NOT_MEASURED)
			continue;
		e->returns++;
		if (e->high == NOT_MEASURED || gap < e->high)
			e->high = gap;
	}
}

/* Refused while the port was closed and had not returned. */
static void
bound_by_refusals(const struct reuse_link *l, size_t n,
    enum heldlink_closing closing, const size_t *returned,
    struct reuse_estimate *e)
{
	int64_t gap;
	size_t i, k;

	for (k = 0; k < n; k++)
		e->refusals += l[k].refused;
	for (i = 0; i < n; i++) {
		if (!counts(&l[i], closing))
			continue;
		for (k = i + 1; k < n && k < returned[i]; k++) {
			gap = l[k].opened_us - l[i].closed_us;
			if (!l[k].refused || gap < 0 ||
			    (e->high != NOT_MEASURED && gap > e->high))
				continue;
			if (e->low == NOT_MEASURED || gap > e->low)
				e->low = gap;
		}
	}
}

static int
compare_gaps(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* As many pairs of a closed port and a later draw without a return. */
static void
bound_by_chance(const struct reuse_link *l, size_t n,
    enum heldlink_closing closing, const size_t *returned,
    struct reuse_estimate *e)
{
	int64_t *gaps = NULL, gap;
	size_t i, k, n_gaps = 0, capacity = 0, needed;
	struct reuse_pool pool;

	reuse_pool(l, n, &pool);
	if (pool.order != REUSE_ORDER_SCATTERED)
		return;
	needed = (size_t)(RULE_OF_THREE * pool.size);
	for (i = 0; i < n; i++) {
		if (!counts(&l[i], closing) || !is_told(&l[i]))
			continue;
		for (k = i + 1; k < n && k < returned[i]; k++) {
			gap = l[k].opened_us - l[i].closed_us;
			if (gap < 0 || !is_told(&l[k]) ||
			    (e->high != NOT_MEASURED && gap >= e->high))
				continue;
			gaps = x_grow(gaps, n_gaps, &capacity, sizeof(*gaps));
			gaps[n_gaps++] = gap;
		}
	}
	if (n_gaps >= needed && needed > 0) {
		qsort(gaps, n_gaps, sizeof(*gaps), compare_gaps);
		e->low = gaps[needed - 1];
	}
	free(gaps);
}

void
reuse_estimate(const struct reuse_link *l, size_t n,
    enum heldlink_closing closing, bool full, struct reuse_estimate *e)
{
	size_t *returned = x_malloc((n + 1) * sizeof(*returned));

	e->low = e->best = e->high = NOT_MEASURED;
	e->returns = e->refusals = 0;
	find_returns(l, n, closing, full, returned, e);
	if (full)
		bound_by_refusals(l, n, closing, returned, e);
	else
		bound_by_chance(l, n, closing, returned, e);
	/* Let in at once, and never refused: there is no hold-down. */
	if (full && e->high != NOT_MEASURED && e->low == NOT_MEASURED)
		e->low = 0;
	/* Bounds by chance are far apart: nothing in between is better. */
	if (full && e->low != NOT_MEASURED && e->high != NOT_MEASURED)
		e->best = e->low + (e->high - e->low) / 2;
	free(returned);
}
