/*
 * natdiff-report size: how many ports and addresses, and which setting.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/text.h"
#include "natdiff/walltime.h"
#include "natdiff/xalloc.h"
#include "report/commands.h"
#include "report/options.h"
#include "report/size/size_report.h"

/* No traffic that anybody has is larger, and sums stay whole numbers. */
#define CONNECTIONS_MAX  1e9
#define RATE_MAX         1e7
#define HOSTS_MAX        1000000
#define DESTINATIONS_MAX 1000000
#define LIFE_MAX_US      INT64_C(2592000000000) /* 30 days */
#define HOLD_DOWN_MAX_US INT64_C(86400000000)   /* a day */
#define HEAD_ROOM        25                     /* percent */
#define HEAD_ROOM_MAX    1000

static const char help[] =
    "Examples:\n"
    "  natdiff-report size nat1.db nat2.db\n"
    "  natdiff-report size --provider gcp --hosts 40 nat.db\n"
    "  natdiff-report size --concurrent 1200 --rate 20 --hosts 4\n"
    "  natdiff-report size --rate 20 --life 60s --hold-down 30s --provider aws\n"
    "\n"
    "Usage: natdiff-report size [OPTIONS] [FILE...]\n"
    "\n"
    "How many NAT ports and addresses this traffic needs at a provider, and\n"
    "which setting gives them, every step shown.  Traffic is what the hosts'\n"
    "censuses in the databases counted, or given: two of --concurrent, --rate\n"
    "and --life.  One of them replaces what was measured.\n"
    "\n"
    "  --provider NAME      gcp, aws, azure, azure-lb, linux, asa, fortigate,\n"
    "                       panos, or all; may be repeated.  Default: the one\n"
    "                       in the databases, else the first five\n"
    "  --concurrent N       connections open at once to the busiest\n"
    "                       destination, of all hosts together\n"
    "  --rate N             new connections each second to it\n"
    "  --life DURATION      how long one is open\n"
    "  --hold-down DURATION how long the gateway keeps the port of a closed\n"
    "                       one; default: measured, configured, documented\n"
    "  --hosts N            hosts behind the NAT; default: those measured, or 1\n"
    "  --destinations N     destinations as busy as that one\n"
    "  --head-room PERCENT  room above the peak; default 25\n"
    "  --limits FILE        the providers' limits instead of those built in\n"
    "                       (providers.conf has the form)\n"
    "  --since TIME         censuses from TIME on\n"
    "  --until TIME         censuses before TIME\n"
    "  --path NAME          of hosts on this path; may be repeated\n"
    "  --json               print JSON\n"
    "\n"
    "A DURATION is 90s, 2m or the like.\n"
    "TIME is 2026-11-21T04:45:00Z or the like; without an offset, UTC.\n";

/* Those that most people have, shown where none is named. */
static const char *const usual[] = { "gcp", "aws", "azure", "azure-lb",
	"linux" };
#define N_USUAL (sizeof(usual) / sizeof(usual[0]))

struct size {
	struct load_filter filter;
	struct demand_given given;
	struct size_hold_down hold_down;
	struct providers providers;
	const char **names; /* of providers */
	size_t n_names, names_capacity;
	double room;
	bool json;
};

/* A number within bounds: 1, as all options return it, or -1 and e. */
static int
take_number(double *to, double least, double most, const char *option,
    const char *value, struct err *e)
{
	char *end;
	double x;

	errno = 0;
	x = strtod(value, &end);
	if (end == value || *end != '\0' || errno != 0 || !isfinite(x) ||
	    strpbrk(value, "xXpP \t") != NULL || x < least || x > most)
		return err_set(e,
		    "%s %s: expected a number from %.10g to %.10g", option,
		    value, least, most);
	*to = x;
	return 1;
}

static int
take_whole(int64_t *to, double most, const char *option, const char *value,
    struct err *e)
{
	double x;

	if (take_number(&x, 1, most, option, value, e) < 0)
		return -1;
	if (x != floor(x))
		return err_set(
		    e, "%s %s: expected a whole number", option, value);
	*to = (int64_t)x;
	return 1;
}

static int
take_duration(int64_t *us, int64_t least, int64_t most, const char *option,
    const char *value, struct err *e)
{
	char from[WALLTIME_TEXT_SIZE], to[WALLTIME_TEXT_SIZE];

	if (duration_parse(value, us) == 0 && *us >= least && *us <= most)
		return 1;
	return err_set(e, "%s %s: expected a duration from %s to %s", option,
	    value, duration_format(least, from), duration_format(most, to));
}

static int
take_limits(struct size *s, const char *file, struct err *e)
{
	providers_clear(&s->providers);
	return providers_read(&s->providers, file, e) == 0 ? 1 : -1;
}

static int
take_option(void *arg, int c, char *value, struct err *e)
{
	struct size *s = arg;
	double percent;
	int64_t us;

	switch (c) {
	case 'C':
		return take_number(&s->given.open, 1, CONNECTIONS_MAX,
		    "--concurrent", value, e);
	case 'R':
		return take_number(
		    &s->given.rate, 1e-6, RATE_MAX, "--rate", value, e);
	case 'L':
		if (take_duration(&us, 1000, LIFE_MAX_US, "--life", value, e) <
		    0)
			return -1;
		s->given.life_s = (double)us / 1e6;
		return 1;
	case 'D':
		s->hold_down.origin = ORIGIN_GIVEN;
		return take_duration(&s->hold_down.us, 0, HOLD_DOWN_MAX_US,
		    "--hold-down", value, e);
	case 'H':
		return take_whole(
		    &s->given.hosts, HOSTS_MAX, "--hosts", value, e);
	case 'N':
		return take_whole(&s->given.destinations, DESTINATIONS_MAX,
		    "--destinations", value, e);
	case 'M':
		if (take_number(&percent, 0, HEAD_ROOM_MAX, "--head-room",
			value, e) < 0)
			return -1;
		s->room = 1 + percent / 100;
		return 1;
	case 'P':
		s->names = x_grow(s->names, s->n_names, &s->names_capacity,
		    sizeof(*s->names));
		s->names[s->n_names++] = value;
		return 1;
	case 'F':
		return take_limits(s, value, e);
	case 'j':
		s->json = true;
		return 1;
	default:
		return options_filter(&s->filter, c, value, e);
	}
}

/* Take the options; -1: go on, else the exit status. */
static int
take_options(struct size *s, int argc, char **argv)
{
	static const struct option options[] = {
		{ "provider", required_argument, NULL, 'P' },
		{ "concurrent", required_argument, NULL, 'C' },
		{ "rate", required_argument, NULL, 'R' },
		{ "life", required_argument, NULL, 'L' },
		{ "hold-down", required_argument, NULL, 'D' },
		{ "hosts", required_argument, NULL, 'H' },
		{ "destinations", required_argument, NULL, 'N' },
		{ "head-room", required_argument, NULL, 'M' },
		{ "limits", required_argument, NULL, 'F' },
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "path", required_argument, NULL, 'p' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static const struct options_table table = { "size", "h", options, help,
		take_option };
	struct err e;
	int status;

	status = options_take(&table, argc, argv, s);
	if (status != -1)
		return status;
	if (options_check(&s->filter, &e) != 0) {
		options_complain("size", &e);
		return EXIT_USAGE;
	}
	return -1;
}

/* ------------------------------------------------------------ the report */

static int
add_plan(struct size_report *r, const struct size *s,
    const struct provider *provider, const struct size_hold_down *known,
    struct err *e)
{
	struct size_plan *plan = &r->plan[r->n];

	if (size_plan(plan, provider, &r->demand, known, s->room, e) != 0)
		return -1;
	r->n++;
	return 0;
}

static int
refuse_provider(const struct providers *p, const char *name, struct err *e)
{
	struct text t;
	size_t i;

	text_init(&t, 4096);
	for (i = 0; i < p->n_providers; i++)
		text_addf(&t, "%s, ", p->provider[i].name);
	text_addf(&t, "all");
	err_set(e, "--provider %s: expected one of %s", name, t.s);
	text_clear(&t);
	return -1;
}

/*
 * What is known of the gateway that the databases are from holds for its own
 * provider, and where that is not known for any; a given number for all.
 */
static int
plan_for(struct size_report *r, const struct size *s, const char *name,
    const struct size_hold_down *known, struct err *e)
{
	static const struct size_hold_down unknown = { NOT_MEASURED,
		ORIGIN_ASSUMED, NULL, NULL };
	const struct provider *provider = providers_find(&s->providers, name);
	const char *own = r->d->provider;

	if (provider == NULL)
		return refuse_provider(&s->providers, name, e);
	if (known->origin != ORIGIN_GIVEN && own != NULL &&
	    providers_find(&s->providers, own) != NULL &&
	    strcmp(own, name) != 0)
		known = &unknown;
	return add_plan(r, s, provider, known, e);
}

static int
plan_all(struct size_report *r, const struct size *s,
    const struct size_hold_down *known, struct err *e)
{
	const struct providers *p = &s->providers;
	const char *own = r->d->provider;
	bool all = false;
	size_t i;

	for (i = 0; i < s->n_names; i++)
		all = all || strcmp(s->names[i], "all") == 0;
	r->plan =
	    x_calloc(s->n_names + p->n_providers + N_USUAL, sizeof(*r->plan));
	for (i = 0; all && i < p->n_providers; i++)
		if (plan_for(r, s, p->provider[i].name, known, e) != 0)
			return -1;
	for (i = 0; !all && i < s->n_names; i++)
		if (plan_for(r, s, s->names[i], known, e) != 0)
			return -1;
	if (r->n > 0)
		return 0;
	if (own != NULL && providers_find(p, own) != NULL)
		return plan_for(r, s, own, known, e);
	for (i = 0; i < N_USUAL; i++)
		if (plan_for(r, s, usual[i], known, e) != 0)
			return -1;
	return 0;
}

/* The gateway that the databases are from: as configured, or as asked for. */
static void
find_failures(struct size_report *r, const struct size *s)
{
	const struct provider *own =
	    providers_find(&s->providers, r->d->provider);

	if (own == NULL && s->n_names == 1 && r->n == 1)
		own = r->plan[0].provider;
	r->failures_hold_s = (double)r->plan[0].hold_down.us / 1e6;
	size_failures(&r->failures, r->d, &r->demand, r->failures_hold_s, own);
}

static int
make(struct size *s, struct size_report *r, const struct dataset *d,
    struct err *e)
{
	int made;

	r->d = d;
	r->providers = &s->providers;
	r->room = s->room;
	size_hold_down_known(&s->hold_down, d);
	made = demand_given_suffices(&s->given) || d->n_inputs == 0
	    ? demand_from_given(&r->demand, &s->given, e)
	    : demand_from_census(&r->demand, d, &s->given, e);
	if (made != 0 || plan_all(r, s, &s->hold_down, e) != 0)
		return -1;
	r->peak = r->plan[0].peak;
	find_failures(r, s);
	return 0;
}

static int
size_files(struct size *s, char **files, size_t n)
{
	struct size_report r;
	struct dataset d;
	struct err e;
	int status = 1;
	size_t i;

	memset(&r, 0, sizeof(r));
	dataset_init(&d);
	s->filter.census = true;
	if (n > 0 && load_files(&d, files, n, &s->filter, &e) != 0) {
		options_complain(NULL, &e);
	} else if (make(s, &r, &d, &e) != 0) {
		options_complain("size", &e);
		status = n > 0 ? 1 : EXIT_USAGE;
	} else {
		(s->json ? size_json : size_text)(&r, stdout);
		status = options_flushed() ? 0 : 1;
	}
	for (i = 0; i < r.n; i++)
		size_plan_clear(&r.plan[i]);
	free(r.plan);
	demand_clear(&r.demand);
	dataset_clear(&d);
	return status;
}

int
cmd_size(int argc, char **argv)
{
	struct size s = {
		.given = { NAN, NAN, NAN, NOT_MEASURED, NOT_MEASURED },
		.hold_down = { NOT_MEASURED, ORIGIN_ASSUMED, NULL, NULL },
		.room = 1 + HEAD_ROOM / 100.0,
	};
	int status;

	load_filter_init(&s.filter);
	providers_default(&s.providers);
	status = take_options(&s, argc, argv);
	if (status == -1)
		status = size_files(&s, argv + optind, (size_t)(argc - optind));
	providers_clear(&s.providers);
	free(s.names);
	free(s.hold_down.source);
	options_clear(&s.filter);
	return status;
}
