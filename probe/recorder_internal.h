/*
 * What the recorder's files share: recorder.c is the queue and what other
 * threads call, recorder_writer.c the thread behind it, recorder_rows.c the
 * rows that it writes.
 */
#ifndef NATDIFF_PROBE_RECORDER_INTERNAL_H
#define NATDIFF_PROBE_RECORDER_INTERNAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "natdiff/store.h"
#include "probe/recorder.h"

/*
 * A row waits this long for others, so that a commit (and its write to the
 * disk) serves many of them, and a kill loses less than a second.
 */
#define RECORDER_COMMIT_US 250000

#define RECORDER_RUNS_MAX  64

/*
 * Resolutions of a run whose row ids are known, by serial number.  An attempt
 * comes at most a slot and its timeouts after its resolution; 8192 are 80
 * seconds of 100 endpoints in slots of a second.
 */
#define RECORDER_SERIALS 8192

enum item_kind {
	ITEM_ATTEMPT,
	ITEM_RESOLUTION,
	ITEM_SAMPLE, /* to be taken, until taken is set */
	ITEM_END_RUN,
	ITEM_ARRIVAL,
	ITEM_WITNESS
};

struct item {
	STAILQ_ENTRY(item) next;
	enum item_kind kind;
	bool taken;
	int run;
	union {
		struct attempt_record attempt;
		struct resolution_record resolution;
		struct host_sample_record sample;
		struct run_end end;
		struct arrival_record arrival;
		struct {
			int64_t at_us;
			bool ended;
		} witness;
	} u;
};
STAILQ_HEAD(items, item);

/* A call that its caller waits for: one of the first three is set. */
struct call {
	const struct run_record *run;
	const struct endpoint_record *endpoint;
	const struct witness_run_record *witness;
	int64_t first_arrival;
	int result;
	struct err err;
	bool done;
};

struct run_info {
	int64_t id;
	char *path;
	struct {
		int64_t serial;
		int64_t id;
	} resolutions[RECORDER_SERIALS];
};

struct endpoint_info {
	int64_t id;
	char *name;
};

struct recorder {
	struct recorder_options o;
	char *database;
	char agent[33];
	pthread_t thread;

	pthread_mutex_t mutex; /* for what follows */
	pthread_cond_t wake;   /* the writer's */
	pthread_cond_t answer; /* the callers' */
	struct items queue;
	int64_t waiting; /* in the queue or in the writer's batch */
	int64_t lost;
	int64_t lost_of_run[RECORDER_RUNS_MAX];
	int samples;    /* in the queue, to be taken */
	int64_t due_us; /* monotonic: rows are to be written */
	struct call *call;
	bool opened;
	bool closing;
	int64_t close_by_us;
	struct err err; /* why opening or closing failed */

	/* The writer's alone. */
	struct store *st;
	struct items batch;
	bool trouble;
	bool hurry; /* closing, as the writer knows it */
	int64_t expire_us;
	int64_t witness_run_id;
	struct run_info *runs[RECORDER_RUNS_MAX];
	int n_runs;
	struct endpoint_info *endpoints;
	size_t n_endpoints;
	size_t endpoints_capacity;
};

/* recorder.c: an item that is in no queue, with what it owns. */

void recorder_item_free(struct item *i);

/* recorder_writer.c: the thread, arg is the recorder. */

void *recorder_writer(void *arg);

/* recorder_rows.c: in the writer's thread, within a transaction. */

/* Store what a record holds; -1 and e (EINVAL: it never can be). */
int recorder_store_item(
    struct recorder *r, const struct item *i, struct err *e);

/*
 * Store a run, an endpoint and commit; the number by which records refer to
 * it, or -1 and e.
 */
int recorder_store_run(
    struct recorder *r, const struct run_record *run, struct err *e);
int recorder_store_endpoint(
    struct recorder *r, const struct endpoint_record *ep, struct err *e);

/* The same for a witness; *first is where its arrivals' ids begin. */
int recorder_store_witness(struct recorder *r,
    const struct witness_run_record *w, int64_t *first, struct err *e);

#endif
