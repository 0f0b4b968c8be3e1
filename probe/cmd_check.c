/*
 * natdiff-probe check: what a configuration says and what it would do.
 * Fires nothing.
 */
#include "config.h"

#include <net/if.h>

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "natdiff/json_values.h"
#include "probe/check_names.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/conf.h"
#include "probe/plan.h"

struct options {
	const char *file;
	const char *path;
	bool json;
};

static const char help[] =
    "natdiff-probe check reads a configuration and says what it would do;\n"
    "it fires nothing.\n"
    "\n"
    "  natdiff-probe check -c natdiff.yaml\n"
    "  natdiff-probe check -c natdiff.yaml --path nat\n"
    "  natdiff-probe check --json | jq .footprint\n"
    "\n"
    "  -c, --config FILE  the configuration (natdiff.yaml(5)); else that of\n"
    "                     $" CONF_ENVIRONMENT ", else " CONF_FILE "\n"
    "      --path NAME    only this path\n"
    "      --json         the plan as JSON\n"
    "  -h, --help         this text\n"
    "\n"
    "Exit status: 0 usable, 1 failed, 2 errors in the configuration, a plan\n"
    "that holds too many NAT ports, or wrong usage.\n";

static int
take_option(void *arg, int option, char *value)
{
	struct options *o = arg;

	if (option == 'c')
		o->file = value;
	else if (option == 'p')
		o->path = value;
	else
		o->json = true;
	return 0;
}

static void
print_lines(char *const *lines, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(stderr, "%s\n", lines[i]);
}

static json_t *
json_lines(char *const *lines, size_t n)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(list, json_string(lines[i]));
	return list;
}

static json_t *
json_address(const struct endpoint_address *a)
{
	char ip[INET6_ADDRSTRLEN];

	return a->family != 0 ? json_string(endpoint_address_ip(a, ip))
			      : json_null();
}

static json_t *
json_path(const struct conf_path *p)
{
	json_t *o = json_object();

	json_object_set_new(o, "name", json_string(p->name));
	json_object_set_new(
	    o, "role", json_string(p->role == ROLE_NAT ? "nat" : "direct"));
	json_object_set_new(o, "interface", json_text(p->interface));
	json_object_set_new(o, "source", json_address(&p->source));
	json_object_set_new(
	    o, "mark", p->has_mark ? json_integer(p->mark) : json_null());
	return o;
}

/* Of headers, only the names: values are secrets. */
static json_t *
json_header_names(const struct conf_endpoint *ep)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < ep->n_headers; i++)
		json_array_append_new(list,
		    json_stringn(ep->headers[i], strcspn(ep->headers[i], ":")));
	return list;
}

static json_t *
json_endpoint(const struct conf_endpoint *ep)
{
	json_t *o = json_object(), *pinned = json_array();
	size_t i;

	json_object_set_new(o, "name", json_string(ep->name));
	json_object_set_new(o, "kind", json_string(ep->kind));
	json_object_set_new(o, "url", json_string(ep->url));
	json_object_set_new(o, "host", json_string(ep->host));
	json_object_set_new(o, "port", json_integer(ep->port));
	json_object_set_new(o, "control", json_boolean(ep->control));
	json_object_set_new(o, "verify", json_boolean(ep->verify));
	json_object_set_new(o, "headers", json_header_names(ep));
	json_object_set_new(o, "record", json_lines(ep->record, ep->n_record));
	for (i = 0; i < ep->n_addresses; i++)
		json_array_append_new(pinned, json_address(&ep->addresses[i]));
	json_object_set_new(o, "pinned", pinned);
	return o;
}

static json_t *
json_footprint(
    const struct conf *c, const struct footprint *f, const struct err *refusal)
{
	json_t *o = json_object();

	json_object_set_new(o, "destination",
	    json_text(f->destination[0] != '\0' ? f->destination : NULL));
	json_object_set_new(o, "attempts_per_s", json_real(f->attempts_per_s));
	json_object_set_new(o, "whoami_ports", json_real(f->whoami_ports));
	json_object_set_new(o, "life_us", json_integer(f->life_us));
	json_object_set_new(o, "hold_us", json_integer(f->hold_us));
	json_object_set_new(o, "ports_one_host", json_real(f->ports_one_host));
	json_object_set_new(o, "port_budget", json_integer(c->port_budget));
	json_object_set_new(o, "fleet", json_integer(c->fleet));
	json_object_set_new(o, "rotation", json_integer(f->rotation));
	json_object_set_new(o, "ports_fleet", json_real(f->ports_fleet));
	json_object_set_new(
	    o, "refused", json_text(refusal != NULL ? refusal->msg : NULL));
	return o;
}

static json_t *
json_names(const struct checked_name *names, size_t n)
{
	json_t *list = json_array(), *o;
	size_t i;

	for (i = 0; i < n; i++) {
		o = json_object();
		json_object_set_new(
		    o, "path", json_string(names[i].path->name));
		json_object_set_new(o, "host", json_string(names[i].host));
		json_object_set_new(
		    o, "failure", json_text(failure_name(names[i].failure)));
		json_object_set_new(
		    o, "addresses", json_text(names[i].addresses));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
json_plan(
    const struct conf *c, const struct footprint *f, const struct err *refusal)
{
	json_t *o = json_object(), *paths = json_array();
	json_t *endpoints = json_array();
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		json_array_append_new(paths, json_path(&c->paths[i]));
	for (i = 0; i < c->n_endpoints; i++)
		json_array_append_new(
		    endpoints, json_endpoint(&c->endpoints[i]));
	json_object_set_new(o, "digest", json_string(c->digest));
	json_object_set_new(o, "database", json_string(c->database));
	json_object_set_new(o, "retain_us", json_integer(c->retain_us));
	json_object_set_new(o, "interval_us", json_integer(c->interval_us));
	json_object_set_new(o, "burst", json_integer(c->burst));
	json_object_set_new(o, "paths", paths);
	json_object_set_new(o, "endpoints", endpoints);
	json_object_set_new(o, "footprint", json_footprint(c, f, refusal));
	return o;
}

/* One object, whether the configuration could be read (plan) or not. */
static void
print_json(
    const struct options *o, const struct conf_notes *notes, json_t *plan)
{
	json_t *root = json_object();

	json_object_set_new(root, "file", json_string(o->file));
	json_object_set_new(
	    root, "errors", json_lines(notes->errors, notes->n_errors));
	json_object_set_new(
	    root, "warnings", json_lines(notes->warnings, notes->n_warnings));
	if (plan != NULL)
		json_object_update_new(root, plan);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

/* What the configuration cannot know: whether this host has the interface. */
static void
check_interfaces(const struct conf *c)
{
	size_t i;

	for (i = 0; i < c->n_paths; i++)
		if (c->paths[i].interface != NULL &&
		    if_nametoindex(c->paths[i].interface) == 0)
			fprintf(stderr,
			    "%s: warning: path %s: this host has "
			    "no interface %s\n",
			    c->file, c->paths[i].name, c->paths[i].interface);
}

static void
print_names(const struct checked_name *names, size_t n)
{
	size_t i;

	if (n > 0)
		puts("\nNames");
	for (i = 0; i < n; i++)
		printf("  %-16s %s: %s\n", names[i].path->name, names[i].host,
		    names[i].failure != FAILURE_NONE
			? failure_name(names[i].failure)
			: names[i].addresses);
}

static void
print_plan(const struct conf *c, const struct footprint *f)
{
	struct text out;

	text_init(&out, 1024 * 1024);
	plan_describe(c, f, &out);
	fputs(out.s, stdout);
	text_clear(&out);
}

static int
check(const struct options *o, struct conf *c, const struct conf_notes *notes)
{
	struct checked_name *names;
	struct footprint f;
	struct err e, no_names;
	json_t *plan;
	int status;
	size_t n;

	if (o->path != NULL && conf_keep_path(c, o->path, &e) != 0) {
		fprintf(stderr, "%s\n", e.msg);
		return EXIT_USAGE;
	}
	status = plan_footprint(c, &f, &e) == 0 ? 0 : EXIT_USAGE;
	if (check_names(c, &names, &n, &no_names) != 0)
		fprintf(stderr, "%s\n", no_names.msg);
	if (o->json) {
		plan = json_plan(c, &f, status != 0 ? &e : NULL);
		json_object_set_new(plan, "names", json_names(names, n));
		print_json(o, notes, plan);
	} else {
		print_plan(c, &f);
		print_names(names, n);
	}
	check_names_free(names, n);
	check_interfaces(c);
	if (status != 0)
		fprintf(stderr, "%s: refused: %s\n", c->file, e.msg);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr,
		    "natdiff-probe: standard output: cannot be written\n");
		return 1;
	}
	return status;
}

int
cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "path", required_argument, NULL, 'p' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct cmd_table table = { "check", "c:h", options, help,
		take_option };
	struct options o = { conf_default_file(), NULL, false };
	struct conf_notes notes;
	struct conf c;
	int status;

	status = cmd_take_options(&table, argc, argv, &o);
	if (status != 0)
		return status < 0 ? EXIT_USAGE : 0;
	if (conf_load(&c, o.file, &notes, getenv) != 0) {
		status = EXIT_USAGE;
		if (o.json)
			print_json(&o, &notes, NULL);
	}
	print_lines(notes.errors, notes.n_errors);
	print_lines(notes.warnings, notes.n_warnings);
	if (status != EXIT_USAGE) {
		status = check(&o, &c, &notes);
		conf_clear(&c);
	}
	conf_notes_clear(&notes);
	return status;
}
