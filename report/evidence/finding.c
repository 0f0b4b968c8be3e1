/*
 * Items of evidence: made, numbered, weighed.
 */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natdiff/xalloc.h"
#include "report/evidence/finding.h"
#include "report/stats/rates.h"

void
evidence_list_clear(struct evidence_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++) {
		free(list->item[i].says);
		free(list->item[i].query);
	}
	free(list->item);
	memset(list, 0, sizeof(*list));
}

/* A text as SQL writes it; new memory. */
static char *
quote(const char *text)
{
	char *quoted = x_calloc(2 * strlen(text) + 3, 1);
	size_t used = 0;

	quoted[used++] = '\'';
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			quoted[used++] = '\'';
		quoted[used++] = *text;
	}
	quoted[used] = '\'';
	return quoted;
}

/* A query over the attempts of an endpoint in these slots. */
char *
finding_attempts_query(
    const struct finding *n, const struct endpoint *ep, const char *columns)
{
	const struct dataset *d = n->scene->d;
	uint32_t series = n->scene->scope->nat_series;
	const char *end = strstr(columns, ", count(*)");
	char *name = quote(ep->name), *agent = NULL, *host = NULL, *query;
	char *group;

	/* What is counted by other columns is grouped by them. */
	group = end != NULL && end[strlen(", count(*)")] == '\0'
	    ? x_asprintf(", %.*s", (int)(end - columns), columns)
	    : x_strdup("");
	if (series != ALL_SERIES) {
		agent = quote(d->agents.text[d->series[series].agent]);
		host =
		    x_asprintf(" AND (role = 'direct' OR agent = %s)", agent);
	}
	query = x_asprintf("SELECT path, %s FROM attempts WHERE endpoint = %s "
			   "AND slot BETWEEN %" PRId64 " AND %" PRId64
			   "%s GROUP BY path%s",
	    columns, name, n->f->first_slot, n->f->last_slot,
	    host != NULL ? host : "", group);
	free(group);
	free(name);
	free(agent);
	free(host);
	return query;
}

/* The same over a table with times; columns and a condition from us. */
char *
finding_times_query(
    const struct finding *n, const char *select, const char *time)
{
	int64_t from = n->f->first_slot * n->scene->interval_us;
	int64_t to = (n->f->last_slot + 1) * n->scene->interval_us;

	return x_asprintf(
	    "%s %s BETWEEN %" PRId64 " AND %" PRId64, select, time, from, to);
}

struct evidence *
finding_item(
    struct finding *n, const char *name, enum state state, const char *columns)
{
	const struct dataset *d = n->scene->d;
	uint32_t series = n->scene->scope->nat_series;
	struct evidence *item;

	n->list->item = x_grow(n->list->item, n->list->n, &n->list->capacity,
	    sizeof(*n->list->item));
	item = &n->list->item[n->list->n++];
	memset(item, 0, sizeof(*item));
	item->name = name;
	item->endpoint = n->scene->endpoint->name;
	item->state = state;
	item->episode = n->scene->episode;
	if (series != ALL_SERIES)
		item->host = d->hosts.text[d->series[series].host];
	if (columns != NULL)
		item->query =
		    finding_attempts_query(n, n->scene->endpoint, columns);
	return item;
}

/* Give an item another query than that of its endpoint's attempts. */
struct evidence *
finding_with_query(struct evidence *item, char *query)
{
	if (item->name == NULL) { /* of a clue that is unknown */
		free(query);
		return item;
	}
	free(item->query);
	item->query = query;
	return item;
}

void
finding_number(struct evidence *item, const char *key, double value)
{
	if (item->n_numbers == EVIDENCE_NUMBERS_MAX)
		return;
	item->number[item->n_numbers].key = key;
	item->number[item->n_numbers++].value = value;
}

void
finding_weigh(struct finding *n, struct evidence *item, const double row[],
    enum state state)
{
	double absent[CAUSE_COUNT];
	int c;

	for (c = 0; c < CAUSE_COUNT; c++)
		absent[c] = 1 - row[c];
	for (c = 0; c < CAUSE_COUNT; c++)
		if (n->card->has[c])
			item->weight[c] = scorecard_weight(n->card,
			    state == STATE_NO ? absent : row, (enum cause)c);
}

/*
 * Set a clue; with an item unless it is unknown.  columns are those of its
 * query, NULL where the attempts alone do not show it.
 */
struct pairs
finding_pairs(const struct finding *n)
{
	return pairs_between(n->scene->pairs, &n->scene->endpoint->attempts,
	    n->f->first_slot, n->f->last_slot + 1);
}

bool
finding_asks(const struct finding *n, size_t nat)
{
	const struct scene *sc = n->scene;

	return sc->scope->nat_series == ALL_SERIES ||
	    attempt_series(sc->d, &sc->endpoint->attempts, nat) ==
	    sc->scope->nat_series;
}

struct evidence *
finding_set(struct finding *n, enum clue clue, enum state state,
    const char *columns, const char *fmt, ...)
{
	static struct evidence nowhere;
	struct evidence *item;
	va_list ap;

	n->clues->state[clue] = state;
	if (state == STATE_UNKNOWN || n->list == NULL) {
		memset(&nowhere, 0, sizeof(nowhere));
		return &nowhere;
	}
	item = finding_item(n, clue_name(clue), state, columns);
	finding_weigh(n, item, n->card->clue[clue], state);
	va_start(ap, fmt);
	item->says = x_vasprintf(fmt, ap);
	va_end(ap);
	return item;
}

void
finding_contrast(struct evidence *item, const struct contrast *c)
{
	finding_number(item, "pairs", (double)c->pairs);
	finding_number(item, "nat", (double)c->nat);
	finding_number(item, "direct", (double)c->direct);
	finding_number(item, "difference", c->test.est);
	finding_number(item, "p", c->test.robust_p);
}

/* ------------------------------------------------------------- judging */

double
finding_rate(size_t part, size_t whole)
{
	return whole > 0 ? (double)part / (double)whole : NAN;
}

/* The upper end of what a rate may be. */
double
finding_at_most(size_t part, size_t whole)
{
	return rates_wilson((double)part, (double)whole, rates_z()).hi;
}

bool
contrast_has_excess(const struct contrast *c, enum scrutiny scrutiny)
{
	if (scrutiny == SCRUTINY_COUNTS)
		return c->nat_only >= EXCESS_COUNT &&
		    c->direct_only * EXCESS_RATIO <= c->nat_only;
	return c->test.gate && c->test.est > 0 && c->test.robust_p <= EXCESS_P;
}

/* Whether the NAT path shows so little of it that it is as good as none. */
bool
finding_is_absent(const struct contrast *c)
{
	return c->pairs >= ABSENCE_PAIRS &&
	    finding_at_most(c->nat, c->pairs) <
	    fmax(RETRANSMIT_NOISE, finding_rate(c->direct, c->pairs));
}
