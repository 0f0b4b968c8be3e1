/*
 * What loading would have read.
 */
#include "config.h"

#include <string.h>

#include "natdiff/xalloc.h"
#include "tests/report/handmade.h"

void
handmade_begin(struct dataset *d, const char *endpoint, const char *kind)
{
	dataset_init(d);
	d->inputs =
	    x_grow(d->inputs, 0, &d->inputs_capacity, sizeof(*d->inputs));
	memset(&d->inputs[d->n_inputs++], 0, sizeof(*d->inputs));
	names_add(&d->targets, "203.0.113.10:443");
	handmade_endpoint(d, endpoint, kind);
}

uint32_t
handmade_endpoint(struct dataset *d, const char *name, const char *kind)
{
	uint32_t i = dataset_endpoint(d, name);

	d->endpoints[i].kind = x_strdup(kind);
	return i;
}

uint32_t
handmade_run(struct dataset *d, const char *host, enum role role)
{
	return handmade_run_every(d, host, role, HANDMADE_INTERVAL_US);
}

uint32_t
handmade_run_every(
    struct dataset *d, const char *host, enum role role, int64_t interval_us)
{
	struct series s = {
		.agent = names_add(&d->agents, host),
		.host = names_add(&d->hosts, host),
		.path =
		    dataset_path(d, role == ROLE_NAT ? "nat" : "direct", role),
		.interval_us = interval_us,
	};
	struct run r = {
		.uuid = { (uint8_t)(d->n_runs >> 8), (uint8_t)d->n_runs },
		.series = dataset_series(d, &s),
	};

	d->runs = x_grow(d->runs, d->n_runs, &d->runs_capacity, sizeof(r));
	d->runs[d->n_runs] = r;
	return (uint32_t)d->n_runs++;
}

struct handmade_hosts
handmade_three_hosts(struct dataset *d)
{
	struct handmade_hosts h;

	h.direct = handmade_run(d, "d", ROLE_DIRECT);
	h.nat[0] = handmade_run(d, "n0", ROLE_NAT);
	h.nat[1] = handmade_run(d, "n1", ROLE_NAT);
	return h;
}

struct attempt_row
handmade_attempt(uint32_t run, int64_t slot, enum failure failure)
{
	struct attempt_row row = {
		.slot = slot,
		.run = run,
		.observed = NO_INDEX,
		.certificate = NO_INDEX,
		.failure = (uint8_t)failure,
		.phase = PHASE_CONNECT,
		.late = NO_COUNT,
		.segs_in = NO_COUNT,
	};
	int i;

	for (i = 0; i < DURATION_COUNT; i++)
		row.duration_us[i] = NO_DURATION;
	return row;
}

void
handmade_add(
    struct dataset *d, uint32_t endpoint, const struct attempt_row *row)
{
	int64_t at_us =
	    row->slot * d->series[d->runs[row->run].series].interval_us;

	if (d->first_us == NOT_MEASURED || at_us < d->first_us)
		d->first_us = at_us;
	if (d->last_us == NOT_MEASURED || at_us > d->last_us)
		d->last_us = at_us;
	attempts_add(&d->endpoints[endpoint].attempts, row);
}

struct host_sample *
handmade_sample(struct dataset *d, uint32_t run, int64_t at_us)
{
	struct host_sample h = {
		.run = run,
		.series = d->runs[run].series,
		.at_us = at_us,
		.ports_in_use = NOT_MEASURED,
		.port_range = NOT_MEASURED,
		.conntrack_count = NOT_MEASURED,
		.conntrack_max = NOT_MEASURED,
		.conntrack_drops = NOT_MEASURED,
		.allowance_exceeded = NOT_MEASURED,
		.load = NOT_MEASURED,
		.held = NOT_MEASURED,
		.busiest = NOT_MEASURED,
		.sockets = NOT_MEASURED,
	};

	d->samples =
	    x_grow(d->samples, d->n_samples, &d->samples_capacity, sizeof(h));
	d->samples[d->n_samples] = h;
	return &d->samples[d->n_samples++];
}

struct measurement *
handmade_measurement(struct dataset *d, uint32_t run,
    enum measurement_finding finding, int64_t at_us)
{
	const struct series *s = &d->series[d->runs[run].series];
	struct measurement m = {
		.kind = measurement_finding_kind(finding),
		.ended_how = MEASUREMENT_FINISHED,
		.finding = finding,
		.path = s->path,
		.agent = s->agent,
		.host = s->host,
		.started_at_us = at_us,
		.ended_at_us = at_us + 60000000,
		.low = NOT_MEASURED,
		.best = NOT_MEASURED,
		.high = NOT_MEASURED,
		.destination = x_strdup("203.0.113.10:443"),
	};

	d->measurements = x_grow(d->measurements, d->n_measurements,
	    &d->measurements_capacity, sizeof(m));
	d->measurements[d->n_measurements] = m;
	return &d->measurements[d->n_measurements++];
}

void
handmade_census(struct dataset *d, uint32_t run, uint32_t target, int64_t at_us,
    int64_t open, int64_t time_wait)
{
	struct census_row c = {
		.run = run,
		.series = d->runs[run].series,
		.target = target,
		.at_us = at_us,
		.open = open,
		.time_wait = time_wait,
	};

	d->census =
	    x_grow(d->census, d->n_census, &d->census_capacity, sizeof(c));
	d->census[d->n_census++] = c;
}
