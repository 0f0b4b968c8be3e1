/*
 * What stands around the attempts: certificates, the hosts' limits, what
 * gateways said, what active commands found, how the gateway is configured.
 */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/load/database.h"
#include "report/load/loader.h"
#include "report/output/printable.h"

/* More than a year of samples of some hosts, at one a minute. */
#define SAMPLES_MAX        10000000
#define GATEWAY_EVENTS_MAX 10000000
#define KINDS_MAX          1000
#define MEASUREMENTS_MAX   100000
#define MEASUREMENTS_SINCE 2 /* version of the schema */
#define DETAIL_BYTES_MAX   65536

/* ------------------------------------------------------- certificates */

static const char certificate_sql[] =
    "SELECT id, cert_issuer, cert_verify FROM tls_session ORDER BY id";

/* Issuer and trust: what must differ for another certificate to count. */
static int
add_certificate(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	char *issuer = loader_text(st, 1), *key;
	int64_t id = sqlite3_column_int64(st, 0), verify;
	uint32_t i = NO_INDEX;

	(void)e;
	/* NO_INDEX is no certificate: it comes from NULL only. */
	if (issuer == NULL ||
	    !loader_number(st, 2, 0, INT32_MAX, true, &verify)) {
		idmap_add(&l->certificates, id, 0);
		free(issuer);
		return 0;
	}
	key = x_asprintf(
	    "%s (%s)", issuer, verify == 0 ? "trusted" : "not trusted");
	if (l->d->certificates.n < INDEXES_MAX)
		i = names_add(&l->d->certificates, key);
	if (i < INDEXES_MAX)
		idmap_add(&l->certificates, id, i);
	free(key);
	free(issuer);
	return 0;
}

int
load_certificates(struct loader *l, struct err *e)
{
	/* Index 0: a session without a certificate that is worth a name. */
	names_add(&l->d->certificates, "unknown");
	return loader_each(l, certificate_sql, add_certificate, e);
}

/* ------------------------------------------------------------- samples */

static const char sample_sql[] =
    "SELECT s.id, s.run_id, s.at, s.ports_in_use, s.port_range_first,"
    " s.port_range_last, s.conntrack_count, s.conntrack_max,"
    " s.conntrack_drops, s.allowance_exceeded,"
    " (SELECT sum(c.established + c.syn_sent - c.own) FROM census c"
    "  WHERE c.sample_id = s.id AND c.target_id IS NOT NULL),"
    " (SELECT sum(max(0, c.established - c.own)) FROM census c"
    "  WHERE c.sample_id = s.id AND c.target_id IS NOT NULL),"
    " (SELECT max(c.established + max(0, c.syn_sent - c.own)) FROM census c"
    "  WHERE c.sample_id = s.id AND c.target_id IS NOT NULL),"
    " (SELECT c.established + max(0, c.syn_sent - c.own) FROM census c"
    "  WHERE c.sample_id = s.id AND c.target_id IS NULL)"
    " FROM host_sample s";

static int
add_sample(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	struct dataset *d = l->d;
	struct host_sample h = { 0 };
	int64_t first, last, id = sqlite3_column_int64(st, 0);

	h.run = idmap_find(&l->runs, sqlite3_column_int64(st, 1));
	if (h.run == LEFT_OUT)
		return 0;
	if (h.run == NOT_THERE ||
	    !loader_number(st, 2, 0, TIME_MAX_US, false, &h.at_us) ||
	    !loader_number(st, 3, 0, 65536, true, &h.ports_in_use) ||
	    !loader_number(st, 4, 0, 65535, true, &first) ||
	    !loader_number(st, 5, 0, 65535, true, &last) ||
	    !loader_number(st, 6, 0, INT64_MAX, true, &h.conntrack_count) ||
	    !loader_number(st, 7, 0, INT64_MAX, true, &h.conntrack_max) ||
	    !loader_number(st, 8, 0, INT64_MAX, true, &h.conntrack_drops) ||
	    !loader_number(st, 9, 0, INT64_MAX, true, &h.allowance_exceeded) ||
	    !loader_number(st, 10, INT32_MIN, INT32_MAX, true, &h.load) ||
	    !loader_number(st, 11, 0, INT32_MAX, true, &h.held) ||
	    !loader_number(st, 12, 0, INT32_MAX, true, &h.busiest) ||
	    !loader_number(st, 13, 0, INT32_MAX, true, &h.sockets))
		return loader_bad_row(
		    l, "host_sample %" PRId64 ": a value out of range", id);
	if (!loader_in_window(l, h.at_us, h.at_us))
		return 0;
	if (first != NOT_MEASURED && last != NOT_MEASURED && last >= first)
		h.port_range = last - first + 1;
	if (d->n_samples == SAMPLES_MAX)
		return err_set(e,
		    "more than %d samples of hosts, use --since "
		    "and --until",
		    SAMPLES_MAX);
	d->samples =
	    x_grow(d->samples, d->n_samples, &d->samples_capacity, sizeof(h));
	d->samples[d->n_samples++] = h;
	return 0;
}

/* -------------------------------------------------------------- censuses */

static const char census_sql[] =
    "SELECT c.sample_id, s.run_id, s.at, c.target_id,"
    " c.established + c.syn_sent + c.closing + c.close_wait - c.own,"
    " c.time_wait FROM census c JOIN host_sample s ON s.id = c.sample_id"
    " WHERE c.target_id IS NOT NULL";

static int
add_census(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	int64_t id = sqlite3_column_int64(st, 0);
	struct dataset *d = l->d;
	struct census_row c = { 0 };

	c.run = idmap_find(&l->runs, sqlite3_column_int64(st, 1));
	if (c.run == LEFT_OUT)
		return 0;
	c.target = idmap_find(&l->targets, sqlite3_column_int64(st, 3));
	if (c.run == NOT_THERE || c.target >= NOT_THERE ||
	    !loader_number(st, 2, 0, TIME_MAX_US, false, &c.at_us) ||
	    !loader_number(st, 4, -INT32_MAX, INT32_MAX, false, &c.open) ||
	    !loader_number(st, 5, 0, INT32_MAX, false, &c.time_wait))
		return loader_bad_row(
		    l, "census of sample %" PRId64 ": out of range", id);
	if (!loader_in_window(l, c.at_us, c.at_us))
		return 0;
	if (d->n_census == SAMPLES_MAX)
		return err_set(e,
		    "more than %d rows of censuses, use --since and --until",
		    SAMPLES_MAX);
	c.open = c.open > 0 ? c.open : 0;
	d->census =
	    x_grow(d->census, d->n_census, &d->census_capacity, sizeof(c));
	d->census[d->n_census++] = c;
	return 0;
}

/* ------------------------------------------------------ gateway events */

static const char gateway_sql[] =
    "SELECT id, source, kind, from_at, to_at, value FROM gateway_event"
    /* Connections that were made tell nothing here, and are many. */
    " WHERE kind NOT IN ('allocation_ok', 'connection_new',"
    " 'connection_ended', 'connection_listed', 'flow', 'settings')";

static int
add_gateway_event(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	char *source = loader_text(st, 1), *kind = loader_text(st, 2);
	int64_t id = sqlite3_column_int64(st, 0);
	struct dataset *d = l->d;
	struct gateway_event g = { 0 };
	int result = 0;

	if (source == NULL || kind == NULL || d->event_kinds.n >= KINDS_MAX ||
	    d->event_sources.n >= KINDS_MAX ||
	    !loader_number(st, 3, 0, TIME_MAX_US, false, &g.from_us) ||
	    !loader_number(st, 4, g.from_us, TIME_MAX_US, false, &g.to_us) ||
	    !loader_number(st, 5, 0, INT32_MAX, true, &g.value)) {
		loader_bad_row(
		    l, "gateway_event %" PRId64 ": a value out of range", id);
	} else if (d->n_gateway_events == GATEWAY_EVENTS_MAX) {
		result = err_set(e,
		    "more than %d gateway events, use --since "
		    "and --until",
		    GATEWAY_EVENTS_MAX);
	} else if (loader_in_window(l, g.from_us, g.to_us)) {
		/* A line without a number is one event. */
		if (g.value == NOT_MEASURED)
			g.value = 1;
		g.kind = names_add(&d->event_kinds, kind);
		g.source = names_add(&d->event_sources, source);
		d->gateway_events =
		    x_grow(d->gateway_events, d->n_gateway_events,
			&d->gateway_events_capacity, sizeof(g));
		d->gateway_events[d->n_gateway_events++] = g;
	}
	free(source);
	free(kind);
	return result;
}

/* -------------------------------------------------------- measurements */

enum measurement_column {
	MEASURED_ID,
	MEASURED_KIND,
	MEASURED_AGENT,
	MEASURED_HOST,
	MEASURED_PATH,
	MEASURED_ROLE,
	MEASURED_DESTINATION,
	MEASURED_STARTED,
	MEASURED_ENDED,
	MEASURED_HOW,
	MEASURED_FINDING,
	MEASURED_LOW,
	MEASURED_BEST,
	MEASURED_HIGH,
	MEASURED_DETAIL
};

static const char measurement_sql[] =
    "SELECT m.id, m.kind, g.agent, m.host_name, m.path, m.role,"
    " m.destination, m.started_at, m.ended_at, m.ended_how, m.finding,"
    " m.low, m.best, m.high, m.detail FROM measurement m"
    " LEFT JOIN agent g ON g.id = m.agent_id ORDER BY m.id";

/* Numbers and names of closed lists; false where one is none. */
static bool
read_measurement(sqlite3_stmt *st, struct measurement *m)
{
	char *kind = loader_text(st, MEASURED_KIND);
	char *how = loader_text(st, MEASURED_HOW);
	char *finding = loader_text(st, MEASURED_FINDING);
	bool good = kind != NULL && how != NULL && finding != NULL;

	if (good) {
		m->kind = measurement_kind_parse(kind);
		m->ended_how = measurement_end_parse(how);
		m->finding = measurement_finding_parse(m->kind, finding);
		good = m->kind < MEASUREMENT_KINDS &&
		    m->ended_how < MEASUREMENT_ENDS &&
		    m->finding < MEASUREMENT_FINDINGS;
	}
	free(kind);
	free(how);
	free(finding);
	return good &&
	    loader_number(st, MEASURED_STARTED, 0, TIME_MAX_US, false,
		&m->started_at_us) &&
	    loader_number(
		st, MEASURED_ENDED, 0, TIME_MAX_US, false, &m->ended_at_us) &&
	    loader_number(st, MEASURED_LOW, 0, TIME_MAX_US, true, &m->low) &&
	    loader_number(st, MEASURED_BEST, 0, TIME_MAX_US, true, &m->best) &&
	    loader_number(st, MEASURED_HIGH, 0, TIME_MAX_US, true, &m->high);
}

/* A JSON text is longer than a name. */
static char *
detail_text(sqlite3_stmt *st)
{
	const char *text =
	    (const char *)sqlite3_column_text(st, MEASURED_DETAIL);
	int size = sqlite3_column_bytes(st, MEASURED_DETAIL);

	if (text == NULL || size > DETAIL_BYTES_MAX)
		return NULL;
	return utf8_repaired(text, (size_t)size);
}

static int
add_measurement(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	char *agent = loader_text(st, MEASURED_AGENT);
	char *host = loader_text(st, MEASURED_HOST);
	char *path = loader_text(st, MEASURED_PATH);
	char *role = loader_text(st, MEASURED_ROLE);
	struct dataset *d = l->d;
	struct measurement m = { 0 };
	bool direct = role != NULL && strcmp(role, "direct") == 0;

	(void)e;
	m.destination = loader_text(st, MEASURED_DESTINATION);
	if (!read_measurement(st, &m) || agent == NULL || host == NULL ||
	    path == NULL || m.destination == NULL ||
	    (!direct && (role == NULL || strcmp(role, "nat") != 0)) ||
	    d->n_paths == PATHS_MAX || d->n_measurements == MEASUREMENTS_MAX) {
		loader_bad_row(l,
		    "measurement %" PRId64 ": a value out of range",
		    (int64_t)sqlite3_column_int64(st, MEASURED_ID));
	} else if (load_wants_path(l->filter, path) &&
	    loader_in_window(l, m.started_at_us, m.ended_at_us)) {
		m.detail = detail_text(st);
		m.agent = names_add(&d->agents, agent);
		m.host = names_add(&d->hosts, host);
		m.path = dataset_path(d, path, direct ? ROLE_DIRECT : ROLE_NAT);
		d->measurements = x_grow(d->measurements, d->n_measurements,
		    &d->measurements_capacity, sizeof(m));
		d->measurements[d->n_measurements++] = m;
		m.destination = NULL;
	}
	free(m.destination);
	free(agent);
	free(host);
	free(path);
	free(role);
	return 0;
}

/* ------------------------------------------------------- configuration */

static const char gateway_facts_sql[] =
    "SELECT DISTINCT gateway FROM run WHERE gateway IS NOT NULL"
    " AND role = 'nat' ORDER BY started_at";

/* What the provider says itself goes before what somebody configured. */
static const char settings_sql[] =
    "SELECT detail FROM gateway_event WHERE kind = 'settings'"
    " ORDER BY from_at, id";

static int64_t
json_whole(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return NOT_MEASURED;
	return json_integer_value(v);
}

static void
put_whole(int64_t *to, const json_t *o, const char *key)
{
	int64_t v = json_whole(o, key);

	if (v != NOT_MEASURED)
		*to = v;
}

/* The gateway section, of the last run that has one. */
static int
take_gateway_facts(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	const char *text = (const char *)sqlite3_column_text(st, 0), *s;
	json_t *o = NULL;

	(void)e;
	if (text != NULL)
		o = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	s = json_string_value(json_object_get(o, "provider"));
	if (s != NULL && strlen(s) <= NAME_BYTES_MAX) {
		free(l->d->provider);
		l->d->provider = utf8_repaired(s, strlen(s));
	}
	s = json_string_value(json_object_get(o, "pool"));
	if (s != NULL)
		l->d->pool_per_destination = strcmp(s, "per-destination") == 0;
	put_whole(&l->d->gateway.addresses, o, "addresses");
	put_whole(&l->d->gateway.ports_per_host, o, "ports_per_host");
	put_whole(&l->d->gateway.time_wait_us, o, "time_wait_us");
	json_decref(o);
	return 0;
}

static int
add_gateway_facts(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	return l->d->gateway_described ? 0 : take_gateway_facts(l, st, e);
}

static int
add_settings(struct loader *l, sqlite3_stmt *st, struct err *e)
{
	l->d->gateway_described = true;
	return take_gateway_facts(l, st, e);
}

int
load_surroundings(struct loader *l, struct err *e)
{
	if (loader_each(l, sample_sql, add_sample, e) != 0 ||
	    loader_each(l, gateway_sql, add_gateway_event, e) != 0)
		return -1;
	if (database_version(l->db) >= MEASUREMENTS_SINCE &&
	    loader_each(l, measurement_sql, add_measurement, e) != 0)
		return -1;
	if (l->filter->census && loader_each(l, census_sql, add_census, e) != 0)
		return -1;
	if (loader_each(l, gateway_facts_sql, add_gateway_facts, e) != 0)
		return -1;
	return loader_each(l, settings_sql, add_settings, e);
}
