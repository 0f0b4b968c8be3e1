/*
 * The questions.  Ids follow the time at which attempts began, as
 * extract_database() gave them: "before" is a smaller id.
 *
 * The direct counterpart of a failed attempt is found as report/pairs.h has
 * it: same endpoint, address, slot, sequence number and interval; the host's
 * own direct path, else the first one.
 */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/loader.h"
#include "report/load/rows.h"

#define COLUMNS_MAX 64

/* Failures that lie closer together are one window of the far end's log. */
#define WINDOW_GAP_US "60000000"

struct rows_source {
	sqlite3 *db;
	const char *file;
};

static const char prepare_sql[] =
    "CREATE TEMP TABLE failed AS SELECT a.id, r.agent_id, r.path, r.role,"
    " r.interval_us, e.name AS endpoint, a.target_id, a.slot, a.seq,"
    " a.started_at, a.started_at + ifnull(a.total_us, 0) AS ended_at"
    " FROM attempt a JOIN run r ON r.id = a.run_id"
    " JOIN endpoint e ON e.id = a.endpoint_id"
    " WHERE a.failure IS NOT NULL AND a.failure <> 'interrupted';"
    "CREATE INDEX temp.failed_key ON failed(slot, seq, endpoint);"
    "CREATE INDEX temp.failed_id ON failed(id);"

    "CREATE TEMP TABLE partner AS SELECT id, other FROM ("
    " SELECT f.id, b.id AS other, row_number() OVER (PARTITION BY f.id"
    "  ORDER BY r.agent_id <> f.agent_id, r.path, g.agent, b.id) AS nth"
    " FROM attempt b CROSS JOIN temp.failed f ON f.slot = b.slot"
    "  AND f.seq = b.seq AND f.target_id IS b.target_id"
    " JOIN run r ON r.id = b.run_id JOIN agent g ON g.id = r.agent_id"
    " JOIN endpoint e ON e.id = b.endpoint_id"
    " WHERE f.role = 'nat' AND r.role = 'direct'"
    "  AND e.name = f.endpoint AND r.interval_us = f.interval_us"
    "  AND b.failure IS NOT 'interrupted') WHERE nth = 1;"
    "CREATE INDEX temp.partner_id ON partner(id);"

    /* The successes around a failure, of the same host, path and target. */
    "CREATE TEMP TABLE around AS SELECT id, before, after FROM ("
    " SELECT a.id, a.failure,"
    "  max(CASE WHEN a.failure IS NULL THEN a.id END) OVER up AS before,"
    "  min(CASE WHEN a.failure IS NULL THEN a.id END) OVER down AS after"
    " FROM attempt a JOIN run r ON r.id = a.run_id"
    "  JOIN endpoint e ON e.id = a.endpoint_id"
    " WINDOW up AS (PARTITION BY r.agent_id, r.path, e.name, a.target_id"
    "   ORDER BY a.id),"
    "  down AS (PARTITION BY r.agent_id, r.path, e.name, a.target_id"
    "   ORDER BY a.id DESC))"
    " WHERE failure IS NOT NULL AND failure <> 'interrupted';"
    "CREATE INDEX temp.around_id ON around(id);"

    /* The addresses by which each path was seen from outside. */
    "CREATE TEMP TABLE seen_as AS SELECT agent_id, path,"
    " group_concat(address, ' ') AS addresses FROM ("
    "  SELECT DISTINCT r.agent_id, r.path, o.address FROM attempt a"
    "  JOIN run r ON r.id = a.run_id"
    "  JOIN address o ON o.id = a.observed_address_id"
    "  ORDER BY r.agent_id, r.path, o.address) GROUP BY agent_id, path;"

    "CREATE TEMP TABLE request_id AS SELECT attempt_id,"
    " group_concat(name || '=' || value, '; ') AS ids"
    " FROM response_header GROUP BY attempt_id;"
    "CREATE INDEX temp.request_id_key ON request_id(attempt_id);"

    /* Failures that lie close together, by path and target. */
    "CREATE TEMP TABLE stretch AS SELECT min(id) AS first,"
    " min(started_at) AS from_at, max(ended_at) AS to_at, count(*) AS n,"
    " path, role, endpoint, target_id FROM ("
    "  SELECT *, sum(begins) OVER same AS number FROM ("
    "   SELECT *, ifnull(started_at - max(ended_at) OVER (PARTITION BY path, role,"
    "     endpoint, target_id ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING"
    "     AND 1 PRECEDING) > " WINDOW_GAP_US ", 0) AS begins FROM temp.failed)"
    "  WINDOW same AS (PARTITION BY path, role, endpoint, target_id"
    "   ORDER BY id))"
    " GROUP BY path, role, endpoint, target_id, number;";

#define SENT                                                   \
	" FROM attempt a JOIN run r ON r.id = a.run_id"        \
	" JOIN agent g ON g.id = r.agent_id"                   \
	" JOIN endpoint e ON e.id = a.endpoint_id"             \
	" LEFT JOIN target t ON t.id = a.target_id"            \
	" LEFT JOIN address l ON l.id = a.local_address_id"    \
	" LEFT JOIN address o ON o.id = a.observed_address_id" \
	" LEFT JOIN temp.seen_as x ON x.agent_id = r.agent_id" \
	"  AND x.path = r.path"

/* The partner's columns, of the same names with another letter. */
#define DIRECT                                                \
	" LEFT JOIN temp.partner p ON p.id = a.id"            \
	" LEFT JOIN attempt b ON b.id = p.other"              \
	" LEFT JOIN run br ON br.id = b.run_id"               \
	" LEFT JOIN address bl ON bl.id = b.local_address_id" \
	" LEFT JOIN address bo ON bo.id = b.observed_address_id"

/* At most so many rows, spread evenly over all. */
#define SPREAD(n) " WHERE (nth - 1) * " #n " % of < " #n

static const char *const questions[ROWS_COUNT] = {
	[ROWS_FAILURES] =
	    "SELECT lower(hex(a.attempt_id)) AS attempt_id,"
	    " utc(a.started_at) AS started_at,"
	    " utc(a.started_at + a.total_us) AS failed_at, r.path, r.role,"
	    " r.host_name AS host, e.name AS endpoint, e.url,"
	    " a.slot, a.seq, l.address AS local_address, a.local_port,"
	    " o.address AS observed_address, a.observed_port,"
	    " x.addresses AS path_public_addresses,"
	    " t.address AS target_address, t.port AS target_port,"
	    " a.failure, a.failed_phase, a.failure_text, a.http_status,"
	    " a.syn_retransmits, a.connect_us, a.tls_us, a.request_us,"
	    " a.total_us,"
	    " CASE WHEN b.id IS NULL THEN 'none' WHEN b.failure IS NULL"
	    "  THEN 'ok' ELSE 'failed' END AS direct_result,"
	    " lower(hex(b.attempt_id)) AS direct_attempt_id,"
	    " utc(b.started_at) AS direct_started_at,"
	    " br.host_name AS direct_host,"
	    " bl.address AS direct_local_address,"
	    " b.local_port AS direct_local_port,"
	    " bo.address AS direct_observed_address,"
	    " b.observed_port AS direct_observed_port,"
	    " b.failure AS direct_failure,"
	    " b.http_status AS direct_http_status,"
	    " b.syn_retransmits AS direct_syn_retransmits,"
	    " b.connect_us AS direct_connect_us,"
	    " b.total_us AS direct_total_us" SENT DIRECT
	    " WHERE a.id IN (SELECT id FROM temp.failed) ORDER BY a.id",

	[ROWS_EDGE_QUERY] =
	    "SELECT CASE WHEN a.failure IS NULL THEN 'success' ELSE 'failure'"
	    "  END AS asked_about, lower(hex(a.attempt_id)) AS attempt_id,"
	    " utc(a.started_at) AS sent_from,"
	    " utc(a.started_at + ifnull(a.total_us, 0)) AS sent_to, r.path,"
	    " ifnull(o.address, x.addresses) AS sent_from_addresses,"
	    " a.observed_port AS sent_from_port,"
	    " t.address AS destination_address,"
	    " t.port AS destination_port, e.url,"
	    " ifnull(a.failure, 'ok') AS our_result,"
	    " a.http_status AS our_http_status, h.ids AS your_request_ids,"
	    " '' AS seen, '' AS time, '' AS client_address,"
	    " '' AS client_port, '' AS status, '' AS request_id,"
	    " '' AS detail" SENT
	    " LEFT JOIN temp.request_id h ON h.attempt_id = a.id"
	    " WHERE a.id IN (SELECT id FROM temp.failed UNION"
	    "  SELECT before FROM temp.around UNION"
	    "  SELECT after FROM temp.around) ORDER BY a.id",

	[ROWS_LETTER_PATHS] =
	    "SELECT r.path || ' (' || r.role || ')' AS path,"
	    " r.host_name AS host, ifnull(l.address, '?') AS local_address,"
	    " ifnull(x.addresses, 'not observed') AS public_address,"
	    " printf('%d of %d', sum(a.failure IS NOT NULL), count(*))"
	    "  AS failed" SENT
	    " WHERE a.failure IS NOT 'interrupted' AND e.kind = 'endpoint'"
	    " GROUP BY r.role, r.path, r.host_name, l.address, x.addresses"
	    " ORDER BY r.role DESC, r.path, r.host_name, l.address",

	[ROWS_LETTER_SPAN] =
	    "SELECT utc(min(f.started_at)) AS first,"
	    " utc(max(f.started_at)) AS last, f.endpoint, count(*) AS n,"
	    " f.path FROM temp.failed f GROUP BY f.role, f.path, f.endpoint"
	    " ORDER BY f.role DESC, f.path, f.endpoint",

	[ROWS_LETTER_WINDOWS] =
	    "SELECT utc(from_at) AS 'from', utc(to_at) AS 'to', path,"
	    " endpoint, ifnull(peer(t.address, t.port), 'not resolved')"
	    "  AS target, n AS failed FROM ("
	    "  SELECT *, row_number() OVER (ORDER BY role DESC, n DESC, first)"
	    "   AS nth FROM temp.stretch) s"
	    " LEFT JOIN target t ON t.id = s.target_id"
	    " WHERE nth <= 20 ORDER BY role DESC, from_at, first",

	[ROWS_LETTER_FAILURES] =
	    "SELECT utc(a.started_at) AS 'sent, UTC', r.host_name AS host,"
	    " ifnull(peer(l.address, a.local_port), '?') AS 'from',"
	    " ifnull(peer(o.address, a.observed_port),"
	    "  ifnull(x.addresses, '?') || ' (port not known)')"
	    "  AS 'public',"
	    " ifnull(peer(t.address, t.port), e.url) AS 'to',"
	    " printf('%s in %s after %.1f s', a.failure, a.failed_phase,"
	    "  a.total_us / 1e6) AS result,"
	    " ifnull(a.syn_retransmits, '?') AS 'SYNs resent',"
	    " CASE WHEN b.id IS NULL THEN 'no attempt' ELSE"
	    "  printf('%s, sent %s, in %d ms%s', ifnull(b.failure, 'ok'"
	    "   || ifnull(' ' || b.http_status, '')),"
	    "   substr(utc(b.started_at), 12),"
	    "   b.total_us / 1000,"
	    "   ifnull(', from ' || ifnull(peer(bo.address, b.observed_port),"
	    "    y.addresses), '')) END AS 'direct path' FROM ("
	    "  SELECT id, row_number() OVER (ORDER BY id) AS nth,"
	    "   count(*) OVER () AS of FROM temp.failed"
	    "  WHERE role = 'nat' OR NOT EXISTS"
	    "   (SELECT 1 FROM temp.failed WHERE role = 'nat')) k"
	    " CROSS JOIN attempt a ON a.id = k.id JOIN run r ON r.id = a.run_id"
	    " JOIN endpoint e ON e.id = a.endpoint_id"
	    " LEFT JOIN target t ON t.id = a.target_id"
	    " LEFT JOIN address l ON l.id = a.local_address_id"
	    " LEFT JOIN address o ON o.id = a.observed_address_id"
	    " LEFT JOIN temp.seen_as x ON x.agent_id = r.agent_id"
	    "  AND x.path = r.path" DIRECT
	    " LEFT JOIN temp.seen_as y ON y.agent_id = br.agent_id"
	    "  AND y.path = br.path" SPREAD(12) " ORDER BY a.id",

	[ROWS_LETTER_SUCCESSES] =
	    "SELECT utc(a.started_at) AS 'sent, UTC',"
	    " lower(hex(a.attempt_id)) AS 'X-Request-Id',"
	    " ifnull(h.ids, 'none kept') AS 'your ids',"
	    " ifnull(peer(o.address, a.observed_port), ifnull(x.addresses, '?')"
	    "  || ' (port not known)') AS 'public',"
	    " ifnull(peer(t.address, t.port), e.url) AS 'to',"
	    " ifnull(a.http_status, '') AS status FROM ("
	    "  SELECT id, row_number() OVER (ORDER BY id) AS nth,"
	    "   count(*) OVER () AS of FROM ("
	    "   SELECT before AS id FROM temp.around WHERE id IN"
	    "    (SELECT id FROM temp.failed WHERE role = 'nat')"
	    "   UNION SELECT after FROM temp.around WHERE id IN"
	    "    (SELECT id FROM temp.failed WHERE role = 'nat'))"
	    "  WHERE id IS NOT NULL) k"
	    " CROSS JOIN attempt a ON a.id = k.id JOIN run r ON r.id = a.run_id"
	    " JOIN endpoint e ON e.id = a.endpoint_id"
	    " LEFT JOIN target t ON t.id = a.target_id"
	    " LEFT JOIN address o ON o.id = a.observed_address_id"
	    " LEFT JOIN temp.seen_as x ON x.agent_id = r.agent_id"
	    "  AND x.path = r.path"
	    " LEFT JOIN temp.request_id h ON h.attempt_id = a.id" SPREAD(
		8) " ORDER BY a.id",

	[ROWS_GATEWAY_EVENTS] =
	    "SELECT utc(from_at) AS 'from', utc(to_at) AS 'to', source, kind,"
	    " value, protocol, inside_address, inside_port, outside_address,"
	    " outside_port, destination_address, destination_port, identity,"
	    " detail, import_id FROM gateway_event ORDER BY id",

	[ROWS_EDGE_ENTRIES] =
	    "SELECT utc(at) AS time, lower(hex(attempt_id)) AS attempt_id,"
	    " client_address, client_port, status, request_id, detail,"
	    " identity, import_id FROM edge_entry ORDER BY id",

	[ROWS_ARRIVALS] =
	    "SELECT utc(accepted_at) AS accepted_at,"
	    " lower(hex(attempt_id)) AS attempt_id, observed_address,"
	    " observed_port, listen_address, listen_port,"
	    " utc(client_hello_at) AS client_hello_at,"
	    " utc(handshake_at) AS handshake_at,"
	    " utc(request_at) AS request_at, utc(upgrade_at) AS upgrade_at,"
	    " utc(ended_at) AS ended_at, ended_how, requests, http_status,"
	    " reached, witness_run_id FROM witness_arrival ORDER BY id",

	[ROWS_WITNESSES] =
	    "SELECT id AS witness_run_id, host_name AS host, listen,"
	    " utc(started_at) AS listened_from, utc(alive_at) AS alive_at,"
	    " utc(ended_at) AS ended_at, lost_rows, clock_synchronised,"
	    " clock_max_error_us, kernel, version FROM witness_run"
	    " ORDER BY id",

	[ROWS_APP_FAILURES] =
	    "SELECT utc(at) AS time, source_address, source_port,"
	    " destination_address, destination_port, error, identity,"
	    " import_id FROM app_failure ORDER BY id",

	[ROWS_IMPORTS] =
	    "SELECT id AS import_id, kind, file, sha256,"
	    " utc(imported_at) AS imported_at, rows, duplicates, bad_lines,"
	    " first_bad FROM import ORDER BY id",

	[ROWS_MEASUREMENTS] =
	    "SELECT utc(m.started_at) AS started_at,"
	    " utc(m.ended_at) AS ended_at, m.kind, m.host_name AS host,"
	    " m.path, m.role, m.destination, m.finding, m.low, m.best, m.high,"
	    " m.ended_how, m.detail FROM measurement m ORDER BY m.id",

	[ROWS_RUNS] =
	    "SELECT g.agent, r.host_name AS host, r.path, r.role,"
	    " r.interface, r.source, r.mark, r.version AS natdiff_version,"
	    " utc(r.started_at) AS started, utc(r.ended_at) AS ended,"
	    " r.ended_how, r.planned AS attempts_planned,"
	    " r.fired AS attempts_fired, r.lost_rows,"
	    " r.interval_us / 1e6 AS interval_s, r.config_digest, r.kernel,"
	    " r.virtualisation, r.boot_id, utc(r.boot_at) AS booted,"
	    " CASE r.clock_synchronised WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END"
	    "  AS clock_synchronised,"
	    " r.clock_max_error_us, r.clock_step_us, r.facts, r.gateway"
	    " FROM run r JOIN agent g ON g.id = r.agent_id"
	    " ORDER BY g.agent, r.path, r.started_at, r.id",
};

/* ------------------------------------------------------------- functions */

/* utc(MICROSECONDS) */
static void
on_utc(sqlite3_context *context, int n, sqlite3_value **values)
{
	int64_t at = sqlite3_value_int64(values[0]);
	char text[WALLTIME_TEXT_SIZE];

	(void)n;
	if (sqlite3_value_type(values[0]) == SQLITE_NULL || at < 0 ||
	    at > TIME_MAX_US)
		return;
	walltime_format(at, 3, text);
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

/* peer(ADDRESS, PORT) */
static void
on_peer(sqlite3_context *context, int n, sqlite3_value **values)
{
	const char *address = (const char *)sqlite3_value_text(values[0]);
	int64_t port = sqlite3_value_int64(values[1]);
	char *text;

	(void)n;
	if (address == NULL)
		return;
	if (sqlite3_value_type(values[1]) == SQLITE_NULL)
		text = x_strdup(address);
	else
		text = x_asprintf(strchr(address, ':') != NULL ? "[%s]:%" PRId64
							       : "%s:%" PRId64,
		    address, port);
	sqlite3_result_text(context, text, -1, free);
}

/* ------------------------------------------------------------------ rows */

struct rows_source *
rows_open(const char *file, struct err *e)
{
	struct rows_source *s = x_calloc(1, sizeof(*s));

	s->file = file;
	if (sqlite3_open_v2(file, &s->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
		NULL) == SQLITE_OK &&
	    sqlite3_create_function(s->db, "utc", 1, SQLITE_UTF8, NULL, on_utc,
		NULL, NULL) == SQLITE_OK &&
	    sqlite3_create_function(s->db, "peer", 2, SQLITE_UTF8, NULL,
		on_peer, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(s->db, prepare_sql, NULL, NULL, NULL) == SQLITE_OK)
		return s;
	database_error(s->db, file, e);
	rows_close(s);
	return NULL;
}

void
rows_close(struct rows_source *s)
{
	if (s == NULL)
		return;
	sqlite3_close(s->db);
	free(s);
}

static void
read_row(sqlite3_stmt *st, struct export_value *values, size_t n)
{
	size_t i;
	int type;

	for (i = 0; i < n; i++) {
		type = sqlite3_column_type(st, (int)i);
		values[i].type = type == SQLITE_TEXT ? EXPORT_TEXT
		    : type == SQLITE_NULL            ? EXPORT_NULL
						     : EXPORT_NUMBER;
		values[i].text = (const char *)sqlite3_column_text(st, (int)i);
		values[i].size = (size_t)sqlite3_column_bytes(st, (int)i);
		if (values[i].text == NULL)
			values[i].type = EXPORT_NULL;
	}
}

int
rows_each(struct rows_source *s, enum rows which,
    const struct export_sink *sink, struct err *e)
{
	struct export_value values[COLUMNS_MAX] = { 0 };
	sqlite3_stmt *st;
	size_t n, i;
	int code;

	st = database_prepare(s->db, s->file, questions[which], e);
	if (st == NULL)
		return -1;
	n = (size_t)sqlite3_column_count(st);
	for (i = 0; i < n; i++)
		values[i].name = sqlite3_column_name(st, (int)i);
	if (sink->head != NULL)
		sink->head(sink->context, values, n);
	code = sqlite3_step(st);
	while (code == SQLITE_ROW) {
		read_row(st, values, n);
		if (sink->row(sink->context, values, n) != 0)
			code = SQLITE_DONE;
		else
			code = sqlite3_step(st);
	}
	if (code != SQLITE_DONE)
		database_error(s->db, s->file, e);
	sqlite3_finalize(st);
	return code == SQLITE_DONE ? 0 : -1;
}

static int
on_any(void *context, const struct export_value *values, size_t n)
{
	(void)values;
	(void)n;
	*(bool *)context = true;
	return -1;
}

bool
rows_any(struct rows_source *s, enum rows which)
{
	bool any = false;
	struct export_sink sink = { NULL, on_any, &any };

	return rows_each(s, which, &sink, NULL) == 0 && any;
}
