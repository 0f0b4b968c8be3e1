/*
 * What the databases held, in memory: the attempts as columns, a set of them
 * an endpoint.  Filled by report/load; everything behind it is pure and reads
 * this only.
 *
 * Endpoints with the same name are one endpoint, whatever database they came
 * from.  After dataset_finish() nothing depends on the order of the inputs
 * but dataset.inputs itself, and which is first of two attempts of one run
 * that began in the same moment of a slot that came twice, the clock having
 * been set back.
 */
#ifndef NATDIFF_REPORT_DATASET_H
#define NATDIFF_REPORT_DATASET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "natdiff/failure.h"
#include "natdiff/record.h"
#include "report/attempts.h"
#include "report/captures.h"
#include "report/imports.h"
#include "report/names.h"

struct endpoint {
	char *name;
	char *url;     /* the first by the alphabet of those with attempts */
	size_t n_urls; /* more than 1: it changed, or differs by host */
	bool control;
	char *kind; /* endpoint, witness, whoami */
	struct attempts attempts;
};

/* More than anybody configures. */
#define PATHS_MAX 256

/* A way out, by name and role. */
struct path {
	char *name;
	enum role role;
};

/* An agent on a path with an interval. */
struct series {
	uint32_t agent; /* in dataset.agents */
	uint32_t host;  /* in dataset.hosts */
	uint32_t path;  /* in dataset.paths */
	int64_t interval_us;
};

struct run {
	uint8_t uuid[16];
	uint32_t series;
	uint32_t input;
	uint32_t same_as; /* the first run with this uuid, perhaps itself */
	int64_t started_at_us;
	int64_t ended_at_us; /* NOT_MEASURED: killed, or still running */
	int64_t lost_rows;
	int64_t clock_step_us;
	int64_t clock_synchronised;
	int64_t clock_max_error_us;
	size_t attempts;       /* in the window, without duplicates */
	int64_t offset_sum_us; /* server's Date minus our clock, summed */
	size_t offset_count;
};

/*
 * A connection that a witness accepted.  Those whose request named an attempt
 * come first in dataset.arrivals, by its id; the others by time.
 */
struct arrival {
	uint8_t attempt_id[ATTEMPT_ID_SIZE];
	bool named;       /* the id is known */
	uint32_t witness; /* in dataset.inputs: its database */
	uint32_t address; /* in dataset.arrival_addresses: whence it came */
	uint16_t port;
	int64_t accepted_us; /* by the witness's clock; so the next */
	int64_t request_us;  /* NOT_MEASURED: no request came */
};

/* A host's limits at one moment; NOT_MEASURED where it does not tell. */
struct host_sample {
	uint32_t run; /* while loading */
	uint32_t series;
	int64_t at_us;
	int64_t ports_in_use;
	int64_t port_range; /* ports in it */
	int64_t conntrack_count;
	int64_t conntrack_max;
	int64_t conntrack_drops;
	int64_t allowance_exceeded;
	int64_t load; /* sockets to the measured destinations, not ours */
	int64_t held; /* of these, established */
	/*
	 * Ours that wait for an answer are not in it: they pile up because
	 * they fail.
	 */
	int64_t busiest; /* sockets to one measured destination, the most */
	int64_t sockets; /* to all destinations */
};

/* A host's sockets to one target at one moment, in dataset.census. */
struct census_row {
	uint32_t run; /* while loading */
	uint32_t series;
	uint32_t target; /* in dataset.targets */
	int64_t at_us;
	int64_t open;      /* not closed, or not quite; not the probe's own */
	int64_t time_wait; /* closed by this host first */
};

/* The gateway as configured; NOT_MEASURED where it does not say. */
struct gateway_conf {
	int64_t addresses;
	int64_t ports_per_host;
	int64_t time_wait_us;
};

/* A line of a gateway's counters or log. */
struct gateway_event {
	uint32_t kind;   /* in dataset.event_kinds */
	uint32_t source; /* in dataset.event_sources */
	int64_t from_us;
	int64_t to_us;
	int64_t value;
};

/* A word of the user's, from the note table. */
struct annotation {
	int64_t at_us;
	char *text;
};

/* What an active command found on a path; see natdiff/measurement.h. */
struct measurement {
	enum measurement_kind kind;
	enum measurement_end ended_how;
	enum measurement_finding finding;
	uint32_t path;  /* in dataset.paths */
	uint32_t agent; /* in dataset.agents */
	uint32_t host;  /* in dataset.hosts */
	int64_t started_at_us;
	int64_t ended_at_us;
	int64_t low; /* connections, or microseconds; NOT_MEASURED */
	int64_t best;
	int64_t high;
	char *destination;
	char *detail; /* JSON as it was stored, not checked; or NULL */
};

struct input {
	char *file;
	size_t rows; /* attempts in the window */
	size_t bad_rows;
	char *first_bad;       /* NULL: none */
	size_t duplicate_runs; /* that another input has, too */
	size_t duplicate_rows;
	int64_t lost_arrivals; /* at a witness, with no room to write them */
};

struct dataset {
	struct input *inputs;
	size_t n_inputs, inputs_capacity;
	struct endpoint *endpoints; /* by name */
	size_t n_endpoints, endpoints_capacity;
	struct path *paths; /* direct first, then by name */
	size_t n_paths, paths_capacity;
	struct series *series; /* by path, agent, host, interval */
	size_t n_series, series_capacity;
	struct run *runs; /* by uuid, then input */
	size_t n_runs, runs_capacity;
	struct annotation *annotations; /* by time */
	size_t n_annotations, annotations_capacity;
	struct host_sample *samples; /* by series, then time */
	size_t n_samples, samples_capacity;
	struct census_row *census; /* where the filter asks for it */
	size_t n_census, census_capacity;
	struct gateway_event *gateway_events; /* by time */
	size_t n_gateway_events, gateway_events_capacity;
	struct names event_kinds, event_sources;
	struct measurement *measurements; /* by time; each once */
	size_t n_measurements, measurements_capacity;
	struct arrival *arrivals; /* the named ones by id, then by time */
	size_t n_arrivals, arrivals_capacity;
	size_t n_named_arrivals;
	struct names arrival_addresses;
	struct imports imports;
	struct captures captures;
	bool gateway_described;    /* by the provider: an import */
	char *provider;            /* of the gateway, as configured, or NULL */
	bool pool_per_destination; /* configured so */
	struct gateway_conf gateway;
	struct names agents, hosts;
	struct names targets;   /* "address:port", "[address]:port" */
	struct names addresses; /* local and observed ones */
	/* By address: 1 << ROLE of the paths whose attempts were seen so. */
	uint8_t *seen_of;
	struct names certificates; /* issuer and trust, as one text */
	struct names keys;   /* what dataset_endpoint() and the like find */
	uint32_t *key_index; /* what each stands for */
	size_t key_capacity;
	struct names urls; /* "endpoint url" of those with attempts */
	int64_t since_us;  /* the window asked for; NOT_MEASURED: open */
	int64_t until_us;
	int64_t first_us; /* starts of the first and the last attempt; */
	int64_t last_us;  /* NOT_MEASURED: there is none */
};

void dataset_init(struct dataset *d);
void dataset_clear(struct dataset *d);

/* Frees what it holds. */
void measurement_clear(struct measurement *m);

/*
 * Find or add; the index holds until dataset_finish().  A new endpoint has
 * neither url nor kind.
 */
uint32_t dataset_endpoint(struct dataset *d, const char *name);
uint32_t dataset_path(struct dataset *d, const char *name, enum role role);
uint32_t dataset_series(struct dataset *d, const struct series *s);

/*
 * Whether an endpoint only serves the measurement: a far end of ours; and
 * whether it is judged, as it neither does nor is the control.
 */
bool endpoint_is_service(const struct endpoint *ep);
bool endpoint_is_judged(const struct endpoint *ep);

/* When all arrivals were added, before the first attempt is. */
void dataset_sort_arrivals(struct dataset *d);

/* 1 + the arrival that named an attempt's id, or NO_ARRIVAL. */
uint32_t dataset_find_arrival(
    const struct dataset *d, const uint8_t id[ATTEMPT_ID_SIZE]);

/*
 * When everything was added: sort all, and drop the attempts that two inputs
 * have.
 */
void dataset_finish(struct dataset *d);

/* The series of attempt i, and the path that it took. */
static inline uint32_t
attempt_series(const struct dataset *d, const struct attempts *a, size_t i)
{
	return d->runs[attempt_run(a, i)].series;
}

static inline uint32_t
attempt_path(const struct dataset *d, const struct attempts *a, size_t i)
{
	return d->series[attempt_series(d, a, i)].path;
}

/* The role of that path, and that of a series' path. */
static inline enum role
series_role(const struct dataset *d, size_t series)
{
	return d->paths[d->series[series].path].role;
}

static inline enum role
attempt_role(const struct dataset *d, const struct attempts *a, size_t i)
{
	return series_role(d, attempt_series(d, a, i));
}

/* When attempt i began, within 1/16384 of its interval. */
static inline int64_t
attempt_started_us(const struct dataset *d, const struct attempts *a, size_t i)
{
	int64_t interval = d->series[attempt_series(d, a, i)].interval_us;

	return attempt_slot(a, i) * interval +
	    attempt_offset(a, i) * interval / OFFSET_UNIT;
}

#endif
