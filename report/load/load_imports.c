/*
 * Imported rows that can be joined to attempts: read from all files before
 * the first attempt is.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/loader.h"

/* More than the largest logs that one report can use: about 1 GB of them. */
#define IMPORTS_MAX 20000000

static const char edge_sql[] =
    "SELECT id, attempt_id, at, client_address, client_port FROM edge_entry";

static const char line_sql[] =
    "SELECT id, kind, from_at, to_at, inside_address, inside_port,"
    " destination_address, destination_port, source FROM gateway_event"
    " WHERE inside_port > 0 AND kind IN ('allocation_failed',"
    " 'host_limit_reached', 'translation_failed', 'flow_rejected')";

static const char app_sql[] =
    "SELECT id, at, source_address, source_port, destination_address,"
    " destination_port FROM app_failure";

/* An address and its port as a target is named. */
static uint32_t
target_name(struct imports *im, const char *address, int64_t port)
{
	char *text = strchr(address, ':') != NULL
	    ? x_asprintf("[%s]:%" PRId64, address, port)
	    : x_asprintf("%s:%" PRId64, address, port);
	uint32_t i = names_add(&im->targets, text);

	free(text);
	return i;
}

static int
too_many(struct err *e)
{
	return err_set(e, "more than %d imported rows, use --since and --until",
	    IMPORTS_MAX);
}

static int
add_edge(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct imports *im = &l->d->imports;
	char *address = loader_text(st, 3);
	struct edge_seen s = { .address = UINT32_MAX };
	int64_t port;
	int result = 0;

	if (!loader_number(st, 2, 0, TIME_MAX_US, false, &s.at_us) ||
	    !loader_number(st, 4, 0, 65535, true, &port)) {
		loader_bad_row(l, "edge_entry %" PRId64 ": out of range",
		    (int64_t)sqlite3_column_int64(st, 0));
	} else if (im->n_edge == IMPORTS_MAX) {
		result = too_many(e);
	} else if (loader_in_window(l, s.at_us, s.at_us)) {
		s.named = sqlite3_column_type(st, 1) == SQLITE_BLOB &&
		    sqlite3_column_bytes(st, 1) == sizeof(s.id);
		if (s.named)
			memcpy(s.id, sqlite3_column_blob(st, 1), sizeof(s.id));
		if (address != NULL)
			s.address = names_add(&im->addresses, address);
		if (address != NULL && port != NOT_MEASURED)
			s.port = (uint16_t)port;
		imports_add_edge(im, &s);
	}
	free(address);
	return result;
}

static int
add_line(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct imports *im = &l->d->imports;
	char *inside = loader_text(st, 4), *to = loader_text(st, 6);
	char *kind = loader_text(st, 1), *source = loader_text(st, 8);
	struct nat_line n = { .bit = SEEN_REFUSED };
	int64_t inside_port, port;
	int result = 0;

	if (kind == NULL || source == NULL || inside == NULL ||
	    !loader_number(st, 2, 0, TIME_MAX_US, false, &n.from_us) ||
	    !loader_number(st, 3, n.from_us, TIME_MAX_US, false, &n.to_us) ||
	    !loader_number(st, 5, 1, 65535, false, &inside_port) ||
	    !loader_number(st, 7, 0, 65535, true, &port)) {
		loader_bad_row(l, "gateway_event %" PRId64 ": out of range",
		    (int64_t)sqlite3_column_int64(st, 0));
	} else if (im->n_lines == IMPORTS_MAX) {
		result = too_many(e);
	} else if (to != NULL && port != NOT_MEASURED &&
	    loader_in_window(l, n.from_us, n.to_us)) {
		if (strcmp(kind, "flow_rejected") == 0)
			n.bit = SEEN_REJECTED;
		n.port = (uint16_t)inside_port;
		n.address = names_add(&im->addresses, inside);
		n.target = target_name(im, to, port);
		imports_add_line(im, &n, source, kind);
	}
	free(inside);
	free(to);
	free(kind);
	free(source);
	return result;
}

static int
add_app(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct imports *im = &l->d->imports;
	char *from = loader_text(st, 2), *to = loader_text(st, 4);
	struct app_seen a = { .address = UINT32_MAX, .target = UINT32_MAX };
	int64_t port, to_port;
	int result = 0;

	if (!loader_number(st, 1, 0, TIME_MAX_US, false, &a.at_us) ||
	    !loader_number(st, 3, 0, 65535, true, &port) ||
	    !loader_number(st, 5, 0, 65535, true, &to_port)) {
		loader_bad_row(l, "app_failure %" PRId64 ": out of range",
		    (int64_t)sqlite3_column_int64(st, 0));
	} else if (im->n_app == IMPORTS_MAX) {
		result = too_many(e);
	} else if (loader_in_window(l, a.at_us, a.at_us)) {
		if (from != NULL && port != NOT_MEASURED) {
			a.address = names_add(&im->addresses, from);
			a.port = (uint16_t)port;
		}
		if (to != NULL && to_port != NOT_MEASURED)
			a.target = target_name(im, to, to_port);
		imports_add_app(im, &a);
	}
	free(from);
	free(to);
	return result;
}

int
load_imports(struct loader *l, struct err *e)
{
	if (loader_each(l, edge_sql, add_edge, e) != 0 ||
	    loader_each(l, line_sql, add_line, e) != 0)
		return -1;
	return loader_each(l, app_sql, add_app, e);
}
