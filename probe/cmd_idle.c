/*
 * natdiff-probe idle: after how long a silent connection dies, how, and by
 * whose doing.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/idle_run.h"
#include "probe/idle_words.h"
#include "probe/pathsocket.h"

#define CONNECTIONS_DEFAULT 24
#define SHORTEST_MIN_US     1000000
#define SHORTEST_US         (INT64_C(10) * 1000000)
#define LONGEST_MAX_US      (INT64_C(86400) * 1000000)
#define LONGEST_US          (INT64_C(1800) * 1000000)

/* A ladder, a bisection that agrees with it, and what chance may cost. */
#define ROUNDS_MAX 5
#define WITHIN     0.1

enum { OPTION_SHORTEST = 1, OPTION_LONGEST };

static const char help[] =
    "After how long a silent connection dies, and how: connections are opened\n"
    "through the NAT, and beside it over the direct path where this host has\n"
    "one, each is left silent for its own time and then asked for a pong.\n"
    "\n"
    "  natdiff-probe idle --i-own-this-endpoint wss://witness.example.net:7443/ \\\n"
    "      --control https://witness.example.net:7444/\n"
    "  natdiff-probe idle --i-own-this-endpoint -c natdiff.yaml --endpoint own\n"
    "  natdiff-probe idle --i-own-this-endpoint -c natdiff.yaml --endpoint own \\\n"
    "      --path direct                   the same from a host without the NAT\n"
    "  natdiff-probe idle --i-own-this-endpoint -c natdiff.yaml --endpoint own \\\n"
    "      --shortest 1m --longest 2h --json\n"
    "\n"
    "usage: natdiff-probe idle --i-own-this-endpoint [OPTION...] [URL]\n"
    "\n"
    "URL is ws: or wss:, a natdiff-probe witness or a server of your own.\n"
    "\n"
    "      --shortest DURATION   silences to try first: from 10s (default)\n"
    "      --longest DURATION    to 30m (default); it may last a little more\n"
    "                            than twice as long as a connection lives\n" ACTIVE_HELP
    "\n"
    "--max is 24 unless given, for each of the paths, and 64 at most.\n"
    "\n"
    "Exit status: 0 done, 1 failed or stopped, 2 usage.\n";

struct options {
	struct active_options active;
	int64_t shortest_us, longest_us;
};

/* --------------------------------------------------------------- options */

static int
parse_silence(const char *option, int64_t *us)
{
	struct cmd_value v = { "idle", option, optarg };

	if (duration_parse(optarg, us) != 0 || *us < SHORTEST_MIN_US ||
	    *us > LONGEST_MAX_US)
		return cmd_refuse(&v, "a duration from 1s to 24h");
	return 0;
}

static int
parse_option(struct options *o, int option)
{
	switch (option) {
	case OPTION_SHORTEST:
		return parse_silence("--shortest", &o->shortest_us);
	case OPTION_LONGEST:
		return parse_silence("--longest", &o->longest_us);
	default:
		return active_options_take(&o->active, option);
	}
}

/* What the options say together. */
static int
check_options(const struct options *o)
{
	if (o->longest_us < o->shortest_us) {
		fputs("natdiff-probe idle: --longest is below --shortest, "
		      "expected more\n",
		    stderr);
		return -1;
	}
	if (o->active.max < IDLE_CONNECTIONS_MIN) {
		fprintf(stderr,
		    "natdiff-probe idle: --max %" PRId64 ", expected %d or "
		    "more: a ladder has rungs\n",
		    o->active.max, IDLE_CONNECTIONS_MIN);
		return -1;
	}
	if (!conf_endpoint_is_websocket(o->active.endpoint)) {
		fprintf(stderr,
		    "natdiff-probe idle: %s: expected a ws: or wss: URL, whose "
		    "far end answers a ping\n",
		    o->active.endpoint->url);
		return -1;
	}
	return 0;
}

/* 0, or -1 after a message; 1 where help was asked for and given. */
static int
parse_options(struct options *o, int argc, char **argv)
{
	static const struct option table[] = {
		{ "shortest", required_argument, NULL, OPTION_SHORTEST },
		{ "longest", required_argument, NULL, OPTION_LONGEST },
		ACTIVE_LONG_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	int option;

	active_options_init(&o->active, MEASUREMENT_IDLE, CONNECTIONS_DEFAULT,
	    IDLE_CONNECTIONS_MAX);
	o->shortest_us = SHORTEST_US;
	o->longest_us = LONGEST_US;
	for (;;) {
		option =
		    getopt_long(argc, argv, ACTIVE_SHORT_OPTIONS, table, NULL);
		if (option == -1)
			break;
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (parse_option(o, option) != 0)
			return -1;
	}
	if (active_options_finish(&o->active, argc, argv) != 0)
		return -1;
	return check_options(o);
}

/* ---------------------------------------------------------------- course */

/* A direct path of this host's, beside the NAT; NULL: none. */
static const struct conf_path *
path_beside(const struct active_options *o)
{
	size_t i;

	if (o->path->role != ROLE_NAT)
		return NULL;
	for (i = 0; i < o->conf.n_paths; i++)
		if (o->conf.paths[i].role == ROLE_DIRECT)
			return &o->conf.paths[i];
	return NULL;
}

/* The result of one side: a row, JSON, words. */
static int
end_side(const struct idle_run *r, size_t side, struct measurement_record *m,
    struct err *e)
{
	struct idle_result result;

	idle_result_find(&result, r, side);
	m->path = r->sides[side].path->name;
	m->role = r->sides[side].path->role;
	m->finding = result.estimate.finding;
	m->low = result.estimate.low_us;
	m->best = result.estimate.best_us;
	m->high = result.estimate.high_us;
	if (active_end(r->a, m, idle_detail(&result), e) != 0)
		return -1;
	if (active_prints(r->a))
		idle_print(stdout, &result);
	return 0;
}

static int
measure(struct idle_run *r, struct err *e)
{
	struct measurement_record m;
	struct err later;
	size_t i;
	int status = 0;

	active_record(r->a, &m);
	m.ended_how = idle_run(r, e);
	if (m.ended_how == MEASUREMENT_FAILED ||
	    m.ended_how == MEASUREMENT_STOPPED)
		status = 1;
	for (i = 0; i < r->n_sides; i++)
		if (end_side(r, i, &m, status == 0 ? e : &later) != 0)
			status = 1;
	if (active_prints(r->a))
		idle_print_advice(stdout, r, m.ended_how);
	return status;
}

static int
begin(const struct options *o, struct err *e)
{
	struct idle_plan plan = { o->shortest_us, o->longest_us, WITHIN,
		(size_t)o->active.max, ROUNDS_MAX };
	struct idle_run r = { .plan = &plan, .n_sides = 1 };
	int status = 1;

	r.sides[0].path = o->active.path;
	r.sides[1].path = path_beside(&o->active);
	if (r.sides[1].path != NULL) {
		if (pathsocket_check(r.sides[1].path, e) != 0)
			return 1;
		r.n_sides = IDLE_SIDES;
	}
	r.a = active_begin(&o->active, e);
	if (r.a != NULL)
		status = measure(&r, e);
	idle_run_clear(&r);
	active_free(r.a);
	return status;
}

int
cmd_idle(int argc, char **argv)
{
	struct options o = { 0 };
	struct err e = { 0 };
	int status;

	status = parse_options(&o, argc, argv);
	if (status != 0)
		status = status < 0 ? EXIT_USAGE : 0;
	else
		status = begin(&o, &e);
	if (e.msg[0] != '\0')
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
	active_options_clear(&o.active);
	return status;
}
