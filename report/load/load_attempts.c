/*
 * The attempts: one scan that reads as few columns as it can.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/attempts.h"
#include "report/load/database.h"
#include "report/load/loader.h"
#include "report/parallel.h"

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
	ATTEMPT_DATE_OFFSET,
	ATTEMPT_OBSERVED_PORT,
	ATTEMPT_LOCAL_PORT,
	ATTEMPT_LOCAL,
	ATTEMPT_UUID
};

#define ATTEMPT_COLUMNS                                                      \
	"id, run_id, endpoint_id, target_id, slot, seq, failure,"            \
	" failed_phase, syn_retransmits, connect_us, tls_us, request_us,"    \
	" total_us, http_status, started_at, connect_segs_in,"               \
	" late_retransmits, dsack_dups, observed_address_id,"                \
	" tls_session_id, server_date_offset_us, observed_port, local_port," \
	" local_address_id"

static const char attempt_sql[] =
    "SELECT " ATTEMPT_COLUMNS ", NULL FROM attempt NOT INDEXED";

/* The id is far to the right: where there is a witness to ask only. */
static const char attempt_with_id_sql[] =
    "SELECT " ATTEMPT_COLUMNS ", attempt_id FROM attempt NOT INDEXED";

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
	int type = sqlite3_column_type(st, column);
	uint32_t i = NO_INDEX;

	if (type == SQLITE_INTEGER)
		i = idmap_find(m, sqlite3_column_int64(st, column));
	*index = (uint16_t)i;
	return i < NO_INDEX || type == SQLITE_NULL;
}

/* Failure and phase: both, or none. */
static bool
column_failure(sqlite3_stmt *st, struct attempt_row *row)
{
	bool ok = sqlite3_column_type(st, ATTEMPT_FAILURE) == SQLITE_NULL;
	const char *failure, *phase;

	row->failure = FAILURE_NONE;
	row->phase = 0;
	if (sqlite3_column_type(st, ATTEMPT_PHASE) == SQLITE_NULL)
		return ok;
	failure = (const char *)sqlite3_column_text(st, ATTEMPT_FAILURE);
	phase = (const char *)sqlite3_column_text(st, ATTEMPT_PHASE);
	if (failure == NULL || phase == NULL)
		return false;
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

/*
 * Where it came from, as the far end saw it: by its own answer, which the
 * attempt kept, or by the witness's record of the attempt.
 */
static const char *
read_observed(struct loader *l, sqlite3_stmt *st, struct attempt_row *row)
{
	const struct arrival *seen;
	int64_t observed, local;
	uint32_t i;

	if (!loader_number(
		st, ATTEMPT_OBSERVED_PORT, 1, 65535, true, &observed))
		return "observed_port";
	if (!loader_number(st, ATTEMPT_LOCAL_PORT, 0, 65535, true, &local))
		return "local_port";
	row->observed_port =
	    observed == NOT_MEASURED ? NO_PORT : (uint16_t)observed;
	row->local_port = local == NOT_MEASURED ? NO_PORT : (uint16_t)local;
	row->arrival = NO_ARRIVAL;
	if (sqlite3_column_type(st, ATTEMPT_UUID) == SQLITE_BLOB &&
	    sqlite3_column_bytes(st, ATTEMPT_UUID) == ATTEMPT_ID_SIZE)
		row->arrival = dataset_find_arrival(
		    l->d, sqlite3_column_blob(st, ATTEMPT_UUID));
	if (row->arrival == NO_ARRIVAL || row->observed != NO_INDEX)
		return NULL;
	seen = &l->d->arrivals[row->arrival - 1];
	if (l->d->addresses.n >= INDEXES_MAX)
		return NULL;
	i = names_add(
	    &l->d->addresses, l->d->arrival_addresses.text[seen->address]);
	row->observed = (uint16_t)i;
	row->observed_port = seen->port;
	return NULL;
}

/* What was imported about it. */
static uint8_t
read_imports(struct loader *l, sqlite3_stmt *st, const struct attempt_row *row,
    int64_t at_us)
{
	const struct dataset *d = l->d;
	uint32_t total = row->duration_us[DURATION_TOTAL];
	struct join_key k = { .from_us = at_us,
		.to_us = at_us + (total == NO_DURATION ? 0 : total) };
	uint16_t local;

	if (!imports_any(&d->imports))
		return 0;
	if (sqlite3_column_type(st, ATTEMPT_UUID) == SQLITE_BLOB &&
	    sqlite3_column_bytes(st, ATTEMPT_UUID) == ATTEMPT_ID_SIZE)
		k.id = sqlite3_column_blob(st, ATTEMPT_UUID);
	if (column_index(st, ATTEMPT_LOCAL, &l->addresses, &local) &&
	    local != NO_INDEX)
		k.local = d->addresses.text[local];
	if (row->observed != NO_INDEX && row->observed_port != NO_PORT) {
		k.observed = d->addresses.text[row->observed];
		k.observed_port = row->observed_port;
	}
	if (row->target != NO_INDEX)
		k.target = d->targets.text[row->target];
	k.local_port = row->local_port == NO_PORT ? 0 : row->local_port;
	return imports_join(&l->d->imports, &k);
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

/* The endpoint of that row has attempts: its url counts. */
static void
use_url(struct loader *l, size_t row)
{
	struct endpoint *ep = &l->d->endpoints[l->endpoints.to[row]];
	char **url = &l->urls[row], *key;
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
	if (bad == NULL)
		bad = read_observed(l, st, &row);
	if (bad != NULL)
		return loader_bad_row(
		    l, "attempt %" PRId64 ": %s out of range", id, bad);
	row.seen = read_imports(l, st, &row, at);
	row.offset = slot_offset(
	    at, row.slot, d->series[d->runs[row.run].series].interval_us);
	a = &d->endpoints[endpoint].attempts;
	if (a->n == ATTEMPTS_MAX)
		return err_set(e, "more than %u attempts at one endpoint",
		    (unsigned)ATTEMPTS_MAX);
	attempts_add(a, &row);
	l->used[l->endpoints.last] = true;
	add_date_offset(st, &d->runs[row.run]);
	d->inputs[l->input].rows++;
	if (d->first_us == NOT_MEASURED || at < d->first_us)
		d->first_us = at;
	if (d->last_us == NOT_MEASURED || at > d->last_us)
		d->last_us = at;
	return 0;
}

/*
 * A range of ids, which one thread reads.  What it changes of the dataset is
 * its own, or nobody else's: the endpoints' attempts, the runs' clocks, the
 * counts of the input, the window.
 */
struct range {
	struct loader l;
	struct dataset d; /* but for the first range, which has the real one */
	char *sql;
	int result;
	struct err e;
};

/* Fewer ids are read sooner than a thread begins. */
#define RANGES_FROM 50000
#define RANGES      2 /* however many cores: the result must not depend on it */

static void
read_range(void *context, size_t i)
{
	struct range *r = &((struct range *)context)[i];

	r->result = loader_each(&r->l, r->sql, add_attempt, &r->e);
}

/* Make r a range that knows what l does; -1 and e where it cannot be read. */
static int
range_open(struct range *r, const struct loader *l, struct err *e)
{
	const struct dataset *d = l->d;
	struct input *input;
	size_t i;

	r->l = *l;
	r->l.db = database_open_again(l->file, e);
	if (r->l.db == NULL)
		return -1;
	r->d = *d;
	r->l.d = &r->d;
	r->l.used = x_calloc(l->endpoints.n + 1, sizeof(*r->l.used));
	r->d.endpoints = x_calloc(d->n_endpoints + 1, sizeof(*d->endpoints));
	r->d.runs = x_calloc(d->n_runs + 1, sizeof(*d->runs));
	for (i = 0; i < d->n_runs; i++)
		r->d.runs[i].series = d->runs[i].series;
	r->d.inputs = x_calloc(d->n_inputs + 1, sizeof(*d->inputs));
	input = &r->d.inputs[l->input];
	input->file = d->inputs[l->input].file;
	r->d.first_us = r->d.last_us = NOT_MEASURED;
	return 0;
}

static void
join_input(struct input *to, struct input *from)
{
	to->rows += from->rows;
	to->bad_rows += from->bad_rows;
	if (to->first_bad == NULL)
		to->first_bad = from->first_bad;
	else
		free(from->first_bad);
}

/* What the range found goes to l, and the range ends. */
static void
range_join(struct range *r, struct loader *l)
{
	struct dataset *d = l->d;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++)
		attempts_append(
		    &d->endpoints[i].attempts, &r->d.endpoints[i].attempts);
	for (i = 0; i < d->n_runs; i++) {
		d->runs[i].offset_sum_us += r->d.runs[i].offset_sum_us;
		d->runs[i].offset_count += r->d.runs[i].offset_count;
	}
	join_input(&d->inputs[l->input], &r->d.inputs[l->input]);
	for (i = 0; i < l->endpoints.n; i++)
		l->used[i] = l->used[i] || r->l.used[i];
	if (d->first_us == NOT_MEASURED ||
	    (r->d.first_us != NOT_MEASURED && r->d.first_us < d->first_us))
		d->first_us = r->d.first_us;
	if (r->d.last_us != NOT_MEASURED && r->d.last_us > d->last_us)
		d->last_us = r->d.last_us;
	free(r->d.endpoints);
	free(r->d.runs);
	free(r->d.inputs);
	free(r->l.used);
	database_close(r->l.db);
}

/* The ids below which and up to which the two ranges go. */
static int
add_ids(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	(void)e;
	l->first_id = sqlite3_column_int64(st, 0);
	l->last_id = sqlite3_column_int64(st, 1);
	return 0;
}

static const char ids_sql[] =
    "SELECT (SELECT min(id) FROM attempt), (SELECT max(id) FROM attempt)";

/* All of them in two ranges at once. */
static int
load_ranges(struct loader *l, struct err *e)
{
	struct range ranges[RANGES];
	int64_t middle = l->first_id + (l->last_id - l->first_id) / 2;
	size_t i;
	int result = 0;

	memset(ranges, 0, sizeof(ranges));
	ranges[0].l = *l;
	if (range_open(&ranges[1], l, e) != 0)
		return -1;
	ranges[0].sql =
	    x_asprintf("%s WHERE id <= %" PRId64, attempt_sql, middle);
	/* It sees a later moment, perhaps: no further than the first. */
	ranges[1].sql =
	    x_asprintf("%s WHERE id > %" PRId64 " AND id <= %" PRId64,
		attempt_sql, middle, l->last_id);
	parallel_each(RANGES, read_range, ranges);
	for (i = 0; i < RANGES; i++) {
		free(ranges[i].sql);
		if (ranges[i].result != 0 && result == 0) {
			result = -1;
			*e = ranges[i].e;
		}
	}
	range_join(&ranges[1], l);
	return result;
}

int
load_attempts(struct loader *l, struct err *e)
{
	/* Then each row may change what the next is compared with. */
	bool alone = l->d->n_named_arrivals > 0 || imports_any(&l->d->imports);
	bool named = l->d->n_named_arrivals > 0 || l->d->imports.n_named > 0;
	int result;
	size_t i;

	l->used = x_calloc(l->endpoints.n + 1, sizeof(*l->used));
	if (loader_each(l, ids_sql, add_ids, e) != 0)
		result = -1;
	else if (alone || l->last_id - l->first_id < RANGES_FROM)
		result = loader_each(l,
		    named ? attempt_with_id_sql : attempt_sql, add_attempt, e);
	else
		result = load_ranges(l, e);
	for (i = 0; i < l->endpoints.n; i++)
		if (l->used[i])
			use_url(l, i);
	free(l->used);
	l->used = NULL;
	return result;
}
