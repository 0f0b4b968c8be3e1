/*
 * What to sample, shared by the loop and the recorder's thread.
 */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "probe/census.h"
#include "probe/hostlimits.h"
#include "probe/sampler.h"

/* Destinations watched; a name with more addresses loses its oldest. */
#define DESTINATIONS_MAX 64

struct sampler {
	pthread_mutex_t mutex;
	struct endpoint_address to[DESTINATIONS_MAX];
	int own[DESTINATIONS_MAX];
	size_t n;
	size_t oldest;
};

struct sampler *
sampler_new(void)
{
	struct sampler *s = x_calloc(1, sizeof(*s));

	pthread_mutex_init(&s->mutex, NULL);
	return s;
}

void
sampler_free(struct sampler *s)
{
	if (s == NULL)
		return;
	pthread_mutex_destroy(&s->mutex);
	free(s);
}

/* Where to is, or a place for it. */
static size_t
place_of(struct sampler *s, const struct endpoint_address *to)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (endpoint_address_equal(&s->to[i], to))
			return i;
	if (s->n < DESTINATIONS_MAX)
		i = s->n++;
	else
		i = s->oldest++ % DESTINATIONS_MAX;
	s->to[i] = *to;
	s->own[i] = 0;
	return i;
}

void
sampler_count(struct sampler *s, const struct endpoint_address *to, int change)
{
	size_t i;

	pthread_mutex_lock(&s->mutex);
	i = place_of(s, to);
	s->own[i] += change;
	if (s->own[i] < 0)
		s->own[i] = 0;
	pthread_mutex_unlock(&s->mutex);
}

void
sampler_take(void *sampler, struct host_sample_record *r)
{
	struct endpoint_address to[DESTINATIONS_MAX];
	struct sampler *s = sampler;
	int own[DESTINATIONS_MAX];
	size_t n, i;
	struct err e;

	pthread_mutex_lock(&s->mutex);
	n = s->n;
	memcpy(to, s->to, sizeof(to));
	memcpy(own, s->own, sizeof(own));
	pthread_mutex_unlock(&s->mutex);

	hostlimits_read(r);
	if (census_count(to, n, r->port_range_first, r->port_range_last,
		&r->census, &r->ports_in_use, &e) != 0) {
		r->census = NULL; /* a kernel without sock_diag: no census */
		r->n_census = 0;
		r->ports_in_use = NOT_MEASURED;
		return;
	}
	r->n_census = n + 1;
	for (i = 0; i < n; i++) {
		r->census[i].own = own[i];
		r->census[n].own += own[i];
	}
}
