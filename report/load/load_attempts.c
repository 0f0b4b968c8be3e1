/*
 * What a row of the table of attempts means.
 */
#include "config.h"

#include <inttypes.h>

#include "report/load/loader.h"

/* A column of whole numbers, and what an agent writes there. */
struct number {
	enum attempt_column column;
	const char *name;
	int64_t min, max;
	bool nullable;
};

#define ID_MIN (NOT_MEASURED + 1)

/* More do not make a mean better; beyond it is no clock. */
#define OFFSETS_MOST  100000
#define OFFSET_MAX_US (TIME_MAX_US / 1000)

/* Whether the attempt is wanted at all. */
static const struct number place[] = {
	{ ATTEMPT_STARTED, "started_at", 0, TIME_MAX_US, false },
	{ ATTEMPT_RUN, "run_id", ID_MIN, INT64_MAX, false },
	{ ATTEMPT_ENDPOINT, "endpoint_id", ID_MIN, INT64_MAX, false },
};
static const struct number numbers[] = {
	{ ATTEMPT_TARGET, "target_id", ID_MIN, INT64_MAX, true },
	{ ATTEMPT_SLOT, "slot", 0, TIME_MAX_US / INTERVAL_MIN_US, false },
	{ ATTEMPT_SEQ, "seq", 0, UINT16_MAX, false },
	{ ATTEMPT_SYN, "syn_retransmits", 0, NO_COUNT - 1, true },
	{ ATTEMPT_CONNECT, "connect_us", 0, NO_DURATION - 1, true },
	{ ATTEMPT_TLS, "tls_us", 0, NO_DURATION - 1, true },
	{ ATTEMPT_REQUEST, "request_us", 0, NO_DURATION - 1, true },
	{ ATTEMPT_TOTAL, "total_us", 0, NO_DURATION - 1, true },
	{ ATTEMPT_STATUS, "http_status", 1, UINT16_MAX, true },
	{ ATTEMPT_SEGS_IN, "connect_segs_in", 0, UINT32_MAX, true },
	{ ATTEMPT_LATE, "late_retransmits", 0, UINT32_MAX, true },
	{ ATTEMPT_DSACK, "dsack_dups", 0, UINT32_MAX, true },
	{ ATTEMPT_OBSERVED, "observed_address_id", ID_MIN, INT64_MAX, true },
	{ ATTEMPT_TLS_SESSION, "tls_session_id", ID_MIN, INT64_MAX, true },
	{ ATTEMPT_OBSERVED_PORT, "observed_port", 1, 65535, true },
	{ ATTEMPT_LOCAL_PORT, "local_port", 0, 65535, true },
};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Set got to what an attempt's row has in columns[0..n), NOT_MEASURED for
 * NULL.  NULL, or the name of the column that is bad.
 */
static const char *
read_numbers(sqlite3_value **v, const struct number *columns, size_t n,
    int64_t got[ATTEMPT_COLUMN_COUNT])
{
	const struct number *c;
	int64_t x;
	int type;

	for (c = columns; c < columns + n; c++) {
		type = sqlite3_value_type(v[c->column]);
		if (type == SQLITE_INTEGER) {
			x = sqlite3_value_int64(v[c->column]);
			if (x < c->min || x > c->max)
				return c->name;
		} else {
			x = NOT_MEASURED;
			if (type != SQLITE_NULL || !c->nullable)
				return c->name;
		}
		got[c->column] = x;
	}
	return NULL;
}

/* The index of the row that an id refers to; false if there is none. */
static bool
find_index(struct idmap *m, int64_t id, uint16_t *index)
{
	uint32_t i = id == NOT_MEASURED ? NO_INDEX : idmap_find(m, id);

	*index = (uint16_t)i;
	return i < NO_INDEX || id == NOT_MEASURED;
}

/* Failure and phase: both, or none. */
static bool
read_failure(sqlite3_value **v, struct attempt_row *row)
{
	bool ok = sqlite3_value_type(v[ATTEMPT_FAILURE]) == SQLITE_NULL;
	const char *failure, *phase;

	row->failure = FAILURE_NONE;
	row->phase = 0;
	if (sqlite3_value_type(v[ATTEMPT_PHASE]) == SQLITE_NULL)
		return ok;
	failure = (const char *)sqlite3_value_text(v[ATTEMPT_FAILURE]);
	phase = (const char *)sqlite3_value_text(v[ATTEMPT_PHASE]);
	if (failure == NULL || phase == NULL)
		return false;
	row->failure = (uint8_t)failure_parse(failure);
	row->phase = (uint8_t)phase_parse(phase);
	return row->failure < FAILURE_COUNT && row->phase < PHASE_COUNT;
}

/* Where in its slot it began, as attempts.h keeps it. */
static int16_t
slot_offset(int64_t offset, int64_t interval_us)
{
	int64_t most = 2 * interval_us - 1;

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

static uint16_t
or_none(int64_t n, uint16_t none)
{
	return n == NOT_MEASURED ? none : (uint16_t)n;
}

/* What fits into fewer bits, or is not there. */
static void
set_numbers(const int64_t got[ATTEMPT_COLUMN_COUNT], struct attempt_row *row)
{
	int64_t late = got[ATTEMPT_LATE], dsack = got[ATTEMPT_DSACK], us;
	int i;

	for (i = 0; i < DURATION_COUNT; i++) {
		us = got[ATTEMPT_CONNECT + i];
		row->duration_us[i] =
		    us == NOT_MEASURED ? NO_DURATION : (uint32_t)us;
	}
	/*
	 * What had arrived comes back as a DSACK: a tail-loss probe on a clean
	 * path, or data whose ACK was lost.
	 */
	row->spurious = late != NOT_MEASURED && dsack != NOT_MEASURED &&
	    late > 0 && late <= dsack;
	if (late != NOT_MEASURED && dsack != NOT_MEASURED)
		late = late > dsack ? late - dsack : 0;
	row->late = to_count(late);
	row->segs_in = to_count(got[ATTEMPT_SEGS_IN]);
	row->seq = (uint16_t)got[ATTEMPT_SEQ];
	row->syn_retransmits = to_count(got[ATTEMPT_SYN]);
	row->status = or_none(got[ATTEMPT_STATUS], NO_STATUS);
	row->observed_port = or_none(got[ATTEMPT_OBSERVED_PORT], NO_PORT);
	row->local_port = or_none(got[ATTEMPT_LOCAL_PORT], NO_PORT);
}

/* The slot, and where in it the attempt began; false if that is no time. */
static bool
set_slot(const int64_t got[ATTEMPT_COLUMN_COUNT], int64_t interval_us,
    struct attempt_row *row)
{
	int64_t begins_us;

	if (__builtin_mul_overflow(
		got[ATTEMPT_SLOT], interval_us, &begins_us) ||
	    begins_us > TIME_MAX_US)
		return false;
	row->slot = got[ATTEMPT_SLOT];
	row->offset =
	    slot_offset(got[ATTEMPT_STARTED] - begins_us, interval_us);
	return true;
}

/*
 * All that its row says by itself, for the run in row; NULL, or the column
 * that is bad.
 */
static const char *
read_attempt(struct loader *l, sqlite3_value **v,
    int64_t got[ATTEMPT_COLUMN_COUNT], struct attempt_row *row)
{
	const char *bad = read_numbers(v, numbers, COUNT(numbers), got);

	if (bad != NULL)
		return bad;
	if (!find_index(&l->targets, got[ATTEMPT_TARGET], &row->target))
		return "target_id";
	if (!set_slot(got,
		l->d->series[l->d->runs[row->run].series].interval_us, row))
		return "slot";
	if (!read_failure(v, row))
		return "failure";
	if (!find_index(&l->addresses, got[ATTEMPT_OBSERVED], &row->observed))
		return "observed_address_id";
	if (!find_index(
		&l->certificates, got[ATTEMPT_TLS_SESSION], &row->certificate))
		return "tls_session_id";
	set_numbers(got, row);
	return NULL;
}

/*
 * Where it came from, as the far end saw it, if it did not answer so itself:
 * by the witness's record of the attempt.
 */
static void
find_arrival(struct loader *l, sqlite3_value **v, struct attempt_row *row)
{
	const struct arrival *seen;
	uint32_t i;

	row->arrival = NO_ARRIVAL;
	if (sqlite3_value_type(v[ATTEMPT_UUID]) == SQLITE_BLOB &&
	    sqlite3_value_bytes(v[ATTEMPT_UUID]) == ATTEMPT_ID_SIZE)
		row->arrival = dataset_find_arrival(
		    l->d, sqlite3_value_blob(v[ATTEMPT_UUID]));
	if (row->arrival == NO_ARRIVAL || row->observed != NO_INDEX)
		return;
	seen = &l->d->arrivals[row->arrival - 1];
	if (l->d->addresses.n >= INDEXES_MAX)
		return;
	i = names_add(
	    &l->d->addresses, l->d->arrival_addresses.text[seen->address]);
	row->observed = (uint16_t)i;
	row->observed_port = seen->port;
}

/* What was imported about it. */
static uint8_t
read_imports(struct loader *l, sqlite3_value **v, const struct attempt_row *row,
    int64_t at_us)
{
	const struct dataset *d = l->d;
	uint32_t total = row->duration_us[DURATION_TOTAL];
	struct join_key k = { .from_us = at_us,
		.to_us = at_us + (total == NO_DURATION ? 0 : total) };
	int64_t id;
	uint16_t local;

	if (!imports_any(&d->imports))
		return 0;
	if (sqlite3_value_type(v[ATTEMPT_UUID]) == SQLITE_BLOB &&
	    sqlite3_value_bytes(v[ATTEMPT_UUID]) == ATTEMPT_ID_SIZE)
		k.id = sqlite3_value_blob(v[ATTEMPT_UUID]);
	id = sqlite3_value_int64(v[ATTEMPT_LOCAL]);
	if (sqlite3_value_type(v[ATTEMPT_LOCAL]) == SQLITE_INTEGER &&
	    find_index(&l->addresses, id, &local) && local != NO_INDEX)
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
add_date_offset(sqlite3_value **v, struct clock *c)
{
	sqlite3_value *offset = v[ATTEMPT_DATE_OFFSET];
	int64_t us;

	if (c->offset_count >= OFFSETS_MOST ||
	    sqlite3_value_type(offset) != SQLITE_INTEGER)
		return;
	us = sqlite3_value_int64(offset);
	if (us < -OFFSET_MAX_US || us > OFFSET_MAX_US)
		return;
	c->offset_sum_us += us;
	c->offset_count++;
}

/* The window grows. */
static void
add_moment(struct dataset *d, int64_t at_us)
{
	if (d->first_us == NOT_MEASURED || at_us < d->first_us)
		d->first_us = at_us;
	if (d->last_us == NOT_MEASURED || at_us > d->last_us)
		d->last_us = at_us;
}

/* "attempt 7: slot out of range"; no error. */
static int
bad_attempt(struct loader *l, sqlite3_value **v, const char *column)
{
	int64_t id = sqlite3_value_int64(v[ATTEMPT_ID]);

	return loader_bad_row(
	    l, "attempt %" PRId64 ": %s out of range", id, column);
}

int
loader_add_attempt(struct loader *l, sqlite3_value **v, struct err *e)
{
	const struct load_filter *f = l->filter;
	int64_t got[ATTEMPT_COLUMN_COUNT], at;
	struct dataset *d = l->d;
	struct attempt_row row;
	uint32_t endpoint;
	const char *bad;

	bad = read_numbers(v, place, COUNT(place), got);
	if (bad != NULL)
		return bad_attempt(l, v, bad);
	at = got[ATTEMPT_STARTED];
	if ((f->since_us != NOT_MEASURED && at < f->since_us) ||
	    (f->until_us != NOT_MEASURED && at >= f->until_us))
		return 0;
	row.run = idmap_find(&l->runs, got[ATTEMPT_RUN]);
	endpoint = idmap_find(&l->endpoints, got[ATTEMPT_ENDPOINT]);
	if (row.run == LEFT_OUT || endpoint == LEFT_OUT)
		return 0;
	if (row.run == NOT_THERE || endpoint == NOT_THERE)
		return loader_bad_row(l,
		    "attempt %" PRId64 ": no such run or endpoint",
		    (int64_t)sqlite3_value_int64(v[ATTEMPT_ID]));
	bad = read_attempt(l, v, got, &row);
	if (bad != NULL)
		return bad_attempt(l, v, bad);
	find_arrival(l, v, &row);
	row.seen = read_imports(l, v, &row, at);
	if (d->endpoints[endpoint].attempts.n == ATTEMPTS_MAX)
		return err_set(e, "more than %u attempts at one endpoint",
		    (unsigned)ATTEMPTS_MAX);
	attempts_add(&d->endpoints[endpoint].attempts, &row);
	l->used[l->endpoints.last] = true;
	add_date_offset(v, &l->clocks[l->runs.last]);
	d->inputs[l->input].rows++;
	add_moment(d, at);
	return 0;
}
