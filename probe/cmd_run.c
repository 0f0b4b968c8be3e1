/*
 * natdiff-probe run: fires the plan and records what happens.
 */
#include "config.h"

#include <curl/curl.h>
#include <getopt.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "probe/agent.h"
#include "probe/attempt_json.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/conf.h"
#include "probe/progress.h"
#include "probe/wire.h"

/* sysexits(3) EX_TEMPFAIL: another agent is at it. */
#define EXIT_BUSY 75

struct run_options {
	struct agent_options agent;
	const char *config;
	const char *database;
	const char *path;
	const char *capture;
	struct wire *wire; /* NULL: nothing is captured */
	bool json;
	bool json_failed; /* standard output takes no more */
	bool progress;
	int64_t rotation; /* the slots of which a host of the fleet has one */
	struct conf conf;
};

static const char usage_text[] =
    "Fire the configured attempts and store every one of them.\n"
    "\n"
    "  natdiff-probe run -c natdiff.yaml                 until stopped\n"
    "  natdiff-probe run -c natdiff.yaml --once          for cron: this slot\n"
    "  natdiff-probe run -c natdiff.yaml --duration 10m  an incident\n"
    "  natdiff-probe run -c natdiff.yaml --slots 3 --json | jq .failure\n"
    "\n"
    "  -c, --config FILE    default $" CONF_ENVIRONMENT ", else\n"
    "                       " CONF_FILE "\n"
    "      --path NAME      only this path of those configured\n"
    "      --database FILE  instead of the configured one\n"
    "      --once           the current slot, what is past due at once\n"
    "      --slots N        end after N slots\n"
    "      --duration D     end after D: 90s, 10m, 2h\n"
    "      --capture FILE   also the handshakes' packets, where permitted\n"
    "      --json           each attempt as a JSON line on standard output\n"
    "  -h, --help\n"
    "\n"
    "Exit status: 0 done, 1 failed or nothing fired, 2 usage or\n"
    "configuration, 75 another process measures this path.\n";

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "path", required_argument, NULL, 'p' },
	{ "database", required_argument, NULL, 'D' },
	{ "once", no_argument, NULL, 'o' },
	{ "slots", required_argument, NULL, 's' },
	{ "duration", required_argument, NULL, 'd' },
	{ "capture", required_argument, NULL, 'C' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static int
take_option(void *arg, int option, char *value)
{
	struct run_options *o = arg;
	struct cmd_value v = { "run", NULL, value };

	switch (option) {
	case 'c':
		o->config = value;
		return 0;
	case 'p':
		o->path = value;
		return 0;
	case 'D':
		o->database = value;
		return 0;
	case 'o':
		o->agent.once = true;
		return 0;
	case 's':
		v.option = "--slots";
		return cmd_parse_count(&v, 1, &o->agent.slots);
	case 'd':
		v.option = "--duration";
		return cmd_parse_duration(&v, &o->agent.duration_us);
	case 'C':
		o->capture = value;
		return 0;
	default: /* 'j' */
		o->json = true;
		return 0;
	}
}

/* Messages of two threads, and a progress line that they go before. */
static pthread_mutex_t stderr_mutex = PTHREAD_MUTEX_INITIALIZER;

static void
say(const struct run_options *o, const char *message)
{
	pthread_mutex_lock(&stderr_mutex);
	if (o->progress)
		progress_erase(stderr);
	fprintf(stderr, "natdiff-probe: %s\n", message);
	pthread_mutex_unlock(&stderr_mutex);
}

/* Told once: what was measured is stored all the same. */
static void
print_line(struct run_options *o, const char *line)
{
	struct err e;

	if (puts(line) != EOF && fflush(stdout) == 0)
		return;
	err_sys(&e, "standard output");
	if (!o->json_failed)
		say(o, e.msg);
	o->json_failed = true;
}

static void
on_attempt(void *arg, const struct attempt_record *a)
{
	struct run_options *o = arg;
	char *line;

	if (o->wire != NULL)
		wire_add(o->wire, &a->target);
	if (!o->json)
		return;
	/* Runs and endpoints are numbered as they are configured. */
	line = attempt_json(
	    a, o->conf.paths[a->run].name, o->conf.endpoints[a->endpoint].name);
	if (line == NULL)
		return;
	print_line(o, line);
	free(line);
}

static void
on_status(void *arg, const struct agent_status *s)
{
	(void)arg;
	pthread_mutex_lock(&stderr_mutex);
	progress_draw(stderr, s);
	pthread_mutex_unlock(&stderr_mutex);
}

static void
on_trouble(void *arg, const struct err *e, int64_t lost)
{
	char text[80];

	if (e == NULL && lost > 0)
		snprintf(text, sizeof(text),
		    "storing works again, %" PRId64 " rows were lost", lost);
	else
		snprintf(text, sizeof(text),
		    "storing works again, nothing was lost");
	say(arg, e != NULL ? e->msg : text);
}

static int
load_configuration(struct run_options *o)
{
	struct conf_notes notes = { 0 };
	struct err e;
	int loaded;
	size_t i;

	if (o->config == NULL)
		o->config = conf_default_file();
	loaded = conf_load(&o->conf, o->config, &notes, getenv);
	for (i = 0; i < notes.n_errors; i++)
		fprintf(stderr, "%s\n", notes.errors[i]);
	for (i = 0; i < notes.n_warnings; i++)
		fprintf(stderr, "%s\n", notes.warnings[i]);
	conf_notes_clear(&notes);
	if (loaded != 0)
		return -1;
	if (o->path != NULL && conf_keep_path(&o->conf, o->path, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		conf_clear(&o->conf);
		return -1;
	}
	if (o->database != NULL) {
		free(o->conf.database);
		o->conf.database = x_strdup(o->database);
	}
	return 0;
}

static int
finish(const struct run_options *o, enum agent_end end, int64_t fired,
    const struct err *e)
{
	if (o->progress)
		fputc('\n', stderr);
	switch (end) {
	case AGENT_BUSY:
		fprintf(stderr, "natdiff-probe: %s\n", e->msg);
		return EXIT_BUSY;
	case AGENT_FAILED:
		fprintf(stderr, "natdiff-probe: %s\n", e->msg);
		return 1;
	case AGENT_INTERRUPTED:
	case AGENT_FINISHED:
	default:
		break;
	}
	if (fired == 0) {
		fputs("natdiff-probe: nothing was fired", stderr);
		if (o->rotation > 1)
			fprintf(stderr,
			    ": on a nat path a host of this fleet has its turn "
			    "in one slot in %" PRId64,
			    o->rotation);
		fputc('\n', stderr);
		return end == AGENT_INTERRUPTED ? 0 : 1;
	}
	return o->json_failed ? 1 : 0;
}

/* Where it is not permitted, what was asked for first goes on. */
static void
begin_capture(struct run_options *o)
{
	struct err e;

	if (o->capture == NULL)
		return;
	o->wire = wire_open(&o->conf, o->capture, &e);
	if (o->wire == NULL)
		fprintf(stderr,
		    "natdiff-probe: no capture: %s; the attempts are measured "
		    "without\n",
		    e.msg);
}

static void
end_capture(struct run_options *o)
{
	struct wire_result r;

	if (o->wire == NULL)
		return;
	wire_close(o->wire, &r);
	fprintf(stderr,
	    "natdiff-probe: %s: %" PRId64 " packets, %" PRId64
	    " more were lost%s\n",
	    o->capture, r.packets, r.dropped,
	    r.full ? "; it was full, and ended early" : "");
	if (r.sys != 0)
		fprintf(stderr, "natdiff-probe: %s: cannot write: %s\n",
		    o->capture, strerror(r.sys));
}

int
cmd_run(int argc, char **argv)
{
	static const struct cmd_table table = { "run", "c:h", long_options,
		usage_text, take_option };
	struct run_options o = { 0 };
	struct footprint f;
	struct err e = { 0 };
	enum agent_end end;
	int64_t fired;
	int parsed;

	parsed = cmd_take_options(&table, argc, argv, &o);
	if (parsed != 0)
		return parsed < 0 ? EXIT_USAGE : 0;
	if (load_configuration(&o) != 0)
		return EXIT_USAGE;
	if (plan_footprint(&o.conf, &f, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		conf_clear(&o.conf);
		return EXIT_USAGE;
	}
	o.rotation = f.rotation;
	o.progress = isatty(STDERR_FILENO) && !o.json;
	o.agent.conf = &o.conf;
	begin_capture(&o);
	o.agent.on_attempt = o.json || o.wire != NULL ? on_attempt : NULL;
	o.agent.on_status = o.progress ? on_status : NULL;
	o.agent.on_trouble = on_trouble;
	o.agent.arg = &o;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	end = agent_run(&o.agent, &fired, &e);
	curl_global_cleanup();
	parsed = finish(&o, end, fired, &e);
	end_capture(&o);
	conf_clear(&o.conf);
	return parsed;
}
