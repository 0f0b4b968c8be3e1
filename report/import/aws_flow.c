/*
 * VPC flow logs, versions 2 to 5 and any later: by their header line, or the
 * default columns of version 2.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

#define COLUMNS_MAX 128

enum column {
	COLUMN_ACTION,
	COLUMN_DESTINATION,
	COLUMN_END,
	COLUMN_FLAGS,
	COLUMN_INTERFACE,
	COLUMN_PACKETS,
	COLUMN_PKT_DESTINATION,
	COLUMN_PKT_SOURCE,
	COLUMN_PORT_FROM,
	COLUMN_PORT_TO,
	COLUMN_PROTOCOL,
	COLUMN_SOURCE,
	COLUMN_START,
	COLUMN_STATUS,
	COLUMN_COUNT
};

static const char *const names[COLUMN_COUNT] = {
	[COLUMN_ACTION] = "action",
	[COLUMN_DESTINATION] = "dstaddr",
	[COLUMN_END] = "end",
	[COLUMN_FLAGS] = "tcp-flags",
	[COLUMN_INTERFACE] = "interface-id",
	[COLUMN_PACKETS] = "packets",
	[COLUMN_PKT_DESTINATION] = "pkt-dstaddr",
	[COLUMN_PKT_SOURCE] = "pkt-srcaddr",
	[COLUMN_PORT_FROM] = "srcport",
	[COLUMN_PORT_TO] = "dstport",
	[COLUMN_PROTOCOL] = "protocol",
	[COLUMN_SOURCE] = "srcaddr",
	[COLUMN_START] = "start",
	[COLUMN_STATUS] = "log-status",
};

static const char header_2[] =
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol "
    "packets bytes start end action log-status";

struct flow_state {
	bool known;
	size_t n;                      /* columns in a line */
	signed char what[COLUMNS_MAX]; /* enum column, or -1 */
};

static bool
is_header(const char *line)
{
	return strstr(line, "srcaddr") != NULL &&
	    strstr(line, "log-status") != NULL;
}

static bool
knows(const char *line)
{
	size_t n = 1;
	const char *s;

	for (s = line; *s != '\0'; s++)
		n += *s == ' ';
	return is_header(line) ||
	    (n == 14 && strncmp(line, "2 ", 2) == 0 &&
		strstr(line, " eni-") != NULL);
}

static enum piece_result
read_header(struct parse *p, struct flow_state *st, char *line)
{
	char *word;
	int i;

	memset(st, 0, sizeof(*st));
	for (word = field_token(&line); word != NULL;
	     word = field_token(&line)) {
		if (st->n == COLUMNS_MAX)
			return parse_bad(p, "a header of too many columns");
		st->what[st->n] = -1;
		for (i = 0; i < COLUMN_COUNT; i++)
			if (strcmp(word, names[i]) == 0)
				st->what[st->n] = (signed char)i;
		st->n++;
	}
	st->known = true;
	return PIECE_SKIPPED;
}

/* A column that is there and applies. */
static const char *
value(char *const column[COLUMN_COUNT], enum column c)
{
	return column[c] == NULL || strcmp(column[c], "-") == 0 ? NULL
								: column[c];
}

/* What a packet held, where the interface is not one of its ends. */
static const char *
end_of(char *const column[COLUMN_COUNT], enum column pkt, enum column own)
{
	const char *s = value(column, pkt);

	return s != NULL ? s : value(column, own);
}

static const char *
kind_of(char *const column[COLUMN_COUNT])
{
	const char *action = value(column, COLUMN_ACTION);
	const char *flags = value(column, COLUMN_FLAGS);

	if (action != NULL && strcmp(action, "REJECT") == 0)
		return "flow_rejected";
	if (flags != NULL && strcmp(flags, "2") == 0)
		return "flow_syn_only";
	return "flow";
}

static enum piece_result
read_flow(struct parse *p, char *const column[COLUMN_COUNT],
    struct gateway_event_record *ev)
{
	const char *status = value(column, COLUMN_STATUS);

	if (status != NULL && strcmp(status, "NODATA") == 0)
		return PIECE_SKIPPED;
	ev->source = value(column, COLUMN_INTERFACE);
	if (ev->source == NULL)
		ev->source = "vpc flow log";
	if (!field_time(
		p->hints, value(column, COLUMN_START), &ev->from_at_us) ||
	    !field_time(p->hints, value(column, COLUMN_END), &ev->to_at_us) ||
	    ev->to_at_us < ev->from_at_us)
		return parse_bad(
		    p, "no good start and end, expected seconds since 1970");
	if (status != NULL && strcmp(status, "SKIPDATA") == 0) {
		ev->kind = "records_lost";
		return parse_gateway_event(p, ev);
	}
	ev->protocol = field_protocol(value(column, COLUMN_PROTOCOL));
	if (!field_address_port(
		end_of(column, COLUMN_PKT_SOURCE, COLUMN_SOURCE),
		value(column, COLUMN_PORT_FROM), &ev->inside) ||
	    !field_address_port(
		end_of(column, COLUMN_PKT_DESTINATION, COLUMN_DESTINATION),
		value(column, COLUMN_PORT_TO), &ev->destination))
		return parse_bad(p, "no good srcaddr and dstaddr");
	if (value(column, COLUMN_PACKETS) != NULL &&
	    !field_number(
		value(column, COLUMN_PACKETS), 0, INT32_MAX, &ev->value))
		return parse_bad(p, "no good number of packets");
	ev->kind = kind_of(column);
	return parse_gateway_event(p, ev);
}

static enum piece_result
read_line(struct parse *p, char *line)
{
	struct flow_state *st = parse_state(p, sizeof(*st));
	char *column[COLUMN_COUNT] = { NULL }, *word;
	char identity[LINE_IDENTITY_SIZE], header[sizeof(header_2)];
	struct gateway_event_record ev;
	size_t n = 0;

	if (is_header(line))
		return read_header(p, st, line);
	if (!st->known) {
		memcpy(header, header_2, sizeof(header));
		read_header(p, st, header);
	}
	field_line_identity(p, line, identity);
	for (word = field_token(&line); word != NULL;
	     word = field_token(&line)) {
		if (n < st->n && st->what[n] >= 0)
			column[st->what[n]] = word;
		n++;
	}
	if (n != st->n)
		return parse_bad(
		    p, "%zu columns, expected the header's %zu", n, st->n);
	gateway_event_record_init(&ev);
	ev.identity = identity;
	return read_flow(p, column, &ev);
}

const struct format format_aws_flow = {
	.name = "aws-flow",
	.does = "VPC flow logs of AWS, version 2 and later, by their header",
	.knows_line = knows,
	.line = read_line,
};
