/*
 * Months of an agent's life in minutes, through the store as the recorder
 * uses it: each day attempts, resolutions, samples and a run are added, and
 * what is too old is deleted a few rows at a time.
 *
 *	months FILE ROWS KEPT-DAYS DAYS
 *
 * so many attempts are in the file when it is full, and DAYS follow then.  A
 * line a day; ends with 1 where the file or this process grew in the second
 * half of them.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#define DAY_US INT64_C(86400000000)
/* 2026-01-01 */
#define BEGIN_US INT64_C(1767225600000000)
/* As probe/recorder_writer.c has them: rows a transaction. */
#define ADD_ROWS    5000
#define EXPIRE_ROWS 500
/* What the file may grow to, in 1/1000, and this process by, in KiB. */
#define FILE_GROWTH   1020
#define MEMORY_GROWTH 2048
/* Twice what store.c lets it grow to. */
#define LOG_BYTES_MAX 67108864

struct life {
	const char *file;
	struct store *st;
	struct store_keys keys;
	int64_t rows_a_day;
	int kept_days;
	int64_t slowest_us; /* transaction that deletes, of the day */
	int64_t slowest_add_us;
	int64_t expired;
	uint64_t serial;
};

static void
must(int result, const struct err *e)
{
	if (result == 0)
		return;
	fprintf(stderr, "months: %s\n", e->msg);
	exit(1);
}

static int64_t
memory_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		pages = 0;
	if (f != NULL)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int64_t
file_bytes(const char *file, const char *suffix)
{
	char *name = x_asprintf("%s%s", file, suffix);
	struct stat st = { 0 };

	if (stat(name, &st) != 0)
		st.st_size = 0;
	free(name);
	return st.st_size;
}

static void
add_endpoint(struct life *l)
{
	struct endpoint_record ep = { .name = "api",
		.url = "https://api.example.com/",
		.verify = true,
		.kind = "endpoint" };
	struct err e;

	must(store_begin(l->st, &e), &e);
	must(store_add_endpoint(l->st, &ep, &l->keys.endpoint_id, &e), &e);
	must(store_commit(l->st, &e), &e);
	l->keys.path = "nat";
	l->keys.endpoint = ep.name;
}

static void
add_run(struct life *l, int64_t at_us)
{
	struct run_record run = { .host_name = "made-up",
		.path = "nat",
		.role = ROLE_NAT,
		.mark = NOT_MEASURED,
		.version = PACKAGE_VERSION,
		.started_at_us = at_us,
		.interval_us = 10000000,
		.config_digest = "made-up" };
	struct err e;

	memcpy(run.uuid, &at_us, sizeof(at_us));
	must(store_add_run(l->st, &run, &l->keys.run_id, &e), &e);
}

static void
end_run(struct life *l, int64_t at_us)
{
	struct run_end end = { .ended_at_us = at_us, .how = "finished" };
	struct err e;

	must(store_end_run(l->st, l->keys.run_id, &end, &e), &e);
}

/* What one slot leaves besides attempts. */
static void
add_slot(struct life *l, int64_t at_us)
{
	struct resolution_record res = { .serial = (int64_t)l->serial,
		.slot = at_us / 10000000,
		.started_at_us = at_us,
		.duration_us = 900 };
	struct host_sample_record s = { .at_us = at_us,
		.slot = at_us / 10000000 };
	struct err e;

	must(store_add_resolution(
		 l->st, &res, &l->keys, &l->keys.resolution_id, &e),
	    &e);
	must(store_add_host_sample(l->st, &s, l->keys.run_id, &e), &e);
}

static void
add_attempt(struct life *l, int64_t at_us)
{
	struct attempt_record a;
	struct err e;

	attempt_record_init(&a);
	l->serial++;
	memcpy(a.id, &l->serial, sizeof(l->serial));
	a.slot = at_us / 10000000;
	a.seq = (int)(l->serial % 8);
	a.started_at_us = at_us;
	endpoint_address_parse("198.51.100.7", &a.target);
	a.target.port = 443;
	a.syn_retransmits = l->serial % 500 == 0;
	a.connect_us = 9000 + (int64_t)(l->serial % 4000);
	a.kernel_rtt_us = a.connect_us;
	a.tls_us = 14000 + (int64_t)(l->serial % 9000);
	a.request_us = 20000 + (int64_t)(l->serial % 30000);
	a.done_us = 100;
	a.total_us = a.connect_us + a.tls_us + a.request_us + a.done_us;
	a.http_status = 200;
	a.bytes_in = 400;
	a.bytes_out = 240;
	a.tls_version = x_strdup("TLSv1.3");
	a.tls_cipher = x_strdup("TLS_AES_256_GCM_SHA384");
	must(store_add_attempt(l->st, &a, &l->keys, &e), &e);
	attempt_record_clear(&a);
}

static void
commit(struct life *l, int64_t begun_us, int64_t *slowest_us)
{
	struct err e;
	int64_t took_us;

	must(store_commit(l->st, &e), &e);
	took_us = monotonic_now_us() - begun_us;
	if (took_us > *slowest_us)
		*slowest_us = took_us;
}

static void
add_day(struct life *l, int day)
{
	int64_t at_us = BEGIN_US + day * DAY_US, begun_us, i;
	struct err e;

	begun_us = monotonic_now_us();
	must(store_begin(l->st, &e), &e);
	add_run(l, at_us);
	for (i = 0; i < l->rows_a_day; i++) {
		at_us = BEGIN_US + day * DAY_US + i * DAY_US / l->rows_a_day;
		if (i % 8 == 0)
			add_slot(l, at_us);
		add_attempt(l, at_us + 1000);
		if (i % ADD_ROWS != ADD_ROWS - 1)
			continue;
		commit(l, begun_us, &l->slowest_add_us);
		begun_us = monotonic_now_us();
		must(store_begin(l->st, &e), &e);
	}
	end_run(l, at_us);
	commit(l, begun_us, &l->slowest_add_us);
}

/* Once a day, at its end. */
static void
expire(struct life *l, int day)
{
	int64_t now_us = BEGIN_US + (day + 1) * DAY_US, begun_us;
	int64_t before_us = now_us - l->kept_days * DAY_US;
	int passed, deleted;
	struct err e;

	do {
		deleted = 0;
		begun_us = monotonic_now_us();
		must(store_begin(l->st, &e), &e);
		passed = store_time_passed(l->st, before_us, now_us, &e);
		if (passed > 0)
			must(store_expire(
				 l->st, before_us, EXPIRE_ROWS, &deleted, &e),
			    &e);
		commit(l, begun_us, &l->slowest_us);
		l->expired += deleted;
	} while (deleted > 0);
}

static void
live_day(struct life *l, int day)
{
	l->slowest_us = l->slowest_add_us = l->expired = 0;
	add_day(l, day);
	expire(l, day);
	printf("day %3d: %8lld rows deleted, a transaction that deletes took "
	       "%.1f ms at most, one that adds %.1f ms, file %.1f MB, "
	       "memory %.1f MB\n",
	    day, (long long)l->expired, (double)l->slowest_us / 1e3,
	    (double)l->slowest_add_us / 1e3,
	    (double)file_bytes(l->file, "") / 1e6, (double)memory_kib() / 1e3);
	fflush(stdout);
}

/* The most that there was of each, in some days. */
struct levels {
	int64_t file_bytes;
	int64_t log_bytes;
	int64_t memory_kib;
	int64_t slowest_us;
};

static void
raise_to(int64_t *most, int64_t value)
{
	if (value > *most)
		*most = value;
}

static void
look(const struct life *l, struct levels *most)
{
	raise_to(&most->file_bytes, file_bytes(l->file, ""));
	raise_to(&most->log_bytes, file_bytes(l->file, "-wal"));
	raise_to(&most->memory_kib, memory_kib());
	raise_to(&most->slowest_us, l->slowest_us);
}

static void
show(const char *when, const struct levels *most)
{
	printf("%s: deleting took %.1f ms at most, file %.1f MB, "
	       "its log %.1f MB, memory %.1f MB\n",
	    when, (double)most->slowest_us / 1e3,
	    (double)most->file_bytes / 1e6, (double)most->log_bytes / 1e6,
	    (double)most->memory_kib / 1e3);
}

int
main(int argc, char **argv)
{
	struct levels early = { 0 }, late = { 0 };
	struct life l = { 0 };
	int day, days;
	struct err e;

	if (argc != 5 || atoi(argv[3]) < 2 || atoi(argv[4]) < 2) {
		fputs("usage: months FILE ROWS KEPT-DAYS DAYS\n", stderr);
		return 2;
	}
	l.file = argv[1];
	l.kept_days = atoi(argv[3]);
	l.rows_a_day = atoll(argv[2]) / l.kept_days;
	days = atoi(argv[4]);
	l.st = store_open(l.file, &e);
	must(l.st == NULL ? -1 : 0, &e);
	add_endpoint(&l);
	for (day = 0; day < l.kept_days + days; day++) {
		live_day(&l, day);
		if (day >= l.kept_days)
			look(&l, day < l.kept_days + days / 2 ? &early : &late);
	}
	store_close(l.st);
	show("the first half", &early);
	show("the second half", &late);
	return late.file_bytes > early.file_bytes * FILE_GROWTH / 1000 ||
	    late.log_bytes > LOG_BYTES_MAX ||
	    late.memory_kib > early.memory_kib + MEMORY_GROWTH;
}
