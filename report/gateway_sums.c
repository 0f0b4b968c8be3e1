/*
 * Adding up what gateways said.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/gateway_sums.h"

static bool
is_level(const char *kind)
{
	static const char *const levels[] = { "conntrack_count",
		"conntrack_max", "conntrack_translated", "ports_in_use",
		"ports_closed", "connections_open", "ports_used",
		"ports_allocated", "port_use_percent", "availability_percent",
		"insert_failed_total", "drop_total", "early_drop_total",
		"address_allocation_failed" };
	size_t i;

	for (i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(kind, levels[i]) == 0)
			return true;
	return false;
}

/* Lines that could be about an attempt, and those that are. */
static void
count_joined(struct gateway_sum *sum, const struct imports *im)
{
	size_t i;

	for (i = 0; i < im->n_lines; i++)
		if (strcmp(im->lines[i].source, sum->source) == 0 &&
		    strcmp(im->lines[i].kind, sum->kind) == 0) {
			sum->lines++;
			sum->joined += im->lines[i].joined;
		}
}

void
gateway_sums_find(struct gateway_sums *s, const struct dataset *d)
{
	size_t kinds = d->event_kinds.n, n = kinds * d->event_sources.n, i;
	const struct gateway_event *g;
	struct gateway_sum *sum;

	s->sum = x_calloc(n + 1, sizeof(*s->sum));
	s->n = 0;
	for (i = 0; i < d->n_gateway_events; i++) {
		g = &d->gateway_events[i];
		sum = &s->sum[g->source * kinds + g->kind];
		sum->source = d->event_sources.text[g->source];
		sum->kind = d->event_kinds.text[g->kind];
		if (!is_level(sum->kind))
			sum->value += g->value;
		else if (g->value > sum->value)
			sum->value = g->value;
	}
	/* Only those that there are. */
	for (i = 0; i < n; i++)
		if (s->sum[i].source != NULL)
			s->sum[s->n++] = s->sum[i];
	for (i = 0; i < s->n; i++)
		count_joined(&s->sum[i], &d->imports);
}

void
gateway_sums_clear(struct gateway_sums *s)
{
	free(s->sum);
	s->sum = NULL;
	s->n = 0;
}
