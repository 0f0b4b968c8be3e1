/*
 * The small tables, with a map from their ids to our indexes.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/load.h"
#include "report/load/loader.h"

/* -------------------------------------------------------------- the runs */

enum run_column {
	RUN_ID,
	RUN_UUID,
	RUN_AGENT,
	RUN_HOST,
	RUN_PATH,
	RUN_ROLE,
	RUN_INTERVAL,
	RUN_STARTED,
	RUN_ENDED,
	RUN_LOST,
	RUN_STEP,
	RUN_SYNCHRONISED,
	RUN_MAX_ERROR
};

static const char run_sql[] =
    "SELECT r.id, r.uuid, g.agent, r.host_name, r.path, r.role,"
    " r.interval_us, r.started_at, r.ended_at, r.lost_rows, r.clock_step_us,"
    " r.clock_synchronised, r.clock_max_error_us"
    " FROM run r LEFT JOIN agent g ON g.id = r.agent_id ORDER BY r.id";

/* The numbers and the uuid of a run; false where one is out of range. */
static bool
read_run(sqlite3_stmt *st, struct run *r, struct series *s)
{
	const void *uuid;

	memset(r, 0, sizeof(*r));
	if (sqlite3_column_type(st, RUN_UUID) != SQLITE_BLOB ||
	    sqlite3_column_bytes(st, RUN_UUID) != sizeof(r->uuid))
		return false;
	uuid = sqlite3_column_blob(st, RUN_UUID);
	memcpy(r->uuid, uuid, sizeof(r->uuid));
	return loader_number(st, RUN_INTERVAL, INTERVAL_MIN_US, INTERVAL_MAX_US,
		   false, &s->interval_us) &&
	    loader_number(
		st, RUN_STARTED, 0, TIME_MAX_US, false, &r->started_at_us) &&
	    loader_number(
		st, RUN_ENDED, 0, TIME_MAX_US, true, &r->ended_at_us) &&
	    loader_number(st, RUN_LOST, 0, INT64_MAX, true, &r->lost_rows) &&
	    loader_number(st, RUN_STEP, -TIME_MAX_US, TIME_MAX_US, true,
		&r->clock_step_us) &&
	    loader_number(
		st, RUN_SYNCHRONISED, 0, 1, true, &r->clock_synchronised) &&
	    loader_number(
		st, RUN_MAX_ERROR, 0, INT64_MAX, true, &r->clock_max_error_us);
}

static int
add_run(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	char *agent = loader_text(st, RUN_AGENT);
	char *host = loader_text(st, RUN_HOST);
	char *path = loader_text(st, RUN_PATH);
	char *role = loader_text(st, RUN_ROLE);
	int64_t id = sqlite3_column_int64(st, RUN_ID);
	struct dataset *d = l->d;
	struct series s;
	struct run r;
	bool direct = role != NULL && strcmp(role, "direct") == 0;

	(void)e;
	if (!read_run(st, &r, &s) || agent == NULL || host == NULL ||
	    path == NULL ||
	    (!direct && (role == NULL || strcmp(role, "nat") != 0))) {
		loader_bad_row(l, "run %" PRId64 ": a value out of range", id);
	} else if (!load_wants_path(l->filter, path)) {
		idmap_add(&l->runs, id, LEFT_OUT);
	} else if (d->n_paths == PATHS_MAX) {
		loader_bad_row(
		    l, "run %" PRId64 ": %d paths and more", id, PATHS_MAX);
	} else {
		s.agent = names_add(&d->agents, agent);
		s.host = names_add(&d->hosts, host);
		s.path = dataset_path(d, path, direct ? ROLE_DIRECT : ROLE_NAT);
		r.series = dataset_series(d, &s);
		r.input = (uint32_t)l->input;
		d->runs =
		    x_grow(d->runs, d->n_runs, &d->runs_capacity, sizeof(r));
		idmap_add(&l->runs, id, (uint32_t)d->n_runs);
		d->runs[d->n_runs++] = r;
	}
	free(agent);
	free(host);
	free(path);
	free(role);
	return 0;
}

/* ------------------------------- endpoints, targets, addresses, the notes */

static const char endpoint_sql[] =
    "SELECT id, name, url, control, kind FROM endpoint ORDER BY id";

static int
add_endpoint(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	int64_t id = sqlite3_column_int64(st, 0), control;
	char *name = loader_text(st, 1), *url = loader_text(st, 2);
	char *kind = loader_text(st, 4), *swap;
	struct endpoint *ep;
	uint32_t i = LEFT_OUT;

	(void)e;
	if (name == NULL || url == NULL || kind == NULL ||
	    !loader_number(st, 3, 0, 1, false, &control)) {
		loader_bad_row(
		    l, "endpoint %" PRId64 ": a value out of range", id);
		free(url);
	} else if (l->d->n_endpoints == ENDPOINTS_MAX) {
		loader_bad_row(l, "endpoint %" PRId64 ": %d of them and more",
		    id, ENDPOINTS_MAX);
		free(url);
	} else {
		l->urls = x_grow(l->urls, l->endpoints.n, &l->urls_capacity,
		    sizeof(*l->urls));
		l->urls[l->endpoints.n] = url;
		if (load_wants_endpoint(l->filter, name))
			i = dataset_endpoint(l->d, name);
		idmap_add(&l->endpoints, id, i);
	}
	if (i != LEFT_OUT) {
		ep = &l->d->endpoints[i];
		ep->control = ep->control || control == 1;
		/* The first by the alphabet: inputs come in any order. */
		if (ep->kind == NULL || strcmp(kind, ep->kind) < 0) {
			swap = ep->kind;
			ep->kind = kind;
			kind = swap;
		}
	}
	free(name);
	free(kind);
	return 0;
}

static const char target_sql[] =
    "SELECT id, address, port, family FROM target ORDER BY id";

static int
add_target(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	int64_t id = sqlite3_column_int64(st, 0), port, family;
	struct endpoint_address parsed;
	char *address = loader_text(st, 1), *key;
	uint32_t i = INDEXES_MAX;

	(void)e;
	if (address == NULL || endpoint_address_parse(address, &parsed) != 0 ||
	    !loader_number(st, 2, 1, 65535, false, &port) ||
	    !loader_number(st, 3, 4, 6, false, &family)) {
		loader_bad_row(
		    l, "target %" PRId64 ": a value out of range", id);
	} else {
		key = x_asprintf(strchr(address, ':') != NULL ? "[%s]:%" PRId64
							      : "%s:%" PRId64,
		    address, port);
		if (l->d->targets.n < INDEXES_MAX)
			i = names_add(&l->d->targets, key);
		free(key);
		if (i < INDEXES_MAX)
			idmap_add(&l->targets, id, i);
		else
			loader_bad_row(l,
			    "target %" PRId64 ": more than %d of them", id,
			    INDEXES_MAX);
	}
	free(address);
	return 0;
}

static const char address_sql[] = "SELECT id, address FROM address ORDER BY id";

static int
add_address(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	int64_t id = sqlite3_column_int64(st, 0);
	char *address = loader_text(st, 1);
	struct endpoint_address parsed;
	uint32_t i = INDEXES_MAX;

	(void)e;
	if (address != NULL && endpoint_address_parse(address, &parsed) == 0 &&
	    l->d->addresses.n < INDEXES_MAX)
		i = names_add(&l->d->addresses, address);
	if (i < INDEXES_MAX)
		idmap_add(&l->addresses, id, i);
	else
		loader_bad_row(
		    l, "address %" PRId64 ": not one, or too many", id);
	free(address);
	return 0;
}

static const char note_sql[] = "SELECT id, at, text FROM note ORDER BY id";

static int
add_note(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct dataset *d = l->d;
	struct annotation a;

	(void)e;
	a.text = loader_text(st, 2);
	if (a.text == NULL ||
	    !loader_number(st, 1, 0, TIME_MAX_US, false, &a.at_us)) {
		loader_bad_row(l, "note %" PRId64 ": a value out of range",
		    (int64_t)sqlite3_column_int64(st, 0));
		free(a.text);
		return 0;
	}
	d->annotations = x_grow(d->annotations, d->n_annotations,
	    &d->annotations_capacity, sizeof(a));
	d->annotations[d->n_annotations++] = a;
	return 0;
}

/* ------------------------------------------------------------------- all */

int
load_tables(struct loader *l, struct err *e)
{
	if (loader_each(l, run_sql, add_run, e) != 0 ||
	    loader_each(l, endpoint_sql, add_endpoint, e) != 0 ||
	    loader_each(l, target_sql, add_target, e) != 0 ||
	    loader_each(l, address_sql, add_address, e) != 0 ||
	    loader_each(l, note_sql, add_note, e) != 0)
		return -1;
	return load_certificates(l, e);
}

void
loader_use_left_urls(struct loader *l)
{
	struct endpoint *ep;
	size_t i;

	for (i = 0; i < l->endpoints.n; i++) {
		if (l->endpoints.to[i] == LEFT_OUT || l->urls[i] == NULL)
			continue;
		ep = &l->d->endpoints[l->endpoints.to[i]];
		if (ep->n_urls == 0 &&
		    (ep->url == NULL || strcmp(l->urls[i], ep->url) < 0)) {
			free(ep->url);
			ep->url = l->urls[i];
			l->urls[i] = NULL;
		}
	}
}
