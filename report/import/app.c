/*
 * The application's own failures: CSV or JSON lines, as few columns as a time.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/columns.h"
#include "report/import/fields.h"
#include "report/import/formats.h"

enum meaning {
	TIME,
	SOURCE,
	SOURCE_PORT,
	DESTINATION,
	DESTINATION_PORT,
	ERROR,
	MEANINGS
};

static const struct column_meaning meanings[MEANINGS] = {
	[TIME] = { "time",
	    { "timestamp", "at", "@timestamp", "ts", "date", "datetime",
		"time_iso8601", NULL } },
	[SOURCE] = { "source",
	    { "src", "source_ip", "src_ip", "source_address", "local",
		"local_address", "local_ip", "laddr", NULL } },
	[SOURCE_PORT] = { "source_port",
	    { "src_port", "local_port", "sport", NULL } },
	[DESTINATION] = { "destination",
	    { "dst", "dest", "destination_ip", "dst_ip", "dest_ip",
		"destination_address", "remote", "remote_address", "remote_ip",
		"raddr", "peer", NULL } },
	[DESTINATION_PORT] = { "destination_port",
	    { "dst_port", "dest_port", "remote_port", "dport", "peer_port",
		NULL } },
	[ERROR] = { "error",
	    { "err", "message", "msg", "failure", "exception", "reason",
		NULL } },
};

static enum piece_result read_values(
    struct parse *p, const char *const *value, const char *identity);

static const struct column_table table = { meanings, MEANINGS, read_values };

static bool
knows(const char *line)
{
	return columns_known(&table, line, 2);
}

static bool
knows_json(const struct jtree *t, const struct jnode *o)
{
	return jtree_get(t, o, "error") != NULL &&
	    (jtree_get(t, o, "time") != NULL ||
		jtree_get(t, o, "timestamp") != NULL);
}

static enum piece_result
read_values(struct parse *p, const char *const *value, const char *identity)
{
	struct app_failure_record f;
	char error[FIELD_TEXT_SIZE];

	app_failure_record_init(&f);
	if (columns_time(p, value[TIME], &f.at_us) != PIECE_READ)
		return PIECE_BAD;
	if (value[SOURCE] != NULL &&
	    !columns_address(value[SOURCE], value[SOURCE_PORT], &f.source))
		return parse_bad(
		    p, "%.60s: no address, expected IP:PORT", value[SOURCE]);
	/* A name in place of an address tells nothing that can be joined. */
	if (value[DESTINATION] != NULL &&
	    !columns_address(
		value[DESTINATION], value[DESTINATION_PORT], &f.destination))
		f.destination.family = 0;
	if (value[ERROR] != NULL) {
		snprintf(error, sizeof(error), "%s", value[ERROR]);
		f.error = error;
	}
	f.identity = identity;
	return parse_app_failure(p, &f);
}

const struct format format_app = {
	.name = "app",
	.does = "the application's failures: CSV or JSON lines, named columns",
	.knows_line = knows,
	.knows_json = knows_json,
	.line = columns_line,
	.json = columns_json,
	.table = &table,
};
