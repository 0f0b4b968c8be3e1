/*
 * Runs joined by input, agent and path.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/sources.h"

/* The source of a run: index by "input agent host path". */
static struct source *
source_of(struct sources *s, const struct dataset *d, struct names *keys,
    const struct run *r)
{
	const struct series *series = &d->series[r->series];
	size_t before = keys->n;
	uint32_t i;
	char *key;

	key = x_asprintf(
	    "%u %u %u %u", r->input, series->agent, series->host, series->path);
	i = names_add(keys, key);
	free(key);
	if (keys->n > before) {
		s->source =
		    x_grow(s->source, s->n, &s->capacity, sizeof(*s->source));
		s->source[s->n++] = (struct source){
			.input = r->input,
			.series = r->series,
			.synchronised = NOT_MEASURED,
			.max_error_us = NOT_MEASURED,
			.step_us = NOT_MEASURED,
		};
	}
	return &s->source[i];
}

static void
add_run(struct source *s, const struct run *r)
{
	int64_t step = r->clock_step_us;

	s->runs += r->attempts > 0;
	s->attempts += r->attempts;
	if (r->clock_synchronised != NOT_MEASURED && s->synchronised != 0)
		s->synchronised = r->clock_synchronised;
	if (r->clock_max_error_us > s->max_error_us)
		s->max_error_us = r->clock_max_error_us;
	if (step != NOT_MEASURED && step < 0)
		step = -step;
	if (step > s->step_us)
		s->step_us = step;
}

static void
add_address(struct source *s, uint16_t address)
{
	size_t i;

	for (i = s->n_addresses; i-- > 0;)
		if (s->addresses[i] == address)
			return;
	s->addresses = x_grow(s->addresses, s->n_addresses,
	    &s->addresses_capacity, sizeof(*s->addresses));
	s->addresses[s->n_addresses++] = address;
}

static int
compare_addresses(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static int
compare_sources(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->input != y->input)
		return x->input < y->input ? -1 : 1;
	return (x->series > y->series) - (x->series < y->series);
}

void
sources_find(struct sources *s, const struct dataset *d)
{
	struct names keys = { 0 };
	uint32_t *of = x_calloc(d->n_runs + 1, sizeof(*of));
	const struct attempts *a;
	struct source *source;
	size_t i, e;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < d->n_runs; i++) {
		source = source_of(s, d, &keys, &d->runs[i]);
		add_run(source, &d->runs[i]);
		if (d->runs[i].series < source->series)
			source->series = d->runs[i].series;
		of[i] = (uint32_t)(source - s->source);
	}
	for (e = 0; e < d->n_endpoints; e++) {
		a = &d->endpoints[e].attempts;
		for (i = 0; i < a->n; i++)
			if (attempt_observed(a, i) != NO_INDEX)
				add_address(&s->source[of[attempt_run(a, i)]],
				    attempt_observed(a, i));
	}
	for (i = 0; i < s->n; i++)
		if (s->source[i].n_addresses > 0)
			qsort(s->source[i].addresses, s->source[i].n_addresses,
			    sizeof(uint16_t), compare_addresses);
	if (s->n > 0)
		qsort(s->source, s->n, sizeof(*s->source), compare_sources);
	free(of);
	names_clear(&keys);
}

void
sources_clear(struct sources *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->source[i].addresses);
	free(s->source);
	memset(s, 0, sizeof(*s));
}
