/*
 * The tables: finding and adding.
 */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/dataset.h"

void
dataset_init(struct dataset *d)
{
	memset(d, 0, sizeof(*d));
	d->since_us = d->until_us = NOT_MEASURED;
	d->first_us = d->last_us = NOT_MEASURED;
	d->gateway.addresses = d->gateway.ports_per_host = NOT_MEASURED;
	d->gateway.time_wait_us = NOT_MEASURED;
}

void
measurement_clear(struct measurement *m)
{
	free(m->destination);
	free(m->detail);
}

void
dataset_clear(struct dataset *d)
{
	size_t i;

	for (i = 0; i < d->n_inputs; i++) {
		free(d->inputs[i].file);
		free(d->inputs[i].first_bad);
	}
	for (i = 0; i < d->n_endpoints; i++) {
		free(d->endpoints[i].name);
		free(d->endpoints[i].url);
		free(d->endpoints[i].kind);
		attempts_clear(&d->endpoints[i].attempts);
	}
	for (i = 0; i < d->n_paths; i++)
		free(d->paths[i].name);
	for (i = 0; i < d->n_annotations; i++)
		free(d->annotations[i].text);
	for (i = 0; i < d->n_measurements; i++)
		measurement_clear(&d->measurements[i]);
	free(d->measurements);
	free(d->inputs);
	free(d->endpoints);
	free(d->paths);
	free(d->series);
	free(d->runs);
	free(d->annotations);
	free(d->key_index);
	free(d->samples);
	free(d->census);
	free(d->gateway_events);
	free(d->arrivals);
	imports_clear(&d->imports);
	captures_clear(&d->captures);
	free(d->provider);
	free(d->seen_of);
	names_clear(&d->event_kinds);
	names_clear(&d->event_sources);
	names_clear(&d->certificates);
	names_clear(&d->agents);
	names_clear(&d->hosts);
	names_clear(&d->targets);
	names_clear(&d->addresses);
	names_clear(&d->arrival_addresses);
	names_clear(&d->keys);
	names_clear(&d->urls);
	dataset_init(d);
}

/*
 * What key stands for: next if it is new (*added then).
 */
static uint32_t
find_or_add(struct dataset *d, char *key, size_t next, bool *added)
{
	size_t before = d->keys.n;
	uint32_t i = names_add(&d->keys, key);

	free(key);
	*added = d->keys.n > before;
	if (*added) {
		d->key_index = x_grow(
		    d->key_index, i, &d->key_capacity, sizeof(*d->key_index));
		d->key_index[i] = (uint32_t)next;
	}
	return d->key_index[i];
}

uint32_t
dataset_endpoint(struct dataset *d, const char *name)
{
	struct endpoint *e;
	uint32_t i;
	bool added;

	i = find_or_add(
	    d, x_asprintf("endpoint %s", name), d->n_endpoints, &added);
	if (added) {
		d->endpoints = x_grow(d->endpoints, i, &d->endpoints_capacity,
		    sizeof(*d->endpoints));
		e = &d->endpoints[d->n_endpoints++];
		memset(e, 0, sizeof(*e));
		e->name = x_strdup(name);
	}
	return i;
}

uint32_t
dataset_path(struct dataset *d, const char *name, enum role role)
{
	uint32_t i;
	bool added;

	i = find_or_add(
	    d, x_asprintf("path %d %s", (int)role, name), d->n_paths, &added);
	if (added) {
		d->paths =
		    x_grow(d->paths, i, &d->paths_capacity, sizeof(*d->paths));
		d->paths[d->n_paths++] = (struct path){ x_strdup(name), role };
	}
	return i;
}

uint32_t
dataset_series(struct dataset *d, const struct series *s)
{
	uint32_t i;
	bool added;

	i = find_or_add(d,
	    x_asprintf("series %u %u %u %" PRId64, s->agent, s->host, s->path,
		s->interval_us),
	    d->n_series, &added);
	if (added) {
		d->series = x_grow(
		    d->series, i, &d->series_capacity, sizeof(*d->series));
		d->series[d->n_series++] = *s;
	}
	return i;
}

bool
endpoint_is_service(const struct endpoint *ep)
{
	return ep->kind != NULL && strcmp(ep->kind, "endpoint") != 0;
}

bool
endpoint_is_judged(const struct endpoint *ep)
{
	return !ep->control && !endpoint_is_service(ep);
}
