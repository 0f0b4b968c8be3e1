/*
 * The keys of the configuration in one table a mapping: name, reader, field,
 * bounds; and what only the whole shows.
 */
#include "config.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "natdiff/walltime.h"
#include "probe/conf_reader.h"
#include "probe/conf_schema.h"

static conf_reading read_agent, read_schedule, read_timeouts, read_gateway;

static const char *const providers[] = { "gcp", "aws", "azure", "azure-lb",
	"linux", "asa", "fortigate", "panos", "other", NULL };
static const char *const pools[] = { "per-destination", "per-address",
	"unknown", NULL };
static const char *const roles[] = { "direct", "nat", NULL };

static const struct conf_key root_keys[] = {
	{ "agent", read_agent, 0, 0, 0, NULL },
	{ "paths", conf_read_paths, 0, 0, 0, NULL },
	{ "endpoints", conf_read_endpoints, 0, 0, 0, NULL },
	{ "schedule", read_schedule, 0, 0, 0, NULL },
	{ "timeouts", read_timeouts, 0, 0, 0, NULL },
	{ "witness", conf_read_special, 0, 0, 0, NULL },
	{ "whoami", conf_read_special, 0, 0, 0, NULL },
	{ "gateway", read_gateway, offsetof(struct conf, gateway), 0, 0, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct conf_key agent_keys[] = {
	{ "database", conf_read_file_name, offsetof(struct conf, database), 0,
	    0, NULL },
	{ "retain", conf_read_duration, offsetof(struct conf, retain_us),
	    CONF_RETAIN_MIN_US, CONF_RETAIN_MAX_US, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

const struct conf_key conf_path_keys[] = {
	{ "role", conf_read_role, offsetof(struct conf_path, role), 0, 0,
	    roles },
	{ "interface", conf_read_interface,
	    offsetof(struct conf_path, interface), 0, 0, NULL },
	{ "source", conf_read_source, offsetof(struct conf_path, source), 0, 0,
	    NULL },
	{ "mark", conf_read_mark, 0, 1, UINT32_MAX, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

const struct conf_key conf_endpoint_keys[] = {
	{ "url", conf_read_url, 0, 0, 0, NULL },
	{ "headers", conf_read_headers, 0, 0, 0, NULL },
	{ "record", conf_read_record, 0, 0, 0, NULL },
	{ "ca", conf_read_file_name, offsetof(struct conf_endpoint, ca), 0, 0,
	    NULL },
	{ "verify", conf_read_bool, offsetof(struct conf_endpoint, verify), 0,
	    0, NULL },
	{ "addresses", conf_read_addresses, 0, 0, 0, NULL },
	{ "control", conf_read_bool, offsetof(struct conf_endpoint, control), 0,
	    0, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct conf_key schedule_keys[] = {
	{ "interval", conf_read_duration, offsetof(struct conf, interval_us),
	    CONF_INTERVAL_MIN_US, CONF_INTERVAL_MAX_US, NULL },
	{ "burst", conf_read_int, offsetof(struct conf, burst), 1,
	    CONF_BURST_MAX, NULL },
	{ "port-budget", conf_read_int64, offsetof(struct conf, port_budget), 1,
	    CONF_BUDGET_MAX, NULL },
	{ "fleet", conf_read_int64, offsetof(struct conf, fleet), 1,
	    CONF_FLEET_MAX, NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

#define TIMEOUT(name, phase)                                       \
	{                                                          \
		name, conf_read_duration,                          \
		    offsetof(struct conf, timeout_us[phase]),      \
		    CONF_TIMEOUT_MIN_US, CONF_TIMEOUT_MAX_US, NULL \
	}

static const struct conf_key timeout_keys[] = {
	TIMEOUT("dns", PHASE_DNS),
	TIMEOUT("connect", PHASE_CONNECT),
	TIMEOUT("tls", PHASE_TLS),
	TIMEOUT("request", PHASE_REQUEST),
	TIMEOUT("done", PHASE_DONE),
	{ NULL, NULL, 0, 0, 0, NULL },
};

static const struct conf_key gateway_keys[] = {
	{ "provider", conf_read_choice, offsetof(struct conf_gateway, provider),
	    0, 0, providers },
	{ "pool", conf_read_pool, offsetof(struct conf_gateway, pool), 0, 0,
	    pools },
	{ "addresses", conf_read_int64,
	    offsetof(struct conf_gateway, addresses), 1, 65536, NULL },
	{ "ports-per-host", conf_read_int64,
	    offsetof(struct conf_gateway, ports_per_host), 1, CONF_BUDGET_MAX,
	    NULL },
	{ "time-wait", conf_read_duration,
	    offsetof(struct conf_gateway, time_wait_us), 0,
	    INT64_C(86400000000), NULL },
	{ "idle", conf_read_duration, offsetof(struct conf_gateway, idle_us),
	    1000000, INT64_C(2592000000000), NULL },
	{ NULL, NULL, 0, 0, 0, NULL },
};

/* Where a key that is unknown here may belong. */
const struct conf_section conf_sections[] = {
	{ "agent", agent_keys },
	{ "schedule", schedule_keys },
	{ "timeouts", timeout_keys },
	{ "gateway", gateway_keys },
	{ "an endpoint", conf_endpoint_keys },
	{ "a path", conf_path_keys },
	{ NULL, NULL },
};

/* ------------------------------------------------------------- sections */

static void
read_section(struct conf_reader *r, const struct conf_node *v, const char *name,
    const struct conf_key *keys, void *base, struct conf_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	if (conf_node_is_empty(v))
		return;
	if (conf_is_mapping(r, v, name))
		conf_read_mapping(r, v, keys, base, seen);
}

static void
read_agent(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_seen seen;

	(void)field;
	read_section(r, v, k->name, agent_keys, r->c, &seen);
}

/* Remember the first line that bears on how long attempts take. */
static void
note_times(struct conf_reader *r, size_t line)
{
	if (line > 0 && (r->times_line == 0 || line < r->times_line))
		r->times_line = line;
}

static void
read_schedule(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_seen seen;

	(void)field;
	read_section(r, v, k->name, schedule_keys, r->c, &seen);
	note_times(r, conf_line_of(&seen, schedule_keys, "interval"));
}

static void
read_timeouts(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_seen seen;
	size_t i;

	(void)field;
	read_section(r, v, k->name, timeout_keys, r->c, &seen);
	for (i = 0; timeout_keys[i].name != NULL; i++)
		note_times(r, seen.lines[i]);
}

static void
read_gateway(struct conf_reader *r, const struct conf_node *v, void *field,
    const struct conf_key *k)
{
	struct conf_gateway *g = field;
	struct conf_seen seen;

	g->present = true;
	read_section(r, v, k->name, gateway_keys, g, &seen);
}

/* ------------------------------------------------------------ the whole */

/* Defaults alone are no reason to warn: only what somebody wrote. */
static void
check_timeouts(struct conf_reader *r)
{
	char sum_text[WALLTIME_TEXT_SIZE], interval[WALLTIME_TEXT_SIZE];
	int64_t sum = 0;
	int i;

	for (i = 0; i < PHASE_COUNT; i++)
		sum += r->c->timeout_us[i];
	if (r->times_line == 0 || sum <= r->c->interval_us)
		return;
	conf_remark_warning(r->remarks, r->times_line,
	    "the timeouts add up to %s, the interval is %s: attempts of "
	    "several slots are under way while they fail",
	    duration_format(sum, sum_text),
	    duration_format(r->c->interval_us, interval));
}

static void
check_endpoints(struct conf_reader *r, const struct conf_seen *seen)
{
	size_t line = conf_line_of(seen, root_keys, "endpoints"), n = 0, i;
	bool has_control = false;

	for (i = 0; i < r->c->n_endpoints; i++) {
		if (conf_endpoint_is_special(&r->c->endpoints[i]))
			continue;
		n++;
		has_control = has_control || r->c->endpoints[i].control;
	}
	if (line == 0 || (n == 0 && r->remarks->n_errors == 0))
		conf_remark_error(r->remarks, line > 0 ? line : 1,
		    "no endpoint, expected at least one under endpoints:, "
		    "with a url");
	else if (!has_control)
		conf_remark_warning(r->remarks, line > 0 ? line : 1,
		    "no endpoint with control: yes, so a full port pool and "
		    "a bad path will look the same");
}

void
conf_schema_read(const struct conf_node *root, struct conf *c,
    struct conf_remarks *remarks, char *(*environment)(const char *))
{
	struct conf_reader r = { c, remarks, environment, 0 };
	struct conf_seen seen;
	size_t line;

	if (!conf_is_mapping(&r, root, "the file"))
		return;
	conf_read_mapping(&r, root, root_keys, c, &seen);
	conf_move_special(c);
	line = conf_line_of(&seen, root_keys, "paths");
	if (line == 0 || (c->n_paths == 0 && remarks->n_errors == 0))
		conf_remark_error(remarks, line > 0 ? line : 1,
		    "no path, expected at least one under paths:, with a "
		    "role");
	check_endpoints(&r, &seen);
	check_timeouts(&r);
}
