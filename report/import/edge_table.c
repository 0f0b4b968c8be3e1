/*
 * Edge logs with named columns, CSV or JSON lines: nginx's own JSON format,
 * a query that the vendor answered, an export from anywhere.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/columns.h"
#include "report/import/fields.h"
#include "report/import/formats.h"

enum meaning {
	TIME,
	TRACEPARENT,
	ATTEMPT_ID,
	CLIENT,
	CLIENT_PORT,
	STATUS,
	REQUEST_ID,
	ASKED_ABOUT, /* of a bundle's query, in every line */
	MEANINGS
};

static const struct column_meaning meanings[MEANINGS] = {
	[TIME] = { "time",
	    { "timestamp", "at", "@timestamp", "ts", "date", "datetime",
		"time_iso8601", "time_local", "start_time", "seen_at",
		"TimeGenerated", NULL } },
	[TRACEPARENT] = { "traceparent",
	    { "http_traceparent", "trace_id", "trace", "traceId", NULL } },
	[ATTEMPT_ID] = { "attempt_id",
	    { "attempt", "x_request_id", "x-request-id", "http_x_request_id",
		NULL } },
	[CLIENT] = { "client",
	    { "client_ip", "client_address", "remote_addr", "remote_ip",
		"remoteIp", "source_ip", "src_ip", "address", "ip",
		"downstream_remote_address", "observed_address", NULL } },
	[CLIENT_PORT] = { "client_port",
	    { "remote_port", "source_port", "src_port", "port", "observed_port",
		NULL } },
	[STATUS] = { "status",
	    { "http_status", "status_code", "code", "response_code",
		"elb_status_code", NULL } },
	[REQUEST_ID] = { "request_id",
	    { "requestId", "id", "vendor_request_id", NULL } },
	[ASKED_ABOUT] = { "asked_about", { NULL } },
};

static enum piece_result read_values(
    struct parse *p, const char *const *value, const char *identity);

static const struct column_table table = { meanings, MEANINGS, read_values };

static bool
knows(const char *line)
{
	static const char *const edge_only[] = { "client", "remote_addr",
		"status", "attempt_id", "traceparent", "http_status" };
	size_t i;

	for (i = 0; i < sizeof(edge_only) / sizeof(edge_only[0]); i++)
		if (strstr(line, edge_only[i]) != NULL)
			return columns_known(&table, line, 2);
	return false;
}

static bool
knows_json(const struct jtree *t, const struct jnode *o)
{
	static const char *const edge_only[] = { "client", "client_ip",
		"remote_addr", "status", "attempt_id", "traceparent",
		"response_code", "downstream_remote_address" };
	size_t i;

	for (i = 0; i < sizeof(edge_only) / sizeof(edge_only[0]); i++)
		if (jtree_get(t, o, edge_only[i]) != NULL)
			return true;
	return false;
}

static enum piece_result
read_values(struct parse *p, const char *const *value, const char *identity)
{
	struct edge_entry_record en;
	char request[FIELD_TEXT_SIZE];

	edge_entry_record_init(&en);
	/* A query without an answer, or with "no": it was not seen. */
	if (value[ASKED_ABOUT] != NULL && value[TIME] == NULL)
		return PIECE_SKIPPED;
	if (columns_time(p, value[TIME], &en.at_us) != PIECE_READ)
		return PIECE_BAD;
	if (value[CLIENT] != NULL &&
	    !columns_address(value[CLIENT], value[CLIENT_PORT], &en.client))
		return parse_bad(
		    p, "%.60s: no address, expected IP:PORT", value[CLIENT]);
	if (value[STATUS] != NULL &&
	    !field_number(value[STATUS], 0, 999, &en.status))
		return parse_bad(p, "%.20s: no status", value[STATUS]);
	en.has_attempt_id =
	    field_attempt_id(value[TRACEPARENT], en.attempt_id) ||
	    field_attempt_id(value[ATTEMPT_ID], en.attempt_id);
	if (value[REQUEST_ID] != NULL) {
		snprintf(request, sizeof(request), "%s", value[REQUEST_ID]);
		en.request_id = request;
	}
	en.identity = identity;
	return parse_edge_entry(p, &en);
}

const struct format format_edge = {
	.name = "edge",
	.does = "an edge log of any kind, or CSV or JSON lines, named columns",
	.is_edge = true,
	.knows_line = knows,
	.knows_json = knows_json,
	.line = columns_line,
	.json = columns_json,
	.table = &table,
};
