/*
 * Records as rows of the store: the numbers by which they refer to runs,
 * endpoints and resolutions become the keys of those rows.
 */
#include "config.h"

#include <assert.h>
#include <stdlib.h>

#include "natdiff/store.h"
#include "natdiff/xalloc.h"
#include "probe/recorder_internal.h"

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
	size_t i = (size_t)a->resolution_serial % RECORDER_SERIALS;

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
	size_t i = (size_t)res->serial % RECORDER_SERIALS;
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

/* Alive, or ended: only then is lost_rows known. */
static int
store_witness(struct recorder *r, const struct item *i, struct err *e)
{
	return store_witness_alive(r->st, r->witness_run_id, i->u.witness.at_us,
	    i->u.witness.ended ? recorder_lost(r) : NOT_MEASURED, e);
}

int
recorder_store_item(struct recorder *r, const struct item *i, struct err *e)
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
	case ITEM_ARRIVAL:
		return store_put_arrival(
		    r->st, &i->u.arrival, r->witness_run_id, e);
	case ITEM_WITNESS:
		return store_witness(r, i, e);
	}
	return 0;
}

int
recorder_store_run(
    struct recorder *r, const struct run_record *run, struct err *e)
{
	struct run_info *info;
	int64_t id;

	if (r->n_runs == RECORDER_RUNS_MAX)
		return err_set(
		    e, "%s: more than %d runs", r->database, RECORDER_RUNS_MAX);
	if (store_add_run(r->st, run, &id, e) != 0 ||
	    store_commit(r->st, e) != 0)
		return -1;
	info = x_calloc(1, sizeof(*info));
	info->id = id;
	info->path = x_strdup(run->path);
	r->runs[r->n_runs] = info;
	return r->n_runs++;
}

int
recorder_store_endpoint(
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

int
recorder_store_witness(struct recorder *r, const struct witness_run_record *w,
    int64_t *first, struct err *e)
{
	if (store_add_witness_run(r->st, w, &r->witness_run_id, first, e) !=
		0 ||
	    store_commit(r->st, e) != 0)
		return -1;
	return 0;
}
