/*
 * Finding episodes: slots are judged, bad ones close to each other joined,
 * and what chance could have made is dropped.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/episodes.h"
#include "report/stats/scan.h"

/* The pairs of one slot. */
struct slot_sum {
	int64_t slot;
	size_t number; /* slots with pairs before it */
	size_t before; /* pairs in them */
	uint32_t attempts;
	uint32_t trouble[2]; /* by role: failures and retransmitted SYNs */
	uint32_t failed[2];
	/* Hosts behind the NAT, and how many of them have either. */
	uint32_t hosts, hosts_trouble, hosts_failed;
};

/* What was seen of a NAT series in the slot that it was seen in last. */
struct host_seen {
	size_t slot; /* number of the slot, from 1 */
	bool trouble, failed;
};

static bool
has_trouble(unsigned marks)
{
	return (marks & MARK_OWN) == 0 && /* that is not of the path */
	    (marks & (MARK_FAILED | MARK_STATUS | MARK_RESENT)) != 0;
}

/* Count the host of a NAT attempt once in the slot of number n. */
static void
sum_host(struct slot_sum *s, struct host_seen *h, size_t n, unsigned marks)
{
	bool trouble = has_trouble(marks), failed = marks_failed(marks);

	if (h->slot != n) {
		memset(h, 0, sizeof(*h));
		h->slot = n;
		s->hosts++;
	}
	s->hosts_trouble += trouble && !h->trouble;
	s->hosts_failed += failed && !h->failed;
	h->trouble |= trouble;
	h->failed |= failed;
}

/* All slots; kept are those with any trouble. */
struct slots {
	size_t all;
	struct slot_sum *sums;
	size_t n, capacity;
};

static bool
has_any(const struct slot_sum *s)
{
	return (s->trouble[ROLE_DIRECT] | s->trouble[ROLE_NAT] |
		   s->failed[ROLE_DIRECT] | s->failed[ROLE_NAT]) != 0;
}

/* The slot is over: to the others, if it has any. */
static void
keep(struct slots *all, const struct slot_sum *s)
{
	if (!has_any(s))
		return;
	all->sums =
	    x_grow(all->sums, all->n, &all->capacity, sizeof(*all->sums));
	all->sums[all->n++] = *s;
}

static void
sum_slots(struct slots *all, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs)
{
	struct host_seen *hosts = x_calloc(d->n_series + 1, sizeof(*hosts));
	struct slot_sum s = { 0 };
	unsigned marks[2];
	struct pair p;
	int64_t slot;
	size_t i;
	int role;

	memset(all, 0, sizeof(*all));
	for (i = 0; i < pairs->n; i++) {
		p = pair_at(pairs, i);
		slot = attempt_slot(a, p.nat);
		if (all->all == 0 || s.slot != slot) {
			keep(all, &s);
			s = (struct slot_sum){
				.slot = slot, .number = all->all++, .before = i
			};
		}
		s.attempts++;
		marks[ROLE_DIRECT] = attempt_marks(a, p.direct);
		marks[ROLE_NAT] = attempt_marks(a, p.nat);
		for (role = ROLE_DIRECT; role <= ROLE_NAT; role++) {
			s.trouble[role] += has_trouble(marks[role]);
			s.failed[role] += marks_failed(marks[role]);
		}
		sum_host(&s, &hosts[attempt_series(d, a, p.nat)], all->all,
		    marks[ROLE_NAT]);
	}
	keep(all, &s);
	free(hosts);
}

/* Trouble on one path, and no failure of the other. */
static bool
is_bad(const struct slot_sum *s, enum role role)
{
	if (role == ROLE_NAT)
		return s->hosts_trouble * 2 > s->hosts &&
		    s->failed[ROLE_DIRECT] == 0;
	return s->trouble[ROLE_DIRECT] > 0 && s->hosts_failed * 2 <= s->hosts;
}

/* The episode from sums[from] to sums[last], or false if it is none. */
static bool
judge(struct episode *ep, const struct slots *all, size_t from, size_t last,
    enum role role, int64_t bad_all)
{
	const struct slot_sum *begins = &all->sums[from], *s;
	const struct slot_sum *ends = &all->sums[last];
	size_t slots = ends->number - begins->number + 1;
	size_t attempts = ends->before + ends->attempts - begins->before;
	size_t trouble = 0, other = 0;

	memset(ep, 0, sizeof(*ep));
	for (s = begins; s <= ends; s++) {
		ep->bad_slots += is_bad(s, role);
		trouble += s->trouble[role];
		other += s->failed[!role];
		ep->nat_failed += s->failed[ROLE_NAT];
		ep->direct_failed += s->failed[ROLE_DIRECT];
	}
	ep->role = role;
	ep->from_slot = begins->slot;
	ep->to_slot = ends->slot + 1;
	ep->nat_attempts = ep->direct_attempts = attempts;
	if (ep->bad_slots < EPISODE_BAD_SLOTS || trouble < EPISODE_TROUBLE ||
	    (double)other > EPISODE_OTHER_SHARE * (double)attempts)
		return false;
	/*
	 * Could isolated failures look like it?  Where nearly every slot is
	 * bad, there is nothing to be isolated from: no chance either.
	 */
	if (ep->bad_slots * 2 > all->all)
		return true;
	return scan_bound((int64_t)ep->bad_slots, (int64_t)slots, bad_all,
		   (int64_t)all->all) <= EPISODE_CHANCE;
}

static void
find_role(struct episodes *e, uint32_t endpoint, const struct slots *all,
    enum role role)
{
	const struct slot_sum *sums = all->sums;
	size_t n = all->n, i, from = 0, last = 0;
	int64_t bad_all = 0;
	bool open = false;
	struct episode ep;

	for (i = 0; i < n; i++)
		bad_all += is_bad(&sums[i], role);
	for (i = 0; i <= n; i++) {
		if (i < n && !is_bad(&sums[i], role))
			continue;
		/* A bad slot, or the end: does it go on from the last one? */
		if (open &&
		    (i == n ||
			sums[i].slot - sums[last].slot - 1 >
			    EPISODE_GAP_SLOTS)) {
			if (judge(&ep, all, from, last, role, bad_all)) {
				e->episode = x_grow(e->episode, e->n,
				    &e->capacity, sizeof(*e->episode));
				ep.endpoint = endpoint;
				e->episode[e->n++] = ep;
			}
			open = false;
		}
		if (i == n)
			break;
		if (!open)
			from = i;
		open = true;
		last = i;
	}
}

void
episodes_find(struct episodes *e, const struct dataset *d, uint32_t endpoint,
    const struct pairs *pairs)
{
	struct slots all;

	sum_slots(&all, d, &d->endpoints[endpoint].attempts, pairs);
	find_role(e, endpoint, &all, ROLE_NAT);
	find_role(e, endpoint, &all, ROLE_DIRECT);
	free(all.sums);
}

void
episodes_clear(struct episodes *e)
{
	free(e->episode);
	memset(e, 0, sizeof(*e));
}
