/*
 * Use a recorder from two threads at once, with samples, trouble (somebody
 * else holds the database) and close, for builds with ThreadSanitizer, under
 * which Criterion does not run.
 *
 *	recorder_stress FILE
 *
 * Ends with 0 when every row that was put is in the file, which must be new.
 */
#include "config.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#include "probe/recorder.h"

#define ATTEMPTS 20000 /* of each thread */
#define SAMPLES  20

struct producer {
	struct recorder *r;
	int run;
	int endpoint;
};

static atomic_int troubles, recoveries, samples;

static void
on_trouble(void *arg, const struct err *e)
{
	(void)arg;
	if (e != NULL)
		printf("told: %s\n", e->msg);
	atomic_fetch_add(e != NULL ? &troubles : &recoveries, 1);
}

static void
take_sample(void *arg, struct host_sample_record *s)
{
	(void)arg;
	s->census = x_calloc(1, sizeof(*s->census));
	s->n_census = 1;
	atomic_fetch_add(&samples, 1);
}

static void
put_resolution(const struct producer *p, int64_t slot)
{
	struct resolution_record res = { .serial = slot + 1,
		.run = p->run,
		.endpoint = p->endpoint,
		.slot = slot,
		.started_at_us = walltime_now_us(),
		.addresses = x_strdup("192.0.2.1") };

	recorder_put_resolution(p->r, &res);
}

static void *
produce(void *arg)
{
	const struct producer *p = arg;
	struct attempt_record a;
	int i;

	for (i = 0; i < ATTEMPTS; i++) {
		if (i % 10 == 0)
			put_resolution(p, i / 10);
		attempt_record_init(&a);
		a.run = p->run;
		a.endpoint = p->endpoint;
		a.resolution_serial = i / 10 + 1;
		a.slot = i / 10;
		a.seq = i % 10;
		a.started_at_us = walltime_now_us();
		a.failure_text = x_strdup("made up");
		recorder_put_attempt(p->r, &a);
		if (i % (ATTEMPTS / SAMPLES) == 0)
			recorder_sample_host(p->r, p->run, i / 10);
		if (i % 100 == 0)
			usleep(5000);
		if (recorder_lost(p->r) != 0)
			return NULL;
	}
	return NULL;
}

static void
start(struct producer *p, struct recorder *r, const char *path)
{
	struct run_record run = { .host_name = "here",
		.path = path,
		.version = PACKAGE_VERSION,
		.config_digest = "",
		.mark = NOT_MEASURED };
	struct endpoint_record ep = {
		.name = path, .url = "https://example.com/", .kind = "endpoint"
	};
	struct err e;

	memcpy(run.uuid, path, strlen(path));
	p->r = r;
	p->run = recorder_add_run(r, &run, &e);
	p->endpoint = p->run < 0 ? -1 : recorder_add_endpoint(r, &ep, &e);
	if (p->run < 0 || p->endpoint < 0) {
		fprintf(stderr, "%s\n", e.msg);
		exit(1);
	}
}

/* Hold the database for longer than the store waits. */
static void
disturb(const char *file)
{
	sqlite3 *db;
	int i;

	if (sqlite3_open(file, &db) != SQLITE_OK ||
	    sqlite3_busy_timeout(db, 5000) != SQLITE_OK ||
	    sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		fprintf(stderr, "cannot disturb: %s\n", sqlite3_errmsg(db));
	for (i = 0; i < 100 && atomic_load(&troubles) == 0; i++)
		usleep(100000);
	sqlite3_close(db);
}

static int
count(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;
	int n = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	printf("%s: %d\n", sql, n);
	return n;
}

static int
check(const char *file)
{
	sqlite3 *db;
	int bad = 0;

	if (sqlite3_open(file, &db) != SQLITE_OK)
		return 1;
	bad |= count(db, "SELECT count(*) FROM attempt") != 2 * ATTEMPTS;
	bad |= count(db,
		   "SELECT count(*) FROM attempt a JOIN resolution r"
		   " ON r.id = a.resolution_id AND r.slot = a.slot"
		   " AND r.run_id = a.run_id") != 2 * ATTEMPTS;
	bad |= count(db, "SELECT count(*) FROM census") != 2 * SAMPLES;
	bad |= count(db, "SELECT count(*) FROM run WHERE lost_rows = 0") != 2;
	sqlite3_close(db);
	return bad;
}

/* Two producers, and a third party that gets in the writer's way. */
static int
stress(struct recorder *r, const char *file)
{
	struct run_end end = { .how = "finished" };
	struct producer p[2];
	pthread_t threads[2];
	int i;

	start(&p[0], r, "direct");
	start(&p[1], r, "nat");
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, produce, &p[i]) != 0)
			return -1;
	usleep(300000);
	disturb(file);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (i = 0; i < 2; i++)
		recorder_end_run(r, p[i].run, &end);
	return 0;
}

int
main(int argc, char **argv)
{
	struct recorder_options o = { .retain_us = INT64_C(3600000000),
		.on_trouble = on_trouble,
		.take_sample = take_sample };
	struct recorder *r;
	struct err e;

	if (argc != 2) {
		fputs("usage: recorder_stress FILE\n", stderr);
		return 2;
	}
	o.database = argv[1];
	r = recorder_open(&o, &e);
	if (r == NULL || stress(r, argv[1]) != 0 ||
	    recorder_close(r, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 1;
	}
	printf("trouble: %d, recovered: %d, samples: %d\n",
	    atomic_load(&troubles), atomic_load(&recoveries),
	    atomic_load(&samples));
	if (troubles != 1 || recoveries != 1 || samples != 2 * SAMPLES)
		return 1;
	return check(argv[1]);
}
