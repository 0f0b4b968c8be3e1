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

/* -------------------------------------------------------- several at once */

/*
 * A range of ids, which one thread reads.  What it changes is its own: the
 * endpoints' attempts, the counts of the input, the window, the clocks.
 */
struct range {
	struct loader l; /* its db: NULL where the file is to be opened again */
	struct dataset d;
	struct loader *of;
	char *sql;
	int result;
	struct err e;
};

/* A file with fewer ids is read sooner than opened again. */
#define RANGES_FROM 50000
/* However many cores: so that a file is read in the same parts everywhere. */
#define RANGES_MOST 2

/*
 * Make r a range that knows what l does, and reads its db, or the file again,
 * with sql, which r owns.
 */
static void
range_begin(struct range *r, struct loader *l, sqlite3 *db, char *sql)
{
	const struct dataset *d = l->d;

	r->of = l;
	r->l = *l;
	r->d = *d;
	r->l.d = &r->d;
	r->l.db = db;
	r->l.used = x_calloc(l->endpoints.n + 1, sizeof(*r->l.used));
	r->l.clocks = x_calloc(l->runs.n + 1, sizeof(*r->l.clocks));
	r->d.endpoints = x_calloc(d->n_endpoints + 1, sizeof(*d->endpoints));
	r->d.inputs = x_calloc(d->n_inputs + 1, sizeof(*d->inputs));
	r->d.inputs[l->input].file = d->inputs[l->input].file;
	r->d.first_us = r->d.last_us = NOT_MEASURED;
	r->sql = sql;
}

/* From the first id to the last one, which may be as far apart as ids go. */
static uint64_t
id_span(const struct loader *l)
{
	return (uint64_t)l->last_id - (uint64_t)l->first_id;
}

/*
 * Divide the ids of a file between r[0..n).  What others than the first see is
 * a later moment, perhaps: no further than it.
 */
static void
ranges_begin(struct range *r, size_t n, struct loader *l)
{
	int64_t first, last = 0;
	size_t i;

	if (n == 1) {
		range_begin(r, l, l->db, x_strdup(attempt_sql));
		return;
	}
	for (i = 0; i < n; i++) {
		first = i == 0 ? l->first_id : last + 1;
		last =
		    i + 1 < n ? first + (int64_t)(id_span(l) / n) : l->last_id;
		range_begin(&r[i], l, i == 0 ? l->db : NULL,
		    x_asprintf("%s WHERE id >= %" PRId64 " AND id <= %" PRId64,
			attempt_sql, first, last));
	}
}

static void
read_range(void *context, size_t i)
{
	struct range *r = &((struct range *)context)[i];

	if (r->l.db != NULL) {
		r->result = scan(&r->l, r->sql, &r->e);
		return;
	}
	r->l.db = database_open_again(r->l.file, &r->e);
	r->result = r->l.db == NULL ? -1 : scan(&r->l, r->sql, &r->e);
	database_close(r->l.db);
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

static void
join_window(struct dataset *to, const struct dataset *from)
{
	if (from->first_us == NOT_MEASURED)
		return;
	if (to->first_us == NOT_MEASURED || from->first_us < to->first_us)
		to->first_us = from->first_us;
	if (to->last_us == NOT_MEASURED || from->last_us > to->last_us)
		to->last_us = from->last_us;
}

/* What the range found goes to its file's loader, and the range ends. */
static void
range_end(struct range *r)
{
	struct loader *l = r->of;
	struct dataset *d = l->d;
	size_t i;

	for (i = 0; i < d->n_endpoints; i++)
		attempts_join(
		    &d->endpoints[i].attempts, &r->d.endpoints[i].attempts);
	for (i = 0; i < l->runs.n; i++) {
		l->clocks[i].offset_sum_us += r->l.clocks[i].offset_sum_us;
		l->clocks[i].offset_count += r->l.clocks[i].offset_count;
	}
	join_input(&d->inputs[l->input], &r->d.inputs[l->input]);
	join_window(d, &r->d);
	for (i = 0; i < l->endpoints.n; i++)
		l->used[i] = l->used[i] || r->l.used[i];
	free(r->d.endpoints);
	free(r->d.inputs);
	free(r->l.clocks);
	free(r->l.used);
	free(r->sql);
}

/* The files in ranges, on all cores. */
static int
load_ranges(struct loader *loaders, size_t n, struct err *e)
{
	struct range *ranges = x_calloc(RANGES_MOST * n, sizeof(*ranges));
	size_t n_ranges = 0, of_file, i;
	int result = 0;

	for (i = 0; i < n; i++) {
		of_file = id_span(&loaders[i]) < RANGES_FROM ? 1 : RANGES_MOST;
		ranges_begin(&ranges[n_ranges], of_file, &loaders[i]);
		n_ranges += of_file;
	}
	parallel_each(n_ranges, read_range, ranges);
	for (i = 0; i < n_ranges; i++) {
		if (ranges[i].result != 0 && result == 0) {
			result = -1;
			*e = ranges[i].e;
		}
		range_end(&ranges[i]);
	}
	free(ranges);
	return result;
}

/* ------------------------------------------------------------------ all */

/* The least and the largest id. */
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
begin(struct loader *l, struct err *e)
{
	l->used = x_calloc(l->endpoints.n + 1, sizeof(*l->used));
	l->clocks = x_calloc(l->runs.n + 1, sizeof(*l->clocks));
	return loader_each(l, ids_sql, add_ids, e);
}

static void
end(struct loader *l)
{
	struct run *r;
	size_t i;

	for (i = 0; l->used != NULL && i < l->endpoints.n; i++)
		if (l->used[i])
			use_url(l, i);
	for (i = 0; l->clocks != NULL && i < l->runs.n; i++) {
		if (l->runs.to[i] == LEFT_OUT)
			continue;
		r = &l->d->runs[l->runs.to[i]];
		r->offset_sum_us += l->clocks[i].offset_sum_us;
		r->offset_count += l->clocks[i].offset_count;
	}
	free(l->used);
	free(l->clocks);
	l->used = NULL;
	l->clocks = NULL;
}

int
load_attempts(struct loader *loaders, size_t n, struct err *e)
{
	const struct dataset *d = loaders->d;
	/* Then each row may change what the next is compared with. */
	bool alone = d->n_named_arrivals > 0 || imports_any(&d->imports);
	int result = 0;
	size_t i;

	for (i = 0; i < n && result == 0; i++)
		result = begin(&loaders[i], e);
	for (i = 0; i < n && result == 0 && alone; i++)
		result = scan(&loaders[i], attempt_with_id_sql, e);
	if (result == 0 && !alone)
		result = load_ranges(loaders, n, e);
	for (i = 0; i < n; i++)
		end(&loaders[i]);
	return result;
}
