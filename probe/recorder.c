/*
 * The queue and the writer's thread behind it.  The store belongs to that
 * thread alone: what others want of it is queued, or handed over as a call
 * and waited for.
 *
 * Rows leave the queue only when they are committed.  A batch that fails is
 * rolled back and written again from its first row, until it works or the
 * recorder is closed.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"

#include "probe/recorder.h"

/*
 * Records that wait at most.  One takes about 700 bytes with its texts, so
 * that this is 70 MB, and at 50 attempts a second half an hour in which
 * somebody makes room.
 */
#define QUEUE_MAX 100000

/*
 * A row waits this long for others, so that a commit (and its write to the
 * disk) serves many of them, and a kill loses less than a second.
 */
#define COMMIT_US 250000

/* Rows in one transaction: some 50 ms, in which readers see nothing new. */
#define BATCH_MAX 5000

/* While storing fails; when closing there is less time and more hurry. */
#define RETRY_US         1000000
#define RETRY_CLOSING_US 250000
#define CLOSE_US         5000000

/*
 * Retention: each hour, a few milliseconds of work at a time with a pause in
 * which rows and other processes get their turn.
 */
#define EXPIRE_EVERY_US INT64_C(3600000000)
#define EXPIRE_RETRY_US 60000000
#define EXPIRE_PAUSE_US 10000
#define EXPIRE_ROWS     500

#define RUNS_MAX        64

/*
 * Resolutions of a run whose row ids are known, by serial number.  An attempt
 * comes at most a slot and its timeouts after its resolution; 8192 are 80
 * seconds of 100 endpoints in slots of a second.
 */
#define SERIALS 8192

enum item_kind {
	ITEM_ATTEMPT,
	ITEM_RESOLUTION,
	ITEM_SAMPLE, /* to be taken, until taken is set */
	ITEM_END_RUN
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
	} u;
};
STAILQ_HEAD(items, item);

/* A call that its caller waits for: one of run and endpoint is set. */
struct call {
	const struct run_record *run;
	const struct endpoint_record *endpoint;
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
	} resolutions[SERIALS];
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
	int64_t lost_of_run[RUNS_MAX];
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
	struct run_info *runs[RUNS_MAX];
	int n_runs;
	struct endpoint_info *endpoints;
	size_t n_endpoints;
	size_t endpoints_capacity;
};

static void
item_free(struct item *i)
{
	if (i->kind == ITEM_ATTEMPT)
		attempt_record_clear(&i->u.attempt);
	else if (i->kind == ITEM_RESOLUTION)
		resolution_record_clear(&i->u.resolution);
	else if (i->kind == ITEM_SAMPLE)
		host_sample_record_clear(&i->u.sample);
	free(i);
}

static void
items_free(struct items *items)
{
	struct item *i;

	while (!STAILQ_EMPTY(items)) {
		i = STAILQ_FIRST(items);
		STAILQ_REMOVE_HEAD(items, next);
		item_free(i);
	}
}

/* ------------------------------------------------ the writer: one record */

static struct run_info *
run_info(const struct recorder *r, int run)
{
	assert(run >= 0 && run < r->n_runs);
	return r->runs[run];
}

static struct store_keys
keys_of(const struct recorder *r, int run, int endpoint)
{
	struct store_keys k;

	assert(endpoint >= 0 && (size_t)endpoint < r->n_endpoints);
	k.run_id = run_info(r, run)->id;
	k.path = r->runs[run]->path;
	k.endpoint_id = r->endpoints[endpoint].id;
	k.endpoint = r->endpoints[endpoint].name;
	k.resolution_id = 0;
	return k;
}

static int
store_attempt(struct recorder *r, const struct attempt_record *a, struct err *e)
{
	struct store_keys k = keys_of(r, a->run, a->endpoint);
	const struct run_info *run = r->runs[a->run];
	size_t i = (size_t)a->resolution_serial % SERIALS;

	if (a->resolution_serial != 0 &&
	    run->resolutions[i].serial == a->resolution_serial)
		k.resolution_id = run->resolutions[i].id;
	return store_add_attempt(r->st, a, &k, e);
}

static int
store_resolution(
    struct recorder *r, const struct resolution_record *res, struct err *e)
{
	struct store_keys k = keys_of(r, res->run, res->endpoint);
	struct run_info *run = r->runs[res->run];
	size_t i = (size_t)res->serial % SERIALS;
	int64_t id;

	if (store_add_resolution(r->st, res, &k, &id, e) != 0)
		return -1;
	run->resolutions[i].serial = res->serial;
	run->resolutions[i].id = id;
	return 0;
}

static int
store_run_end(struct recorder *r, const struct item *i, struct err *e)
{
	struct run_end end = i->u.end;

	pthread_mutex_lock(&r->mutex);
	end.lost_rows = r->lost_of_run[i->run];
	pthread_mutex_unlock(&r->mutex);
	return store_end_run(r->st, run_info(r, i->run)->id, &end, e);
}

static int
store_item(struct recorder *r, const struct item *i, struct err *e)
{
	switch (i->kind) {
	case ITEM_ATTEMPT:
		return store_attempt(r, &i->u.attempt, e);
	case ITEM_RESOLUTION:
		return store_resolution(r, &i->u.resolution, e);
	case ITEM_SAMPLE:
		return store_add_host_sample(
		    r->st, &i->u.sample, run_info(r, i->run)->id, e);
	case ITEM_END_RUN:
		return store_run_end(r, i, e);
	}
	return 0;
}

/* ------------------------------------------------ the writer: one batch */

/* What was stored, or never can be, leaves the batch. */
static void
drop_item(struct recorder *r, struct item *i, bool lost)
{
	STAILQ_REMOVE(&r->batch, i, item, next);
	pthread_mutex_lock(&r->mutex);
	r->waiting--;
	if (lost) {
		r->lost++;
		r->lost_of_run[i->run]++;
	}
	pthread_mutex_unlock(&r->mutex);
	item_free(i);
}

/* Set when to write next. */
static void
set_due(struct recorder *r, int64_t in_us)
{
	pthread_mutex_lock(&r->mutex);
	if (r->waiting == 0)
		r->due_us = INT64_MAX;
	else
		r->due_us = monotonic_now_us() + in_us;
	pthread_mutex_unlock(&r->mutex);
}

/* Tell that storing begins to fail (e), or works again (NULL): once each. */
static void
tell(struct recorder *r, const struct err *e)
{
	if (r->trouble == (e != NULL))
		return;
	r->trouble = e != NULL;
	if (r->o.on_trouble != NULL)
		r->o.on_trouble(r->o.arg, e);
}

/*
 * Write the first rows of the batch in one transaction; *n says how many.
 * On failure none is written, and *bad is the row that failed, if it was one.
 */
static int
write_rows(struct recorder *r, int *n, struct item **bad, struct err *e)
{
	struct item *i;

	*n = 0;
	*bad = NULL;
	if (store_begin(r->st, e) != 0)
		return -1;
	STAILQ_FOREACH (i, &r->batch, next) {
		if (*n == BATCH_MAX)
			break;
		if (store_item(r, i, e) != 0) {
			*bad = i;
			goto failed;
		}
		++*n;
	}
	if (store_commit(r->st, e) == 0)
		return 0;
failed:
	store_rollback(r->st);
	return -1;
}

static void
write_batch(struct recorder *r)
{
	struct item *bad;
	struct err e;
	int n;

	if (write_rows(r, &n, &bad, &e) == 0) {
		while (n-- > 0)
			drop_item(r, STAILQ_FIRST(&r->batch), false);
		tell(r, NULL);
		set_due(r, STAILQ_EMPTY(&r->batch) ? COMMIT_US : 0);
		return;
	}
	tell(r, &e);
	r->err = e;
	if (bad != NULL && e.sys == EINVAL) {
		/* It would fail again and hold up all others. */
		drop_item(r, bad, true);
		set_due(r, 0);
	} else {
		set_due(r, r->hurry ? RETRY_CLOSING_US : RETRY_US);
	}
}

/* ------------------------------------------------ the writer: the rest */

/* Delete a few old rows, and set when to come back. */
static void
expire_some(struct recorder *r)
{
	int64_t pause_us = EXPIRE_RETRY_US;
	int deleted;

	if (store_begin(r->st, NULL) == 0) {
		if (store_expire(r->st, walltime_now_us() - r->o.retain_us,
			EXPIRE_ROWS, &deleted, NULL) == 0 &&
		    store_commit(r->st, NULL) == 0)
			pause_us =
			    deleted > 0 ? EXPIRE_PAUSE_US : EXPIRE_EVERY_US;
		else
			store_rollback(r->st);
	}
	r->expire_us = monotonic_now_us() + pause_us;
}

static int
add_run(struct recorder *r, const struct run_record *run, struct err *e)
{
	struct run_info *info;
	int64_t id;

	if (r->n_runs == RUNS_MAX)
		return err_set(
		    e, "%s: more than %d runs", r->database, RUNS_MAX);
	if (store_add_run(r->st, run, &id, e) != 0 ||
	    store_commit(r->st, e) != 0)
		return -1;
	info = x_calloc(1, sizeof(*info));
	info->id = id;
	info->path = x_strdup(run->path);
	r->runs[r->n_runs] = info;
	return r->n_runs++;
}

static int
add_endpoint(
    struct recorder *r, const struct endpoint_record *ep, struct err *e)
{
	struct endpoint_info *info;
	int64_t id;

	if (store_add_endpoint(r->st, ep, &id, e) != 0 ||
	    store_commit(r->st, e) != 0)
		return -1;
	r->endpoints = x_grow(r->endpoints, r->n_endpoints,
	    &r->endpoints_capacity, sizeof(*r->endpoints));
	info = &r->endpoints[r->n_endpoints];
	info->id = id;
	info->name = x_strdup(ep->name);
	return (int)r->n_endpoints++;
}

static void
serve(struct recorder *r, struct call *c)
{
	c->result = store_begin(r->st, &c->err);
	if (c->result == 0) {
		if (c->run != NULL)
			c->result = add_run(r, c->run, &c->err);
		else
			c->result = add_endpoint(r, c->endpoint, &c->err);
		if (c->result < 0)
			store_rollback(r->st);
	}
	pthread_mutex_lock(&r->mutex);
	c->done = true;
	pthread_cond_broadcast(&r->answer);
	pthread_mutex_unlock(&r->mutex);
}

/* A sample that holds nothing but when and whose it is. */
static void
sample_init(struct host_sample_record *s, int run, int64_t slot)
{
	memset(s, 0, sizeof(*s));
	s->run = run;
	s->slot = slot;
	s->at_us = NOT_MEASURED;
	s->ports_in_use = s->port_range_first = NOT_MEASURED;
	s->port_range_last = s->conntrack_count = NOT_MEASURED;
	s->conntrack_max = s->conntrack_drops = NOT_MEASURED;
	s->allowance_exceeded = s->cpu_stall_us = NOT_MEASURED;
	s->load1_milli = NOT_MEASURED;
}

static void
take_samples(struct recorder *r, const struct items *items)
{
	struct item *i;

	STAILQ_FOREACH (i, items, next) {
		if (i->kind != ITEM_SAMPLE || i->taken)
			continue;
		i->taken = true;
		i->u.sample.at_us = walltime_now_us();
		if (r->o.take_sample != NULL)
			r->o.take_sample(r->o.arg, &i->u.sample);
	}
}

static bool
is_expire_due(const struct recorder *r, int64_t now_us)
{
	return r->o.retain_us > 0 && now_us >= r->expire_us;
}

/* Sleep until there is something to do; the mutex is held. */
static void
wait_for_work(struct recorder *r)
{
	struct timespec ts;
	int64_t until_us;

	while (r->call == NULL && r->samples == 0) {
		until_us = r->due_us;
		if (!r->closing && r->o.retain_us > 0 &&
		    r->expire_us < until_us)
			until_us = r->expire_us;
		if (until_us == INT64_MAX) {
			pthread_cond_wait(&r->wake, &r->mutex);
			continue;
		}
		if (monotonic_now_us() >= until_us)
			return;
		ts.tv_sec = (time_t)(until_us / 1000000);
		ts.tv_nsec = (long)(until_us % 1000000 * 1000);
		pthread_cond_timedwait(&r->wake, &r->mutex, &ts);
	}
}

/* One turn of the writer; false when it is over. */
static bool
work(struct recorder *r)
{
	struct items fresh = STAILQ_HEAD_INITIALIZER(fresh);
	struct call *c;
	int64_t now_us;
	bool is_due;

	pthread_mutex_lock(&r->mutex);
	wait_for_work(r);
	now_us = monotonic_now_us();
	c = r->call;
	r->call = NULL;
	r->samples = 0;
	r->hurry = r->closing;
	is_due = now_us >= r->due_us;
	STAILQ_CONCAT(&fresh, &r->queue);
	pthread_mutex_unlock(&r->mutex);

	if (c != NULL)
		serve(r, c);
	take_samples(r, &fresh);
	STAILQ_CONCAT(&r->batch, &fresh);
	if (is_due && !STAILQ_EMPTY(&r->batch))
		write_batch(r);
	else if (!r->hurry && is_expire_due(r, now_us))
		expire_some(r);
	if (!r->hurry)
		return true;

	/* Slow is no reason to give up; only failing is. */
	return !STAILQ_EMPTY(&r->batch) &&
	    (!r->trouble || monotonic_now_us() < r->close_by_us);
}

static void *
writer(void *arg)
{
	struct recorder *r = arg;
	struct store *st = store_open(r->database, &r->err);

	pthread_mutex_lock(&r->mutex);
	r->st = st;
	if (st != NULL)
		memcpy(r->agent, store_agent(st), sizeof(r->agent));
	r->opened = true;
	pthread_cond_broadcast(&r->answer);
	pthread_mutex_unlock(&r->mutex);
	if (st == NULL)
		return NULL;
	while (work(r))
		continue;
	store_close(st);
	return NULL;
}

/* ----------------------------------------------------- for other threads */

static void
recorder_free(struct recorder *r)
{
	size_t i;

	items_free(&r->queue);
	items_free(&r->batch);
	for (i = 0; i < (size_t)r->n_runs; i++) {
		free(r->runs[i]->path);
		free(r->runs[i]);
	}
	for (i = 0; i < r->n_endpoints; i++)
		free(r->endpoints[i].name);
	free(r->endpoints);
	pthread_cond_destroy(&r->wake);
	pthread_cond_destroy(&r->answer);
	pthread_mutex_destroy(&r->mutex);
	free(r->database);
	free(r);
}

static struct recorder *
recorder_new(const struct recorder_options *o)
{
	struct recorder *r = x_calloc(1, sizeof(*r));
	pthread_condattr_t attr;

	r->o = *o;
	r->database = x_strdup(o->database);
	r->due_us = INT64_MAX;
	STAILQ_INIT(&r->queue);
	STAILQ_INIT(&r->batch);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&r->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&r->answer, NULL);
	return r;
}

/* Start the thread with no signals: they are for the program's own loop. */
static int
start(struct recorder *r, struct err *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&r->thread, NULL, writer, r);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return 0;
	errno = rc;
	return err_sys(e, "%s: cannot start its thread", r->database);
}

struct recorder *
recorder_open(const struct recorder_options *o, struct err *e)
{
	struct recorder *r = recorder_new(o);

	if (start(r, e) != 0) {
		recorder_free(r);
		return NULL;
	}
	pthread_mutex_lock(&r->mutex);
	while (!r->opened)
		pthread_cond_wait(&r->answer, &r->mutex);
	pthread_mutex_unlock(&r->mutex);
	if (r->st != NULL)
		return r;
	pthread_join(r->thread, NULL);
	if (e != NULL)
		*e = r->err;
	recorder_free(r);
	return NULL;
}

const char *
recorder_agent(const struct recorder *r)
{
	return r->agent;
}

/* Hand a call to the writer and wait for its result. */
static int
hand_over(struct recorder *r, struct call *c, struct err *e)
{
	pthread_mutex_lock(&r->mutex);
	while (r->call != NULL)
		pthread_cond_wait(&r->answer, &r->mutex);
	r->call = c;
	pthread_cond_signal(&r->wake);
	while (!c->done)
		pthread_cond_wait(&r->answer, &r->mutex);
	pthread_mutex_unlock(&r->mutex);
	if (c->result < 0 && e != NULL)
		*e = c->err;
	return c->result;
}

int
recorder_add_run(
    struct recorder *r, const struct run_record *run, struct err *e)
{
	struct call c = { .run = run };

	return hand_over(r, &c, e);
}

int
recorder_add_endpoint(
    struct recorder *r, const struct endpoint_record *ep, struct err *e)
{
	struct call c = { .endpoint = ep };

	return hand_over(r, &c, e);
}

/* Queue an item, or count and free it where there is no room. */
static void
put(struct recorder *r, struct item *i)
{
	bool full;

	pthread_mutex_lock(&r->mutex);
	/* The end of a run is one row, and worth more than any other. */
	full = r->waiting >= QUEUE_MAX && i->kind != ITEM_END_RUN;
	if (full) {
		r->lost++;
		r->lost_of_run[i->run]++;
	} else {
		STAILQ_INSERT_TAIL(&r->queue, i, next);
		r->waiting++;
		r->samples += i->kind == ITEM_SAMPLE;
		if (r->due_us == INT64_MAX || i->kind == ITEM_SAMPLE)
			pthread_cond_signal(&r->wake);
		if (r->due_us == INT64_MAX)
			r->due_us = monotonic_now_us() + COMMIT_US;
	}
	pthread_mutex_unlock(&r->mutex);
	if (full)
		item_free(i);
}

static struct item *
item_new(enum item_kind kind, int run)
{
	struct item *i = x_malloc(sizeof(*i));

	assert(run >= 0 && run < RUNS_MAX);
	i->kind = kind;
	i->taken = false;
	i->run = run;
	return i;
}

void
recorder_put_attempt(struct recorder *r, struct attempt_record *a)
{
	struct item *i = item_new(ITEM_ATTEMPT, a->run);

	i->u.attempt = *a;
	attempt_record_init(a);
	put(r, i);
}

void
recorder_put_resolution(struct recorder *r, struct resolution_record *res)
{
	struct item *i = item_new(ITEM_RESOLUTION, res->run);

	i->u.resolution = *res;
	res->failure_text = res->addresses = NULL;
	put(r, i);
}

void
recorder_sample_host(struct recorder *r, int run, int64_t slot)
{
	struct item *i = item_new(ITEM_SAMPLE, run);

	sample_init(&i->u.sample, run, slot);
	put(r, i);
}

int64_t
recorder_lost(struct recorder *r)
{
	int64_t lost;

	pthread_mutex_lock(&r->mutex);
	lost = r->lost;
	pthread_mutex_unlock(&r->mutex);
	return lost;
}

void
recorder_end_run(struct recorder *r, int run, const struct run_end *end)
{
	struct item *i = item_new(ITEM_END_RUN, run);

	i->u.end = *end;
	put(r, i);
}

int
recorder_close(struct recorder *r, struct err *e)
{
	int result = 0;

	if (r == NULL)
		return 0;
	pthread_mutex_lock(&r->mutex);
	r->closing = true;
	r->close_by_us = monotonic_now_us() + CLOSE_US;
	r->due_us = 0;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	if (r->waiting > 0)
		result = err_set(e, "%.400s; %lld rows are lost", r->err.msg,
		    (long long)(r->waiting + r->lost));
	if (result != 0 && e != NULL)
		e->sys = r->err.sys;
	recorder_free(r);
	return result;
}
