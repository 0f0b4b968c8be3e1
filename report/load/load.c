/*
 * From tables to columns.  The small tables come first, with a map from their
 * ids to our indexes; then the attempts, and what stands around them.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/load.h"
#include "report/load/loader.h"
#include "report/output/printable.h"
#include "report/parallel.h"

/* Of many: each of them is open meanwhile, and its attempts are held twice. */
#define FILES_AT_ONCE 16

void
load_filter_init(struct load_filter *f)
{
	memset(f, 0, sizeof(*f));
	f->since_us = f->until_us = NOT_MEASURED;
}

/* Whether name is among the names, or there are none. */
static bool
is_wanted(const char *name, const char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return n == 0;
}

bool
load_wants_path(const struct load_filter *f, const char *path)
{
	return is_wanted(path, f->paths, f->n_paths);
}

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
		if (is_wanted(
			name, l->filter->endpoints, l->filter->n_endpoints))
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

/* ------------------------------------------------------------- the files */

/* Endpoints without attempts have a url, too. */
static void
use_left_urls(struct loader *l)
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

static void
loader_clear(struct loader *l)
{
	size_t i;

	for (i = 0; i < l->endpoints.n; i++)
		free(l->urls[i]);
	free(l->urls);
	idmap_clear(&l->runs);
	idmap_clear(&l->endpoints);
	idmap_clear(&l->targets);
	idmap_clear(&l->addresses);
	idmap_clear(&l->captures);
	idmap_clear(&l->certificates);
	database_close(l->db);
}

static int
loader_open(struct loader *l, struct err *e)
{
	l->db = database_open_again(l->file, e);
	if (l->db == NULL)
		return -1;
	l->rows_most = database_rows_most(l->db);
	return 0;
}

/* The file is an input from here on, and what witnesses wrote in it known. */
static int
load_witness(struct dataset *d, const char *file, const struct load_filter *f,
    struct err *e)
{
	struct loader l = { .d = d, .filter = f, .file = file };
	int result;

	if (loader_open(&l, e) != 0)
		return -1;
	d->inputs = x_grow(
	    d->inputs, d->n_inputs, &d->inputs_capacity, sizeof(*d->inputs));
	l.input = d->n_inputs++;
	memset(&d->inputs[l.input], 0, sizeof(*d->inputs));
	d->inputs[l.input].file = utf8_repaired(file, strlen(file));
	result = load_arrivals(&l, e);
	if (result == 0)
		result = load_imports(&l, e);
	if (result == 0)
		result = load_captures(&l, e);
	loader_clear(&l);
	return result;
}

/* The small tables of a file: what its attempts refer to. */
static int
load_tables(struct loader *l, struct err *e)
{
	if (loader_open(l, e) != 0)
		return -1;
	if (loader_each(l, run_sql, add_run, e) != 0 ||
	    loader_each(l, endpoint_sql, add_endpoint, e) != 0 ||
	    loader_each(l, target_sql, add_target, e) != 0 ||
	    loader_each(l, address_sql, add_address, e) != 0 ||
	    loader_each(l, note_sql, add_note, e) != 0)
		return -1;
	return load_certificates(l, e);
}

/* Some files, whose attempts are read side by side. */
static int
load_some(struct dataset *d, char **files, size_t first, size_t n,
    const struct load_filter *f, struct err *e)
{
	struct loader *loaders = x_calloc(n, sizeof(*loaders));
	int result = 0;
	size_t i;

	for (i = 0; i < n && result == 0; i++) {
		loaders[i] = (struct loader){ .d = d,
			.filter = f,
			.file = files[first + i],
			.input = first + i };
		result = load_tables(&loaders[i], e);
	}
	if (result == 0)
		result = load_attempts(loaders, n, e);
	for (i = 0; i < n && result == 0; i++)
		result = load_surroundings(&loaders[i], e);
	for (i = 0; i < n; i++) {
		if (loaders[i].d != NULL)
			use_left_urls(&loaders[i]);
		loader_clear(&loaders[i]);
	}
	free(loaders);
	return result;
}

/* Whether what the filter names is anywhere. */
static int
check_filter(
    const struct dataset *d, const struct load_filter *f, struct err *e)
{
	size_t i, k;

	for (i = 0; i < f->n_endpoints; i++) {
		for (k = 0; k < d->n_endpoints; k++)
			if (strcmp(d->endpoints[k].name, f->endpoints[i]) == 0)
				break;
		if (k == d->n_endpoints)
			return err_set(e, "%s: no such endpoint in the input",
			    f->endpoints[i]);
	}
	for (i = 0; i < f->n_paths; i++) {
		for (k = 0; k < d->n_paths; k++)
			if (strcmp(d->paths[k].name, f->paths[i]) == 0)
				break;
		if (k == d->n_paths)
			return err_set(
			    e, "%s: no such path in the input", f->paths[i]);
	}
	return 0;
}

/*
 * All files, before anything is read of one.  Those in front, as many as are
 * together no larger than one that is checked, are checked as a whole.
 */
struct checks {
	char **files;
	size_t n_whole;
	int *result;
	struct err *e;
};

static void
check_file(void *context, size_t i)
{
	struct checks *c = context;
	sqlite3 *db = i < c->n_whole
	    ? database_open(c->files[i], &c->e[i])
	    : database_open_again(c->files[i], &c->e[i]);

	c->result[i] = db != NULL ? 0 : -1;
	database_close(db);
}

/* The first that is not in order is told. */
static int
check_files(char **files, size_t n, struct err *e)
{
	struct checks c = { files, 0, x_calloc(n + 1, sizeof(*c.result)),
		x_calloc(n + 1, sizeof(*c.e)) };
	off_t bytes = 0;
	struct stat st;
	int result = 0;
	size_t i;

	for (; c.n_whole < n; c.n_whole++) {
		bytes += stat(files[c.n_whole], &st) == 0 ? st.st_size : 0;
		if (bytes > DATABASE_CHECKED_BYTES)
			break;
	}
	parallel_each(n, check_file, &c);
	for (i = 0; i < n && result == 0; i++) {
		result = c.result[i];
		if (result != 0)
			*e = c.e[i];
	}
	free(c.result);
	free(c.e);
	return result;
}

int
load_files(struct dataset *d, char **files, size_t n,
    const struct load_filter *f, struct err *e)
{
	size_t i;

	d->since_us = f->since_us;
	d->until_us = f->until_us;
	if (check_files(files, n, e) != 0)
		return -1;
	for (i = 0; i < n; i++)
		if (load_witness(d, files[i], f, e) != 0)
			return -1;
	dataset_sort_arrivals(d);
	imports_finish(&d->imports);
	captures_finish(&d->captures);
	for (i = 0; i < n; i += FILES_AT_ONCE)
		if (load_some(d, files, i,
			n - i < FILES_AT_ONCE ? n - i : FILES_AT_ONCE, f,
			e) != 0)
			return -1;
	if (check_filter(d, f, e) != 0)
		return -1;
	dataset_finish(d);
	return 0;
}
