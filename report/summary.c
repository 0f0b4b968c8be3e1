/*
 * Counting.
 */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/quantile.h"
#include "report/stats/rates.h"
#include "report/summary_hours.h"

_Static_assert(PATHS_MAX <= UINT8_MAX + 1, "a path fits into a byte");

/* Some of the attempts: rows[0..n). */
struct selection {
	const struct dataset *d;
	const struct attempts *a;
	const uint8_t *path;  /* of every attempt, by row */
	const uint32_t *rows; /* NULL: all, one after the other */
	size_t n;
};

static size_t
row_at(const struct selection *s, size_t i)
{
	return s->rows != NULL ? s->rows[i] : i;
}

double
tally_rate(const struct tally *t, struct interval *ci)
{
	double n = (double)(t->ok + t->failed), x = (double)t->failed;

	*ci = rates_wilson(x, n, rates_z());
	return n > 0 ? x / n : NAN;
}

enum failure
tally_add(struct tally *t, const struct attempts *a, size_t i)
{
	unsigned marks = attempt_marks(a, i);
	enum failure failure = FAILURE_NONE;
	uint8_t syn_retransmits;

	if (marks_failed(marks))
		failure = attempt_failure(a, i);
	if (failure == FAILURE_INTERRUPTED) {
		t->interrupted++;
		return failure;
	}
	t->ok += failure == FAILURE_NONE;
	t->failed += failure != FAILURE_NONE;
	t->syn_known += (marks & MARK_SYN_UNKNOWN) == 0;
	if ((marks & MARK_RESENT) != 0) {
		syn_retransmits = attempt_syn_retransmits(a, i);
		t->syn_with++;
		if (syn_retransmits > t->syn_max)
			t->syn_max = syn_retransmits;
	}
	return failure;
}

/* ------------------------------------------------------------- one path */

static int
compare_statuses(const void *a, const void *b)
{
	const struct status_count *x = a, *y = b;

	return (x->status > y->status) - (x->status < y->status);
}

/* Scratch memory for describe_part(), for any part of the attempts. */
struct scratch {
	size_t *statuses; /* one place for each, all 0 */
	uint32_t *rows;
	uint32_t *us; /* of the rows; keys, before they are divided */
};

/* The statuses of a path that were seen, and counts of all. */
struct statuses {
	struct path_summary *p;
	size_t capacity;
	size_t *counts;
};

static void
statuses_add(struct statuses *s, uint16_t status)
{
	struct path_summary *p = s->p;

	if (status == NO_STATUS || s->counts[status]++ > 0)
		return;
	p->statuses = x_grow(
	    p->statuses, p->n_statuses, &s->capacity, sizeof(*p->statuses));
	p->statuses[p->n_statuses++].status = status;
}

static void
statuses_end(struct statuses *s)
{
	struct path_summary *p = s->p;
	size_t i;

	for (i = 0; i < p->n_statuses; i++) {
		p->statuses[i].count = s->counts[p->statuses[i].status];
		s->counts[p->statuses[i].status] = 0;
	}
	if (p->n_statuses > 0)
		qsort(p->statuses, p->n_statuses, sizeof(*p->statuses),
		    compare_statuses);
}

/* Quantiles of one duration of attempts that succeeded. */
static void
describe_duration(struct duration_summary *out, const struct attempts *a,
    enum duration which, const uint32_t *rows, size_t n_rows, uint32_t *us)
{
	static const double at[] = { 0.5, 0.9, 0.99 };
	double value[3];
	uint32_t duration;
	size_t i, n = 0;

	for (i = 0; i < n_rows; i++) {
		duration = attempt_duration_us(a, which, rows[i]);
		if (duration != NO_DURATION)
			us[n++] = duration;
	}
	quantile_values(us, n, at, 3, value);
	out->n = n;
	out->p50_us = value[0];
	out->p90_us = value[1];
	out->p99_us = value[2];
}

/* The attempts of one path; those that failed are left out of rows. */
static void
describe_path(struct path_summary *p, const struct attempts *a, uint32_t *rows,
    size_t n, const struct scratch *scratch)
{
	struct statuses statuses = { .p = p, .counts = scratch->statuses };
	enum failure failure;
	size_t ok = 0, i, k;
	int which;

	for (i = 0; i < n; i++) {
		k = rows[i];
		failure = tally_add(&p->tally, a, k);
		if (failure == FAILURE_INTERRUPTED)
			continue;
		statuses_add(&statuses, attempt_status(a, k));
		if (failure == FAILURE_NONE) {
			rows[ok++] = (uint32_t)k;
			continue;
		}
		p->failures[attempt_phase(a, k)][failure]++;
		p->local += failure_is_local(failure);
	}
	p->rate = tally_rate(&p->tally, &p->rate_ci);
	statuses_end(&statuses);
	for (which = 0; which < DURATION_COUNT; which++)
		describe_duration(&p->durations[which], a, (enum duration)which,
		    rows, ok, scratch->us);
}

static void
copy_path(struct path_summary *to, const struct path_summary *from)
{
	*to = *from;
	to->statuses = x_calloc(from->n_statuses + 1, sizeof(*to->statuses));
	if (from->n_statuses > 0)
		memcpy(to->statuses, from->statuses,
		    from->n_statuses * sizeof(*to->statuses));
}

/* A part that has all attempts is like the whole. */
static void
copy_part(struct part *to, const struct part *from)
{
	size_t i;

	to->n_paths = from->n_paths;
	to->paths = x_calloc(from->n_paths + 1, sizeof(*to->paths));
	for (i = 0; i < from->n_paths; i++)
		copy_path(&to->paths[i], &from->paths[i]);
}

/* The path in a part, if the part has as many as n attempts of it. */
static const struct path_summary *
find_path(const struct part *part, size_t path, size_t n)
{
	const struct path_summary *p;
	size_t i;

	for (i = 0; i < part->n_paths; i++) {
		p = &part->paths[i];
		if (p->path == path &&
		    p->tally.ok + p->tally.failed + p->tally.interrupted == n)
			return p;
	}
	return NULL;
}

/*
 * Divide a selection by path, and describe each path that it has.  Of whole it
 * is known already, if that is not NULL: paths that have no attempts outside
 * the selection are like its.
 */
static void
describe_part(struct part *part, const struct selection *s,
    const struct part *whole, const struct scratch *scratch)
{
	size_t n_paths = s->d->n_paths, i, begin;
	size_t *end = x_calloc(n_paths + 1, sizeof(*end));
	const struct path_summary *same;
	struct path_summary *p;

	for (i = 0; i < s->n; i++)
		end[s->path[row_at(s, i)] + 1]++;
	for (i = 0; i < n_paths; i++) {
		part->n_paths += end[i + 1] > 0;
		end[i + 1] += end[i];
	}
	/* end[p] is where path p begins, and moves to where it ends. */
	for (i = 0; i < s->n; i++)
		scratch->rows[end[s->path[row_at(s, i)]]++] =
		    (uint32_t)row_at(s, i);
	part->paths = x_calloc(part->n_paths + 1, sizeof(*part->paths));
	part->n_paths = 0;
	for (i = begin = 0; i < n_paths; begin = end[i++]) {
		if (end[i] == begin)
			continue;
		p = &part->paths[part->n_paths++];
		same =
		    whole != NULL ? find_path(whole, i, end[i] - begin) : NULL;
		if (same != NULL) {
			copy_path(p, same);
			continue;
		}
		p->path = (uint32_t)i;
		describe_path(
		    p, s->a, scratch->rows + begin, end[i] - begin, scratch);
	}
	free(end);
}

/* ---------------------------------------------------------------- parts */

/* The key of attempt i; NOT_IN_PARTS where it belongs to no part. */
typedef uint32_t key_function(
    const struct selection *s, const uint32_t *hosts, size_t i);

#define NOT_IN_PARTS UINT32_MAX

static uint32_t
target_key(const struct selection *s, const uint32_t *hosts, size_t i)
{
	(void)hosts;
	return attempt_target(s->a, i);
}

static uint32_t
address_key(const struct selection *s, const uint32_t *hosts, size_t i)
{
	(void)hosts;
	return attempt_observed(s->a, i) == NO_INDEX
	    ? NOT_IN_PARTS
	    : attempt_observed(s->a, i);
}

static uint32_t
host_key(const struct selection *s, const uint32_t *hosts, size_t i)
{
	return hosts[attempt_series(s->d, s->a, i)];
}

/* For each series the first series of the same agent and host. */
static uint32_t *
number_hosts(const struct dataset *d)
{
	uint32_t *hosts = x_calloc(d->n_series + 1, sizeof(*hosts));
	uint32_t *first = x_calloc(d->n_series + 1, sizeof(*first));
	struct names keys = { 0 };
	size_t i, before;
	uint32_t number;
	char *key;

	for (i = 0; i < d->n_series; i++) {
		key =
		    x_asprintf("%u %u", d->series[i].agent, d->series[i].host);
		before = keys.n;
		number = names_add(&keys, key);
		free(key);
		if (keys.n > before)
			first[number] = (uint32_t)i;
		hosts[i] = first[number];
	}
	free(first);
	names_clear(&keys);
	return hosts;
}

static struct part *
parts_add(struct parts *parts, size_t key)
{
	struct part *part;

	parts->part = x_grow(
	    parts->part, parts->n, &parts->capacity, sizeof(*parts->part));
	part = &parts->part[parts->n++];
	memset(part, 0, sizeof(*part));
	part->key = (uint32_t)key;
	return part;
}

/*
 * Divide the attempts, which are described as a whole, by their keys, which
 * are below n_keys.
 */
static void
divide(struct parts *parts, const struct selection *all,
    const struct part *whole, key_function *key, const uint32_t *hosts,
    size_t n_keys, const struct scratch *scratch)
{
	size_t *ends = x_calloc(n_keys + 1, sizeof(*ends)), i, begin;
	struct selection some = *all;
	uint32_t *rows, *keys = scratch->us, k;

	/* A counting sort: ends[k] is where the rows of key k begin, ... */
	for (i = 0; i < all->n; i++) {
		k = keys[i] = key(all, hosts, i);
		if (k != NOT_IN_PARTS)
			ends[k + 1]++;
	}
	for (i = 1; i <= n_keys; i++) {
		if (ends[i] == all->n && all->n > 0) {
			copy_part(parts_add(parts, i - 1), whole);
			free(ends);
			return;
		}
		ends[i] += ends[i - 1];
	}
	/* ... and, once they are placed, where they end. */
	rows = x_malloc((all->n + 1) * sizeof(*rows));
	for (i = 0; i < all->n; i++) {
		k = keys[i];
		if (k != NOT_IN_PARTS)
			rows[ends[k]++] = (uint32_t)i;
	}
	for (i = begin = 0; i < n_keys; begin = ends[i++]) {
		some.rows = rows + begin;
		some.n = ends[i] - begin;
		if (some.n > 0)
			describe_part(
			    parts_add(parts, i), &some, whole, scratch);
	}
	free(ends);
	free(rows);
}

/* ------------------------------------------------------------------ all */

void
summary_make(
    struct summary *s, const struct dataset *d, const struct attempts *a)
{
	uint8_t *path = x_malloc(a->n + 1);
	struct selection all = { d, a, path, NULL, a->n };
	struct scratch scratch;
	uint32_t *hosts = number_hosts(d);
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < a->n; i++)
		path[i] = (uint8_t)attempt_path(d, a, i);
	scratch.statuses = x_calloc(UINT16_MAX + 1, sizeof(size_t));
	scratch.rows = x_malloc((a->n + 1) * sizeof(*scratch.rows));
	scratch.us = x_malloc((a->n + 1) * sizeof(*scratch.us));
	describe_part(&s->all, &all, NULL, &scratch);
	divide(&s->targets, &all, &s->all, target_key, hosts, NO_INDEX + 1,
	    &scratch);
	divide(
	    &s->hosts, &all, &s->all, host_key, hosts, d->n_series, &scratch);
	divide(&s->addresses, &all, &s->all, address_key, hosts, d->addresses.n,
	    &scratch);
	s->hours = hours_count(d, a, path, &s->n_hours);
	free(scratch.statuses);
	free(scratch.rows);
	free(scratch.us);
	free(hosts);
	free(path);
}

static void
part_clear(struct part *part)
{
	size_t i;

	for (i = 0; i < part->n_paths; i++)
		free(part->paths[i].statuses);
	free(part->paths);
}

static void
parts_clear(struct parts *parts)
{
	size_t i;

	for (i = 0; i < parts->n; i++)
		part_clear(&parts->part[i]);
	free(parts->part);
}

void
summary_clear(struct summary *s)
{
	part_clear(&s->all);
	parts_clear(&s->targets);
	parts_clear(&s->hosts);
	parts_clear(&s->addresses);
	free(s->hours);
	memset(s, 0, sizeof(*s));
}
