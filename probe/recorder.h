/*
 * Everything that is stored goes through here: a bounded queue and a thread
 * that writes it, at least once a second, so that storing never disturbs the
 * timing.  While the disk is full the rows wait in the queue; what no longer
 * fits there is counted and told.
 */
#ifndef NATDIFF_PROBE_RECORDER_H
#define NATDIFF_PROBE_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/err.h"
#include "natdiff/record.h"

struct recorder;

struct recorder_options {
	const char *database;
	int64_t retain_us; /* older rows are removed; 0: never */
	/*
	 * Told in the writer's thread when storing begins to fail and when
	 * it works again (e is NULL): once each, however often it is tried.
	 */
	void (*on_trouble)(void *arg, const struct err *e);
	/*
	 * Fills a host sample, in the writer's thread: see
	 * recorder_sample_host().
	 */
	void (*take_sample)(void *arg, struct host_sample_record *s);
	void *arg;
};

/* Open the database and start the thread; NULL and e on failure. */
struct recorder *recorder_open(const struct recorder_options *o, struct err *e);

const char *recorder_agent(const struct recorder *r);

/*
 * Before the first attempt: the runs and endpoints that later records refer
 * to by the number returned here, 0 and up; they are written at once.  -1
 * and e on failure.  r and ep are not kept.
 */
int recorder_add_run(
    struct recorder *r, const struct run_record *run, struct err *e);
int recorder_add_endpoint(
    struct recorder *r, const struct endpoint_record *ep, struct err *e);

/* Queue one record.  What it owns is the recorder's from then on. */
void recorder_put_attempt(struct recorder *r, struct attempt_record *a);
void recorder_put_resolution(struct recorder *r, struct resolution_record *res);

/*
 * Have the writer's thread take and store a sample of the host.  run, slot
 * and at_us are set before take_sample() is called.
 */
void recorder_sample_host(struct recorder *r, int run, int64_t slot);

/*
 * A witness's life: written at once.  Arrivals are numbered by the caller,
 * from *first on; -1 and e on failure.  w is not kept.
 */
int recorder_add_witness(struct recorder *r, const struct witness_run_record *w,
    int64_t *first, struct err *e);

/* Queue an arrival as it now is: the row of its id is made so. */
void recorder_put_arrival(struct recorder *r, const struct arrival_record *a);

/* The witness is alive, or (ended) has ended. */
void recorder_witness_alive(struct recorder *r, int64_t at_us, bool ended);

/* Rows that found no room so far, or that the database refuses for good. */
int64_t recorder_lost(struct recorder *r);

/*
 * End run number run; written with everything before it by recorder_close().
 * lost_rows is filled in here.
 */
void recorder_end_run(struct recorder *r, int run, const struct run_end *end);

/*
 * Write what is queued, stop the thread, close.  Where storing does not work
 * it tries for a few seconds and then gives up: -1, e says what was lost.
 */
int recorder_close(struct recorder *r, struct err *e);

#endif
