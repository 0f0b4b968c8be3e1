/*
 * Summing pairs by slot; they come in slot order.
 */
#include "config.h"

#include "natdiff/xalloc.h"
#include "report/evidence/outcome.h"
#include "report/monitor/slotrates.h"

struct slot_rate *
slot_rates(const struct attempts *a, const struct pairs *pairs, size_t *n)
{
	struct slot_rate *rates = NULL, *r = NULL;
	size_t capacity = 0, i;

	*n = 0;
	for (i = 0; i < pairs->n; i++) {
		struct pair p = pair_at(pairs, i);
		int nat = outcome_of(a, p.nat, OUTCOME_FAILED);
		int direct = outcome_of(a, p.direct, OUTCOME_FAILED);

		if (nat < 0 || direct < 0)
			continue;
		if (r == NULL || r->slot != attempt_slot(a, p.nat)) {
			rates = x_grow(rates, *n, &capacity, sizeof(*rates));
			r = &rates[(*n)++];
			*r = (struct slot_rate){ .slot =
						     attempt_slot(a, p.nat) };
		}
		r->pairs++;
		r->nat_failed += nat == 1;
		r->direct_failed += direct == 1;
	}
	return rates;
}

double
slot_rate_difference(const struct slot_rate *r)
{
	if (r->pairs == 0)
		return 0;
	return ((double)r->nat_failed - (double)r->direct_failed) /
	    (double)r->pairs;
}

struct slot_rate
slot_rate_sum(const struct slot_rate *r, size_t n)
{
	struct slot_rate sum = { 0 };
	size_t i;

	if (n > 0)
		sum.slot = r[0].slot;
	for (i = 0; i < n; i++) {
		sum.pairs += r[i].pairs;
		sum.nat_failed += r[i].nat_failed;
		sum.direct_failed += r[i].direct_failed;
	}
	return sum;
}
