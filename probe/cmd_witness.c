/*
 * natdiff-probe witness: a far end of our own.
 */
#include "config.h"

#include <sys/types.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "probe/cmd_options.h"
#include "probe/commands.h"
#include "probe/conf.h"
#include "probe/httprequest.h"
#include "probe/witness_listen.h"
#include "probe/witness_service.h"

/* sysexits(3) EX_TEMPFAIL: another process is at it. */
#define EXIT_BUSY           75

#define CONNECTIONS_DEFAULT 10000
#define CONNECTIONS_MAX     1000000
#define HOLD_DEFAULT_US     (INT64_C(7200) * 1000000)
#define RETAIN_DEFAULT_US   (INT64_C(30) * 86400 * 1000000)

static const char help[] =
    "The far end of your own: serves HTTPS and WebSocket, tells each client the\n"
    "address and port it came from, and records every connection that arrives,\n"
    "also those that never send a request.\n"
    "\n"
    "  natdiff-probe witness --database witness.db --name witness.example.net\n"
    "      on port 8443, with a certificate made at the first start:\n"
    "      witness.db.crt, which the probes take as ca:\n"
    "  natdiff-probe witness --listen :443 --listen :8443 --user natdiff \\\n"
    "      --certificate fullchain.pem --key privkey.pem\n"
    "  natdiff-probe witness --shared-key /etc/natdiff/witness.key\n"
    "      for probes that send it: headers: [ \"X-Natdiff-Key: file:PATH\" ]\n"
    "\n"
    "      --listen ADDR:PORT     may be repeated; [ADDR]:PORT for IPv6, :PORT for\n"
    "                             all addresses, port 0 for any (default :8443)\n"
    "      --database FILE        default " CONF_DATABASE "\n"
    "      --certificate FILE     PEM, with its chain, and\n"
    "      --key FILE             its private key; else one is made and kept as\n"
    "                             DATABASE.crt and DATABASE.key\n"
    "      --name NAME            what that one is for: a host name or an address;\n"
    "                             may be repeated (default: this host's)\n"
    "      --shared-key FILE      serve only who sends what the file holds, as\n"
    "                             " WITNESS_KEY_HEADER
    " or as ?key= of the URL\n"
    "      --user NAME            run as NAME once the ports are bound\n"
    "      --max-connections N    at once (default 10000)\n"
    "      --hold D               end WebSockets silent for so long (default 2h)\n"
    "      --retain D             keep arrivals so long (default 30d)\n"
    "  -h, --help                 this text\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 usage, 75 another process records into this\n"
    "database.\n";

/* --------------------------------------------------------------- options */

static int
add_listen(struct witness_settings *o, const struct cmd_value *v)
{
	if (o->n_listen == WITNESS_LISTEN_MAX)
		return cmd_refuse(v, "at most 16 of them");
	if (witness_listen_parse(v->text, &o->listen[o->n_listen]) != 0)
		return cmd_refuse(v, "ADDR:PORT, [ADDR]:PORT or :PORT");
	o->n_listen++;
	return 0;
}

static int
add_name(struct witness_settings *o, const struct cmd_value *v, char *name)
{
	if (o->n_names == WITNESS_NAMES_MAX)
		return cmd_refuse(v, "at most 64 of them");
	if (!witness_service_is_name(name))
		return cmd_refuse(v, "a host name or an address");
	o->names[o->n_names++] = name;
	return 0;
}

static int
take_option(void *arg, int option, char *value)
{
	struct witness_settings *o = arg;
	struct cmd_value v = { "witness", NULL, value };

	switch (option) {
	case 'l':
		v.option = "--listen";
		return add_listen(o, &v);
	case 'n':
		v.option = "--name";
		return add_name(o, &v, value);
	case 'm':
		v.option = "--max-connections";
		if (cmd_parse_count(&v, 1, &o->max_connections) != 0)
			return -1;
		if (o->max_connections > CONNECTIONS_MAX)
			return cmd_refuse(&v, "a number from 1 to 1000000");
		return 0;
	case 'H':
		v.option = "--hold";
		return cmd_parse_duration(&v, &o->hold_us);
	case 'r':
		v.option = "--retain";
		return cmd_parse_duration(&v, &o->retain_us);
	case 'c':
		o->certificate = value;
		return 0;
	case 'k':
		o->key = value;
		return 0;
	case 's':
		o->shared_key_file = value;
		return 0;
	case 'D':
		o->database = value;
		return 0;
	default: /* 'u' */
		o->user = value;
		return 0;
	}
}

/* What the options say together. */
static int
check_options(struct witness_settings *o)
{
	struct cmd_value v = { "witness", NULL, NULL };

	if ((o->certificate == NULL) != (o->key == NULL)) {
		v.option = o->key == NULL ? "--certificate" : "--key";
		v.text = o->key == NULL ? o->certificate : o->key;
		return cmd_refuse(
		    &v, o->key == NULL ? "--key, too" : "--certificate, too");
	}
	if (o->n_listen == 0)
		witness_listen_parse(":8443", &o->listen[o->n_listen++]);
	return 0;
}

/* 0, or -1 after a message; 1 where help was asked for and given. */
static int
parse_options(struct witness_settings *o, int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "database", required_argument, NULL, 'D' },
		{ "certificate", required_argument, NULL, 'c' },
		{ "key", required_argument, NULL, 'k' },
		{ "name", required_argument, NULL, 'n' },
		{ "shared-key", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "max-connections", required_argument, NULL, 'm' },
		{ "hold", required_argument, NULL, 'H' },
		{ "retain", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct cmd_table table = { "witness", "h", options, help,
		take_option };
	int result;

	memset(o, 0, sizeof(*o));
	o->database = CONF_DATABASE;
	o->max_connections = CONNECTIONS_DEFAULT;
	o->hold_us = HOLD_DEFAULT_US;
	o->retain_us = RETAIN_DEFAULT_US;
	result = cmd_take_options(&table, argc, argv, o);
	return result == 0 ? check_options(o) : result;
}

int
cmd_witness(int argc, char **argv)
{
	struct witness_settings o;
	struct err e = { 0 };
	pid_t holder = 0;
	int status;

	status = parse_options(&o, argc, argv);
	if (status != 0)
		return status < 0 ? EXIT_USAGE : 0;
	status = witness_service_run(&o, &holder, &e) != 0;
	if (status != 0)
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
	return holder != 0 ? EXIT_BUSY : status;
}
