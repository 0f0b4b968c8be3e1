/*
 * From tables to columns.  The small tables come first, with a map from their
 * ids to our indexes; then the attempts, in one scan that reads as few
 * columns as it can.
 */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/load.h"
#include "report/load/loader.h"
#include "report/output/printable.h"

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

void
idmap_add(struct idmap *m, int64_t id, uint32_t to)
{
	m->ids = x_grow(m->ids, m->n, &m->ids_capacity, sizeof(*m->ids));
	m->to = x_grow(m->to, m->n, &m->to_capacity, sizeof(*m->to));
	m->ids[m->n] = id;
	m->to[m->n++] = to;
}

uint32_t
idmap_find(struct idmap *m, int64_t id)
{
	size_t low = 0, high = m->n, middle;

	if (m->last < m->n && m->ids[m->last] == id)
		return m->to[m->last];
	while (low < high) {
		middle = low + (high - low) / 2;
		if (m->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == m->n || m->ids[low] != id)
		return NOT_THERE;
	m->last = low;
	return m->to[low];
}

void
idmap_clear(struct idmap *m)
{
	free(m->ids);
	free(m->to);
	memset(m, 0, sizeof(*m));
}

int
loader_bad_row(struct loader *l, const char *fmt, ...)
{
	struct input *in = &l->d->inputs[l->input];
	va_list ap;

	in->bad_rows++;
	if (in->first_bad == NULL) {
		va_start(ap, fmt);
		if (vasprintf(&in->first_bad, fmt, ap) < 0)
			in->first_bad = NULL;
		va_end(ap);
	}
	return 0;
}

char *
loader_text(sqlite3_stmt *st, int column)
{
	const char *text;
	int size;

	if (sqlite3_column_type(st, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(st, column);
	size = sqlite3_column_bytes(st, column);
	if (text == NULL || size < 1 || size > NAME_BYTES_MAX)
		return NULL;
	return utf8_repaired(text, (size_t)size);
}

bool
loader_number(sqlite3_stmt *st, int column, int64_t min, int64_t max,
    bool nullable, int64_t *value)
{
	*value = NOT_MEASURED;
	if (sqlite3_column_type(st, column) == SQLITE_NULL)
		return nullable;
	if (sqlite3_column_type(st, column) != SQLITE_INTEGER)
		return false;
	*value = sqlite3_column_int64(st, column);
	return *value >= min && *value <= max;
}

int
loader_each(struct loader *l, const char *sql,
    int (*row)(struct loader *l, sqlite3_stmt *st, struct err *e),
    struct err *e)
{
	sqlite3_stmt *st = database_prepare(l->db, l->file, sql, e);
	int64_t n = 0;
	int code, result = 0;

	if (st == NULL)
		return -1;
	code = sqlite3_step(st);
	while (code == SQLITE_ROW && result == 0) {
		result = row(l, st, e);
		if (++n > l->rows_most)
			result = err_set(e,
			    "%s: damaged: a table has more "
			    "rows than fit into the file",
			    l->file);
		if (result == 0)
			code = sqlite3_step(st);
	}
	if (result == 0 && code != SQLITE_DONE)
		result = database_error(l->db, l->file, e);
	sqlite3_finalize(st);
	return result;
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

/* ---------------------------------------------------------- the attempts */

/* In the order of the table: SQLite decodes a row from its left. */
enum attempt_column {
	ATTEMPT_ID,
	ATTEMPT_RUN,
	ATTEMPT_ENDPOINT,
	ATTEMPT_TARGET,
	ATTEMPT_SLOT,
	ATTEMPT_SEQ,
	ATTEMPT_FAILURE,
	ATTEMPT_PHASE,
	ATTEMPT_SYN,
	ATTEMPT_CONNECT,
	ATTEMPT_TLS,
	ATTEMPT_REQUEST,
	ATTEMPT_TOTAL,
	ATTEMPT_STATUS,
	ATTEMPT_STARTED,
	ATTEMPT_SEGS_IN,
	ATTEMPT_LATE,
	ATTEMPT_DSACK,
	ATTEMPT_OBSERVED,
	ATTEMPT_TLS_SESSION,
	ATTEMPT_DATE_OFFSET
};

static const char attempt_sql[] =
    "SELECT id, run_id, endpoint_id, target_id, slot, seq, failure,"
    " failed_phase, syn_retransmits, connect_us, tls_us, request_us,"
    " total_us, http_status, started_at, connect_segs_in,"
    " late_retransmits, dsack_dups, observed_address_id,"
    " tls_session_id, server_date_offset_us FROM attempt NOT INDEXED";

/* The index of the row that column refers to, NOT_THERE if there is none. */
static uint32_t
column_reference(sqlite3_stmt *st, int column, struct idmap *m)
{
	if (sqlite3_column_type(st, column) != SQLITE_INTEGER)
		return NOT_THERE;
	return idmap_find(m, sqlite3_column_int64(st, column));
}

/* The same where NULL means none. */
static bool
column_index(sqlite3_stmt *st, int column, struct idmap *m, uint16_t *index)
{
	uint32_t i = NO_INDEX;

	if (sqlite3_column_type(st, column) != SQLITE_NULL) {
		i = column_reference(st, column, m);
		if (i >= NO_INDEX)
			return false;
	}
	*index = (uint16_t)i;
	return true;
}

/* Failure and phase: both, or none. */
static bool
column_failure(sqlite3_stmt *st, struct attempt_row *row)
{
	const char *failure =
	    (const char *)sqlite3_column_text(st, ATTEMPT_FAILURE);
	const char *phase =
	    (const char *)sqlite3_column_text(st, ATTEMPT_PHASE);

	row->failure = FAILURE_NONE;
	row->phase = 0;
	if (failure == NULL || phase == NULL)
		return failure == NULL && phase == NULL;
	row->failure = (uint8_t)failure_parse(failure);
	row->phase = (uint8_t)phase_parse(phase);
	return row->failure < FAILURE_COUNT && row->phase < PHASE_COUNT;
}

static bool
column_durations(sqlite3_stmt *st, struct attempt_row *row)
{
	int64_t us;
	int i;

	for (i = 0; i < DURATION_COUNT; i++) {
		if (!loader_number(
			st, ATTEMPT_CONNECT + i, 0, NO_DURATION - 1, true, &us))
			return false;
		row->duration_us[i] =
		    us == NOT_MEASURED ? NO_DURATION : (uint32_t)us;
	}
	return true;
}

/* Where in its slot it began, as dataset.h keeps it. */
static int16_t
slot_offset(int64_t started_us, int64_t slot, int64_t interval_us)
{
	int64_t most = 2 * interval_us - 1;
	int64_t offset = started_us - slot * interval_us;

	if (offset > most)
		offset = most;
	if (offset < -most)
		offset = -most;
	return (int16_t)(offset * OFFSET_UNIT / interval_us);
}

/* A count in a column: saturating. */
static uint8_t
to_count(int64_t n)
{
	return n == NOT_MEASURED ? NO_COUNT
				 : (uint8_t)(n < NO_COUNT ? n : NO_COUNT - 1);
}

/*
 * All but endpoint and time, for the run in row; NULL, or the column that is
 * bad.
 */
static const char *
read_attempt(struct loader *l, sqlite3_stmt *st, struct attempt_row *row)
{
	int64_t seq, syn, status, interval, segs, late, dsack;

	interval = l->d->series[l->d->runs[row->run].series].interval_us;
	if (!column_index(st, ATTEMPT_TARGET, &l->targets, &row->target))
		return "target_id";
	if (!loader_number(
		st, ATTEMPT_SLOT, 0, TIME_MAX_US / interval, false, &row->slot))
		return "slot";
	if (!loader_number(st, ATTEMPT_SEQ, 0, UINT16_MAX, false, &seq))
		return "seq";
	if (!column_failure(st, row))
		return "failure";
	if (!loader_number(st, ATTEMPT_SYN, 0, NO_COUNT - 1, true, &syn))
		return "syn_retransmits";
	if (!column_durations(st, row))
		return "a duration";
	if (!loader_number(st, ATTEMPT_STATUS, 1, UINT16_MAX, true, &status))
		return "http_status";
	if (!column_index(st, ATTEMPT_OBSERVED, &l->addresses, &row->observed))
		return "observed_address_id";
	if (!loader_number(st, ATTEMPT_SEGS_IN, 0, UINT32_MAX, true, &segs))
		return "connect_segs_in";
	if (!loader_number(st, ATTEMPT_LATE, 0, UINT32_MAX, true, &late) ||
	    !loader_number(st, ATTEMPT_DSACK, 0, UINT32_MAX, true, &dsack))
		return "late_retransmits";
	if (!column_index(
		st, ATTEMPT_TLS_SESSION, &l->certificates, &row->certificate))
		return "tls_session_id";
	/* A tail-loss probe on a clean path comes back as a DSACK. */
	if (late != NOT_MEASURED && dsack != NOT_MEASURED)
		late = late > dsack ? late - dsack : 0;
	row->late = to_count(late);
	row->segs_in = to_count(segs);
	row->seq = (uint16_t)seq;
	row->syn_retransmits = syn == NOT_MEASURED ? NO_COUNT : (uint8_t)syn;
	row->status = status == NOT_MEASURED ? NO_STATUS : (uint16_t)status;
	return NULL;
}

/* The server's clock against ours, for the run's mean. */
static void
add_date_offset(sqlite3_stmt *st, struct run *r)
{
	int64_t us;

	if (loader_number(st, ATTEMPT_DATE_OFFSET, -TIME_MAX_US / 1000,
		TIME_MAX_US / 1000, false, &us) &&
	    r->offset_count < 100000) {
		r->offset_sum_us += us;
		r->offset_count++;
	}
}

/* The endpoint has attempts: its url counts. */
static void
use_url(struct loader *l, uint32_t endpoint)
{
	struct endpoint *ep = &l->d->endpoints[endpoint];
	char **url = &l->urls[l->endpoints.last], *key;
	size_t before = l->d->urls.n;

	if (*url == NULL)
		return;
	key = x_asprintf("%s %s", ep->name, *url);
	names_add(&l->d->urls, key);
	free(key);
	if (l->d->urls.n > before &&
	    (ep->n_urls++ == 0 || strcmp(*url, ep->url) < 0)) {
		free(ep->url);
		ep->url = *url;
	} else {
		free(*url);
	}
	*url = NULL;
}

static int
add_attempt(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	const struct load_filter *f = l->filter;
	struct dataset *d = l->d;
	struct attempt_row row;
	struct attempts *a;
	const char *bad;
	uint32_t endpoint;
	int64_t at, id = sqlite3_column_int64(st, ATTEMPT_ID);

	if (!loader_number(st, ATTEMPT_STARTED, 0, TIME_MAX_US, false, &at))
		return loader_bad_row(l, "attempt %" PRId64 ": started_at", id);
	if ((f->since_us != NOT_MEASURED && at < f->since_us) ||
	    (f->until_us != NOT_MEASURED && at >= f->until_us))
		return 0;
	row.run = column_reference(st, ATTEMPT_RUN, &l->runs);
	endpoint = column_reference(st, ATTEMPT_ENDPOINT, &l->endpoints);
	if (row.run == LEFT_OUT || endpoint == LEFT_OUT)
		return 0;
	if (row.run == NOT_THERE || endpoint == NOT_THERE)
		return loader_bad_row(
		    l, "attempt %" PRId64 ": no such run or endpoint", id);
	bad = read_attempt(l, st, &row);
	if (bad != NULL)
		return loader_bad_row(
		    l, "attempt %" PRId64 ": %s out of range", id, bad);
	row.offset = slot_offset(
	    at, row.slot, d->series[d->runs[row.run].series].interval_us);
	a = &d->endpoints[endpoint].attempts;
	if (a->n == ATTEMPTS_MAX)
		return err_set(e, "more than %u attempts at one endpoint",
		    (unsigned)ATTEMPTS_MAX);
	attempts_add(a, &row);
	use_url(l, endpoint);
	add_date_offset(st, &d->runs[row.run]);
	d->inputs[l->input].rows++;
	if (d->first_us == NOT_MEASURED || at < d->first_us)
		d->first_us = at;
	if (d->last_us == NOT_MEASURED || at > d->last_us)
		d->last_us = at;
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
	idmap_clear(&l->certificates);
	database_close(l->db);
}

static int
load_file(struct dataset *d, const char *file, const struct load_filter *f,
    struct err *e)
{
	struct loader l = { .d = d, .filter = f, .file = file };
	int result = -1;

	l.db = database_open(file, e);
	if (l.db == NULL)
		return -1;
	l.rows_most = database_rows_most(l.db);
	d->inputs = x_grow(
	    d->inputs, d->n_inputs, &d->inputs_capacity, sizeof(*d->inputs));
	l.input = d->n_inputs++;
	memset(&d->inputs[l.input], 0, sizeof(*d->inputs));
	d->inputs[l.input].file = utf8_repaired(file, strlen(file));
	if (loader_each(&l, run_sql, add_run, e) == 0 &&
	    loader_each(&l, endpoint_sql, add_endpoint, e) == 0 &&
	    loader_each(&l, target_sql, add_target, e) == 0 &&
	    loader_each(&l, address_sql, add_address, e) == 0 &&
	    loader_each(&l, note_sql, add_note, e) == 0 &&
	    load_certificates(&l, e) == 0 &&
	    loader_each(&l, attempt_sql, add_attempt, e) == 0 &&
	    load_surroundings(&l, e) == 0)
		result = 0;
	use_left_urls(&l);
	loader_clear(&l);
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

int
load_files(struct dataset *d, char **files, size_t n,
    const struct load_filter *f, struct err *e)
{
	size_t i;

	d->since_us = f->since_us;
	d->until_us = f->until_us;
	for (i = 0; i < n; i++)
		if (load_file(d, files[i], f, e) != 0)
			return -1;
	if (check_filter(d, f, e) != 0)
		return -1;
	dataset_finish(d);
	return 0;
}
