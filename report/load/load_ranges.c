/*
 * The table of attempts, in one scan that reads as few columns as it can, or
 * in two at once.
 *
 * The rows do not come out of the statement: an aggregate function of ours
 * gets their values, which costs half of what asking for each of them by
 * sqlite3_column_type() and sqlite3_column_int64() does.
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

/* In the order of enum attempt_column. */
#define ATTEMPT_COLUMNS                                                   \
	"id, run_id, endpoint_id, target_id, slot, seq, failure,"         \
	" failed_phase, syn_retransmits, connect_us, tls_us, request_us," \
	" total_us, http_status, started_at, connect_segs_in,"            \
	" late_retransmits, dsack_dups, observed_address_id,"             \
	" tls_session_id, server_date_offset_us, observed_port, local_port"

#define COLUMNS_SQL "SELECT attempt(" ATTEMPT_COLUMNS

static const char attempt_sql[] =
    COLUMNS_SQL ", NULL, NULL) FROM attempt NOT INDEXED";

/* Far to the right: where there is a witness or an import to ask only. */
static const char attempt_with_id_sql[] =
    COLUMNS_SQL ", local_address_id, attempt_id) FROM attempt NOT INDEXED";

/* ------------------------------------------------------------- one scan */

struct scan {
	struct loader *l;
	int64_t rows;
	int result;
	struct err *e;
};

/* attempt(COLUMN, ...), for each row. */
static void
on_attempt(sqlite3_context *context, int n, sqlite3_value **values)
{
	struct scan *s = sqlite3_user_data(context);

	(void)n;
	if (++s->rows > s->l->rows_most)
		s->result = loader_too_many(s->l, s->e);
	else
		s->result = loader_add_attempt(s->l, values, s->e);
	if (s->result != 0)
		sqlite3_result_error_code(context, SQLITE_ABORT);
}

static void
on_end(sqlite3_context *context)
{
	sqlite3_result_null(context);
}

static int
scan(struct loader *l, const char *sql, struct err *e)
{
	struct scan s = { .l = l, .e = e };
	sqlite3_stmt *st;
	int code;

	if (sqlite3_create_function(l->db, "attempt", ATTEMPT_COLUMN_COUNT,
		SQLITE_UTF8 | SQLITE_DIRECTONLY, &s, NULL, on_attempt,
		on_end) != SQLITE_OK)
		return database_error(l->db, l->file, e);
	st = database_prepare(l->db, l->file, sql, e);
	if (st == NULL)
		return -1;
	code = sqlite3_step(st);
	if (s.result == 0 && code != SQLITE_ROW)
		s.result = database_error(l->db, l->file, e);
	sqlite3_finalize(st);
	return s.result;
}

/* ----------------------------------------------------------- two at once */

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

	r->result = scan(&r->l, r->sql, &r->e);
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

/* ------------------------------------------------------------------ all */

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

int
load_attempts(struct loader *l, struct err *e)
{
	/* Then each row may change what the next is compared with. */
	bool alone = l->d->n_named_arrivals > 0 || imports_any(&l->d->imports);
	int result;
	size_t i;

	l->used = x_calloc(l->endpoints.n + 1, sizeof(*l->used));
	if (loader_each(l, ids_sql, add_ids, e) != 0)
		result = -1;
	else if (alone || l->last_id - l->first_id < RANGES_FROM)
		result = scan(l, alone ? attempt_with_id_sql : attempt_sql, e);
	else
		result = load_ranges(l, e);
	for (i = 0; i < l->endpoints.n; i++)
		if (l->used[i])
			use_url(l, i);
	free(l->used);
	l->used = NULL;
	return result;
}
