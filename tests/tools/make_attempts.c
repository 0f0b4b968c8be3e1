/*
 * Make a database of made-up attempts through the store, as fast as it goes:
 * both paths, failures in bursts on the nat path, retransmitted SYNs.
 *
 *	make_attempts FILE N ENDPOINTS SEED [HOSTS]
 *
 * The same arguments give the same rows (but for the agent's id).  Of many
 * hosts, each has the attempts of a file of its own, with the next seed.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#define INTERVAL_US  INT64_C(10000000)
#define FIRST_SLOT   INT64_C(176722560) /* 2026-01-01 */
#define BURST        5                  /* attempts a slot and endpoint */
#define ROWS_A_BATCH 5000

struct side {
	const char *path;
	enum role role;
	int64_t run_id;
	bool bad; /* in a burst of failures */
};

struct maker {
	struct store *st;
	uint64_t random;
	struct side sides[2];
	int64_t *endpoint_ids;
	char (*endpoint_names)[32];
	int n_endpoints;
	int64_t made;
	int64_t wanted; /* so far */
	int64_t committed;
};

static void
die(const struct err *e)
{
	fprintf(stderr, "make_attempts: %s\n", e->msg);
	exit(1);
}

/* SplitMix64: https://prng.di.unimi.it/splitmix64.c */
static uint64_t
next_random(struct maker *m)
{
	uint64_t z = (m->random += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int64_t
between(struct maker *m, int64_t low, int64_t high)
{
	return low + (int64_t)(next_random(m) % (uint64_t)(high - low + 1));
}

static bool
one_in(struct maker *m, int64_t n)
{
	return between(m, 1, n) == 1;
}

static void
add_runs(struct maker *m, int64_t host)
{
	char name[32];
	struct run_record run = { .host_name = name,
		.mark = NOT_MEASURED,
		.version = PACKAGE_VERSION,
		.started_at_us = FIRST_SLOT * INTERVAL_US,
		.interval_us = INTERVAL_US,
		.config_digest = "made-up",
		.pid = 1,
		.boot_at_us = NOT_MEASURED,
		.clock_synchronised = 1,
		.clock_max_error_us = 1000 };
	struct err e;
	size_t i;

	snprintf(name, sizeof(name), "made-up-%lld", (long long)host);
	for (i = 0; i < 2; i++) {
		run.path = m->sides[i].path;
		run.role = m->sides[i].role;
		memcpy(run.uuid, &m->random, sizeof(m->random));
		run.uuid[8] = (uint8_t)i;
		m->sides[i].bad = false;
		if (store_add_run(m->st, &run, &m->sides[i].run_id, &e) != 0)
			die(&e);
	}
}

static void
add_endpoints(struct maker *m)
{
	struct endpoint_record ep = { .verify = true, .kind = "endpoint" };
	char url[64];
	struct err e;
	int i;

	m->endpoint_ids = x_calloc((size_t)m->n_endpoints, sizeof(int64_t));
	m->endpoint_names = x_calloc((size_t)m->n_endpoints, 32);
	for (i = 0; i < m->n_endpoints; i++) {
		snprintf(m->endpoint_names[i], 32, "endpoint-%d", i);
		snprintf(url, sizeof(url), "https://e%d.example.com/", i);
		ep.name = m->endpoint_names[i];
		ep.url = url;
		if (store_add_endpoint(m->st, &ep, &m->endpoint_ids[i], &e) !=
		    0)
			die(&e);
	}
}

/* Two addresses an endpoint. */
static void
target(struct endpoint_address *a, int endpoint, int which)
{
	char ip[INET6_ADDRSTRLEN];

	snprintf(ip, sizeof(ip), "198.51.%d.%d", 100 + endpoint / 100,
	    endpoint % 100 * 2 + which + 1);
	endpoint_address_parse(ip, a);
	a->port = 443;
}

static void
fill_connect(struct maker *m, struct attempt_record *a, const struct side *side)
{
	bool is_nat = side->role == ROLE_NAT;
	bool fails = one_in(m, side->bad ? 2 : 5000);

	a->syn_retransmits = is_nat && one_in(m, 400) ? 1 : 0;
	a->connect_us = between(m, 9000, 14000) + (is_nat ? 800 : 0) +
	    a->syn_retransmits * 1000000;
	if (fails) {
		a->failure = FAILURE_CONNECT_TIMEOUT;
		a->failed_phase = PHASE_CONNECT;
		a->connect_us = 10000000 + between(m, 0, 900);
		a->syn_retransmits = 4;
		a->curl_code = 28;
		a->failure_text = x_strdup("Connection timed out");
	} else if (a->syn_retransmits == 0) {
		a->kernel_rtt_us = a->connect_us;
	}
	a->loop_lag_us = between(m, 20, 400);
	a->total_us = a->connect_us;
	a->other_us = 0;
}

static void
fill_rest(struct maker *m, struct attempt_record *a)
{
	a->connect_segs_in = 1;
	a->late_retransmits = a->dsack_dups = 0;
	a->tls_us = between(m, 14000, 26000);
	a->request_us = between(m, 10000, 60000);
	a->done_us = between(m, 20, 900);
	a->total_us += a->tls_us + a->request_us + a->done_us;
	a->http_status = one_in(m, 1000) ? 503 : 200;
	a->server_date_offset_us = between(m, -900000, 100000);
	a->bytes_in = between(m, 300, 5000);
	a->bytes_out = 240;
	a->tls_version = x_strdup("TLSv1.3");
	a->tls_cipher = x_strdup("TLS_AES_256_GCM_SHA384");
	a->cert_issuer = x_strdup("CN=Made-up CA");
	a->has_cert = true;
	a->cert_sha256[0] = (uint8_t)a->endpoint;
	a->cert_verify = 0;
}

static void
add_attempt(struct maker *m, const struct side *side, int64_t slot, int seq,
    const struct store_keys *k, int endpoint)
{
	struct attempt_record a;
	uint64_t id[2];
	struct err e;

	id[0] = next_random(m);
	id[1] = next_random(m);
	attempt_record_init(&a);
	memcpy(a.id, id, sizeof(a.id));
	a.endpoint = endpoint;
	a.slot = slot;
	a.seq = seq;
	a.started_at_us = slot * INTERVAL_US + seq * (INTERVAL_US / BURST) +
	    between(m, 0, 2000);
	target(&a.target, endpoint, seq % 2);
	endpoint_address_parse(
	    side->role == ROLE_NAT ? "10.0.0.5" : "203.0.113.7", &a.local);
	a.local.port = (uint16_t)between(m, 32768, 60999);
	fill_connect(m, &a, side);
	if (a.failure == FAILURE_NONE)
		fill_rest(m, &a);
	if (store_add_attempt(m->st, &a, k, &e) != 0)
		die(&e);
	attempt_record_clear(&a);
	m->made++;
}

static void
add_resolution(
    struct maker *m, int64_t slot, struct store_keys *k, int endpoint)
{
	char first[INET6_ADDRSTRLEN], second[INET6_ADDRSTRLEN];
	struct resolution_record res = { .slot = slot,
		.started_at_us = slot * INTERVAL_US,
		.duration_us = between(m, 500, 9000) };
	struct endpoint_address a[2];
	struct err e;

	target(&a[0], endpoint, 0);
	target(&a[1], endpoint, 1);
	res.addresses = x_asprintf("%s %s", endpoint_address_ip(&a[0], first),
	    endpoint_address_ip(&a[1], second));
	if (store_add_resolution(m->st, &res, k, &k->resolution_id, &e) != 0)
		die(&e);
	resolution_record_clear(&res);
}

static void
add_slot_of_side(struct maker *m, struct side *side, int64_t slot)
{
	struct store_keys k;
	int i, seq;

	if (side->role == ROLE_NAT)
		side->bad = side->bad ? !one_in(m, 30) : one_in(m, 1500);
	for (i = 0; i < m->n_endpoints && m->made < m->wanted; i++) {
		k.run_id = side->run_id;
		k.path = side->path;
		k.endpoint_id = m->endpoint_ids[i];
		k.endpoint = m->endpoint_names[i];
		add_resolution(m, slot, &k, i);
		for (seq = 0; seq < BURST && m->made < m->wanted; seq++)
			add_attempt(m, side, slot, seq, &k, i);
	}
}

static void
make_host(struct maker *m, int64_t host)
{
	struct err e;
	int64_t slot;

	add_runs(m, host);
	for (slot = FIRST_SLOT; m->made < m->wanted; slot++) {
		add_slot_of_side(m, &m->sides[0], slot);
		add_slot_of_side(m, &m->sides[1], slot);
		if (m->made - m->committed < ROWS_A_BATCH)
			continue;
		m->committed = m->made;
		if (store_commit(m->st, &e) != 0 || store_begin(m->st, &e) != 0)
			die(&e);
	}
}

static void
make(struct maker *m, int64_t n, int64_t hosts)
{
	uint64_t seed = m->random;
	struct err e;
	int64_t i;

	if (store_begin(m->st, &e) != 0)
		die(&e);
	add_endpoints(m);
	for (i = 0; i < hosts; i++) {
		m->random = seed + (uint64_t)i;
		m->wanted = n * (i + 1) / hosts;
		make_host(m, i);
	}
	if (store_commit(m->st, &e) != 0)
		die(&e);
}

int
main(int argc, char **argv)
{
	struct maker m = { .sides = { { .path = "direct" },
			       { .path = "nat", .role = ROLE_NAT } } };
	int64_t begun, n, hosts;
	struct err e;

	if (argc != 5 && argc != 6) {
		fputs("usage: make_attempts FILE N ENDPOINTS SEED [HOSTS]\n",
		    stderr);
		return 2;
	}
	n = atoll(argv[2]);
	hosts = argc == 6 ? atoll(argv[5]) : 1;
	m.n_endpoints = atoi(argv[3]);
	m.random = strtoull(argv[4], NULL, 10);
	if (n < 1 || m.n_endpoints < 1 || m.n_endpoints > 1000 || hosts < 1) {
		fputs("make_attempts: N, ENDPOINTS or HOSTS out of range\n",
		    stderr);
		return 2;
	}
	begun = monotonic_now_us();
	m.st = store_open(argv[1], &e);
	if (m.st == NULL)
		die(&e);
	make(&m, n, hosts);
	store_close(m.st);
	printf("%lld attempts, %.0f a second\n", (long long)m.made,
	    (double)m.made * 1e6 / (double)(monotonic_now_us() - begun));
	free(m.endpoint_ids);
	free(m.endpoint_names);
	return 0;
}
