/*
 * What a row of the table of attempts means.
 */
#include "config.h"

#include <inttypes.h>

#include "report/load/loader.h"

/* The index of the row that a value refers to, NOT_THERE if there is none. */
static uint32_t
value_reference(sqlite3_value *v, struct idmap *m)
{
	if (sqlite3_value_type(v) != SQLITE_INTEGER)
		return NOT_THERE;
	return idmap_find(m, sqlite3_value_int64(v));
}

/* The same where NULL means none. */
static bool
value_index(sqlite3_value *v, struct idmap *m, uint16_t *index)
{
	int type = sqlite3_value_type(v);
	uint32_t i = NO_INDEX;

	if (type == SQLITE_INTEGER)
		i = idmap_find(m, sqlite3_value_int64(v));
	*index = (uint16_t)i;
	return i < NO_INDEX || type == SQLITE_NULL;
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

static bool
read_durations(sqlite3_value **v, struct attempt_row *row)
{
	int64_t us;
	int i;

	for (i = 0; i < DURATION_COUNT; i++) {
		if (!loader_value(
			v[ATTEMPT_CONNECT + i], 0, NO_DURATION - 1, true, &us))
			return false;
		row->duration_us[i] =
		    us == NOT_MEASURED ? NO_DURATION : (uint32_t)us;
	}
	return true;
}

/* Where in its slot it began, as attempts.h keeps it. */
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
read_attempt(struct loader *l, sqlite3_value **v, struct attempt_row *row)
{
	int64_t seq, syn, status, interval, segs, late, dsack;

	interval = l->d->series[l->d->runs[row->run].series].interval_us;
	if (!value_index(v[ATTEMPT_TARGET], &l->targets, &row->target))
		return "target_id";
	if (!loader_value(
		v[ATTEMPT_SLOT], 0, TIME_MAX_US / interval, false, &row->slot))
		return "slot";
	if (!loader_value(v[ATTEMPT_SEQ], 0, UINT16_MAX, false, &seq))
		return "seq";
	if (!read_failure(v, row))
		return "failure";
	if (!loader_value(v[ATTEMPT_SYN], 0, NO_COUNT - 1, true, &syn))
		return "syn_retransmits";
	if (!read_durations(v, row))
		return "a duration";
	if (!loader_value(v[ATTEMPT_STATUS], 1, UINT16_MAX, true, &status))
		return "http_status";
	if (!value_index(v[ATTEMPT_OBSERVED], &l->addresses, &row->observed))
		return "observed_address_id";
	if (!loader_value(v[ATTEMPT_SEGS_IN], 0, UINT32_MAX, true, &segs))
		return "connect_segs_in";
	if (!loader_value(v[ATTEMPT_LATE], 0, UINT32_MAX, true, &late) ||
	    !loader_value(v[ATTEMPT_DSACK], 0, UINT32_MAX, true, &dsack))
		return "late_retransmits";
	if (!value_index(
		v[ATTEMPT_TLS_SESSION], &l->certificates, &row->certificate))
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
read_observed(struct loader *l, sqlite3_value **v, struct attempt_row *row)
{
	const struct arrival *seen;
	int64_t observed, local;
	uint32_t i;

	if (!loader_value(v[ATTEMPT_OBSERVED_PORT], 1, 65535, true, &observed))
		return "observed_port";
	if (!loader_value(v[ATTEMPT_LOCAL_PORT], 0, 65535, true, &local))
		return "local_port";
	row->observed_port =
	    observed == NOT_MEASURED ? NO_PORT : (uint16_t)observed;
	row->local_port = local == NOT_MEASURED ? NO_PORT : (uint16_t)local;
	row->arrival = NO_ARRIVAL;
	if (sqlite3_value_type(v[ATTEMPT_UUID]) == SQLITE_BLOB &&
	    sqlite3_value_bytes(v[ATTEMPT_UUID]) == ATTEMPT_ID_SIZE)
		row->arrival = dataset_find_arrival(
		    l->d, sqlite3_value_blob(v[ATTEMPT_UUID]));
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
read_imports(struct loader *l, sqlite3_value **v, const struct attempt_row *row,
    int64_t at_us)
{
	const struct dataset *d = l->d;
	uint32_t total = row->duration_us[DURATION_TOTAL];
	struct join_key k = { .from_us = at_us,
		.to_us = at_us + (total == NO_DURATION ? 0 : total) };
	uint16_t local;

	if (!imports_any(&d->imports))
		return 0;
	if (sqlite3_value_type(v[ATTEMPT_UUID]) == SQLITE_BLOB &&
	    sqlite3_value_bytes(v[ATTEMPT_UUID]) == ATTEMPT_ID_SIZE)
		k.id = sqlite3_value_blob(v[ATTEMPT_UUID]);
	if (value_index(v[ATTEMPT_LOCAL], &l->addresses, &local) &&
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
add_date_offset(sqlite3_value **v, struct clock *c)
{
	int64_t us;

	if (loader_value(v[ATTEMPT_DATE_OFFSET], -TIME_MAX_US / 1000,
		TIME_MAX_US / 1000, false, &us) &&
	    c->offset_count < 100000) {
		c->offset_sum_us += us;
		c->offset_count++;
	}
}

int
loader_add_attempt(struct loader *l, sqlite3_value **v, struct err *e)
{
	const struct load_filter *f = l->filter;
	struct dataset *d = l->d;
	struct attempt_row row;
	struct attempts *a;
	const char *bad;
	uint32_t endpoint;
	int64_t at, id = sqlite3_value_int64(v[ATTEMPT_ID]);

	if (!loader_value(v[ATTEMPT_STARTED], 0, TIME_MAX_US, false, &at))
		return loader_bad_row(l, "attempt %" PRId64 ": started_at", id);
	if ((f->since_us != NOT_MEASURED && at < f->since_us) ||
	    (f->until_us != NOT_MEASURED && at >= f->until_us))
		return 0;
	row.run = value_reference(v[ATTEMPT_RUN], &l->runs);
	endpoint = value_reference(v[ATTEMPT_ENDPOINT], &l->endpoints);
	if (row.run == LEFT_OUT || endpoint == LEFT_OUT)
		return 0;
	if (row.run == NOT_THERE || endpoint == NOT_THERE)
		return loader_bad_row(
		    l, "attempt %" PRId64 ": no such run or endpoint", id);
	bad = read_attempt(l, v, &row);
	if (bad == NULL)
		bad = read_observed(l, v, &row);
	if (bad != NULL)
		return loader_bad_row(
		    l, "attempt %" PRId64 ": %s out of range", id, bad);
	row.seen = read_imports(l, v, &row, at);
	row.offset = slot_offset(
	    at, row.slot, d->series[d->runs[row.run].series].interval_us);
	a = &d->endpoints[endpoint].attempts;
	if (a->n == ATTEMPTS_MAX)
		return err_set(e, "more than %u attempts at one endpoint",
		    (unsigned)ATTEMPTS_MAX);
	attempts_add(a, &row);
	l->used[l->endpoints.last] = true;
	add_date_offset(v, &l->clocks[l->runs.last]);
	d->inputs[l->input].rows++;
	if (d->first_us == NOT_MEASURED || at < d->first_us)
		d->first_us = at;
	if (d->last_us == NOT_MEASURED || at > d->last_us)
		d->last_us = at;
	return 0;
}
