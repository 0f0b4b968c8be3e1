/*
 * natdiff-probe gateway: what a Linux NAT gateway itself refuses, sampled
 * into gateway events.  Runs on the gateway, in its network namespace.
 */
#include "config.h"

#include <sys/types.h>

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "natdiff/record.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/conf.h"
#include "probe/conntrack.h"
#include "probe/conntrack_log.h"
#include "probe/conntrack_pace.h"
#include "probe/gateway_show.h"
#include "probe/lock.h"
#include "probe/pause.h"

#define INTERVAL_MIN_US     100000
#define INTERVAL_MAX_US     CONNTRACK_STRETCH_MAX_US
#define INTERVAL_DEFAULT_US 1000000

/* Ports by destination: each tenth sample, the table's size permitting. */
#define PORTS_MIN_US  INTERVAL_MIN_US
#define PORTS_SAMPLES 10
#define PORTS_DEFAULT (-1)

/* sysexits(3) EX_TEMPFAIL: another process is at it. */
#define EXIT_BUSY 75

struct options {
	int64_t interval_us;
	int64_t ports_us;    /* 0: never */
	int64_t retain_us;   /* 0: for ever */
	int64_t slots;       /* 0: no bound */
	int64_t duration_us; /* 0: no bound */
	const char *database;
	bool json;
};

static const char help[] =
    "What this Linux NAT gateway refuses, and which destinations use its ports:\n"
    "conntrack's counters and table, sampled and stored as gateway events, which\n"
    "natdiff-report compares with the attempts.\n"
    "Run it on the gateway, in the network namespace that does the NAT.\n"
    "\n"
    "  natdiff-probe gateway --database gw.db                until stopped\n"
    "  natdiff-probe gateway -i 10 --database gw.db          for months\n"
    "  natdiff-probe gateway --duration 10m --database gw.db an incident\n"
    "  natdiff-probe gateway --slots 60 --json | jq .increase.insert_failed\n"
    "  natdiff-probe gateway --once --json | jq '.ports.destinations[]'\n"
    "\n"
    "  -i, --interval DURATION  between samples: 1 (default), 500ms, 10s\n"
    "      --once               one sample, over one interval\n"
    "      --slots N            end after N samples\n"
    "      --duration D         end after D: 90s, 10m, 2h\n"
    "      --ports DURATION     between readings of the table of connections:\n"
    "                           default ten intervals, 0 for none; a large table\n"
    "                           is read less often: 0.5 % of a core at most\n"
    "      --retain DURATION    older events are deleted: 30d (default), 0: never\n"
    "      --database FILE      default " CONF_DATABASE "\n"
    "      --json               each sample as a JSON line on standard output\n"
    "  -h, --help               this text\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage, 75 another process samples this\n"
    "gateway into this database.\n";

/* --------------------------------------------------------------- options */

static int
parse_interval(const struct cmd_value *v, int64_t *us)
{
	if (duration_parse(v->text, us) != 0 || *us < INTERVAL_MIN_US ||
	    *us > INTERVAL_MAX_US)
		return cmd_refuse(v, "a duration from 100ms to 1h");
	return 0;
}

/* A duration of at least least_us, or 0. */
static int
parse_span(const struct cmd_value *v, int64_t least_us, const char *expected,
    int64_t *us)
{
	if (duration_parse(v->text, us) != 0 || *us < 0 ||
	    (*us > 0 && *us < least_us))
		return cmd_refuse(v, expected);
	return 0;
}

static int
take_option(void *arg, int option, char *value)
{
	struct options *o = arg;
	struct cmd_value v = { "gateway", NULL, value };

	switch (option) {
	case 'i':
		v.option = "--interval";
		return parse_interval(&v, &o->interval_us);
	case 'p':
		v.option = "--ports";
		return parse_span(&v, PORTS_MIN_US,
		    "a duration of 100ms or more, or 0", &o->ports_us);
	case 'r':
		v.option = "--retain";
		return parse_span(&v, CONF_RETAIN_MIN_US,
		    "a duration of 1h or more, or 0", &o->retain_us);
	case 'o':
		o->slots = 1;
		return 0;
	case 's':
		v.option = "--slots";
		return cmd_parse_count(&v, 1, &o->slots);
	case 'd':
		v.option = "--duration";
		return cmd_parse_duration(&v, &o->duration_us);
	case 'D':
		o->database = value;
		return 0;
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
		{ "once", no_argument, NULL, 'o' },
		{ "slots", required_argument, NULL, 's' },
		{ "duration", required_argument, NULL, 'd' },
		{ "ports", required_argument, NULL, 'p' },
		{ "retain", required_argument, NULL, 'r' },
		{ "database", required_argument, NULL, 'D' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct cmd_table table = { "gateway", "i:h", options, help,
		take_option };
	int result;

	memset(o, 0, sizeof(*o));
	o->interval_us = INTERVAL_DEFAULT_US;
	o->ports_us = PORTS_DEFAULT;
	o->retain_us = CONF_RETAIN_DEFAULT_US;
	o->database = CONF_DATABASE;
	result = cmd_take_options(&table, argc, argv, o);
	if (o->ports_us == PORTS_DEFAULT)
		o->ports_us = PORTS_SAMPLES * o->interval_us;
	return result;
}

/* -------------------------------------------------------------- sampling */

struct session {
	const struct options *o;
	char *source;
	struct conntrack_log *log;
	struct conntrack_reading before; /* as of what was stored last */
	struct conntrack_pace pace;
	struct gateway_seen seen;
	bool progress;
	bool trouble;       /* storing fails */
	bool ports_trouble; /* so does reading the table */
};

static void
say(const struct session *t, const char *message)
{
	fprintf(stderr, "%snatdiff-probe: %s\n", t->progress ? "\r\033[K" : "",
	    message);
}

static int64_t
processor_us(void)
{
	struct timespec ts = { 0, 0 };

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/*
 * Read and store the table of connections, where that is wanted and may cost
 * something again.  What cannot be read or stored is told once: the counters,
 * which matter more, go on.  Whether p is filled, to be cleared.
 */
static bool
sample_ports(struct session *t, const struct conntrack_sample *s,
    struct conntrack_ports *p, size_t *ranked)
{
	struct err e = { 0 };
	int64_t began_us;

	if (t->o->ports_us == 0 ||
	    !conntrack_pace_is_due(&t->pace, monotonic_now_us(), s->entries))
		return false;
	began_us = processor_us();
	if (conntrack_ports_read(p, &e) == 0) {
		*ranked = conntrack_ports_rank(p, CONNTRACK_USES_STORED);
		if (conntrack_log_add_ports(t->log, s->to_us, p, *ranked, &e) !=
		    0)
			conntrack_ports_clear(p);
	}
	conntrack_pace_spent(&t->pace, monotonic_now_us(),
	    processor_us() - began_us, s->entries);
	if (e.msg[0] != '\0' && !t->ports_trouble)
		say(t, e.msg);
	t->ports_trouble = e.msg[0] != '\0';
	return e.msg[0] == '\0';
}

static int
show(struct session *t, const struct conntrack_sample *s, struct err *e)
{
	struct conntrack_ports ports;
	struct gateway_table table = { &ports, 0 };
	bool is_read = sample_ports(t, s, &ports, &table.ranked);
	int result = 0;

	gateway_seen_add(&t->seen, s, is_read ? &table : NULL);
	if (t->progress)
		gateway_show_line(s, &t->seen);
	if (t->o->json) {
		gateway_show_json(s, is_read ? &table : NULL, t->source);
		if (fflush(stdout) == EOF)
			result = err_sys(e, "standard output");
	}
	if (is_read)
		conntrack_ports_clear(&ports);
	return result;
}

/*
 * Read the counters, store and show the increase.  What cannot be stored now
 * is in the next sample, which then begins where this one did.
 */
static int
sample(struct session *t, struct err *e)
{
	struct conntrack_reading now;
	struct conntrack_sample s;

	if (conntrack_read(&now, e) != 0)
		return -1;
	conntrack_compare(&t->before, &now, &s);
	if (conntrack_log_add(t->log, &s, e) != 0) {
		if (!t->trouble)
			say(t, e->msg);
		t->trouble = true;
		conntrack_reading_clear(&now);
		return 0;
	}
	if (t->trouble)
		say(t, "storing works again, nothing was lost");
	t->trouble = false;
	conntrack_reading_clear(&t->before);
	t->before = now;
	if (t->o->retain_us > 0)
		conntrack_log_expire(t->log, s.to_us, t->o->retain_us);
	return show(t, &s, e);
}

/*
 * When to sample next, by monotonic_now_us(): on the wall clock's multiples
 * of the interval, as the slots of the probes are, but not at once.
 */
static int64_t
next_due_us(int64_t interval_us)
{
	int64_t rest = interval_us - walltime_now_us() % interval_us;

	if (rest < interval_us / 2)
		rest += interval_us;
	return monotonic_now_us() + rest;
}

static int
run(struct session *t, struct err *e)
{
	const struct options *o = t->o;
	int64_t until_us = INT64_MAX, due_us, i;
	sigset_t signals;
	bool end = false;

	pause_block_signals(&signals);
	if (conntrack_read(&t->before, e) != 0)
		return -1;
	if (t->before.entries == 0)
		say(t,
		    "no connection is tracked here: is this the gateway, "
		    "and its network namespace?");
	if (o->duration_us > 0)
		until_us = monotonic_now_us() + o->duration_us;
	for (i = 0; !end; i++) {
		due_us = next_due_us(o->interval_us);
		if (due_us > until_us)
			due_us = until_us;
		end = pause_until(due_us, &signals) || due_us == until_us ||
		    (o->slots > 0 && i + 1 == o->slots);
		if (sample(t, e) != 0)
			return -1;
	}
	if (t->trouble)
		return err_set(e, "the last samples could not be stored");
	return 0;
}

static char *
source_name(void)
{
	char name[256];

	if (gethostname(name, sizeof(name)) != 0)
		return x_strdup("conntrack");
	name[sizeof(name) - 1] = '\0';
	return x_asprintf("conntrack %s", name);
}

/* Counts would be stored twice by two processes. */
static int
sample_locked(struct session *t, struct err *e)
{
	struct lock *lock;
	pid_t holder = 0;
	int status = 1;

	lock = lock_take(t->o->database, t->source, LOCK_ALL_SLOTS, &holder, e);
	if (lock == NULL)
		return holder != 0 ? EXIT_BUSY : 1;
	t->log = conntrack_log_open(t->o->database, t->source, e);
	if (t->log != NULL && run(t, e) == 0)
		status = 0;
	conntrack_log_close(t->log);
	lock_free(lock);
	return status;
}

int
cmd_gateway(int argc, char **argv)
{
	struct session t = { 0 };
	struct options o;
	struct err e = { 0 };
	int status;

	status = parse_options(&o, argc, argv);
	if (status != 0)
		return status < 0 ? EXIT_USAGE : 0;
	t.o = &o;
	t.source = source_name();
	t.pace.interval_us = o.ports_us;
	t.progress = isatty(STDERR_FILENO) && !o.json;
	status = sample_locked(&t, &e);
	if (t.progress && t.seen.samples > 0)
		fputc('\n', stderr);
	if (!o.json && t.seen.samples > 0)
		gateway_show_summary(&t.seen);
	if (status != 0)
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
	conntrack_reading_clear(&t.before);
	free(t.source);
	return status;
}
