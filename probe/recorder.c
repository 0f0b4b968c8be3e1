/*
 * The queue in front of the writer's thread, and what other threads call.
 * The store belongs to the writer alone: what others want of it is queued, or
 * handed over as a call and waited for.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/recorder_internal.h"

/*
 * Records that wait at most.  One takes about 700 bytes with its texts, so
 * that this is 70 MB, and at 50 attempts a second half an hour in which
 * somebody makes room.
 */
#define QUEUE_MAX 100000

/* How long closing tries while storing fails. */
#define CLOSE_US 5000000

void
recorder_item_free(struct item *i)
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
		recorder_item_free(i);
	}
}

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
	rc = pthread_create(&r->thread, NULL, recorder_writer, r);
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

int
recorder_add_witness(struct recorder *r, const struct witness_run_record *w,
    int64_t *first, struct err *e)
{
	struct call c = { .witness = w };
	int result = hand_over(r, &c, e);

	*first = c.first_arrival;
	return result;
}

/* Queue an item, or count and free it where there is no room. */
static void
put(struct recorder *r, struct item *i)
{
	bool full;

	pthread_mutex_lock(&r->mutex);
	/* The end of a run is one row, and worth more than any other. */
	full = r->waiting >= QUEUE_MAX && i->kind != ITEM_END_RUN &&
	    !(i->kind == ITEM_WITNESS && i->u.witness.ended);
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
			r->due_us = monotonic_now_us() + RECORDER_COMMIT_US;
	}
	pthread_mutex_unlock(&r->mutex);
	if (full)
		recorder_item_free(i);
}

static struct item *
item_new(enum item_kind kind, int run)
{
	struct item *i = x_malloc(sizeof(*i));

	assert(run >= 0 && run < RECORDER_RUNS_MAX);
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

void
recorder_sample_host(struct recorder *r, int run, int64_t slot)
{
	struct item *i = item_new(ITEM_SAMPLE, run);

	sample_init(&i->u.sample, run, slot);
	put(r, i);
}

void
recorder_put_arrival(struct recorder *r, const struct arrival_record *a)
{
	struct item *i = item_new(ITEM_ARRIVAL, 0);

	i->u.arrival = *a;
	put(r, i);
}

void
recorder_witness_alive(struct recorder *r, int64_t at_us, bool ended)
{
	struct item *i = item_new(ITEM_WITNESS, 0);

	i->u.witness.at_us = at_us;
	i->u.witness.ended = ended;
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
