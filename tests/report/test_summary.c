#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "report/summary.h"
#include "tests/report/handmade.h"

static struct dataset d;
static struct summary s;
static const struct attempts *a;

static void
begin(void)
{
	handmade_begin(&d, "e", "endpoint");
}

static void
end(void)
{
	summary_clear(&s);
	dataset_clear(&d);
}

TestSuite(summary, .init = begin, .fini = end);

static void
summarise(void)
{
	dataset_finish(&d);
	a = &d.endpoints[0].attempts;
	memset(&s, 0xff, sizeof(s)); /* it need not be empty */
	summary_make(&s, &d, a);
}

static const struct path_summary *
find(const struct part *part, enum role role)
{
	size_t i;

	for (i = 0; i < part->n_paths; i++)
		if (d.paths[part->paths[i].path].role == role)
			return &part->paths[i];
	return NULL;
}

Test(summary, nothing_is_no_part)
{
	handmade_run(&d, "a", ROLE_NAT);
	summarise();
	cr_expect_eq(s.all.n_paths, 0);
	cr_expect_eq(s.targets.n, 0);
	cr_expect_eq(s.hosts.n, 0);
	cr_expect_eq(s.addresses.n, 0);
	cr_expect_eq(s.n_hours, 0);
}

Test(summary, how_attempts_ended)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	struct attempt_row row = handmade_attempt(nat, 1, FAILURE_NONE);
	const struct path_summary *p;

	row.status = 503;
	row.syn_retransmits = 3;
	row.duration_us[DURATION_CONNECT] = 70;
	handmade_add(&d, 0, &row);
	row.status = 200;
	row.syn_retransmits = NO_COUNT;
	row.duration_us[DURATION_CONNECT] = 80;
	handmade_add(&d, 0, &row);
	row.status = NO_STATUS;
	row.duration_us[DURATION_CONNECT] = 1000;
	row.failure = FAILURE_CONNECT_TIMEOUT;
	handmade_add(&d, 0, &row);
	row.failure = FAILURE_INTERRUPTED;
	handmade_add(&d, 0, &row);
	summarise();
	p = find(&s.all, ROLE_NAT);
	cr_assert_not_null(p);
	cr_expect_eq(s.all.n_paths, 1);
	cr_expect_eq(p->tally.ok, 2);
	cr_expect_eq(p->tally.failed, 1);
	cr_expect_eq(p->tally.interrupted, 1);
	cr_expect_eq(p->tally.syn_known, 1);
	cr_expect_eq(p->tally.syn_with, 1);
	cr_expect_eq(p->tally.syn_max, 3);
	cr_expect_float_eq(p->rate, 1.0 / 3, 1e-12);
	cr_expect_eq(p->failures[PHASE_CONNECT][FAILURE_CONNECT_TIMEOUT], 1);
	cr_assert_eq(p->n_statuses, 2);
	cr_expect_eq(p->statuses[0].status, 200);
	cr_expect_eq(p->statuses[1].status, 503);
	cr_expect_eq(p->durations[DURATION_CONNECT].n, 2);
	cr_expect_float_eq(p->durations[DURATION_CONNECT].p50_us, 75, 1e-9);
	cr_expect_eq(p->durations[DURATION_TLS].n, 0);
	cr_expect(isnan(p->durations[DURATION_TLS].p50_us));
}

Test(summary, what_was_not_resolved_is_the_last_target)
{
	uint32_t nat = handmade_run(&d, "a", ROLE_NAT);
	struct attempt_row row = handmade_attempt(nat, 1, FAILURE_NONE);

	handmade_add(&d, 0, &row);
	row.target = NO_INDEX;
	handmade_add(&d, 0, &row);
	handmade_add(&d, 0, &row);
	summarise();
	cr_assert_eq(s.targets.n, 2);
	cr_expect_eq(s.targets.part[0].key, 0);
	cr_expect_eq(s.targets.part[0].paths->tally.ok, 1);
	cr_expect_eq(s.targets.part[1].key, NO_INDEX);
	cr_expect_eq(s.targets.part[1].paths->tally.ok, 2);
}

/* Two connects, the first of them the faster. */
static void
add_connects(uint32_t run, uint32_t first_us)
{
	struct attempt_row row;
	int64_t slot;

	for (slot = 1; slot <= 2; slot++) {
		row = handmade_attempt(run, slot, FAILURE_NONE);
		row.duration_us[DURATION_CONNECT] =
		    first_us + (uint32_t)slot * 10;
		handmade_add(&d, 0, &row);
	}
}

static double
median_connect_of(const struct part *part, enum role role)
{
	return find(part, role)->durations[DURATION_CONNECT].p50_us;
}

/* One path is of one host alone, which is like the whole there. */
Test(summary, hosts_are_apart)
{
	const struct duration_summary *us;
	const struct part *hosts;

	add_connects(handmade_run(&d, "a", ROLE_DIRECT), 0);
	add_connects(handmade_run(&d, "a", ROLE_NAT), 1000);
	add_connects(handmade_run(&d, "b", ROLE_DIRECT), 100);
	summarise();
	hosts = s.hosts.part;
	cr_assert_eq(s.hosts.n, 2);
	cr_expect_eq(hosts[0].n_paths, 2);
	cr_expect_eq(hosts[1].n_paths, 1);
	cr_expect_float_eq(median_connect_of(&hosts[0], ROLE_NAT), 1015, 1e-9);
	cr_expect_float_eq(
	    median_connect_of(&hosts[1], ROLE_DIRECT), 115, 1e-9);
	us = &find(&hosts[0], ROLE_DIRECT)->durations[DURATION_CONNECT];
	cr_expect_eq(us->n, 2);
	cr_expect_float_eq(us->p50_us, 15, 1e-9);
	cr_expect_float_eq(us->p99_us, 19.9, 1e-9);
	cr_expect_float_eq(median_connect_of(&s.all, ROLE_DIRECT), 65, 1e-9);
}

/* ---------------------------------------------------- beside plain counting */

#define HOSTS 7

/* What attempts are chosen by: a key of part_of(), and a path. */
struct chosen {
	uint32_t (*part_of)(size_t i);
	uint32_t key, path;
};

static uint32_t
all_of(size_t i)
{
	(void)i;
	return 0;
}

static uint32_t
target_of(size_t i)
{
	return attempt_target(a, i);
}

static uint32_t
address_of(size_t i)
{
	return attempt_observed(a, i);
}

/* The first series of the host. */
static uint32_t
host_of(size_t i)
{
	uint32_t host = d.series[attempt_series(&d, a, i)].host, k;

	for (k = 0; d.series[k].host != host; k++)
		;
	return k;
}

static bool
is_chosen(const struct chosen *c, size_t i)
{
	return c->part_of(i) == c->key && attempt_path(&d, a, i) == c->path;
}

static int
compare_times(const void *x, const void *y)
{
	const uint32_t *us = x, *other = y;

	return (*us > *other) - (*us < *other);
}

/* The median of the connects that succeeded, and how many. */
static double
median_connect(const struct chosen *c, size_t *n)
{
	uint32_t *us = calloc(a->n + 1, sizeof(*us)), k;
	double median;
	size_t i;

	for (i = *n = 0; i < a->n; i++) {
		k = attempt_duration_us(a, DURATION_CONNECT, i);
		if (is_chosen(c, i) && !attempt_failed(a, i) &&
		    k != NO_DURATION)
			us[(*n)++] = k;
	}
	qsort(us, *n, sizeof(*us), compare_times);
	median = *n == 0 ? NAN : (us[(*n - 1) / 2] + us[*n / 2]) / 2.0;
	free(us);
	return median;
}

/* Compares; returns how many attempts there are. */
static size_t
expect_path(const struct path_summary *p, const struct chosen *c)
{
	size_t n = 0, ok = 0, statuses = 0, connects, i;
	double median = median_connect(c, &connects);

	for (i = 0; i < a->n; i++) {
		if (!is_chosen(c, i))
			continue;
		n++;
		ok += attempt_failure(a, i) == FAILURE_NONE;
		statuses += attempt_status(a, i) == 200 &&
		    attempt_failure(a, i) != FAILURE_INTERRUPTED;
	}
	cr_expect_eq(p->tally.ok + p->tally.failed + p->tally.interrupted, n);
	cr_expect_eq(p->tally.ok, ok);
	cr_expect_eq(p->n_statuses, statuses > 0);
	if (statuses > 0)
		cr_expect_eq(p->statuses->count, statuses);
	cr_expect_eq(p->durations[DURATION_CONNECT].n, connects);
	if (connects > 0)
		cr_expect_float_eq(
		    p->durations[DURATION_CONNECT].p50_us, median, 1e-9);
	return n;
}

static size_t
expect_part(const struct part *part, uint32_t (*part_of)(size_t i))
{
	struct chosen c = { part_of, part->key, 0 };
	size_t n = 0, i;

	for (i = 0; i < part->n_paths; i++) {
		c.path = part->paths[i].path;
		cr_expect(i == 0 || part->paths[i - 1].path < c.path);
		n += expect_path(&part->paths[i], &c);
	}
	return n;
}

static size_t
expect_parts(const struct parts *parts, uint32_t (*part_of)(size_t i))
{
	size_t n = 0, i;

	for (i = 0; i < parts->n; i++) {
		cr_expect(
		    i == 0 || parts->part[i - 1].key < parts->part[i].key);
		n += expect_part(&parts->part[i], part_of);
	}
	return n;
}

static uint32_t
below(unsigned short r[3], size_t n)
{
	return (uint32_t)((size_t)nrand48(r) % n);
}

/* One at random, of any run. */
static void
add_any(unsigned short r[3], const uint32_t *runs, size_t n_runs, int64_t slot)
{
	static const enum failure failures[] = { FAILURE_NONE, FAILURE_NONE,
		FAILURE_NONE, FAILURE_CONNECT_TIMEOUT, FAILURE_INTERRUPTED };
	struct attempt_row row = handmade_attempt(
	    runs[below(r, n_runs)], slot, failures[below(r, 5)]);

	row.target = below(r, 9) == 0 ? NO_INDEX : (uint16_t)below(r, 3);
	row.observed = below(r, 2) == 0 ? NO_INDEX : (uint16_t)below(r, 2);
	row.status = below(r, 3) == 0 ? 200 : NO_STATUS;
	if (below(r, 4) > 0)
		row.duration_us[DURATION_CONNECT] = below(r, 1000);
	handmade_add(&d, 0, &row);
}

Test(summary, parts_are_what_counting_says)
{
	unsigned short r[3] = { 7, 0, 0 };
	uint32_t runs[HOSTS * 2];
	char name[16];
	size_t i, observed = 0;

	for (i = 0; i < HOSTS; i++) {
		snprintf(name, sizeof(name), "h%zu", i);
		runs[i * 2] = handmade_run(&d, name, ROLE_DIRECT);
		/* Half of them have one path only. */
		runs[i * 2 + 1] =
		    i % 2 == 0 ? handmade_run(&d, name, ROLE_NAT) : runs[i * 2];
	}
	names_add(&d.targets, "203.0.113.11:443");
	names_add(&d.targets, "203.0.113.12:443");
	names_add(&d.addresses, "192.0.2.7");
	names_add(&d.addresses, "192.0.2.8");
	for (i = 0; i < 3000; i++)
		add_any(r, runs, HOSTS * 2, (int64_t)i / 10);
	summarise();
	for (i = 0; i < a->n; i++)
		observed += attempt_observed(a, i) != NO_INDEX;
	cr_expect_eq(expect_part(&s.all, all_of), a->n);
	cr_expect_eq(s.targets.n, 4);
	cr_expect_eq(expect_parts(&s.targets, target_of), a->n);
	cr_expect_eq(s.hosts.n, HOSTS);
	cr_expect_eq(expect_parts(&s.hosts, host_of), a->n);
	cr_expect_eq(s.addresses.n, 2);
	cr_expect_eq(expect_parts(&s.addresses, address_of), observed);
}
