/*
 * Pairing.  The attempts are sorted, so what may pair stands together: a
 * group.  What was seen in a group is noted per series, with the number of
 * the group, so that nothing has to be cleared between groups.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/pairs.h"

#define NO_SERIES UINT32_MAX

/* What is known of a series, and what of it is in the group at hand. */
struct seen {
	uint32_t group;    /* the group in which the rest holds */
	uint32_t row;      /* its attempt there */
	uint32_t twin;     /* direct series of the same host, or NO_SERIES */
	uint32_t interval; /* intervals by number */
	bool ok;           /* it succeeded */
	bool used;         /* direct: has a partner */
};

/* The first direct attempt with an interval in a group. */
struct first {
	uint32_t group;
	uint32_t series;
	bool nat; /* there is a nat attempt, too */
};

/* What attempts of a group have in common. */
struct group_key {
	int64_t slot;
	uint16_t seq, target;
};

struct pairing {
	struct pairs *out;
	const struct dataset *d;
	const struct attempts *a;
	struct seen *series;  /* by series */
	struct first *direct; /* by interval */
	uint32_t group;       /* number of the group, from 1 */
	struct group_key key;
	uint32_t *of_group; /* series with attempts in it, in their order */
	size_t n_of_group;
};

static bool
is_nat(const struct pairing *p, uint32_t series)
{
	return series_role(p->d, series) == ROLE_NAT;
}

/* Number the intervals; find the direct series of each nat series' host. */
static void
know_series(struct pairing *p)
{
	const struct series *all = p->d->series;
	struct names intervals = { 0 }, hosts = { 0 };
	size_t n = p->d->n_series, i;
	uint32_t *host = x_calloc(n + 1, sizeof(*host));
	uint32_t *direct = x_calloc(n + 1, sizeof(*direct));
	char *key;

	for (i = 0; i < n; i++) {
		key = x_asprintf("%" PRId64, all[i].interval_us);
		p->series[i].interval = names_add(&intervals, key);
		free(key);
		key = x_asprintf("%u %u %u", all[i].agent, all[i].host,
		    p->series[i].interval);
		host[i] = names_add(&hosts, key);
		free(key);
		direct[i] = NO_SERIES;
	}
	/* Backwards: the first direct series of a host stays. */
	for (i = n; i-- > 0;)
		if (!is_nat(p, (uint32_t)i))
			direct[host[i]] = (uint32_t)i;
	for (i = 0; i < n; i++)
		p->series[i].twin = direct[host[i]];
	p->direct = x_calloc(intervals.n + 1, sizeof(*p->direct));
	free(host);
	free(direct);
	names_clear(&intervals);
	names_clear(&hosts);
}

static struct group_key
key_at(const struct attempts *a, size_t i)
{
	return (struct group_key){ attempt_slot(a, i), attempt_seq(a, i),
		attempt_target(a, i) };
}

/* Note an attempt of the group, if it is the first of its series. */
static void
note_attempt(struct pairing *p, size_t i)
{
	bool failed = attempt_failed(p->a, i);
	uint32_t series = attempt_series(p->d, p->a, i);
	struct seen *s = &p->series[series];
	struct first *first;

	if (failed && attempt_failure(p->a, i) == FAILURE_INTERRUPTED)
		return;
	if (s->group == p->group) {
		p->out->repeats++;
		return;
	}
	s->group = p->group;
	s->row = (uint32_t)i;
	s->ok = !failed;
	s->used = false;
	p->of_group[p->n_of_group++] = series;
	first = &p->direct[s->interval];
	if (first->group != p->group) {
		first->group = p->group;
		first->series = NO_SERIES;
		first->nat = false;
	}
	if (is_nat(p, series))
		first->nat = true;
	else if (series < first->series)
		first->series = series;
}

/*
 * Note the group that begins at from, whose key is known; returns where the
 * next one begins, whose key is known then.
 */
static size_t
note_group(struct pairing *p, size_t from)
{
	struct group_key key = p->key;
	size_t i;

	p->group++;
	p->n_of_group = 0;
	note_attempt(p, from);
	for (i = from + 1; i < p->a->n; i++) {
		p->key = key_at(p->a, i);
		if (p->key.slot != key.slot || p->key.seq != key.seq ||
		    p->key.target != key.target)
			break;
		note_attempt(p, i);
	}
	return i;
}

/* The direct series that a nat one is compared with here, or NO_SERIES. */
static uint32_t
partner_of(const struct pairing *p, const struct seen *nat)
{
	if (nat->twin != NO_SERIES && p->series[nat->twin].group == p->group)
		return nat->twin;
	return p->direct[nat->interval].series;
}

/* How much later than the direct attempt the nat one began in the slot. */
static void
count_offsets(
    struct pairs *out, const struct attempts *a, struct pair p, bool both_ok)
{
	int later = attempt_offset(a, p.nat) - attempt_offset(a, p.direct);

	out->apart += abs(later) > OFFSET_UNIT / 10;
	out->nat_later += both_ok && later * PAIRS_SHIFT_PART > OFFSET_UNIT;
	out->nat_earlier += both_ok && -later * PAIRS_SHIFT_PART > OFFSET_UNIT;
}

static void
add_pair(struct pairing *p, const struct seen *direct, const struct seen *nat)
{
	struct pair pair = { .direct = direct->row, .nat = nat->row };
	struct pairs *out = p->out;

	pairs_add(out, pair);
	if (direct->ok && nat->ok)
		out->both_ok++;
	else if (direct->ok)
		out->nat_only++;
	else if (nat->ok)
		out->direct_only++;
	else
		out->both_failed++;
	count_offsets(out, p->a, pair, direct->ok && nat->ok);
}

static void
pair_nat(struct pairing *p, uint16_t target)
{
	uint32_t partner, series;
	size_t i;

	for (i = 0; i < p->n_of_group; i++) {
		series = p->of_group[i];
		if (!is_nat(p, series))
			continue;
		partner = partner_of(p, &p->series[series]);
		if (partner != NO_SERIES) {
			add_pair(p, &p->series[partner], &p->series[series]);
			p->series[partner].used = true;
			continue;
		}
		p->out->half_nat++;
		p->out->half_dns += target == NO_INDEX;
	}
}

static void
count_direct(struct pairing *p, uint16_t target)
{
	const struct seen *s;
	size_t i;

	for (i = 0; i < p->n_of_group; i++) {
		s = &p->series[p->of_group[i]];
		if (is_nat(p, p->of_group[i]) || s->used)
			continue;
		if (p->direct[s->interval].nat) {
			p->out->spare++;
			continue;
		}
		p->out->half_direct++;
		p->out->half_dns += target == NO_INDEX;
	}
}

void
pairs_add(struct pairs *p, struct pair pair)
{
	packed_add(&p->nat, pair.nat);
	packed_add(&p->direct, pair.direct);
	p->n++;
}

void
pairs_find(struct pairs *p, const struct dataset *d, const struct attempts *a)
{
	struct pairing w = { .out = p, .d = d, .a = a };
	uint16_t target;
	size_t i = 0;

	memset(p, 0, sizeof(*p));
	w.series = x_calloc(d->n_series + 1, sizeof(*w.series));
	w.of_group = x_calloc(d->n_series + 1, sizeof(*w.of_group));
	know_series(&w);
	if (a->n > 0)
		w.key = key_at(a, 0);
	while (i < a->n) {
		target = w.key.target;
		i = note_group(&w, i);
		pair_nat(&w, target);
		count_direct(&w, target);
	}
	free(w.series);
	free(w.of_group);
	free(w.direct);
}

/* The first pair at slot or later: pairs are in slot order. */
static size_t
first_from(const struct pairs *p, const struct attempts *a, int64_t slot)
{
	size_t lo = 0, hi = p->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (attempt_slot(a, pair_at(p, mid).nat) < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct pairs
pairs_between(const struct pairs *p, const struct attempts *a,
    int64_t from_slot, int64_t to_slot)
{
	size_t from = first_from(p, a, from_slot);
	size_t to = first_from(p, a, to_slot);
	struct pairs view = {
		.n = to > from ? to - from : 0,
		.from = p->from + from,
		.nat = p->nat,
		.direct = p->direct,
	};

	return view;
}

void
pairs_clear(struct pairs *p)
{
	packed_clear(&p->nat);
	packed_clear(&p->direct);
	memset(p, 0, sizeof(*p));
}
