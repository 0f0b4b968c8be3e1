/*
 * The groups are seen one after the other, all outcomes at once, and what is
 * kept of each is its value, unless that is 0.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/contrast.h"

struct pairs
scope_pairs(const struct scope *scope, const struct attempts *a,
    const struct pairs *pairs)
{
	return pairs_between(pairs, a, scope->from_slot, scope->to_slot);
}

bool
scope_has(const struct scope *scope, const struct dataset *d,
    const struct attempts *a, struct pair p)
{
	return scope->nat_series == ALL_SERIES ||
	    attempt_series(d, a, p.nat) == scope->nat_series;
}

/* One outcome in the making. */
struct making {
	enum outcome outcome;
	size_t room; /* groups at most */
	/* The group at hand: pairs in which both sides know it. */
	int n;
	int nat; /* of them with the outcome */
	/* All groups before it; their values are in x unless s has real ones.
	 */
	struct outcome_series s;
	struct sparse x;
	struct contrast c;
	struct burst_count nat_bursts, direct_bursts;
};

/* Groups in which nobody has any of the outcomes, and the same is known. */
struct quiet {
	size_t groups; /* one behind the other: counted, and not looked at */
	int n;         /* pairs in each */
	unsigned known;
};

struct makings {
	struct making of[OUTCOME_COUNT];
	size_t n;
	unsigned which;
	/* The group at hand. */
	struct outcomes direct;
	int64_t slot;
	bool is_quiet; /* until now, and so are these */
	struct quiet at_hand;
	/* Those before it that are in no series yet. */
	struct quiet before;
};

static void
begin(struct makings *m, unsigned which, size_t room, bool slots)
{
	struct making *one;
	enum outcome o;

	memset(m, 0, sizeof(*m));
	m->which = which;
	for (o = 0; o < OUTCOME_COUNT; o++) {
		if ((which & OUTCOME_BIT(o)) == 0)
			continue;
		one = &m->of[m->n++];
		one->outcome = o;
		one->room = room;
		if (slots)
			one->s.slot = x_malloc(room * sizeof(*one->s.slot));
	}
}

/* As many pairs in each group until now: averages follow from the counts. */
static void
cells_of_counts(struct outcome_series *s, const struct contrast *c)
{
	double unit = s->unit > 0 ? s->unit : 1;

	s->cells.both_failed = (double)(c->nat - c->nat_only) / unit;
	s->cells.nat_only = (double)c->nat_only / unit;
	s->cells.direct_only = (double)c->direct_only / unit;
	s->cells.both_ok = (double)(c->pairs - c->direct - c->nat_only) / unit;
}

/* The first group with another number of pairs. */
static void
begin_real(struct making *m)
{
	struct outcome_series *s = &m->s;
	size_t i;

	cells_of_counts(s, &m->c);
	s->real = x_calloc(m->room, sizeof(*s->real));
	for (i = 0; i < m->x.n_kept; i++)
		s->real[m->x.kept[i].at] = (double)m->x.kept[i].value / s->unit;
	sparse_clear(&m->x);
	s->unit = 0;
}

static void
add_real(struct outcome_series *s, double share, bool direct)
{
	s->real[s->n] = share - direct;
	if (direct) {
		s->cells.both_failed += share;
		s->cells.direct_only += 1 - share;
	} else {
		s->cells.nat_only += share;
		s->cells.both_ok += 1 - share;
	}
}

/* The next groups have so many pairs each. */
static void
expect(struct making *m, int n)
{
	if (m->s.n == 0)
		m->s.unit = n;
	else if (m->s.real == NULL && n != m->s.unit)
		begin_real(m);
}

/* What is known of an outcome in a group. */
static void
add_group(struct making *m, bool direct, int64_t slot)
{
	struct outcome_series *s = &m->s;
	size_t n = (size_t)m->n, nat = (size_t)m->nat;

	expect(m, m->n);
	if (s->real != NULL)
		add_real(s, (double)m->nat / m->n, direct);
	else
		sparse_add(&m->x, m->nat - direct * m->n);
	if (s->slot != NULL)
		s->slot[s->n] = slot;
	s->n++;
	m->c.pairs += n;
	m->c.nat += nat;
	m->c.direct += direct ? n : 0;
	m->c.direct_only += direct ? n - nat : 0;
	m->c.nat_only += direct ? 0 : nat;
	bursts_add(&m->nat_bursts, nat * 2 > n);
	bursts_add(&m->direct_bursts, direct);
	m->n = m->nat = 0;
}

/* Their values are 0, which new memory is, too. */
static void
add_quiet(struct making *m, const struct quiet *q)
{
	expect(m, q->n);
	if (m->s.real != NULL)
		m->s.cells.both_ok += (double)q->groups;
	else
		sparse_add_zeros(&m->x, q->groups);
	m->s.n += q->groups;
	m->c.pairs += q->groups * (size_t)q->n;
	bursts_add_ok(&m->nat_bursts, q->groups);
	bursts_add_ok(&m->direct_bursts, q->groups);
}

/* The quiet groups go into the series. */
static void
flush(struct makings *m)
{
	struct making *one;

	if (m->before.groups == 0)
		return;
	for (one = m->of; one < m->of + m->n; one++)
		if ((m->before.known & OUTCOME_BIT(one->outcome)) != 0)
			add_quiet(one, &m->before);
	m->before.groups = 0;
}

static void
keep_quiet_group(struct makings *m)
{
	struct quiet *before = &m->before;
	struct outcome_series *first = &m->of[0].s;

	if (before->n != m->at_hand.n || before->known != m->at_hand.known)
		flush(m);
	before->n = m->at_hand.n;
	before->known = m->at_hand.known;
	if (first->slot != NULL) /* of one outcome, and there is no other */
		first->slot[first->n + before->groups] = m->slot;
	before->groups++;
}

static void
begin_group(struct makings *m, unsigned marks, int64_t slot)
{
	m->direct = outcomes_of_marks(marks);
	m->slot = slot;
	m->is_quiet = (m->direct.has & m->which) == 0;
	m->at_hand.n = 0;
}

/* The group at hand is whole. */
static void
end_group(struct makings *m)
{
	struct making *one;

	if (m->is_quiet) {
		if (m->at_hand.n > 0)
			keep_quiet_group(m);
		return;
	}
	flush(m);
	for (one = m->of; one < m->of + m->n; one++)
		if (one->n > 0)
			add_group(one,
			    (m->direct.has & OUTCOME_BIT(one->outcome)) != 0,
			    m->slot);
}

/* Count each outcome by itself, from the group's first pair on. */
static void
break_quiet(struct makings *m)
{
	struct making *one;

	if (!m->is_quiet)
		return;
	for (one = m->of; one < m->of + m->n; one++)
		if ((m->at_hand.known & OUTCOME_BIT(one->outcome)) != 0)
			one->n = m->at_hand.n;
	m->is_quiet = false;
}

static void
add_pair(struct makings *m, unsigned marks)
{
	struct outcomes nat = outcomes_of_marks(marks);
	unsigned known = nat.known & m->direct.known & m->which, bit;
	struct making *one;

	if (m->at_hand.n == 0)
		m->at_hand.known = known;
	if (m->is_quiet && m->at_hand.known == known &&
	    (nat.has & known) == 0) {
		m->at_hand.n++;
		return;
	}
	break_quiet(m);
	for (one = m->of; one < m->of + m->n; one++) {
		bit = OUTCOME_BIT(one->outcome);
		one->n += (known & bit) != 0;
		one->nat += (known & nat.has & bit) != 0;
	}
}

static void
end(struct makings *m)
{
	struct making *one;

	end_group(m);
	flush(m);
	for (one = m->of; one < m->of + m->n; one++)
		if (one->s.real == NULL)
			cells_of_counts(&one->s, &one->c);
}

static void
make(struct makings *m, unsigned which, const struct dataset *d,
    const struct attempts *a, const struct pairs *all,
    const struct scope *scope, bool slots)
{
	struct pairs pairs = scope_pairs(scope, a, all);
	uint32_t direct = 0;
	struct pair p;
	size_t i;

	begin(m, which, pairs.n + 1, slots);
	for (i = 0; i < pairs.n; i++) {
		p = pair_at(&pairs, i);
		if (i == 0 || p.direct != direct) {
			end_group(m);
			direct = p.direct;
			begin_group(m, attempt_marks(a, direct),
			    slots ? attempt_slot(a, direct) : 0);
		}
		if (scope_has(scope, d, a, p))
			add_pair(m, attempt_marks(a, p.nat));
	}
	end(m);
}

struct interval
contrast_series_test(const struct outcome_series *s, struct block_test *out)
{
	if (s->real != NULL)
		block_test_real(s->real, s->n, out);
	else
		block_test(s->x, s->n, s->unit > 0 ? s->unit : 1, out);
	return block_interval(out, &s->cells);
}

static struct interval
test_making(const struct making *m, struct block_test *out)
{
	if (m->s.real != NULL)
		return contrast_series_test(&m->s, out);
	block_test_sparse(&m->x, m->s.unit > 0 ? m->s.unit : 1, out);
	return block_interval(out, &m->s.cells);
}

void
contrasts_find(struct contrast c[OUTCOME_COUNT], unsigned which,
    const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope)
{
	struct makings m;
	struct making *one;

	make(&m, which, d, a, pairs, scope, false);
	for (one = m.of; one < m.of + m.n; one++) {
		bursts_describe(&one->nat_bursts, &one->c.nat_bursts);
		bursts_describe(&one->direct_bursts, &one->c.direct_bursts);
		one->c.ci = test_making(one, &one->c.test);
		c[one->outcome] = one->c;
		contrast_series_clear(&one->s);
		sparse_clear(&one->x);
	}
}

void
contrast_series(struct outcome_series *s, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome outcome)
{
	struct makings m;

	make(&m, OUTCOME_BIT(outcome), d, a, pairs, scope, true);
	assert(m.n == 1);
	*s = m.of[0].s;
	if (s->real == NULL)
		s->x = sparse_expand(&m.of[0].x);
	sparse_clear(&m.of[0].x);
}

void
contrast_series_clear(struct outcome_series *s)
{
	free(s->x);
	free(s->real);
	free(s->slot);
	memset(s, 0, sizeof(*s));
}
