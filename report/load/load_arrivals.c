/*
 * What a witness wrote: connections that reached the far end.  They are read
 * from all files before the first attempt is, which is matched to them by its
 * id.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/loader.h"

#define ARRIVALS_MAX  100000000
#define WITNESS_SINCE 3 /* version of the schema */

static const char arrival_sql[] =
    "SELECT id, attempt_id, observed_address, observed_port, accepted_at,"
    " request_at FROM witness_arrival ORDER BY id";

static const char life_sql[] = "SELECT id, lost_rows FROM witness_run";

static int
add_arrival(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct dataset *d = l->d;
	struct endpoint_address parsed;
	struct arrival a = { .witness = (uint32_t)l->input };
	char *address = loader_text(st, 2);
	int64_t id = sqlite3_column_int64(st, 0), port;
	bool none = sqlite3_column_type(st, 1) == SQLITE_NULL;
	int result = 0;

	a.named = sqlite3_column_type(st, 1) == SQLITE_BLOB &&
	    sqlite3_column_bytes(st, 1) == sizeof(a.attempt_id);
	if ((!a.named && !none) || address == NULL ||
	    endpoint_address_parse(address, &parsed) != 0 ||
	    !loader_number(st, 3, 0, 65535, false, &port) ||
	    !loader_number(st, 4, 0, TIME_MAX_US, false, &a.accepted_us) ||
	    !loader_number(st, 5, 0, TIME_MAX_US, true, &a.request_us)) {
		loader_bad_row(
		    l, "witness_arrival %" PRId64 ": a value out of range", id);
	} else if (d->n_arrivals == ARRIVALS_MAX) {
		result = err_set(
		    e, "more than %d arrivals at witnesses", ARRIVALS_MAX);
	} else {
		if (a.named)
			memcpy(a.attempt_id, sqlite3_column_blob(st, 1),
			    sizeof(a.attempt_id));
		a.address = names_add(&d->arrival_addresses, address);
		a.port = (uint16_t)port;
		d->arrivals = x_grow(d->arrivals, d->n_arrivals,
		    &d->arrivals_capacity, sizeof(a));
		d->arrivals[d->n_arrivals++] = a;
	}
	free(address);
	return result;
}

static int
add_life(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	int64_t *sum = &l->d->inputs[l->input].lost_arrivals, lost;
	int64_t id = sqlite3_column_int64(st, 0);

	(void)e;
	if (!loader_number(st, 1, 0, INT64_MAX, true, &lost))
		return loader_bad_row(
		    l, "witness_run %" PRId64 ": a value out of range", id);
	if (lost != NOT_MEASURED)
		*sum = lost > INT64_MAX - *sum ? INT64_MAX : *sum + lost;
	return 0;
}

int
load_arrivals(struct loader *l, struct err *e)
{
	if (database_version(l->db) >= WITNESS_SINCE &&
	    loader_each(l, life_sql, add_life, e) != 0)
		return -1;
	return loader_each(l, arrival_sql, add_arrival, e);
}
