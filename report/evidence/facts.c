/*
 * Counting and testing pairs.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/facts.h"
#include "report/parallel.h"

/* Fewer pairs are counted sooner than threads begin: most episodes. */
#define PARALLEL_FROM 10000

/* A sample older than a slot and this says nothing of an attempt. */
#define LOAD_AGE_US 5000000

/* ------------------------------------------------- one attempt's outcome */

static bool
is_dns(enum failure f)
{
	return f >= FAILURE_DNS_NXDOMAIN && f <= FAILURE_DNS_TIMEOUT;
}

/* Something came before the SYN-ACK: not silence, but an old connection. */
static bool
was_answered(const struct attempts *a, size_t i)
{
	return attempt_segs_in(a, i) != NO_COUNT && attempt_segs_in(a, i) > 1;
}

int
facts_outcome(const struct attempts *a, size_t i, enum outcome o)
{
	enum failure f = attempt_failure(a, i);
	bool failed = f != FAILURE_NONE;

	if (failed && (failure_is_local(f) || is_dns(f)))
		return -1;
	switch (o) {
	case OUTCOME_FAILED:
		return failed;
	case OUTCOME_SYN:
		return attempt_syn_retransmits(a, i) == NO_COUNT
		    ? -1
		    : attempt_resent(a, i);
	case OUTCOME_TROUBLE:
		return failed || attempt_resent(a, i);
	case OUTCOME_SILENT:
		return f == FAILURE_CONNECT_TIMEOUT ||
		    (attempt_resent(a, i) && !was_answered(a, i));
	case OUTCOME_LATE:
		return attempt_late(a, i) == NO_COUNT ? -1
						      : attempt_late(a, i) > 0;
	case OUTCOME_STATUS:
		return failed ? -1 : attempt_status(a, i) >= 400;
	case OUTCOME_COUNT:
	default:
		return -1;
	}
}

/* The class of the scorecard that a failure falls into. */
static enum kind
kind_of_failure(enum failure f, enum phase phase)
{
	if (f == FAILURE_NONE)
		return KIND_NONE;
	if (failure_is_local(f))
		return KIND_LOCAL_ERRNO;
	if (is_dns(f))
		return KIND_DNS;
	if (phase != PHASE_CONNECT)
		return KIND_TLS; /* cut, reset or silent after the connect */
	return f == FAILURE_CONNECT_TIMEOUT ? KIND_CONNECT_SILENT
					    : KIND_CONNECT_REFUSED;
}

enum kind
facts_kind(const struct attempts *a, size_t i)
{
	enum failure f = attempt_failure(a, i);

	if (f == FAILURE_NONE && attempt_status(a, i) >= 400)
		return KIND_HTTP_STATUS;
	return kind_of_failure(f, attempt_phase(a, i));
}

/* Statuses by which a far end turns one client away, RFC 9110 and 6585. */
static bool
is_refusing(uint16_t status)
{
	return status == 403 || status == 407 || status == 429 ||
	    status == 451 || status == 503;
}

/* Of the scope's slots: whether the pair is of its series, too. */
static bool
in_scope(const struct dataset *d, const struct attempts *a, struct pair p,
    const struct scope *scope)
{
	return scope->nat_series == ALL_SERIES ||
	    attempt_series(d, a, p.nat) == scope->nat_series;
}

/* The pairs of its slots: so an episode costs its own length. */
static struct pairs
pairs_in(const struct pairs *all, const struct attempts *a,
    const struct scope *scope)
{
	return pairs_between(all, a, scope->from_slot, scope->to_slot);
}

/* ------------------------------------------------------------- series */

/* The pairs of one direct attempt, in which both sides know the outcome. */
struct group {
	int direct;
	int nat; /* of them with the outcome */
	int n;
	uint32_t row; /* the direct attempt */
};

/* Those of an outcome in a scope, none of them empty. */
struct groups {
	struct group *group;
	size_t n;
	bool vary; /* not all have as many pairs */
};

static void
groups_add(struct groups *out, const struct group *g)
{
	if (g->n == 0)
		return;
	out->vary |= out->n > 0 && out->group[0].n != g->n;
	out->group[out->n++] = *g;
}

static void
groups_find(struct groups *out, const struct dataset *d,
    const struct attempts *a, const struct pairs *all,
    const struct scope *scope, enum outcome o)
{
	struct pairs part = pairs_in(all, a, scope);
	struct group g = { .n = 0 };
	struct pair p;
	size_t i;
	int nat;

	memset(out, 0, sizeof(*out));
	out->group = x_malloc((part.n + 1) * sizeof(*out->group));
	for (i = 0; i < part.n; i++) {
		p = pair_at(&part, i);
		if (i == 0 || p.direct != g.row) {
			groups_add(out, &g);
			g.row = p.direct;
			g.direct = facts_outcome(a, g.row, o);
			g.nat = g.n = 0;
		}
		if (g.direct < 0 || !in_scope(d, a, p, scope))
			continue;
		nat = facts_outcome(a, p.nat, o);
		g.nat += nat > 0;
		g.n += nat >= 0;
	}
	groups_add(out, &g);
}

static void
add_cells(struct rates_cells *cells, const struct group *g)
{
	double share = (double)g->nat / g->n;

	if (g->direct != 0) {
		cells->both_failed += share;
		cells->direct_only += 1 - share;
	} else {
		cells->nat_only += share;
		cells->both_ok += 1 - share;
	}
}

/* All of s but its slots. */
static void
series_of(struct outcome_series *s, const struct groups *groups)
{
	const struct group *g;
	size_t k;

	memset(s, 0, sizeof(*s));
	s->n = groups->n;
	if (groups->vary)
		s->real = x_calloc(s->n, sizeof(*s->real));
	else
		s->x = x_calloc(s->n, sizeof(*s->x));
	s->unit = groups->vary || s->n == 0 ? 0 : groups->group[0].n;
	for (k = 0; k < s->n; k++) {
		g = &groups->group[k];
		add_cells(&s->cells, g);
		if (groups->vary)
			s->real[k] = (double)g->nat / g->n - g->direct;
		else
			s->x[k] = g->nat - g->direct * g->n;
	}
}

void
facts_series(struct outcome_series *s, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome outcome)
{
	struct groups groups;
	size_t k;

	groups_find(&groups, d, a, pairs, scope, outcome);
	series_of(s, &groups);
	s->slot = x_calloc(s->n, sizeof(*s->slot));
	for (k = 0; k < s->n; k++)
		s->slot[k] = attempt_slot(a, groups.group[k].row);
	free(groups.group);
}

void
facts_series_clear(struct outcome_series *s)
{
	free(s->x);
	free(s->real);
	free(s->slot);
	memset(s, 0, sizeof(*s));
}

static void
describe_bursts(struct contrast *c, const struct groups *groups)
{
	uint8_t *has = x_malloc(groups->n + 1);
	size_t i;

	for (i = 0; i < groups->n; i++)
		has[i] = groups->group[i].nat * 2 > groups->group[i].n;
	bursts_describe(has, groups->n, &c->nat_bursts);
	for (i = 0; i < groups->n; i++)
		has[i] = groups->group[i].direct != 0;
	bursts_describe(has, groups->n, &c->direct_bursts);
	free(has);
}

static void
count_pairs(struct contrast *c, const struct groups *groups)
{
	size_t i, n, nat;

	for (i = 0; i < groups->n; i++) {
		n = (size_t)groups->group[i].n;
		nat = (size_t)groups->group[i].nat;
		c->pairs += n;
		c->nat += nat;
		if (groups->group[i].direct != 0) {
			c->direct += n;
			c->direct_only += n - nat;
		} else {
			c->nat_only += nat;
		}
	}
}

void
facts_contrast(struct contrast *c, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope, enum outcome o)
{
	struct outcome_series s;
	struct groups groups;

	memset(c, 0, sizeof(*c));
	groups_find(&groups, d, a, pairs, scope, o);
	count_pairs(c, &groups);
	describe_bursts(c, &groups);
	series_of(&s, &groups);
	free(groups.group);
	if (s.real != NULL)
		block_test_real(s.real, s.n, &c->test);
	else
		block_test(s.x, s.n, s.unit > 0 ? s.unit : 1, &c->test);
	/* Real scores have no sign-flip test: the t test decides alone. */
	c->ci = block_interval(&c->test, &s.cells);
	facts_series_clear(&s);
}

/* ------------------------------------------------------------- counting */

static void
count_kinds(struct facts *f, const struct attempts *a, struct pair p)
{
	enum kind nat = facts_kind(a, p.nat);
	enum kind direct = facts_kind(a, p.direct);

	if (nat == KIND_NONE)
		return;
	if (direct == KIND_NONE)
		f->nat_only_kind[nat]++;
	else
		f->both_kind[nat]++;
	if (nat == KIND_HTTP_STATUS && direct != KIND_HTTP_STATUS &&
	    is_refusing(attempt_status(a, p.nat)))
		f->refusing_status++;
}

static void
count_recovery(struct facts *f, const struct attempts *a, size_t nat)
{
	uint8_t syn = attempt_syn_retransmits(a, nat);

	if (syn == NO_COUNT || syn == 0 ||
	    attempt_segs_in(a, nat) == NO_COUNT) {
		f->recovered += syn != NO_COUNT && syn > 0 &&
		    attempt_failure(a, nat) == FAILURE_NONE;
		return;
	}
	/* Segments in are known of connections that came up only. */
	f->recovered++;
	f->answer_known++;
	f->answered_first += attempt_segs_in(a, nat) > 1;
}

static bool
is_certificate(uint16_t i)
{
	return i != NO_INDEX && i != CERTIFICATE_UNKNOWN;
}

static void
count_certificates(struct facts *f, const struct attempts *a, struct pair p)
{
	if (!is_certificate(attempt_certificate(a, p.nat)) ||
	    !is_certificate(attempt_certificate(a, p.direct)))
		return;
	f->cert_pairs++;
	if (attempt_certificate(a, p.nat) == attempt_certificate(a, p.direct))
		return;
	if (f->cert_differ++ == 0)
		f->cert_first_slot = attempt_slot(a, p.nat);
	f->cert_last_slot = attempt_slot(a, p.nat);
}

/* Whether no issuer was seen on both paths: CDNs rotate, but over one set. */
static bool
certificates_apart(const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope)
{
	size_t n = d->certificates.n, i;
	uint8_t *seen = x_calloc(n + 1, 1);
	bool apart = true;

	for (i = 0; i < pairs->n; i++) {
		struct pair p = pair_at(pairs, i);

		if (!in_scope(d, a, p, scope))
			continue;
		if (is_certificate(attempt_certificate(a, p.nat)))
			seen[attempt_certificate(a, p.nat)] |= 1;
		if (is_certificate(attempt_certificate(a, p.direct)))
			seen[attempt_certificate(a, p.direct)] |= 2;
	}
	for (i = 0; i < n; i++)
		apart &= seen[i] != 3;
	free(seen);
	return apart;
}

const struct host_sample *
facts_sample(const struct dataset *d, const struct attempts *a, size_t i)
{
	uint32_t series = attempt_series(d, a, i);
	int64_t at_us = attempt_started_us(d, a, i);
	size_t low = 0, high = d->n_samples, middle;
	const struct host_sample *h;

	/* The first sample after it, by series and time. */
	while (low < high) {
		middle = low + (high - low) / 2;
		h = &d->samples[middle];
		if (h->series < series ||
		    (h->series == series && h->at_us <= at_us))
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	h = &d->samples[low - 1];
	if (h->series != series ||
	    at_us - h->at_us > d->series[series].interval_us + LOAD_AGE_US)
		return NULL;
	return h;
}

/* The load of the attempt's host, NOT_MEASURED where it is not known. */
static int64_t
load_at(const struct dataset *d, const struct attempts *a, size_t i)
{
	const struct host_sample *h = facts_sample(d, a, i);

	return h != NULL ? h->load : NOT_MEASURED;
}

static void
find_load_trend(struct facts *f, const struct dataset *d,
    const struct attempts *a, const struct pairs *pairs,
    const struct scope *scope)
{
	uint8_t *failed = x_calloc(pairs->n, sizeof(*failed));
	int64_t *load = x_calloc(pairs->n, sizeof(*load));
	size_t i, n = 0, nat;
	int silent;

	for (i = 0; i < pairs->n; i++) {
		nat = pair_at(pairs, i).nat;
		silent = facts_outcome(a, nat, OUTCOME_SILENT);
		if (silent < 0 || !in_scope(d, a, pair_at(pairs, i), scope))
			continue;
		load[n] = load_at(d, a, nat);
		if (load[n] == NOT_MEASURED)
			continue;
		failed[n] = silent != 0;
		if (n == 0 || load[n] < f->load_least)
			f->load_least = load[n];
		if (n == 0 || load[n] > f->load_most)
			f->load_most = load[n];
		n++;
	}
	f->load_known = n;
	trend_load(failed, load, n, &f->load);
	free(failed);
	free(load);
}

/* Of all attempts, paired or not: what their own hosts did to them. */
static void
count_own_failures(struct facts *f, const struct dataset *d,
    const struct attempts *a, const struct scope *scope)
{
	enum failure failure;
	uint32_t series;
	bool nat;
	size_t i;

	for (i = attempts_from(a, scope->from_slot);
	     i < a->n && attempt_slot(a, i) < scope->to_slot; i++) {
		failure = attempt_failure(a, i);
		series = attempt_series(d, a, i);
		nat = series_role(d, series) == ROLE_NAT;
		if (failure == FAILURE_INTERRUPTED ||
		    (nat && scope->nat_series != ALL_SERIES &&
			scope->nat_series != series))
			continue;
		if (nat) {
			f->nat_attempts++;
			f->nat_local += failure_is_local(failure);
			f->nat_dns += is_dns(failure);
		} else {
			f->direct_attempts++;
			f->direct_local += failure_is_local(failure);
			f->direct_dns += is_dns(failure);
		}
	}
}

static void
facts_count(struct facts *f, const struct dataset *d, const struct attempts *a,
    const struct pairs *all, const struct scope *scope)
{
	struct pairs part = pairs_in(all, a, scope);
	struct pair p;
	size_t i;

	for (i = 0; i < part.n; i++) {
		p = pair_at(&part, i);
		if (!in_scope(d, a, p, scope))
			continue;
		if (f->pairs++ == 0)
			f->first_slot = attempt_slot(a, p.nat);
		f->last_slot = attempt_slot(a, p.nat);
		count_kinds(f, a, p);
		count_recovery(f, a, p.nat);
		count_certificates(f, a, p);
	}
	f->cert_apart =
	    f->cert_differ > 0 && certificates_apart(d, a, &part, scope);
	count_own_failures(f, d, a, scope);
	find_load_trend(f, d, a, &part, scope);
}

/* What facts_find() asks. */
struct question {
	struct facts *f;
	const struct dataset *d;
	const struct attempts *a;
	const struct pairs *pairs;
	const struct scope *scope;
};

static void
answer(void *context, size_t part)
{
	const struct question *q = context;

	facts_part(q->f, q->d, q->a, q->pairs, q->scope, part);
}

void
facts_part(struct facts *f, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope, size_t part)
{
	if (part == OUTCOME_COUNT)
		facts_count(f, d, a, pairs, scope);
	else
		facts_contrast(
		    &f->contrast[part], d, a, pairs, scope, (enum outcome)part);
}

void
facts_find(struct facts *f, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope)
{
	struct question q = { f, d, a, pairs, scope };
	size_t i;

	memset(f, 0, sizeof(*f));
	if (pairs_between(pairs, a, scope->from_slot, scope->to_slot).n >=
	    PARALLEL_FROM) {
		parallel_each(FACTS_PARTS, answer, &q);
		return;
	}
	for (i = 0; i < FACTS_PARTS; i++)
		answer(&q, i);
}
