/*
 * What all active commands (ramp, idle, reuse) are told: through which path,
 * to which endpoint of the user's own, with which second destination to watch
 * over, and how far they may go.
 *
 * A command puts ACTIVE_LONG_OPTIONS into its table for getopt_long(3),
 * begins with active_options_init(), hands what it does not know itself to
 * active_options_take(), and ends with active_options_finish().
 */
#ifndef NATDIFF_PROBE_ACTIVE_OPTIONS_H
#define NATDIFF_PROBE_ACTIVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "natdiff/measurement.h"
#include "probe/conf.h"

struct active_options {
	const char *command; /* for messages */
	enum measurement_kind kind;
	int64_t max_default; /* connections at once, where --max is not given */
	int64_t max_ceiling; /* no --max is above it */

	/* As given. */
	const char *config;
	const char *path_name;
	const char *endpoint_name;
	const char *control_name;
	const char *ca;
	const char *database; /* after _finish(): NULL is "do not store" */
	bool own;
	bool json;
	int64_t max;

	/* After active_options_finish(). */
	struct conf conf; /* cleared by active_options_clear() */
	const struct conf_path *path;
	const struct conf_endpoint *endpoint;
	const struct conf_endpoint *control;
};

#define ACTIVE_SHORT_OPTIONS "c:h"

enum {
	ACTIVE_PATH = 1000,
	ACTIVE_ENDPOINT,
	ACTIVE_CONTROL,
	ACTIVE_CA,
	ACTIVE_DATABASE,
	ACTIVE_OWN,
	ACTIVE_MAX,
	ACTIVE_JSON
};

#define ACTIVE_LONG_OPTIONS                                           \
	{ "config", required_argument, NULL, 'c' },                   \
	    { "path", required_argument, NULL, ACTIVE_PATH },         \
	    { "endpoint", required_argument, NULL, ACTIVE_ENDPOINT }, \
	    { "control", required_argument, NULL, ACTIVE_CONTROL },   \
	    { "ca", required_argument, NULL, ACTIVE_CA },             \
	    { "database", required_argument, NULL, ACTIVE_DATABASE }, \
	    { "i-own-this-endpoint", no_argument, NULL, ACTIVE_OWN }, \
	    { "max", required_argument, NULL, ACTIVE_MAX },           \
	    { "json", no_argument, NULL, ACTIVE_JSON },               \
	{                                                             \
		"help", no_argument, NULL, 'h'                        \
	}

/* The part of a command's --help that is the same for all. */
#define ACTIVE_HELP                                                               \
	"  -c, --config FILE         paths and endpoints by name, see\n"          \
	"                            natdiff.yaml(5); default $" CONF_ENVIRONMENT \
	", else\n"                                                                \
	"                            " CONF_FILE "; not read where a\n"           \
	"                            URL is given without it\n"                   \
	"      --path NAME           the path to measure; without a\n"            \
	"                            configuration nat (default) or direct\n"     \
	"      --endpoint NAME       of the configuration, in place of URL\n"     \
	"      --control URL|NAME    another address or port behind the same\n"   \
	"                            NAT: the command ends when it suffers;\n"    \
	"                            default the endpoint with control: yes\n"    \
	"      --i-own-this-endpoint says that you may load it; required\n"       \
	"      --ca FILE             authorities for a URL's certificate\n"       \
	"      --max N               never more connections at once than this\n"  \
	"      --database FILE       where the result goes; default the\n"        \
	"                            configured one, none for a URL\n"            \
	"      --json                the result as JSON on standard output\n"     \
	"  -h, --help\n"

void active_options_init(struct active_options *o, enum measurement_kind kind,
    int64_t max_default, int64_t max_ceiling);

/* One option of getopt_long(): 0, -1 after a message or for an unknown one. */
int active_options_take(struct active_options *o, int option);

/*
 * All options are there: read the configuration or the urls.  argv[optind] may
 * be the URL.  -1 after a message; the exit status is EXIT_USAGE then, and
 * active_options_clear() is called all the same.
 */
int active_options_finish(struct active_options *o, int argc, char **argv);

void active_options_clear(struct active_options *o);

#endif
