/*
 * Counting pairs.
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

/* Statuses by which a far end turns one client away, RFC 9110 and 6585. */
static bool
is_refusing(uint16_t status)
{
	return status == 403 || status == 407 || status == 429 ||
	    status == 451 || status == 503;
}

static void
count_kinds(struct facts *f, const struct attempts *a, struct pair p)
{
	enum kind nat = outcome_kind(a, p.nat);
	enum kind direct = outcome_kind(a, p.direct);

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
	if (!attempt_resent(a, nat))
		return;
	if (attempt_segs_in(a, nat) == NO_COUNT) {
		f->recovered += !attempt_failed(a, nat);
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

		if (!scope_has(scope, d, a, p))
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
	size_t most = d->n_samples > 0 ? pairs->n : 0, i, n = 0, nat;
	uint8_t *failed = x_calloc(most, sizeof(*failed));
	int64_t *load = x_calloc(most, sizeof(*load));
	int silent;

	for (i = 0; i < most; i++) {
		nat = pair_at(pairs, i).nat;
		silent = outcome_of(a, nat, OUTCOME_SILENT);
		if (silent < 0 || !scope_has(scope, d, a, pair_at(pairs, i)))
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
			f->nat_dns += failure_is_dns(failure);
		} else {
			f->direct_attempts++;
			f->direct_local += failure_is_local(failure);
			f->direct_dns += failure_is_dns(failure);
		}
	}
}

static bool
sent_later(unsigned marks)
{
	return (marks & (MARK_LATE | MARK_SPURIOUS)) != 0;
}

static void
count_later(struct facts *f, unsigned nat, unsigned direct)
{
	if (((nat | direct) & (MARK_LATE_UNKNOWN | MARK_OWN)) != 0)
		return;
	f->later_known++;
	f->later_nat += sent_later(nat);
	f->later_direct += sent_later(direct);
}

static void
count_pair(struct facts *f, const struct attempts *a, struct pair p)
{
	unsigned nat = attempt_marks(a, p.nat);

	count_later(f, nat, attempt_marks(a, p.direct));
	if (nat != 0) { /* most have nothing to count */
		count_kinds(f, a, p);
		count_recovery(f, a, p.nat);
	}
	count_certificates(f, a, p);
}

static void
facts_count(struct facts *f, const struct dataset *d, const struct attempts *a,
    const struct pairs *all, const struct scope *scope)
{
	struct pairs part = scope_pairs(scope, a, all);
	struct pair p;
	size_t i;

	for (i = 0; i < part.n; i++) {
		p = pair_at(&part, i);
		if (!scope_has(scope, d, a, p))
			continue;
		if (f->pairs++ == 0)
			f->first_slot = attempt_slot(a, p.nat);
		f->last_slot = attempt_slot(a, p.nat);
		count_pair(f, a, p);
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

	facts_part(
	    q->f, q->d, q->a, q->pairs, q->scope, (enum facts_parts)part);
}

void
facts_part(struct facts *f, const struct dataset *d, const struct attempts *a,
    const struct pairs *pairs, const struct scope *scope, enum facts_parts part)
{
	if (part == FACTS_CONTRASTS)
		contrasts_find(f->contrast, OUTCOMES_ALL, d, a, pairs, scope);
	else
		facts_count(f, d, a, pairs, scope);
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
