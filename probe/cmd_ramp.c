/*
 * natdiff-probe ramp: how many connections at once there is room for.
 */
#include "config.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/active.h"
#include "probe/commands.h"
#include "probe/hostlimits.h"
#include "probe/ramp_limits.h"
#include "probe/ramp_run.h"

/* As many ports as a destination can be reached from, by one address. */
#define MAX_CEILING 64512
#define MAX_DEFAULT 2000

static const char help[] =
    "How many connections to one destination the way out can hold: opens and\n"
    "keeps them, step by step, until new ones fail or the control suffers.\n"
    "\n"
    "While it is at the top there is no port left for others who want the same\n"
    "destination through the same NAT: use a destination of your own, which\n"
    "nothing else needs.  It ends by itself within minutes, and at once where\n"
    "the control fails; its connections are closed by reset, so that the NAT\n"
    "has its ports back in seconds.\n"
    "\n"
    "  natdiff-probe ramp --i-own-this-endpoint \\\n"
    "      --control https://witness.example.net:8444/ \\\n"
    "      https://witness.example.net:8443/\n"
    "  natdiff-probe ramp -c natdiff.yaml --path nat --endpoint own \\\n"
    "      --max 5000 --i-own-this-endpoint --json\n"
    "\n" ACTIVE_HELP "\n"
    "--max is 2000 by default, 64512 at most.  Exit status: 0 measured (also\n"
    "where no limit was met), 1 failed, inconclusive or interrupted, 2 usage.\n";

static int
parse_options(int argc, char **argv, struct active_options *o)
{
	static const struct option table[] = {
		ACTIVE_LONG_OPTIONS,
		{ NULL, 0, NULL, 0 },
	};
	int option;

	active_options_init(o, MEASUREMENT_RAMP, MAX_DEFAULT, MAX_CEILING);
	optind = 0;
	for (;;) {
		option =
		    getopt_long(argc, argv, ACTIVE_SHORT_OPTIONS, table, NULL);
		if (option == -1)
			return active_options_finish(o, argc, argv);
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (active_options_take(o, option) != 0)
			return -1;
	}
}

/* -------------------------------------------------------------- the detail */

static json_t *
detail_ends(const struct ramp_result *r)
{
	json_t *o = json_object();
	int i;

	for (i = HELDLINK_NOT_ENDED + 1; i < HELDLINK_ENDS; i++)
		if (r->ends[i] > 0)
			json_object_set_new(o,
			    heldlink_end_name((enum heldlink_end)i),
			    json_integer(r->ends[i]));
	return o;
}

static json_t *
detail_addresses(const struct ramp_result *r)
{
	json_t *list = json_array();
	char ip[INET6_ADDRSTRLEN];
	size_t i;

	for (i = 0; i < r->n_addresses; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:I, s:i, s:i}", "address",
			endpoint_address_ip(&r->addresses[i].address, ip),
			"ports", (json_int_t)r->addresses[i].ports, "first",
			(int)r->addresses[i].first, "last",
			(int)r->addresses[i].last));
	return list;
}

/* The limits that the ceiling matches, of the configured provider. */
static size_t
find_limits(const struct providers *p, const struct active_options *o,
    const struct ramp_result *r, struct ramp_limit found[RAMP_LIMITS_MAX])
{
	if (r->finding != RAMP_DESTINATION_LIMIT)
		return 0;
	return ramp_limits(p, o->conf.gateway.provider, r->estimate.low,
	    r->estimate.high, found);
}

static json_t *
detail_limits(const struct providers *p, const struct active_options *o,
    const struct ramp_result *r)
{
	struct ramp_limit found[RAMP_LIMITS_MAX];
	size_t n = find_limits(p, o, r, found), i;
	json_t *list = json_array();
	struct text source;

	for (i = 0; i < n; i++) {
		text_init(&source, 4096);
		provider_item_cite(p, found[i].item, &source);
		json_array_append_new(list,
		    json_pack("{s:s, s:s, s:I, s:s, s:s}", "provider",
			found[i].provider->name, "limit", found[i].item->name,
			"value", (json_int_t)found[i].item->value, "unit",
			found[i].item->unit, "source",
			source.s != NULL ? source.s : ""));
		text_clear(&source);
	}
	return list;
}

static void
print_limits(const struct providers *p, const struct active_options *o,
    const struct ramp_result *r)
{
	struct ramp_limit found[RAMP_LIMITS_MAX];
	size_t n = find_limits(p, o, r, found), i;
	struct text out;

	for (i = 0; i < n; i++) {
		text_init(&out, 4096);
		provider_item_say(found[i].item, &out);
		text_addf(&out, ", %s", found[i].item->name);
		if (found[i].item->text != NULL)
			text_addf(&out, ": %s", found[i].item->text);
		text_addf(&out, "\n    ");
		provider_item_cite(p, found[i].item, &out);
		printf("%s %s: %s\n", i == 0 ? "Known:" : "   or",
		    found[i].provider->title, out.s);
		text_clear(&out);
	}
}

static json_t *
detail(const struct active *a, const struct active_options *o,
    const struct providers *p, const struct ramp_result *r)
{
	struct host_sample_record host = { 0 };
	json_t *d = json_object(), *range = json_null();

	hostlimits_read(&host);
	if (host.port_range_first != NOT_MEASURED)
		range = json_integer(
		    host.port_range_last - host.port_range_first + 1);
	json_object_set_new(d, "max", json_integer(o->max));
	json_object_set_new(d, "tries", json_integer(r->tries));
	json_object_set_new(d, "failed", detail_ends(r));
	json_object_set_new(d, "lost", json_integer(r->lost));
	json_object_set_new(
	    d, "refused_in_a_row", json_integer(r->estimate.last_syns));
	json_object_set_new(
	    d, "control_checks", json_integer(r->control_checks));
	json_object_set_new(
	    d, "control_failed", json_integer(r->control_failed));
	json_object_set_new(d, "host_ports", range);
	json_object_set_new(
	    d, "host_descriptors", json_integer(active_descriptors(a)));
	json_object_set_new(d, "observed", detail_addresses(r));
	json_object_set_new(d, "limits", detail_limits(p, o, r));
	return d;
}

/* --------------------------------------------------------------- the words */

/* "100", "930 to 1004". */
static void
print_interval(int64_t low, int64_t high)
{
	if (low == high)
		printf("%" PRId64, low);
	else
		printf("%" PRId64 " to %" PRId64, low, high);
}

static void
print_finding(const struct active *a, const struct ramp_result *r)
{
	const struct ramp_estimate *e = &r->estimate;
	const char *destination = active_destination(a, ACTIVE_ENDPOINT_SIDE);
	const char *control = active_destination(a, ACTIVE_CONTROL_SIDE);

	if (r->finding == RAMP_DESTINATION_LIMIT) {
		printf("A limit for this destination: ");
		print_interval(e->low, e->high);
		printf(" connections at once to\n%s, while the control %s "
		       "worked\nall the time.\n",
		    destination, control);
	} else if (r->finding == RAMP_TOTAL_LIMIT) {
		printf("A limit on all connections: after %" PRId64
		       " of them to %s\nnew ones failed, and so did the "
		       "control %s, while\nthose that were there still "
		       "worked.\n",
		    e->best, destination, control);
	} else if (r->finding == RAMP_HOST_LIMIT) {
		printf("At least %" PRId64 " connections at once to %s:\n"
		       "then this host's own limit was met (%s).\n",
		    e->best, destination, strerror(r->host_errno));
	} else if (r->finding == RAMP_NO_LIMIT) {
		printf("At least %" PRId64 " connections at once to %s:\n"
		       "no limit was met up to --max.\n",
		    e->best, destination);
	} else if (r->finding == RAMP_FAR_END) {
		printf("The far end refused: after %" PRId64
		       " connections to %s\nnew ones were answered, but "
		       "not let in%s%s.\n",
		    r->most_up, destination, r->text != NULL ? ": " : "",
		    r->text != NULL ? r->text : "");
	} else if (r->ended_how == MEASUREMENT_FAILED) {
		printf("Nothing was tried: the control %s does not work.\n",
		    control);
	} else if (r->ended_how == MEASUREMENT_FINISHED) {
		printf("Inconclusive: no connection to %s came about, while\n"
		       "the control %s works.\n",
		    destination, control);
	} else {
		printf("Inconclusive after %" PRId64
		       " connections at once to %s.\n",
		    e->best, destination);
	}
}

/* What belongs to it: counts, and what may mislead. */
static void
print_rest(const struct active *a, const struct ramp_result *r)
{
	char ip[INET6_ADDRSTRLEN];
	size_t i;

	if (r->estimate.low < r->estimate.best)
		printf("The first was refused with %" PRId64 " held, %" PRId64
		       " were held in the end.\n",
		    r->estimate.low, r->estimate.best);
	for (i = 0; i < r->n_addresses; i++)
		printf("Seen from %s: %" PRId64 " ports in %u-%u.\n",
		    endpoint_address_ip(&r->addresses[i].address, ip),
		    r->addresses[i].ports, (unsigned)r->addresses[i].first,
		    (unsigned)r->addresses[i].last);
	if (r->lost > 0)
		printf("%" PRId64 " held connections ended by themselves, the "
		       "first: %s.\n",
		    r->lost, heldlink_end_name(r->lost_how));
	if (r->control_failed > 0)
		printf("The control %s failed %" PRId64 " of %" PRId64
		       " times, the last: %s%s%s.\n",
		    active_destination(a, ACTIVE_CONTROL_SIDE),
		    r->control_failed, r->control_checks,
		    heldlink_end_name(r->control_end),
		    active_control_text(a) != NULL ? ", " : "",
		    active_control_text(a) != NULL ? active_control_text(a)
						   : "");
	if (r->finding == RAMP_DESTINATION_LIMIT)
		puts("Ports that others held meanwhile are not in it; a limit "
		     "of the far end\nlooks the same: a ramp over the direct "
		     "path tells.");
}

static int
finish(struct active *a, const struct active_options *o,
    struct measurement_record *m, const struct ramp_result *r)
{
	struct providers p;
	int status = r->finding == RAMP_INCONCLUSIVE ? 1 : 0;
	struct err e;

	providers_default(&p);
	m->ended_how = r->ended_how;
	m->finding = r->finding;
	m->low = r->estimate.low;
	m->best = r->estimate.best;
	m->high = r->finding == RAMP_DESTINATION_LIMIT ? r->estimate.high
						       : NOT_MEASURED;
	if (r->finding == RAMP_HOST_LIMIT || r->finding == RAMP_NO_LIMIT)
		m->low = m->best;
	if (r->finding == RAMP_FAR_END)
		m->low = m->best = r->most_up;
	if (active_end(a, m, detail(a, o, &p, r), &e) != 0) {
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
		status = 1;
	}
	if (active_prints(a)) {
		print_finding(a, r);
		print_limits(&p, o, r);
		print_rest(a, r);
	}
	providers_clear(&p);
	return status;
}

int
cmd_ramp(int argc, char **argv)
{
	struct active_options o;
	struct measurement_record m;
	struct ramp_result r;
	struct active *a;
	struct err e;
	int status;

	status = parse_options(argc, argv, &o);
	if (status != 0) {
		active_options_clear(&o);
		return status < 0 ? EXIT_USAGE : 0;
	}
	a = active_begin(&o, &e);
	if (a == NULL) {
		fprintf(stderr, "natdiff-probe: %s\n", e.msg);
		active_options_clear(&o);
		return 1;
	}
	active_record(a, &m);
	ramp_run(a, o.max, &r);
	status = finish(a, &o, &m, &r);
	active_free(a);
	active_options_clear(&o);
	return status;
}
