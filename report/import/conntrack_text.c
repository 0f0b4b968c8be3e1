/*
 * What Linux says of its connection tracking: conntrack -E (with -o timestamp,
 * best with id), conntrack -L, conntrack -S and /proc/net/stat/nf_conntrack.
 * The last three have no time: a line with a time, as date -Is prints it, may
 * stand before each; two of them give the increase between them.
 */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/import/fields.h"
#include "report/import/formats.h"

enum counter { INSERT_FAILED, DROP, EARLY_DROP, COUNTER_COUNT };

static const struct {
	const char *name;
	const char *total; /* the kind of a single sample */
} counters[COUNTER_COUNT] = {
	[INSERT_FAILED] = { "insert_failed", "insert_failed_total" },
	[DROP] = { "drop", "drop_total" },
	[EARLY_DROP] = { "early_drop", "early_drop_total" },
};

struct sample {
	int64_t at_us;
	int64_t count[COUNTER_COUNT];
};

struct conntrack_state {
	int64_t at_us; /* of the last line with a time */
	bool timed;
	struct sample now, before;
	bool has_now, has_before;
	int last_cpu;
	int column[COUNTER_COUNT]; /* of /proc/net/stat/nf_conntrack */
	bool has_columns;
};

static bool
knows(const char *line)
{
	return (strstr(line, " src=") != NULL &&
		   strstr(line, " dport=") != NULL) ||
	    (strncmp(line, "cpu=", 4) == 0 &&
		strstr(line, "insert_failed=") != NULL) ||
	    (strncmp(line, "entries ", 8) == 0 &&
		strstr(line, "insert_failed") != NULL) ||
	    strncmp(line, "conntrack v", 11) == 0;
}

static const char source[] = "conntrack";

/* ------------------------------------------------------------- counters */

static enum piece_result
tell(struct parse *p, const char *kind, int64_t from_us, int64_t to_us,
    int64_t v)
{
	struct gateway_event_record ev;
	char identity[120];

	gateway_event_record_init(&ev);
	ev.source = p->hints->source != NULL ? p->hints->source : source;
	ev.kind = kind;
	ev.from_at_us = from_us;
	ev.to_at_us = to_us;
	ev.value = v;
	snprintf(identity, sizeof(identity), "%.60s %s %lld", ev.source, kind,
	    (long long)to_us);
	ev.identity = identity;
	return parse_gateway_event(p, &ev);
}

/* A sample is complete: what was counted since the one before. */
static enum piece_result
end_sample(struct parse *p, struct conntrack_state *st)
{
	enum piece_result result = PIECE_READ;
	int64_t more;
	int i;

	if (!st->has_now)
		return PIECE_SKIPPED;
	if (st->has_before && st->now.at_us <= st->before.at_us) {
		/* What it counted is in the next one, too. */
		st->has_now = false;
		return parse_bad(p,
		    "two samples at one time, expected a line "
		    "with the time (date -Is) before each");
	}
	for (i = 0; st->has_before && i < COUNTER_COUNT; i++) {
		more = st->now.count[i] - st->before.count[i];
		if (more < 0) /* it was loaded anew */
			more = st->now.count[i];
		if (result < PIECE_BAD)
			result = tell(p, counters[i].name, st->before.at_us,
			    st->now.at_us, more);
	}
	st->before = st->now;
	st->has_before = true;
	st->has_now = false;
	return result;
}

static void
begin_sample(struct parse *p, struct conntrack_state *st)
{
	const struct import_hints *h = p->hints;

	memset(&st->now, 0, sizeof(st->now));
	st->now.at_us = st->timed      ? st->at_us
	    : h->at_us != NOT_MEASURED ? h->at_us
				       : h->written_us;
	st->has_now = true;
}

/* "cpu=1 found=0 ... insert_failed=28 drop=28 ...". */
static enum piece_result
read_cpu(struct parse *p, struct conntrack_state *st, const char *line)
{
	enum piece_result result = PIECE_SKIPPED;
	char text[32];
	int64_t v, cpu;
	int i;

	if (!field_pair(line, "cpu", text, sizeof(text)) ||
	    !field_number(strtok(text, " \t"), 0, 65536, &cpu))
		return parse_bad(p, "no good cpu=, expected conntrack -S");
	if (st->has_now && cpu <= st->last_cpu)
		result = end_sample(p, st);
	if (result >= PIECE_BAD)
		return result;
	if (!st->has_now)
		begin_sample(p, st);
	st->last_cpu = (int)cpu;
	for (i = 0; i < COUNTER_COUNT; i++) {
		if (!field_pair(line, counters[i].name, text, sizeof(text)) ||
		    !field_number(text, 0, INT32_MAX, &v))
			return parse_bad(p, "no good %s=", counters[i].name);
		st->now.count[i] += v;
	}
	return PIECE_SKIPPED;
}

static enum piece_result
read_columns(struct parse *p, struct conntrack_state *st, char *line)
{
	enum piece_result result = end_sample(p, st);
	char *word;
	int i, n = 0, found = 0;

	for (word = field_token(&line); word != NULL;
	     word = field_token(&line)) {
		for (i = 0; i < COUNTER_COUNT; i++)
			if (strcmp(word, counters[i].name) == 0) {
				st->column[i] = n;
				found++;
			}
		n++;
	}
	if (found != COUNTER_COUNT)
		return parse_bad(p,
		    "expected the columns insert_failed, drop "
		    "and early_drop once each");
	st->has_columns = true;
	begin_sample(p, st);
	return result;
}

static enum piece_result
read_hex(struct parse *p, struct conntrack_state *st, char *line)
{
	unsigned long v;
	char *word, *end;
	int i, n = 0;

	for (word = field_token(&line); word != NULL;
	     word = field_token(&line)) {
		v = strtoul(word, &end, 16);
		if (*end != '\0' || v > INT32_MAX)
			return parse_bad(p, "%.20s is no counter", word);
		for (i = 0; i < COUNTER_COUNT; i++)
			if (st->column[i] == n)
				st->now.count[i] += (int64_t)v;
		n++;
	}
	return PIECE_SKIPPED;
}

static enum piece_result
read_end(struct parse *p)
{
	struct conntrack_state *st = parse_state(p, sizeof(*st));
	bool one = st->has_now && !st->has_before;
	enum piece_result result = end_sample(p, st);
	int i;

	for (i = 0; one && i < COUNTER_COUNT && result < PIECE_BAD; i++)
		result = tell(p, counters[i].total, st->before.at_us,
		    st->before.at_us, st->before.count[i]);
	return result;
}

/* ---------------------------------------------------------- connections */

struct tuple {
	char *src, *dst, *sport, *dport;
};

/* src= dst= sport= dport= of both directions; the first one of each. */
static void
read_tuples(char *line, struct tuple tuple[2], char **id)
{
	char *word;
	int n = -1;

	for (word = field_token(&line); word != NULL;
	     word = field_token(&line)) {
		if (strncmp(word, "src=", 4) == 0 && n < 1)
			tuple[++n].src = word + 4;
		else if (n < 0)
			continue;
		else if (strncmp(word, "dst=", 4) == 0)
			tuple[n].dst = word + 4;
		else if (strncmp(word, "sport=", 6) == 0)
			tuple[n].sport = word + 6;
		else if (strncmp(word, "dport=", 6) == 0)
			tuple[n].dport = word + 6;
		else if (strncmp(word, "id=", 3) == 0)
			*id = word + 3;
	}
}

static int64_t
protocol_of(const char *line)
{
	if (strstr(line, "tcp ") != NULL)
		return 6;
	return strstr(line, "udp ") != NULL ? 17 : NOT_MEASURED;
}

/* "[1795227953.435323]", or what the user said. */
static bool
time_of(const struct parse *p, const struct conntrack_state *st,
    const char *line, bool listed, int64_t *at_us)
{
	char text[32];
	size_t n;

	if (*line == '[' && isdigit((unsigned char)line[1])) {
		n = strcspn(line + 1, "]");
		if (n >= sizeof(text))
			return false;
		memcpy(text, line + 1, n);
		text[n] = '\0';
		return field_time(p->hints, text, at_us);
	}
	if (st->timed)
		*at_us = st->at_us;
	else if (p->hints->at_us != NOT_MEASURED)
		*at_us = p->hints->at_us;
	else if (listed)
		*at_us = p->hints->written_us;
	else
		return false;
	return true;
}

static enum piece_result
read_connection(struct parse *p, struct conntrack_state *st, char *line)
{
	struct tuple tuple[2] = { { NULL, NULL, NULL, NULL },
		{ NULL, NULL, NULL, NULL } };
	char identity[LINE_IDENTITY_SIZE], *id = NULL;
	struct gateway_event_record ev;
	bool event = strstr(line, "[NEW]") != NULL ||
	    strstr(line, "[UPDATE]") != NULL ||
	    strstr(line, "[DESTROY]") != NULL;

	if (strstr(line, "[UPDATE]") != NULL)
		return PIECE_SKIPPED;
	gateway_event_record_init(&ev);
	if (!time_of(p, st, line, !event, &ev.from_at_us))
		return parse_bad(p,
		    "no time, expected conntrack -E -o "
		    "timestamp,id (or use --at)");
	ev.kind = !event                    ? "connection_listed"
	    : strstr(line, "[NEW]") != NULL ? "connection_new"
					    : "connection_ended";
	ev.to_at_us = ev.from_at_us;
	ev.source = source;
	ev.protocol = protocol_of(line);
	field_line_identity(p, line, identity);
	ev.identity = identity;
	if (*line == '[' && strchr(line, ']') != NULL)
		line = strchr(line, ']') + 1;
	read_tuples(line, tuple, &id);
	if (!field_address_port(tuple[0].src, tuple[0].sport, &ev.inside) ||
	    !field_address_port(tuple[0].dst, tuple[0].dport, &ev.destination))
		return parse_bad(p, "no good src= and dst=");
	/* The address it leaves from is where answers come to. */
	if (tuple[1].dst != NULL &&
	    !field_address_port(tuple[1].dst, tuple[1].dport, &ev.outside))
		return parse_bad(p, "no good dst= of the answers");
	return parse_gateway_event(p, &ev);
}

static enum piece_result
read_line(struct parse *p, char *line)
{
	struct conntrack_state *st = parse_state(p, sizeof(*st));
	enum piece_result result;
	int64_t at_us;

	if (strstr(line, " src=") != NULL)
		return read_connection(p, st, line);
	if (strncmp(line, "cpu=", 4) == 0)
		return read_cpu(p, st, line);
	if (strncmp(line, "entries ", 8) == 0)
		return read_columns(p, st, line);
	if (strstr(line, "have been shown") != NULL)
		return PIECE_SKIPPED;
	if (field_time(p->hints, line, &at_us)) {
		result = end_sample(p, st);
		st->at_us = at_us;
		st->timed = true;
		return result;
	}
	if (st->has_columns && st->has_now)
		return read_hex(p, st, line);
	return parse_bad(p,
	    "expected conntrack -E, -L or -S, "
	    "/proc/net/stat/nf_conntrack, or a time");
}

const struct format format_conntrack = {
	.name = "conntrack",
	.does = "Linux: conntrack -E, -L, -S, /proc/net/stat/nf_conntrack",
	.knows_line = knows,
	.line = read_line,
	.end = read_end,
};
