/*
 * Whether anything can be compared at all.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/evidence/verdict_work.h"
#include "report/unpaired.h"

/* Clocks differ: so many of the pairs begin apart by so much, one way. */
#define SHIFT_SHARE 0.8

/* Dates of servers are whole seconds: so many of them, and so much. */
#define DATES_LEAST    10
#define CLOCK_LEAST_US 2000000

/* Half pairs above this share of the attempts: nothing is said. */
#define HALF_REFUSE 0.5

static bool
observed_on_both(const struct dataset *d, size_t *address)
{
	const unsigned both = 1U << ROLE_DIRECT | 1U << ROLE_NAT;

	for (*address = 0; *address < d->addresses.n; ++*address)
		if (d->seen_of[*address] == both)
			return true;
	return false;
}

static size_t
attempts_of(const struct dataset *d, enum role role)
{
	size_t count = 0, i;

	for (i = 0; i < d->n_runs; i++)
		if (series_role(d, d->runs[i].series) == role)
			count += d->runs[i].attempts;
	return count;
}

/*
 * Pairs in which one side always begins first are of clocks that differ; in
 * which now this and now that one is late, of names that were slow to
 * resolve.  Only pairs that succeeded tell.
 */
static bool
clocks_differ(const struct pairing *p)
{
	size_t most =
	    p->nat_later > p->nat_earlier ? p->nat_later : p->nat_earlier;

	return (double)most > SHIFT_SHARE * (double)p->good;
}

void
verdict_sum_pairing(struct pairing *p, const struct work *w)
{
	const struct pairs *pairs;
	size_t i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < w->d->n_endpoints; i++) {
		if (!endpoint_is_judged(&w->d->endpoints[i]))
			continue;
		pairs = w->pairs[i];
		p->pairs += pairs->n;
		p->half_nat += pairs->half_nat;
		p->half_direct += pairs->half_direct;
		p->half_dns += pairs->half_dns;
		p->good += pairs->both_ok;
		p->nat_later += pairs->nat_later;
		p->nat_earlier += pairs->nat_earlier;
	}
	p->nat = p->pairs + p->half_nat;
}

/*
 * How far the clocks of the NAT side are ahead of the direct side's, by the
 * Date headers that servers sent to both; 0 where that is not known.
 */
static int64_t
clocks_apart_us(const struct dataset *d)
{
	double sum_us[2] = { 0, 0 };
	size_t count[2] = { 0, 0 }, i;
	enum role role;

	for (i = 0; i < d->n_runs; i++) {
		role = series_role(d, d->runs[i].series);
		sum_us[role] += (double)d->runs[i].offset_sum_us;
		count[role] += d->runs[i].offset_count;
	}
	if (count[ROLE_DIRECT] < DATES_LEAST || count[ROLE_NAT] < DATES_LEAST)
		return 0;
	return (int64_t)(sum_us[ROLE_DIRECT] / (double)count[ROLE_DIRECT] -
	    sum_us[ROLE_NAT] / (double)count[ROLE_NAT]);
}

/* Whether most attempts of a side failed for want of an address. */
static bool
names_are_trouble(const struct verdict *v)
{
	size_t nat = 0, nat_dns = 0, direct = 0, direct_dns = 0, i;
	const struct facts *f;

	for (i = 0; i < v->n_endpoints; i++) {
		f = &v->endpoints[i].facts;
		nat += f->nat_attempts;
		nat_dns += f->nat_dns;
		direct += f->direct_attempts;
		direct_dns += f->direct_dns;
	}
	return nat_dns * 2 > nat || direct_dns * 2 > direct;
}

/* -1 where nothing can be compared; v says what is missing. */
int
verdict_check_comparable(struct work *w, const struct pairing *p)
{
	struct verdict *v = w->v;
	int64_t apart_us;
	size_t address;
	char *reason;

	if (attempts_of(w->d, ROLE_NAT) == 0) {
		verdict_miss(v,
		    "attempts on a nat path in this window: the database of "
		    "the host behind the NAT");
		return -1;
	}
	if (attempts_of(w->d, ROLE_DIRECT) == 0) {
		verdict_miss(v,
		    "attempts on a direct path in this window, without which "
		    "a failing endpoint and a failing NAT look the same: the "
		    "database of the host with the static address");
		return -1;
	}
	if (observed_on_both(w->d, &address)) {
		verdict_miss(v,
		    "two paths: both leave through the same public "
		    "address %s",
		    w->d->addresses.text[address]);
		return -1;
	}
	/* Where names are the trouble, nothing pairs, and that is an answer. */
	if (p->pairs == 0 && names_are_trouble(v))
		return 0;
	if (p->pairs == 0) {
		reason = unpaired_reason(w->d);
		verdict_miss(v, "pairs: %s", reason);
		free(reason);
		return -1;
	}
	apart_us = clocks_apart_us(w->d);
	if (llabs(apart_us) * PAIRS_SHIFT_PART > w->interval_us &&
	    llabs(apart_us) >= CLOCK_LEAST_US) {
		verdict_miss(v,
		    "clocks that agree: by the servers' dates those of the "
		    "hosts are about %.0f s apart, so that the pairs are of "
		    "different moments",
		    fabs((double)apart_us) / 1e6);
		return -1;
	}
	if (clocks_differ(p))
		verdict_miss(v,
		    "clocks that agree: the NAT side begins %s in nearly all "
		    "of %zu pairs, by more than a quarter of the interval",
		    p->nat_later > p->nat_earlier ? "later" : "earlier",
		    p->good);
	if ((double)p->half_nat > HALF_CAUTION * (double)p->nat)
		verdict_miss(v,
		    "direct attempts beside those on the NAT path: %zu of "
		    "%zu have none in the same slot",
		    p->half_nat, p->nat);
	if (clocks_differ(p) ||
	    (double)p->half_nat > HALF_REFUSE * (double)p->nat)
		return -1;
	return 0;
}

/* Said first where it is not known: do the paths leave apart at all? */
void
verdict_check_apart(struct work *w)
{
	struct verdict *v = w->v;
	char *last;

	if (w->d->addresses.n > 0)
		return;
	verdict_miss(v,
	    "proof that the paths leave through different addresses (whoami: "
	    "or witness: in the configuration)");
	last = v->missing[v->n_missing - 1];
	memmove(v->missing + 1, v->missing,
	    (v->n_missing - 1) * sizeof(*v->missing));
	v->missing[0] = last;
}
