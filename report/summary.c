/*
 * Counting.
 */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/stats/rates.h"
#include "report/summary_groups.h"
#include "report/summary_hours.h"

_Static_assert(PATHS_MAX <= UINT8_MAX + 1, "a path fits into a byte");

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

/* ------------------------------------------------------------------ parts */

/* The attempts, what their parts are found by, and memory for groups. */
struct division {
	const struct dataset *d;
	const struct attempts *a;
	const uint8_t *path;    /* of every attempt */
	const uint32_t *hosts;  /* by series: the first one of the host */
	const struct part *all; /* NULL until it is known */
	struct groups groups;
};

/* The key of attempt i; NOT_IN_PARTS where it belongs to no part. */
typedef uint32_t key_function(const struct division *d, size_t i);

#define NOT_IN_PARTS UINT32_MAX

static uint32_t
one_key(const struct division *d, size_t i)
{
	(void)d;
	(void)i;
	return 0;
}

/* Behind all targets: not resolved. */
static uint32_t
target_key(const struct division *d, size_t i)
{
	uint16_t target = attempt_target(d->a, i);

	return target == NO_INDEX ? (uint32_t)d->d->targets.n : target;
}

static uint32_t
address_key(const struct division *d, size_t i)
{
	uint16_t observed = attempt_observed(d->a, i);

	return observed == NO_INDEX ? NOT_IN_PARTS : observed;
}

static uint32_t
host_key(const struct division *d, size_t i)
{
	return d->hosts[attempt_series(d->d, d->a, i)];
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

static void
copy_path(struct path_summary *to, const struct path_summary *from)
{
	*to = *from;
	to->statuses = x_calloc(from->n_statuses + 1, sizeof(*to->statuses));
	if (from->n_statuses > 0)
		memcpy(to->statuses, from->statuses,
		    from->n_statuses * sizeof(*to->statuses));
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

/* A part for each key that an attempt has; part_of is by key, 0 at first. */
static void
add_parts(struct parts *parts, const struct division *d, key_function *key,
    uint32_t *part_of, size_t n_keys)
{
	struct part *part;
	size_t i;
	uint32_t k;

	for (i = 0; i < d->a->n; i++) {
		k = key(d, i);
		if (k != NOT_IN_PARTS)
			part_of[k] = 1;
	}
	for (i = 0; i < n_keys; i++) {
		if (part_of[i] == 0)
			continue;
		parts->part = x_grow(parts->part, parts->n, &parts->capacity,
		    sizeof(*parts->part));
		part = &parts->part[parts->n];
		memset(part, 0, sizeof(*part));
		part->key = (uint32_t)i;
		part_of[i] = (uint32_t)parts->n++;
	}
}

/*
 * The paths of a part, cell[i] attempts of path i; cell[i] is then the group of
 * these.  Paths that have no attempts outside the part are like the whole's,
 * and no group.
 */
static void
add_paths(struct part *part, struct division *d, uint32_t *cell)
{
	const struct path_summary *same;
	size_t n_paths = d->d->n_paths, i;
	struct path_summary *p;

	for (i = 0; i < n_paths; i++)
		part->n_paths += cell[i] > 0;
	p = part->paths = x_calloc(part->n_paths, sizeof(*part->paths));
	for (i = 0; i < n_paths; i++) {
		if (cell[i] == 0)
			continue;
		same = d->all != NULL ? find_path(d->all, i, cell[i]) : NULL;
		if (same != NULL) {
			copy_path(p++, same);
			cell[i] = NO_GROUP;
			continue;
		}
		p->path = (uint32_t)i;
		cell[i] = groups_add(&d->groups, p++, cell[i]);
	}
}

/* Divide the attempts by their keys, which are below n_keys, and by path. */
static void
divide(
    struct parts *parts, struct division *d, key_function *key, size_t n_keys)
{
	uint32_t *part_of = x_calloc(n_keys + 1, sizeof(*part_of)), *cells, k;
	size_t n_paths = d->d->n_paths, i;

	add_parts(parts, d, key, part_of, n_keys);
	/* A cell for each part and path. */
	cells = x_calloc(parts->n * n_paths + 1, sizeof(*cells));
	for (i = 0; i < d->a->n; i++) {
		k = key(d, i);
		if (k != NOT_IN_PARTS)
			cells[part_of[k] * n_paths + d->path[i]]++;
	}
	for (i = 0; i < parts->n; i++)
		add_paths(&parts->part[i], d, cells + i * n_paths);
	for (i = 0; i < d->a->n && d->groups.n > 0; i++) {
		k = key(d, i);
		d->groups.of[i] = k == NOT_IN_PARTS
		    ? NO_GROUP
		    : cells[part_of[k] * n_paths + d->path[i]];
	}
	free(cells);
	free(part_of);
	groups_describe(&d->groups, d->a);
}

static void
divide_by_target(struct parts *parts, struct division *d)
{
	size_t n = d->d->targets.n;

	divide(parts, d, target_key, n + 1);
	if (parts->n > 0 && parts->part[parts->n - 1].key == n)
		parts->part[parts->n - 1].key = NO_INDEX;
}

/* ------------------------------------------------------------------ all */

void
summary_make(
    struct summary *s, const struct dataset *d, const struct attempts *a)
{
	uint8_t *path = x_malloc(a->n + 1);
	uint32_t *hosts = number_hosts(d);
	struct division division = {
		.d = d, .a = a, .path = path, .hosts = hosts
	};
	struct parts all = { 0 };
	size_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < a->n; i++)
		path[i] = (uint8_t)attempt_path(d, a, i);
	groups_init(&division.groups, a->n);
	divide(&all, &division, one_key, 1);
	if (all.n > 0) {
		s->all = all.part[0];
		division.all = &s->all;
	}
	divide_by_target(&s->targets, &division);
	divide(&s->hosts, &division, host_key, d->n_series);
	divide(&s->addresses, &division, address_key, d->addresses.n);
	s->hours = hours_count(d, a, path, &s->n_hours);
	groups_clear(&division.groups);
	free(all.part);
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
