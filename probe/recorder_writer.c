/*
 * The writer's thread.  The store belongs to it alone.
 *
 * Rows leave the queue only when they are committed.  A batch that fails is
 * rolled back and written again from its first row, until it works or the
 * recorder is closed.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "natdiff/store.h"
#include "natdiff/walltime.h"
#include "probe/recorder_internal.h"

/* Rows in one transaction: some 50 ms, in which readers see nothing new. */
#define BATCH_MAX 5000

/* While storing fails; when closing there is less time and more hurry. */
#define RETRY_US         1000000
#define RETRY_CLOSING_US 250000

/*
 * Retention: each hour, a few milliseconds of work at a time with a pause in
 * which rows and other processes get their turn.
 */
#define EXPIRE_EVERY_US INT64_C(3600000000)
#define EXPIRE_RETRY_US 60000000
#define EXPIRE_PAUSE_US 10000
#define EXPIRE_ROWS     500

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
	recorder_item_free(i);
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
		if (recorder_store_item(r, i, e) != 0) {
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
		set_due(r, STAILQ_EMPTY(&r->batch) ? RECORDER_COMMIT_US : 0);
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

/* Delete a few old rows: how many, or -1. */
static int
expire_rows(struct recorder *r)
{
	int64_t now_us = walltime_now_us(), before_us;
	int passed, deleted;

	before_us = now_us - r->o.retain_us;
	passed = store_time_passed(r->st, before_us, now_us, NULL);
	if (passed < 0)
		return -1;
	/* Too many arrivals are so at any time. */
	if (store_expire(r->st, passed > 0 ? before_us : 0, EXPIRE_ROWS,
		&deleted, NULL) != 0 ||
	    store_commit(r->st, NULL) != 0)
		return -1;
	return deleted;
}

/* Delete a few old rows, and set when to come back. */
static void
expire_some(struct recorder *r)
{
	int64_t pause_us = EXPIRE_RETRY_US;
	int deleted;

	if (store_begin(r->st, NULL) == 0) {
		deleted = expire_rows(r);
		if (deleted >= 0)
			pause_us =
			    deleted > 0 ? EXPIRE_PAUSE_US : EXPIRE_EVERY_US;
		else
			store_rollback(r->st);
	}
	r->expire_us = monotonic_now_us() + pause_us;
}

static void
serve(struct recorder *r, struct call *c)
{
	c->result = store_begin(r->st, &c->err);
	if (c->result == 0) {
		if (c->run != NULL)
			c->result = recorder_store_run(r, c->run, &c->err);
		else if (c->witness != NULL)
			c->result = recorder_store_witness(
			    r, c->witness, &c->first_arrival, &c->err);
		else
			c->result =
			    recorder_store_endpoint(r, c->endpoint, &c->err);
		if (c->result < 0)
			store_rollback(r->st);
	}
	pthread_mutex_lock(&r->mutex);
	c->done = true;
	pthread_cond_broadcast(&r->answer);
	pthread_mutex_unlock(&r->mutex);
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

void *
recorder_writer(void *arg)
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
