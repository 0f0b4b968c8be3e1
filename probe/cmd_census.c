/*
 * natdiff-probe census: who eats the ports, as a table or as JSON lines.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "natdiff/json_values.h"
#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "probe/census.h"
#include "probe/cmd_census.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/hostlimits.h"
#include "probe/pause.h"

#define INTERVAL_MIN_US     100000 /* a census can cost tens of ms */
#define INTERVAL_MAX_US     (INT64_C(7) * 24 * 3600 * 1000000)
#define INTERVAL_DEFAULT_US 1000000
#define TOP_DEFAULT         20
#define TABLE_WIDTH         80
#define DESTINATION_WIDTH   21 /* 255.255.255.255:65535; more: own line */

struct options {
	int64_t interval_us; /* 0: once */
	int64_t count;       /* 0: without end */
	int64_t top;         /* 0: all */
	bool json;
};

static const char help[] =
    "Who eats the ports: this host's TCP sockets by destination and state.\n"
    "\n"
    "  natdiff-probe census                 the 20 busiest destinations, once\n"
    "  natdiff-probe census -i 5            every 5 seconds, until Ctrl-C\n"
    "  natdiff-probe census -i 10 -n 360 --json >census.jsonl\n"
    "                                       an hour of samples, to keep\n"
    "  sudo natdiff-probe census            with the names of all processes\n"
    "\n"
    "Options:\n"
    "  -i, --interval DURATION  repeat: 5, 500ms, 1m (at least 100ms)\n"
    "  -n, --count COUNT        end after so many samples\n"
    "      --top N              destinations shown, 0 for all (default 20)\n"
    "      --json               one JSON object a line, see natdiff-probe(1)\n"
    "      --help               this text\n";

/* ----------------------------------------------------------------- table */

enum { COLUMNS = 6 };

static const char *const headings[2][COLUMNS] = {
	{ "estab-", "syn_", "time_", "", "close_", "local" },
	{ "lished", "sent", "wait", "closing", "wait", "ports" },
};

static void
column_values(const struct census_record *r, int64_t values[COLUMNS])
{
	values[0] = r->established;
	values[1] = r->syn_sent;
	values[2] = r->time_wait;
	values[3] = r->closing;
	values[4] = r->close_wait;
	values[5] = r->local_ports;
}

/* No number is wider than the total's. */
static void
column_widths(const struct census_record *total, int widths[COLUMNS])
{
	int64_t values[COLUMNS];
	int i, width;

	column_values(total, values);
	for (i = 0; i < COLUMNS; i++) {
		widths[i] = (int)strlen(headings[1][i]);
		width = (int)strlen(headings[0][i]);
		if (widths[i] < width)
			widths[i] = width;
		width = snprintf(NULL, 0, "%" PRId64, values[i]);
		if (widths[i] < width)
			widths[i] = width;
	}
}

/* Add the processes that fit into what is left of the line. */
static void
add_owners(struct text *out, const struct census_line *l, int room)
{
	size_t i;
	int need;

	for (i = 0; i < l->n_owners; i++) {
		need = (i == 0 ? 2 : 1) + (int)strlen(l->owners[i].name);
		if (need > room)
			break;
		text_addf(out, "%s%s", i == 0 ? "  " : ",", l->owners[i].name);
		room -= need;
	}
	if (i > 0 && i < l->n_owners && room >= 3)
		text_addf(out, ",..");
}

static void
add_row(struct text *out, const char *name, const struct census_record *r,
    const struct census_line *l, const int widths[COLUMNS])
{
	int64_t values[COLUMNS];
	int i, used = DESTINATION_WIDTH;

	if (strlen(name) > DESTINATION_WIDTH) {
		text_addf(out, "%s\n", name);
		name = "";
	}
	text_addf(out, "%-*s", DESTINATION_WIDTH, name);
	column_values(r, values);
	for (i = 0; i < COLUMNS; i++) {
		text_addf(out, " %*" PRId64, widths[i], values[i]);
		used += 1 + widths[i];
	}
	if (l != NULL)
		add_owners(out, l, TABLE_WIDTH - used);
	text_addf(out, "\n");
}

static void
add_headings(struct text *out, const int widths[COLUMNS])
{
	int line, i;

	for (line = 0; line < 2; line++) {
		text_addf(out, "%-*s", DESTINATION_WIDTH,
		    line == 0 ? "" : "destination");
		for (i = 0; i < COLUMNS; i++)
			text_addf(out, " %*s", widths[i], headings[line][i]);
		text_addf(out, "%s\n", line == 0 ? "" : "  processes");
	}
}

static void
destination_text(const struct endpoint_address *a, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN];

	snprintf(out, size, a->family == AF_INET6 ? "[%s]:%u" : "%s:%u",
	    endpoint_address_ip(a, ip), (unsigned int)a->port);
}

/* "NAME: COUNT of MAX (P %)", as far as it is known. */
static void
add_share(struct text *out, const char *name, int64_t count, int64_t max)
{
	if (count == NOT_MEASURED || max == NOT_MEASURED)
		text_addf(out, "%s: not readable on this host\n", name);
	else
		text_addf(out, "%s: %" PRId64 " of %" PRId64 " (%.1f %%)\n",
		    name, count, max,
		    max > 0 ? 100.0 * (double)count / (double)max : 0.0);
}

static int64_t
range_size(const struct host_sample_record *s)
{
	if (s->port_range_first == NOT_MEASURED)
		return NOT_MEASURED;
	return s->port_range_last - s->port_range_first + 1;
}

void
census_table(struct text *out, const struct census *c,
    const struct host_sample_record *s)
{
	char name[INET6_ADDRSTRLEN + 16];
	int widths[COLUMNS];
	size_t i;

	column_widths(&c->total, widths);
	add_headings(out, widths);
	for (i = 0; i < c->n_lines; i++) {
		destination_text(
		    &c->lines[i].counts.destination, name, sizeof(name));
		add_row(out, name, &c->lines[i].counts, &c->lines[i], widths);
	}
	snprintf(name, sizeof(name), "all %zu", c->n_destinations);
	add_row(out, name, &c->total, NULL, widths);
	text_addf(out, "\n");
	snprintf(name, sizeof(name), "local ports");
	if (s->port_range_first != NOT_MEASURED)
		snprintf(name, sizeof(name), "local ports %" PRId64 "-%" PRId64,
		    s->port_range_first, s->port_range_last);
	add_share(out, name, c->ports_in_use, range_size(s));
	add_share(
	    out, "conntrack entries", s->conntrack_count, s->conntrack_max);
}

/* ------------------------------------------------------------------ JSON */

static void
set_counts(json_t *o, const struct census_record *r)
{
	static const char *const keys[COLUMNS] = { "established", "syn_sent",
		"time_wait", "closing", "close_wait", "local_ports" };
	int64_t values[COLUMNS];
	int i;

	column_values(r, values);
	for (i = 0; i < COLUMNS; i++)
		json_object_set_new(o, keys[i], json_integer(values[i]));
}

static json_t *
line_json(const struct census_line *l)
{
	char ip[INET6_ADDRSTRLEN];
	json_t *o = json_object(), *owners = json_array(), *owner;
	size_t i;

	json_object_set_new(o, "address",
	    json_string(endpoint_address_ip(&l->counts.destination, ip)));
	json_object_set_new(
	    o, "port", json_integer(l->counts.destination.port));
	set_counts(o, &l->counts);
	for (i = 0; i < l->n_owners; i++) {
		owner = json_object();
		json_object_set_new(
		    owner, "name", json_string(l->owners[i].name));
		json_object_set_new(
		    owner, "sockets", json_integer(l->owners[i].sockets));
		json_array_append_new(owners, owner);
	}
	json_object_set_new(o, "processes", owners);
	return o;
}

char *
census_json(const struct census *c, const struct host_sample_record *s)
{
	const struct {
		const char *key;
		int64_t value;
	} limits[] = {
		{ "ports_in_use", c->ports_in_use },
		{ "port_range_first", s->port_range_first },
		{ "port_range_last", s->port_range_last },
		{ "conntrack_count", s->conntrack_count },
		{ "conntrack_max", s->conntrack_max },
		{ "conntrack_drops", s->conntrack_drops },
		{ "allowance_exceeded", s->allowance_exceeded },
		{ "cpu_stall_us", s->cpu_stall_us },
		{ "load1_milli", s->load1_milli },
		{ "unnamed_sockets", c->unnamed_sockets },
	};
	char at[WALLTIME_TEXT_SIZE], *text;
	json_t *o = json_object(), *list = json_array(), *total;
	size_t i;

	json_object_set_new(
	    o, "at", json_string(walltime_format(s->at_us, 3, at)));
	for (i = 0; i < c->n_lines; i++)
		json_array_append_new(list, line_json(&c->lines[i]));
	json_object_set_new(o, "destinations", list);
	total = json_object();
	json_object_set_new(
	    total, "destinations", json_integer((json_int_t)c->n_destinations));
	set_counts(total, &c->total);
	json_object_set_new(o, "total", total);
	for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		json_object_set_new(
		    o, limits[i].key, json_measured(limits[i].value));
	text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

/* --------------------------------------------------------------- options */

static int
take_option(void *arg, int option, char *value)
{
	struct options *o = arg;
	struct cmd_value v = { "census", NULL, value };

	switch (option) {
	case 'i':
		v.option = "--interval";
		if (duration_parse(value, &o->interval_us) == -1 ||
		    o->interval_us < INTERVAL_MIN_US ||
		    o->interval_us > INTERVAL_MAX_US)
			return cmd_refuse(&v, "a duration from 100ms to 7d");
		return 0;
	case 'n':
		v.option = "--count";
		return cmd_parse_count(&v, 1, &o->count);
	case 't':
		v.option = "--top";
		return cmd_parse_count(&v, 0, &o->top);
	default: /* 'j' */
		o->json = true;
		return 0;
	}
}

/* 0, or -1 after a message; 1 where help was asked for and given. */
static int
parse_options(struct options *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "top", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct cmd_table table = { "census", "i:n:h", options,
		help, take_option };
	int result;

	memset(o, 0, sizeof(*o));
	o->top = TOP_DEFAULT;
	result = cmd_take_options(&table, argc, argv, o);
	if (o->interval_us == 0 && o->count == 0)
		o->count = 1;
	if (o->interval_us == 0)
		o->interval_us = INTERVAL_DEFAULT_US;
	return result;
}

/* --------------------------------------------------------------- running */

/* Take one sample and print it. */
static int
sample(const struct options *o, bool again, int64_t *unnamed, struct err *e)
{
	char at[WALLTIME_TEXT_SIZE], *json;
	struct host_sample_record s;
	struct census c;
	struct text out;

	memset(&s, 0, sizeof(s));
	s.at_us = walltime_now_us();
	hostlimits_read(&s);
	if (census_take(&c, o->top == 0 ? SIZE_MAX : (size_t)o->top,
		s.port_range_first, s.port_range_last, true, e) == -1)
		return -1;
	text_init(&out, SIZE_MAX / 4);
	if (o->json) {
		json = census_json(&c, &s);
		puts(json);
		free(json);
	} else {
		if (o->count != 1)
			text_addf(&out, "%s%s\n", again ? "\n" : "",
			    walltime_format(s.at_us, 0, at));
		census_table(&out, &c, &s);
		fputs(out.s, stdout);
	}
	text_clear(&out);
	*unnamed = c.unnamed_sockets;
	census_clear(&c);
	if (fflush(stdout) == EOF)
		return err_sys(e, "standard output");
	return 0;
}

static int
run(const struct options *o, struct err *e)
{
	int64_t due_us = monotonic_now_us(), i;
	sigset_t signals;
	int64_t unnamed = 0;

	/* A sample that has begun is printed whole. */
	pause_block_signals(&signals);
	for (i = 0; o->count == 0 || i < o->count; i++) {
		if (i > 0) {
			/* Late ones are left out, not made up for. */
			do
				due_us += o->interval_us;
			while (due_us < monotonic_now_us());
			if (pause_until(due_us, &signals))
				return 0;
		}
		if (sample(o, i > 0, &unnamed, e) == -1)
			return -1;
		if (i == 0 && unnamed > 0 && !o->json && geteuid() != 0)
			fprintf(stderr,
			    "natdiff-probe: census: %" PRId64
			    " open sockets without a name of a process: "
			    "those of other users are for root to see\n",
			    unnamed);
	}
	return 0;
}

int
cmd_census(int argc, char **argv)
{
	struct options o;
	struct err e;

	switch (parse_options(&o, argc, argv)) {
	case -1:
		return EXIT_USAGE;
	case 1:
		return 0;
	default:
		break;
	}
	if (run(&o, &e) == -1) {
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
		return 1;
	}
	return 0;
}
