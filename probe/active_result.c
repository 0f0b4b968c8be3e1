/*
 * The result of an active command: a row of the store, and JSON.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/json_values.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/active_internal.h"
#include "probe/progress.h"

int
active_result_open(struct active *a, struct err *e)
{
	if (gethostname(a->host_name, sizeof(a->host_name) - 1) != 0)
		memcpy(a->host_name, "unknown", sizeof("unknown"));
	if (a->o->database == NULL)
		return 0;
	a->store = store_open(a->o->database, e);
	return a->store != NULL ? 0 : -1;
}

void
active_result_close(struct active *a)
{
	store_close(a->store);
	a->store = NULL;
}

void
active_record(const struct active *a, struct measurement_record *m)
{
	memset(m, 0, sizeof(*m));
	m->kind = a->o->kind;
	m->path = a->o->path->name;
	m->role = a->o->path->role;
	m->host_name = a->host_name;
	m->version = PACKAGE_VERSION;
	m->destination = a->sides[ACTIVE_ENDPOINT_SIDE].destination;
	m->started_at_us = walltime_now_us();
	m->low = m->best = m->high = NOT_MEASURED;
}

static int
store(struct active *a, const struct measurement_record *m, struct err *e)
{
	if (store_begin(a->store, e) != 0)
		return -1;
	if (store_add_measurement(a->store, m, e) != 0 ||
	    store_commit(a->store, e) != 0) {
		store_rollback(a->store);
		return -1;
	}
	return 0;
}

static void
set_time(json_t *o, const char *key, int64_t at_us)
{
	char text[WALLTIME_TEXT_SIZE];

	json_object_set_new(
	    o, key, json_string(walltime_format(at_us, 6, text)));
}

static void
print_json(
    const struct active *a, const struct measurement_record *m, json_t *detail)
{
	json_t *o = json_object();
	char *text;

	json_object_set_new(
	    o, "kind", json_string(measurement_kind_name(m->kind)));
	json_object_set_new(o, "path", json_string(m->path));
	json_object_set_new(
	    o, "role", json_string(m->role == ROLE_NAT ? "nat" : "direct"));
	json_object_set_new(o, "host", json_string(m->host_name));
	json_object_set_new(o, "endpoint", json_string(a->o->endpoint->name));
	json_object_set_new(o, "destination", json_string(m->destination));
	json_object_set_new(o, "control",
	    json_string(a->sides[ACTIVE_CONTROL_SIDE].destination));
	set_time(o, "started_at", m->started_at_us);
	set_time(o, "ended_at", m->ended_at_us);
	json_object_set_new(
	    o, "ended_how", json_string(measurement_end_name(m->ended_how)));
	json_object_set_new(
	    o, "finding", json_string(measurement_finding_name(m->finding)));
	json_object_set_new(o, "unit",
	    json_string(m->kind == MEASUREMENT_RAMP ? "connections" : "us"));
	json_object_set_new(o, "low", json_measured(m->low));
	json_object_set_new(o, "best", json_measured(m->best));
	json_object_set_new(o, "high", json_measured(m->high));
	json_object_set(o, "detail", detail);
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	puts(text);
	fflush(stdout);
	free(text);
}

int
active_end(struct active *a, struct measurement_record *m, json_t *detail,
    struct err *e)
{
	char *text = json_dumps(detail, JSON_COMPACT);
	int result = 0;

	m->ended_at_us = walltime_now_us();
	m->detail_json = text;
	if (a->progress)
		progress_erase(stderr);
	if (a->o->json)
		print_json(a, m, detail);
	if (a->store != NULL)
		result = store(a, m, e);
	m->detail_json = NULL;
	free(text);
	json_decref(detail);
	return result;
}

bool
active_prints(const struct active *a)
{
	return !a->o->json;
}
