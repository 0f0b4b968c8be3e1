/*
 * Classifying ports.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/ports.h"

#define PORTS            65536
#define PRESERVED_SHARE  0.9
#define SEQUENTIAL_SHARE 0.8
#define STEP_PART        20 /* of the range */
#define STEP_LEAST       8
#define GAP_ROOM         5.0

const char *
port_order_name(enum port_order o)
{
	static const char *const names[] = { "few", "preserved", "sequential",
		"random" };

	return names[o];
}

/* Steps up that are small, over the end of the range, too. */
static size_t
small_steps(const struct ports *p, const struct port_seen *seen)
{
	int range = p->highest - p->lowest + 1, most, step;
	size_t count = 0, i;

	most = range / STEP_PART > STEP_LEAST ? range / STEP_PART : STEP_LEAST;
	for (i = 1; i < p->n; i++) {
		step = (int)seen[i].seen - (int)seen[i - 1].seen;
		if (step * 2 < -range)
			step += range;
		count += step > 0 && step <= most;
	}
	return count;
}

/* sorted holds the distinct ones. */
static void
find_blocks(struct ports *p, const uint16_t *sorted)
{
	double m = (double)p->distinct, mean, limit;
	size_t from = 0, i;
	uint32_t width;

	mean = (double)(p->highest - p->lowest) / (m - 1);
	limit = fmax(2, mean * (log(m) + GAP_ROOM));
	for (i = 1; i <= p->distinct; i++) {
		if (i < p->distinct && sorted[i] - sorted[i - 1] <= limit)
			continue;
		width = (uint32_t)(sorted[i - 1] - sorted[from]) + 1;
		if (width > p->block_width)
			p->block_width = width;
		p->blocks++;
		from = i;
	}
}

/* The distinct ones in ascending order, for the caller to free. */
static uint16_t *
find_distinct(struct ports *p, const struct port_seen *seen)
{
	uint64_t there[PORTS / 64] = { 0 }, left;
	uint16_t *sorted =
	    x_calloc((p->n < PORTS ? p->n : PORTS) + 1, sizeof(*sorted));
	size_t i;

	for (i = 0; i < p->n; i++)
		there[seen[i].seen / 64] |= UINT64_C(1) << seen[i].seen % 64;
	for (i = 0; i < PORTS / 64; i++)
		for (left = there[i]; left != 0; left &= left - 1)
			sorted[p->distinct++] =
			    (uint16_t)(i * 64 + (size_t)__builtin_ctzll(left));
	if (p->distinct > 0) {
		p->lowest = sorted[0];
		p->highest = sorted[p->distinct - 1];
	}
	return sorted;
}

void
ports_classify(struct ports *p, const struct port_seen *seen, size_t n)
{
	uint16_t *sorted;
	size_t i;

	memset(p, 0, sizeof(*p));
	p->n = n;
	for (i = 0; i < n; i++)
		p->preserved +=
		    seen[i].local != 0 && seen[i].local == seen[i].seen;
	sorted = find_distinct(p, seen);
	p->order = PORTS_RANDOM;
	if (n < PORTS_LEAST)
		p->order = PORTS_FEW;
	else if ((double)p->preserved >= PRESERVED_SHARE * (double)n)
		p->order = PORTS_PRESERVED;
	else if ((double)small_steps(p, seen) >=
	    SEQUENTIAL_SHARE * (double)(n - 1))
		p->order = PORTS_SEQUENTIAL;
	if (p->distinct >= PORTS_LEAST)
		find_blocks(p, sorted);
	free(sorted);
}
