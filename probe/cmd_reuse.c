/*
 * natdiff-probe reuse: how soon a public port is handed out again.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "natdiff/json_values.h"
#include "natdiff/walltime.h"
#include "probe/active.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/reuse_run.h"

#define MAX_CEILING  4000
#define MAX_DEFAULT  256
#define WAIT_DEFAULT INT64_C(300000000)
#define WAIT_MAX     INT64_C(900000000)

static const char help[] =
    "How soon the NAT hands a public port out again to the same destination,\n"
    "after a FIN and after a reset.\n"
    "\n"
    "A small pool is filled; then some connections are closed and new ones are\n"
    "tried, four a second, until one gets in.  No port is left for others who\n"
    "want the same destination meanwhile: use a destination of your own, which\n"
    "nothing else needs.  A large pool is not filled: connections are closed\n"
    "and opened in turn, and a port that is seen twice tells; for that the\n"
    "destination must say which port it sees (natdiff-probe witness does).\n"
    "\n"
    "  natdiff-probe reuse --i-own-this-endpoint \\\n"
    "      --control https://witness.example.net:8444/ \\\n"
    "      https://witness.example.net:8443/\n"
    "  natdiff-probe reuse -c natdiff.yaml --path nat --endpoint own \\\n"
    "      --wait 3m --i-own-this-endpoint --json\n"
    "\n" ACTIVE_HELP
    "      --wait D              how long to wait for a port, for each way of\n"
    "                            closing: default 5m, at most 15m\n"
    "\n"
    "--max is 256 by default, 4000 at most.  Exit status: 0 measured, or not\n"
    "estimable with the reason said, 1 failed or interrupted, 2 usage.\n";

struct options {
	struct active_options active;
	int64_t wait_us;
};

static int
parse_wait(struct options *o)
{
	struct cmd_value v = { "reuse", "--wait", optarg };

	if (duration_parse(optarg, &o->wait_us) == 0 && o->wait_us >= 1000000 &&
	    o->wait_us <= WAIT_MAX)
		return 0;
	return cmd_refuse(&v, "a duration from 1s to 15m");
}

static int
parse_options(int argc, char **argv, struct options *o)
{
	enum { OPTION_WAIT = 256 };
	static const struct option table[] = {
		ACTIVE_LONG_OPTIONS,
		{ "wait", required_argument, NULL, OPTION_WAIT },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	active_options_init(
	    &o->active, MEASUREMENT_REUSE, MAX_DEFAULT, MAX_CEILING);
	o->wait_us = WAIT_DEFAULT;
	optind = 0;
	for (;;) {
		option =
		    getopt_long(argc, argv, ACTIVE_SHORT_OPTIONS, table, NULL);
		if (option == -1)
			return active_options_finish(&o->active, argc, argv);
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option == OPTION_WAIT
			? parse_wait(o) != 0
			: active_options_take(&o->active, option) != 0)
			return -1;
	}
}

/* ---------------------------------------------------------------- the rows */

static enum measurement_finding
finding_of(const struct reuse_result *r, enum heldlink_closing how)
{
	bool fin = how == HELDLINK_BY_FIN;

	if (r->why[how] == REUSE_WHY_NONE)
		return fin ? REUSE_AFTER_FIN : REUSE_AFTER_RESET;
	if (r->why[how] == REUSE_WHY_CONTROL ||
	    r->why[how] == REUSE_WHY_NOTHING)
		return REUSE_INCONCLUSIVE;
	return fin ? REUSE_NO_REPEAT_FIN : REUSE_NO_REPEAT_RESET;
}

static json_t *
detail(const struct reuse_result *r, enum heldlink_closing how)
{
	const struct reuse_estimate *e = &r->estimate[how];
	json_t *d = json_object();

	json_object_set_new(
	    d, "after", json_string(how == HELDLINK_BY_FIN ? "fin" : "reset"));
	json_object_set_new(d, "reason",
	    r->why[how] == REUSE_WHY_NONE
		? json_null()
		: json_string(reuse_why_name(r->why[how])));
	json_object_set_new(d, "pool_filled", json_boolean(r->full));
	json_object_set_new(d, "held", json_integer(r->held));
	json_object_set_new(d, "connections", json_integer(r->links));
	json_object_set_new(d, "returns", json_integer(e->returns));
	json_object_set_new(d, "refusals", json_integer(e->refusals));
	json_object_set_new(
	    d, "ports_told", json_integer((json_int_t)r->pool.told));
	json_object_set_new(
	    d, "port_order", json_string(reuse_order_name(r->pool.order)));
	json_object_set_new(d, "pool_estimated", json_measured(r->pool.size));
	json_object_set_new(
	    d, "control_checks", json_integer(r->control_checks));
	json_object_set_new(
	    d, "control_failed", json_integer(r->control_failed));
	return d;
}

/* --------------------------------------------------------------- the words */

static double
seconds(int64_t us)
{
	return (double)us / 1e6;
}

static void
print_reason(const struct reuse_result *r, enum reuse_why why)
{
	switch (why) {
	case REUSE_WHY_CONTROL:
		puts("stopped: the control failed.");
		break;
	case REUSE_WHY_UNTOLD:
		puts("not estimable: the pool was not filled, and the far end "
		     "does not\n  tell which port it sees.");
		break;
	case REUSE_WHY_KEPT:
		puts("not estimable: the NAT keeps the local port while it is "
		     "free, so it\n  makes no choice of its own.");
		break;
	case REUSE_WHY_IN_TURN:
		puts("not estimable: ports are handed out in turn, a return "
		     "would show\n  the length of the round.");
		break;
	case REUSE_WHY_TOO_LARGE:
		if (r->links_needed == 0) {
			puts("not estimable: too few connections to know the "
			     "pool: use a larger\n  --max.");
			break;
		}
		printf("not estimable: with so few connections no port is to "
		       "be seen twice\n  in a pool of about %" PRId64 " (--max "
		       "%" PRId64 " would do).\n",
		    r->pool.size, r->links_needed);
		break;
	case REUSE_WHY_NO_RETURN:
		puts("no port came back in the time.");
		break;
	case REUSE_WHY_NONE:
	case REUSE_WHY_NOTHING:
	case REUSE_WHYS:
	default:
		puts("inconclusive: too few connections came about.");
		break;
	}
}

static void
print_one(const struct reuse_result *r, enum heldlink_closing how)
{
	const struct reuse_estimate *e = &r->estimate[how];

	printf("After %-5s ", how == HELDLINK_BY_FIN ? "FIN:" : "RST:");
	if (r->why[how] != REUSE_WHY_NONE) {
		if (e->low != NOT_MEASURED)
			printf("at least %.1f s; ", seconds(e->low));
		print_reason(r, r->why[how]);
	} else if (e->best == NOT_MEASURED && e->low != NOT_MEASURED) {
		printf("a port comes back after %.1f to %.1f s, by %" PRId64
		       " that did.\n",
		    seconds(e->low), seconds(e->high), e->returns);
	} else if (e->low == NOT_MEASURED) {
		printf("at most %.1f s, by %" PRId64 " ports that came back.\n",
		    seconds(e->high), e->returns);
	} else {
		printf("a port comes back after %.1f s (%.1f to %.1f).\n",
		    seconds(e->best), seconds(e->low), seconds(e->high));
	}
}

static void
print_words(const struct active *a, const struct reuse_result *r)
{
	printf("Ports of connections to %s over this path:\n",
	    active_destination(a, ACTIVE_ENDPOINT_SIDE));
	print_one(r, HELDLINK_BY_FIN);
	print_one(r, HELDLINK_BY_RESET);
	if (r->full)
		printf("The pool had room for %" PRId64
		       " of our connections; it was filled.\n",
		    r->held);
	else if (r->pool.told > 0)
		printf("The far end saw %zu ports, a pool of about %" PRId64
		       ", order: %s.\n",
		    r->pool.told, r->pool.size,
		    reuse_order_name(r->pool.order));
	if (r->control_failed > 0)
		printf("The control %s failed %" PRId64 " of %" PRId64
		       " times.\n",
		    active_destination(a, ACTIVE_CONTROL_SIDE),
		    r->control_failed, r->control_checks);
}

/* A row for each way of closing. */
static int
finish(struct active *a, const struct measurement_record *begun,
    const struct reuse_result *r)
{
	static const enum heldlink_closing ways[] = { HELDLINK_BY_FIN,
		HELDLINK_BY_RESET };
	struct measurement_record m;
	bool known = false;
	int status = 0;
	struct err e;
	size_t i;

	for (i = 0; i < REUSE_CLOSINGS; i++) {
		m = *begun;
		m.ended_how = r->ended_how;
		m.finding = finding_of(r, ways[i]);
		m.low = r->estimate[ways[i]].low;
		m.best = r->estimate[ways[i]].best;
		m.high = r->estimate[ways[i]].high;
		known = known || m.finding != REUSE_INCONCLUSIVE;
		if (active_end(a, &m, detail(r, ways[i]), &e) != 0) {
			fprintf(stderr, "natdiff-probe: %s\n", e.msg);
			status = 1;
		}
	}
	if (active_prints(a))
		print_words(a, r);
	return known ? status : 1;
}

int
cmd_reuse(int argc, char **argv)
{
	struct options o;
	struct measurement_record m;
	struct reuse_result r;
	struct active *a;
	struct err e;
	int status;

	status = parse_options(argc, argv, &o);
	if (status != 0) {
		active_options_clear(&o.active);
		return status < 0 ? EXIT_USAGE : 0;
	}
	a = active_begin(&o.active, &e);
	if (a == NULL) {
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
		active_options_clear(&o.active);
		return 1;
	}
	active_record(a, &m);
	reuse_run(a, o.active.max, o.wait_us, &r);
	status = finish(a, &m, &r);
	active_free(a);
	active_options_clear(&o.active);
	return status;
}
