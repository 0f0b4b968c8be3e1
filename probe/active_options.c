/*
 * Options of the active commands.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/active_options.h"
#include "probe/cmd_options.h"
#include "probe/conf_url.h"

void
active_options_init(struct active_options *o, enum measurement_kind kind,
    int64_t max_default, int64_t max_ceiling)
{
	memset(o, 0, sizeof(*o));
	o->command = measurement_kind_name(kind);
	o->kind = kind;
	o->max = o->max_default = max_default;
	o->max_ceiling = max_ceiling;
}

static int
parse_max(struct active_options *o)
{
	struct cmd_value v = { o->command, "--max", optarg };
	char expected[64];

	if (cmd_parse_count(&v, 1, &o->max) != 0)
		return -1;
	if (o->max <= o->max_ceiling)
		return 0;
	snprintf(expected, sizeof(expected), "a number from 1 to %" PRId64,
	    o->max_ceiling);
	return cmd_refuse(&v, expected);
}

int
active_options_take(struct active_options *o, int option)
{
	switch (option) {
	case 'c':
		o->config = optarg;
		return 0;
	case ACTIVE_PATH:
		o->path_name = optarg;
		return 0;
	case ACTIVE_ENDPOINT:
		o->endpoint_name = optarg;
		return 0;
	case ACTIVE_CONTROL:
		o->control_name = optarg;
		return 0;
	case ACTIVE_CA:
		o->ca = optarg;
		return 0;
	case ACTIVE_DATABASE:
		o->database = optarg;
		return 0;
	case ACTIVE_OWN:
		o->own = true;
		return 0;
	case ACTIVE_MAX:
		return parse_max(o);
	case ACTIVE_JSON:
		o->json = true;
		return 0;
	default:
		return -1;
	}
}

static int
say(const struct active_options *o, const char *what, const char *expected)
{
	fprintf(stderr, "natdiff-probe %s: %s, expected %s\n", o->command, what,
	    expected);
	return -1;
}

/* ------------------------------------------------------ the configuration */

static int
load(struct active_options *o)
{
	struct conf_notes notes = { 0 };
	int result;
	size_t i;

	result = conf_load(&o->conf,
	    o->config != NULL ? o->config : conf_default_file(), &notes,
	    getenv);
	for (i = 0; i < notes.n_errors; i++)
		fprintf(stderr, "%s\n", notes.errors[i]);
	for (i = 0; i < notes.n_warnings; i++)
		fprintf(stderr, "%s\n", notes.warnings[i]);
	conf_notes_clear(&notes);
	return result;
}

/* What a URL alone says: one path without any binding. */
static int
make_path(struct active_options *o)
{
	const char *name = o->path_name != NULL ? o->path_name : "nat";
	struct conf_path *p;

	if (strcmp(name, "nat") != 0 && strcmp(name, "direct") != 0)
		return say(o, "--path of no configuration",
		    "nat or direct, or --config");
	o->conf.paths = x_calloc(1, sizeof(*o->conf.paths));
	o->conf.n_paths = 1;
	p = &o->conf.paths[0];
	p->name = x_strdup(name);
	p->role = strcmp(name, "nat") == 0 ? ROLE_NAT : ROLE_DIRECT;
	o->conf.timeout_us[PHASE_DNS] = 5000000;
	return 0;
}

/* The named path, or the only one of the role nat, or the only one. */
static int
choose_path(struct active_options *o)
{
	const struct conf_path *found = NULL;
	size_t i, nats = 0;
	struct err e;

	if (o->path_name != NULL) {
		if (conf_keep_path(&o->conf, o->path_name, &e) != 0) {
			fprintf(stderr, "%s\n", e.msg);
			return -1;
		}
		o->path = &o->conf.paths[0];
		return 0;
	}
	for (i = 0; i < o->conf.n_paths; i++)
		if (o->conf.paths[i].role == ROLE_NAT) {
			found = &o->conf.paths[i];
			nats++;
		}
	if (nats == 0 && o->conf.n_paths == 1)
		found = &o->conf.paths[0];
	if (nats > 1 || found == NULL)
		return say(o, "several paths", "--path NAME");
	o->path = found;
	return 0;
}

/* ------------------------------------------------------------- endpoints */

static bool
is_url(const char *text)
{
	return strstr(text, "://") != NULL;
}

static struct conf_endpoint *
find(struct active_options *o, const char *name)
{
	size_t i;

	for (i = 0; i < o->conf.n_endpoints; i++)
		if (strcmp(o->conf.endpoints[i].name, name) == 0)
			return &o->conf.endpoints[i];
	return NULL;
}

/*
 * A url as an endpoint, at the end of the configured ones.  Pointers into
 * them are taken only when all are there.
 */
static int
add_url(struct active_options *o, const char *name, const char *url)
{
	struct conf_endpoint ep = { .verify = true, .kind = "endpoint" };
	struct err e;

	if (conf_url_parse(url, &ep, &e) != 0) {
		fprintf(stderr, "natdiff-probe %s: %s: %s\n", o->command, name,
		    e.msg);
		return -1;
	}
	ep.name = x_strdup(name);
	ep.ca = o->ca != NULL ? x_strdup(o->ca) : NULL;
	o->conf.endpoints = x_reallocarray(o->conf.endpoints,
	    o->conf.n_endpoints + 1, sizeof(*o->conf.endpoints));
	o->conf.endpoints[o->conf.n_endpoints++] = ep;
	return 0;
}

/* The endpoint, by name; else the only one that is no control. */
static const struct conf_endpoint *
choose_endpoint(struct active_options *o, const char *name)
{
	const struct conf_endpoint *found = NULL;
	size_t i, n = 0;

	if (name != NULL) {
		found = find(o, name);
		if (found == NULL)
			say(o, name, "an endpoint of the configuration");
		return found;
	}
	for (i = 0; i < o->conf.n_endpoints; i++)
		if (!o->conf.endpoints[i].control &&
		    !conf_endpoint_is_special(&o->conf.endpoints[i])) {
			found = &o->conf.endpoints[i];
			n++;
		}
	if (n == 1)
		return found;
	say(o, n == 0 ? "no endpoint" : "several endpoints",
	    "a URL or --endpoint NAME");
	return NULL;
}

static const struct conf_endpoint *
choose_control(struct active_options *o, const char *name)
{
	size_t i;

	if (name != NULL) {
		if (find(o, name) == NULL)
			say(o, name, "an endpoint of the configuration");
		return find(o, name);
	}
	for (i = 0; i < o->conf.n_endpoints; i++)
		if (o->conf.endpoints[i].control &&
		    &o->conf.endpoints[i] != o->endpoint)
			return &o->conf.endpoints[i];
	say(o, "no control",
	    "--control URL: another address or port behind the same NAT, which "
	    "tells when others suffer");
	return NULL;
}

static int
choose_endpoints(struct active_options *o, const char *url)
{
	const char *endpoint = o->endpoint_name, *control = o->control_name;

	if (url != NULL) {
		if (add_url(o, "URL", url) != 0)
			return -1;
		endpoint = "URL";
	}
	if (control != NULL && is_url(control)) {
		if (add_url(o, "--control", control) != 0)
			return -1;
		control = "--control";
	}
	o->endpoint = choose_endpoint(o, endpoint);
	if (o->endpoint == NULL)
		return -1;
	o->control = choose_control(o, control);
	if (o->control == NULL)
		return -1;
	if (strcmp(o->control->host, o->endpoint->host) == 0 &&
	    o->control->port == o->endpoint->port)
		return say(o, "the control is the destination itself",
		    "another address or port");
	return 0;
}

int
active_options_finish(struct active_options *o, int argc, char **argv)
{
	const char *url = optind < argc ? argv[optind++] : NULL;

	if (optind < argc)
		return say(o, argv[optind], "no further argument");
	if (url != NULL && (!is_url(url) || o->endpoint_name != NULL))
		return say(o, url, "one URL, or --endpoint NAME");
	if (!o->own)
		return say(o, "no --i-own-this-endpoint",
		    "it: this command loads the endpoint, and a NAT that others "
		    "use, on purpose");
	if (url != NULL && o->config == NULL) {
		if (make_path(o) != 0)
			return -1;
		o->path = &o->conf.paths[0];
	} else {
		if (load(o) != 0 || choose_path(o) != 0)
			return -1;
		if (o->database == NULL)
			o->database = o->conf.database;
	}
	return choose_endpoints(o, url);
}

void
active_options_clear(struct active_options *o)
{
	conf_clear(&o->conf);
}
