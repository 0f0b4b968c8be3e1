/*
 * The tables: how each is read, how its rows are known, what refers to what.
 */
#include "config.h"

#include <string.h>

#include "report/load/extract_internal.h"

#define IN_WINDOW(at) at " >= ?1 AND " at " < ?2"
/* What others recorded of our attempts, with other clocks. */
#define NEAR_WINDOW(at)    at " >= ?1 - 60000000 AND " at " < ?2 + 60000000"
#define OVERLAPS(from, to) to " >= ?1 AND " from " < ?2"

#define WANTED_PATH                                \
	"(NOT EXISTS (SELECT 1 FROM temp.w_path) " \
	"OR s.path IN (SELECT name FROM temp.w_path))"
#define WANTED_ENDPOINT                                \
	"(NOT EXISTS (SELECT 1 FROM temp.w_endpoint) " \
	"OR s.name IN (SELECT name FROM temp.w_endpoint))"

const struct extract_table extract_tables[] = {
	{ "agent", NULL, "agent", "created_at, host_name", NULL, false },
	{ "run", NULL, "uuid", "ended_at DESC, fired DESC, facts", WANTED_PATH,
	    false },
	{ "endpoint", NULL, "name, url, control, verify, kind", NULL,
	    WANTED_ENDPOINT, false },
	{ "target", NULL, "address, port", "family", NULL, false },
	{ "address", NULL, "address", NULL, NULL, false },
	{ "tls_session", NULL, NULL, NULL, NULL, false },
	{ "import", NULL, NULL, NULL, NULL, false },
	{ "resolution",
	    IN_WINDOW("started_at") " OR id IN (SELECT resolution_id "
				    "FROM attempt WHERE " IN_WINDOW(
					"started_at") ")",
	    "started_at, run_id, endpoint_id, slot, duration_us, failure, "
	    "addresses",
	    NULL, NULL, false },
	{ "attempt", IN_WINDOW("started_at"), "started_at, run_id, attempt_id",
	    "slot, seq, failure, total_us", NULL, false },
	{ "host_sample", IN_WINDOW("at"), "at, run_id, slot", NULL, NULL,
	    false },
	{ "witness_run", OVERLAPS("started_at", "alive_at"),
	    "started_at, host_name, listen, pid",
	    "alive_at DESC, ended_at DESC", NULL, false },
	{ "witness_arrival", NEAR_WINDOW("accepted_at"),
	    "accepted_at, attempt_id, observed_address, observed_port",
	    "ended_at DESC, requests DESC, reached", NULL, false },
	{ "gateway_event", OVERLAPS("from_at", "to_at"),
	    "from_at, to_at, source, kind, value, protocol, inside_address, "
	    "inside_port, outside_address, outside_port, "
	    "destination_address, destination_port, identity, detail",
	    NULL, NULL, true },
	{ "capture", OVERLAPS("from_at", "to_at"), NULL, NULL, NULL, false },
	{ "capture_target", OVERLAPS("from_at", "to_at"), NULL, NULL, NULL,
	    false },
	{ "capture_flow", NEAR_WINDOW("at"), NULL, NULL, NULL, false },
	{ "edge_entry", NEAR_WINDOW("at"),
	    "at, attempt_id, client_address, client_port, status, request_id, "
	    "identity, detail",
	    NULL, NULL, true },
	{ "app_failure", IN_WINDOW("at"), NULL, NULL, NULL, true },
	{ "note", IN_WINDOW("at"), NULL, NULL, NULL, true },
	{ "measurement", OVERLAPS("started_at", "ended_at"),
	    "started_at, agent_id, kind, path, destination, ended_at", "detail",
	    WANTED_PATH, false },
};
const size_t extract_n_tables =
    sizeof(extract_tables) / sizeof(extract_tables[0]);

const struct extract_child extract_children[] = {
	{ "response_header", "attempt", "attempt_id",
	    "attempt_id IN (SELECT id FROM attempt WHERE " IN_WINDOW(
		"started_at") ")" },
	{ "census", "host_sample", "sample_id",
	    "sample_id IN (SELECT id FROM host_sample WHERE " IN_WINDOW(
		"at") ")" },
};
const size_t extract_n_children =
    sizeof(extract_children) / sizeof(extract_children[0]);

const struct extract_reference extract_references[] = {
	{ "run", "agent_id", "agent", false },
	{ "resolution", "run_id", "run", false },
	{ "resolution", "endpoint_id", "endpoint", false },
	{ "attempt", "run_id", "run", false },
	{ "attempt", "endpoint_id", "endpoint", false },
	{ "attempt", "target_id", "target", false },
	{ "attempt", "local_address_id", "address", false },
	{ "attempt", "observed_address_id", "address", false },
	{ "attempt", "tls_session_id", "tls_session", false },
	{ "attempt", "resolution_id", "resolution", true },
	{ "host_sample", "run_id", "run", false },
	{ "census", "target_id", "target", false },
	{ "witness_arrival", "witness_run_id", "witness_run", true },
	{ "gateway_event", "import_id", "import", true },
	{ "capture", "import_id", "import", true },
	{ "capture_target", "capture_id", "capture", false },
	{ "capture_flow", "capture_id", "capture", false },
	{ "edge_entry", "import_id", "import", true },
	{ "app_failure", "import_id", "import", true },
	{ "measurement", "agent_id", "agent", false },
};
const size_t extract_n_references =
    sizeof(extract_references) / sizeof(extract_references[0]);

const struct extract_reference *
extract_reference_of(const char *table, const char *column)
{
	size_t i;

	for (i = 0; i < extract_n_references; i++)
		if (strcmp(extract_references[i].table, table) == 0 &&
		    strcmp(extract_references[i].column, column) == 0)
			return &extract_references[i];
	return NULL;
}
