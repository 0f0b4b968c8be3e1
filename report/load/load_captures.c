/*
 * Imported packet captures.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/import/flows.h"
#include "report/load/database.h"
#include "report/load/loader.h"

#define CAPTURES_SINCE    4 /* version of the schema */
#define CAPTURES_MAX      10000
#define CAPTURE_ROWS_MAX  20000000
#define CAPTURE_COUNT_MAX (INT64_C(1) << 50)

static const char capture_sql[] =
    "SELECT id, from_at, to_at, packets, packets_left_out + targets_left_out"
    " + rows_left_out FROM capture WHERE from_at IS NOT NULL ORDER BY id";

static const char client_sql[] =
    "SELECT capture_id, client_address, destination_address,"
    " destination_port, connections FROM capture_target";

static const char flow_sql[] =
    "SELECT capture_id, client_address, destination_address,"
    " destination_port, at, has_syn, syn_ack_us, challenge_us, reuse,"
    " syn_retransmits FROM capture_flow";

static int
add_capture(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct captures *c = &l->d->captures;
	int64_t id = sqlite3_column_int64(st, 0), left_out;
	struct capture_span s;
	uint32_t i;

	if (!loader_number(st, 1, 0, TIME_MAX_US, false, &s.from_us) ||
	    !loader_number(st, 2, s.from_us, TIME_MAX_US, false, &s.to_us) ||
	    !loader_number(st, 3, 0, CAPTURE_COUNT_MAX, false, &s.packets) ||
	    !loader_number(st, 4, 0, CAPTURE_COUNT_MAX, true, &left_out))
		return loader_bad_row(
		    l, "capture %" PRId64 ": a value out of range", id);
	if (c->n_spans == CAPTURES_MAX)
		return err_set(e, "more than %d captures", CAPTURES_MAX);
	s.complete = left_out == 0;
	i = captures_add(c, &s);
	idmap_add(&l->captures, id, i == UINT32_MAX ? LEFT_OUT : i);
	return 0;
}

/* What clients and flows begin with; false where it is bad, or unknown. */
static bool
read_tuple(struct loader *l, sqlite3_stmt *st, uint32_t *span,
    uint32_t *address, uint32_t *target)
{
	char *from = loader_text(st, 1), *to = loader_text(st, 2), *text;
	struct captures *c = &l->d->captures;
	int64_t port;
	bool good;

	*span = idmap_find(&l->captures, sqlite3_column_int64(st, 0));
	good = *span < NOT_THERE && from != NULL && to != NULL &&
	    loader_number(st, 3, 0, 65535, false, &port);
	if (*span != LEFT_OUT && !good)
		loader_bad_row(l, "a capture's row: a value out of range");
	good = good && *span != LEFT_OUT;
	if (good) {
		text = strchr(to, ':') != NULL
		    ? x_asprintf("[%s]:%" PRId64, to, port)
		    : x_asprintf("%s:%" PRId64, to, port);
		*address = names_add(&c->addresses, from);
		*target = names_add(&c->targets, text);
		free(text);
	}
	free(from);
	free(to);
	return good;
}

static int
too_many(struct err *e)
{
	return err_set(e, "more than %d rows of captures", CAPTURE_ROWS_MAX);
}

static int
add_client(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct captures *c = &l->d->captures;
	struct capture_client k;

	if (!read_tuple(l, st, &k.span, &k.address, &k.target))
		return 0;
	if (!loader_number(st, 4, 0, CAPTURE_COUNT_MAX, false, &k.connections))
		return loader_bad_row(
		    l, "a capture's row: a value out of range");
	if (c->n_clients == CAPTURE_ROWS_MAX)
		return too_many(e);
	captures_add_client(c, &k);
	return 0;
}

static int
add_flow(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct captures *c = &l->d->captures;
	struct capture_flow f;
	const char *reuse;

	if (!read_tuple(l, st, &f.span, &f.address, &f.target))
		return 0;
	reuse = (const char *)sqlite3_column_text(st, 8);
	f.reuse = (uint8_t)(reuse == NULL ? CAPTURE_REUSE_NONE
					  : capture_reuse_parse(reuse));
	if (f.reuse == CAPTURE_REUSES ||
	    !loader_number(st, 4, 0, TIME_MAX_US, false, &f.at_us) ||
	    !loader_number(st, 9, 0, UINT8_MAX, false, &f.syn_retransmits))
		return loader_bad_row(
		    l, "a capture's row: a value out of range");
	if (c->n_flows == CAPTURE_ROWS_MAX)
		return too_many(e);
	f.has_syn = sqlite3_column_int(st, 5) != 0;
	f.answered = sqlite3_column_type(st, 6) != SQLITE_NULL;
	f.answered_late =
	    f.answered && sqlite3_column_int64(st, 6) >= FLOWS_LATE_US;
	f.challenged = sqlite3_column_type(st, 7) != SQLITE_NULL;
	captures_add_flow(c, &f);
	return 0;
}

int
load_captures(struct loader *l, struct err *e)
{
	if (database_version(l->db) < CAPTURES_SINCE)
		return 0;
	if (loader_each(l, capture_sql, add_capture, e) != 0 ||
	    loader_each(l, client_sql, add_client, e) != 0)
		return -1;
	return loader_each(l, flow_sql, add_flow, e);
}
